"""Variables of both sides, matched by what they are called and hold; a checkpoint key is never an identity."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import replace

from smanalyze.diff.renames import Renames
from smanalyze.diff.slots import slot_owners
from smanalyze.facts.autonames import AutoNames
from smanalyze.report.changes import VariablePair
from smanalyze.report.sections import VariableRow

Identity = Callable[[VariableRow], Hashable | None]

_COUNTER = re.compile(r"(?<=[^/.\[\]:])_(?:0|[1-9]\d{0,8})(?=$|[/.\[\]:])")
_ONE_PART = re.compile(r"/part_0$")
"""What TF1's partitioners append to the name of a variable, even where there is one part."""

_PLACE = re.compile(r"\[\d+\]|-\d+(?=\.|$)")
"""A place in a list, as it stands in an object's path."""

_CONFIDENCE = {"scope": 0.9, "content": 0.9, "layer": 0.9, "slot": 0.9, "place": 0.7, "leftover": 0.6, "order": 0.5}


def match_variables(
    old: Sequence[VariableRow], new: Sequence[VariableRow], renames: Renames
) -> tuple[VariablePair, ...]:
    """All variables but second copies: first those declared, then in stages from the surest to the last that is left.

    In each stage only what is alone with its identity on both sides is matched; where several share a name, they are
    told apart by their paths, then by their contents, then by their order. Slots of optimizers follow what they belong
    to. Says nothing of their values.
    """
    matcher = _Matcher(_counted(old), _counted(new))
    for before, after in renames.pairs("variable", (r.name for r in matcher.old), (r.name for r in matcher.new)):
        matcher.take(
            next(n for n, row in enumerate(matcher.old) if row.name == before),
            next(n for n, row in enumerate(matcher.new) if row.name == after),
            "declared",
        )  # fmt: skip
    one, other = matcher.plain
    if any(row.presence in ("not-fetched", "not-read") for row in (*old, *new)):
        # Without an index partitions are not known to be one variable, and have the name of the first.
        matcher.stage("key", lambda row: row.checkpoint_keys[:1] if row.checkpoint_keys and not _path(row) else None)
    matcher.same_layers()
    matcher.stage("path", lambda row: (row.name, row.object_paths) if row.object_paths else None, several=True)
    matcher.stage("name", lambda row: (row.name, row.dtype, row.shape), several=True)
    matcher.stage("name", lambda row: row.name, several=True)
    matcher.stage("number", lambda row: (_whole(row.name), row.dtype, row.shape))
    matcher.stage("number", lambda row: (one.plain(row.name), row.dtype, row.shape),
                  lambda row: (other.plain(row.name), row.dtype, row.shape))  # fmt: skip
    matcher.stage("number", lambda row: one.plain(row.name), lambda row: other.plain(row.name))
    matcher.stage("path", lambda row: (row.object_paths, row.dtype) if _path(row) and not _is_place(row) else None)
    matcher.stage("scope", lambda row: (_ending(row, one), _content(row)) if row.layer and _content(row) else None,
                  lambda row: (_ending(row, other), _content(row)))  # fmt: skip
    matcher.stage("content", _content)
    matcher.rest_of_layers()
    matcher.stage("scope", lambda row: (_ending(row, one), row.dtype, row.shape) if row.layer else None,
                  lambda row: (_ending(row, other), row.dtype, row.shape))  # fmt: skip
    matcher.stage("place", lambda row: (row.object_paths, row.dtype, row.shape) if _is_place(row) else None)
    matcher.stage("leftover", lambda row: (one.plain(row.layer), row.dtype, row.shape, row.role) if row.shape else None,
                  lambda row: (other.plain(row.layer), row.dtype, row.shape, row.role))  # fmt: skip
    matcher.stage("order", _content, several=True)
    matcher.slots()
    return matcher.pairs()


def stem_of(name: str) -> str:
    """A name without the counters at the ends of its parts: ``conv2d/kernel`` of ``conv2d_3/kernel:0``."""
    return _COUNTER.sub("", _whole(name))


def _whole(name: str) -> str:
    return _ONE_PART.sub("", name.removesuffix(":0"))


def _counted(rows: Sequence[VariableRow]) -> list[VariableRow]:
    """Without second copies; where there is no checksum to tell, without what is unused and like another by name."""
    bound = {(row.name, row.dtype, row.shape) for row in rows if row.role not in ("unused", "copy")}
    return [
        row for row in rows
        if row.role != "copy"
        and not (row.role == "unused" and _unknown(row) and (row.name, row.dtype, row.shape) in bound)
    ]  # fmt: skip


def _unknown(row: VariableRow) -> bool:
    return row.crc32c is None and not row.slices and row.presence != "present"


def _path(row: VariableRow) -> str:
    return row.object_paths[0] if row.object_paths else ""


def _is_place(row: VariableRow) -> bool:
    """Whether its path counts places of a list, which another variable takes when one is inserted."""
    return bool(_PLACE.search(_path(row)))


def _ending(row: VariableRow, names: AutoNames) -> str:
    """The last scope and the name: a model's own name before them may be another."""
    return "/".join(names.plain(row.name).split("/")[-2:])


def _last(row: VariableRow) -> str:
    return row.name.rpartition("/")[2]


def _content(row: VariableRow) -> Hashable | None:
    return (row.dtype, row.shape, row.crc32c) if row.crc32c and row.elements > 1 else None


class _Matcher:
    def __init__(self, old: list[VariableRow], new: list[VariableRow]) -> None:
        self.old, self.new = old, new
        self.plain = AutoNames(row.name for row in old), AutoNames(row.name for row in new)
        self.owners = slot_owners(old), slot_owners(new)
        self.found: dict[int, tuple[int, str]] = {}
        self.left = set(range(len(new))).difference(self.owners[1])

    def take(self, before: int, after: int, stage: str) -> None:
        self.found[before] = (after, stage)
        self.left.discard(after)

    def stage(self, name: str, identity: Identity, other: Identity | None = None, *, several: bool = False) -> None:
        groups: dict[Hashable, tuple[list[int], list[int]]] = {}
        for number, row in enumerate(self.old):
            if number in self.found or number in self.owners[0]:
                continue
            if (key := identity(row)) is not None:
                groups.setdefault(key, ([], []))[0].append(number)
        for number in sorted(self.left):
            if (key := (other or identity)(self.new[number])) is not None:
                groups.setdefault(key, ([], []))[1].append(number)
        for before, after in groups.values():
            if len(before) == len(after) == 1:
                self.take(before[0], after[0], name)
            elif several and before and after:
                self._several(before, after, name)

    def _several(self, before: list[int], after: list[int], stage: str) -> None:
        """Those of one identity: by path, by content, and where each side has as many, in their order."""
        tells: tuple[Identity, ...] = (lambda row: row.object_paths, lambda row: row.crc32c)
        for tell in tells:
            keys = [tell(self.old[n]) for n in before], [tell(self.new[n]) for n in after]
            counts = Counter(keys[0]), Counter(keys[1])
            twins = dict(zip(keys[1], after, strict=True))
            for key, number in zip(keys[0], before, strict=True):
                if key and counts[0][key] == counts[1][key] == 1:
                    self.take(number, twins[key], stage)
            before = [number for number in before if number not in self.found]
            after = [number for number in after if number in self.left]
        if len(before) == len(after):
            for one, other in zip(before, after, strict=True):
                self.take(one, other, stage)

    def same_layers(self) -> None:
        """Layers of one kind of name that hold the same bytes, whatever their counters: where a layer is inserted among
        others, the numbers in the names of the later ones move by one."""
        groups: dict[Hashable, tuple[list[list[int]], list[list[int]]]] = {}
        taken = self.found.keys() | self.owners[0].keys()
        free = [n for n in range(len(self.old)) if n not in taken], sorted(self.left)
        for side, rows in enumerate((self.old, self.new)):
            for layer, members in _by_layer(rows, free[side]):
                held = {_last(rows[n]): _content(rows[n]) for n in members}
                if len(held) == len(members) and None not in held.values():
                    groups.setdefault((stem_of(layer), frozenset(held.items())), ([], []))[side].append(members)
        for before, after in groups.values():
            if len(before) == len(after) == 1:
                twins = {_last(self.new[number]): number for number in after[0]}
                for number in before[0]:
                    self.take(number, twins[_last(self.old[number])], "name")

    def rest_of_layers(self) -> None:
        """What is left of layers whose other variables were found in one layer of the other side."""
        seen: dict[str, set[str]] = {}
        for number, (after, _) in self.found.items():
            seen.setdefault(self.old[number].layer, set()).add(self.new[after].layer)
        one = {layer: next(iter(found)) for layer, found in seen.items() if len(found) == 1 and layer}
        self.stage("layer", lambda row: (one[row.layer], _last(row)) if row.layer in one else None,
                   lambda row: (row.layer, _last(row)))  # fmt: skip

    def slots(self) -> None:
        """Slots by what they belong to; one of a variable without a partner has none, whatever its name."""
        taken = {after for after, _ in self.found.values()}
        twins = {owner: number for number, owner in self.owners[1].items() if number not in taken}
        for number, (owner, slot) in self.owners[0].items():
            image = self.found.get(owner, (None,))[0]
            after = twins.pop((image, slot), None) if image is not None and number not in self.found else None
            if after is not None:
                self.take(number, after, "name" if self.old[number].name == self.new[after].name else "slot")
        self.left.update(twins.values())

    def pairs(self) -> tuple[VariablePair, ...]:
        found = []
        for number, row in enumerate(self.old):
            after, stage = self.found.get(number, (None, "name"))
            other = None if after is None else self.new[after]
            renamed = other is not None and stage != "key" and stem_of(row.name) != stem_of(other.name)
            if other is not None and stage not in ("key", "declared") and row.name != other.name and not renamed:
                stage = "number"
            surety = _CONFIDENCE.get(stage, 1.0)
            found.append(VariablePair(row, other, "", stage=stage, confidence=surety, renamed=renamed))
        found += [VariablePair(None, self.new[number], "") for number in sorted(self.left)]
        labels = [self._label(pair) for pair in found]
        counts = Counter(label for label, _ in labels)
        return tuple(
            replace(pair, label=label if counts[label] == 1 else f"{label}|{path}")
            for pair, (label, path) in zip(found, labels, strict=True)
        )

    def _label(self, pair: VariablePair) -> tuple[str, str]:
        """(name without counters, path) of the side that names it."""
        row = pair.old or pair.new
        assert row is not None
        return self.plain[pair.old is None].plain(row.name), _path(row)


def _by_layer(rows: list[VariableRow], numbers: Iterable[int]) -> Iterable[tuple[str, list[int]]]:
    """(name of a layer, the numbers of its variables) of those that have a layer."""
    found: dict[str, list[int]] = {}
    for number in numbers:
        if rows[number].layer:
            found.setdefault(rows[number].layer, []).append(number)
    return found.items()
