"""Variables of both sides, matched by what they are called and hold; a checkpoint key is never an identity."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence

from smanalyze.diff.renames import Renames
from smanalyze.facts.autonames import AutoNames
from smanalyze.report.changes import VariablePair
from smanalyze.report.sections import VariableRow

Identity = Callable[[VariableRow], Hashable | None]


def match_variables(
    old: Sequence[VariableRow], new: Sequence[VariableRow], renames: Renames
) -> tuple[VariablePair, ...]:
    """All variables but second copies: first those declared, then in stages from the surest to the last that is left.

    In each stage only what is alone with its identity on both sides is matched; where several share one, they are told
    apart by their paths, then by their contents, then by their order.
    """
    matcher = _Matcher([row for row in old if row.role != "copy"], [row for row in new if row.role != "copy"])
    for before, after in renames.pairs("variable", (r.name for r in matcher.old), (r.name for r in matcher.new)):
        matcher.take(
            next(n for n, row in enumerate(matcher.old) if row.name == before),
            next(n for n, row in enumerate(matcher.new) if row.name == after),
            "declared",
        )  # fmt: skip
    plain = AutoNames(row.name for row in matcher.old), AutoNames(row.name for row in matcher.new)
    matcher.stage("path", lambda row: (row.name, row.object_paths) if row.object_paths else None)
    matcher.stage("name", lambda row: (row.name, row.dtype, row.shape))
    matcher.stage("name", lambda row: row.name)
    matcher.stage("number", lambda row: (plain[0].plain(row.name), row.dtype, row.shape),
                  lambda row: (plain[1].plain(row.name), row.dtype, row.shape))  # fmt: skip
    matcher.stage("path", lambda row: (row.object_paths, row.dtype) if row.object_paths else None)
    matcher.stage(
        "content", lambda row: (row.dtype, row.shape, row.crc32c) if row.crc32c and row.elements > 1 else None
    )
    matcher.stage("leftover", lambda row: (plain[0].plain(row.layer), row.dtype, row.shape, row.role),
                  lambda row: (plain[1].plain(row.layer), row.dtype, row.shape, row.role), several=False)  # fmt: skip
    return matcher.pairs()


_CONFIDENCE = {"content": 0.9, "leftover": 0.6}


class _Matcher:
    def __init__(self, old: list[VariableRow], new: list[VariableRow]) -> None:
        self.old, self.new = old, new
        self.found: dict[int, tuple[int, str]] = {}
        self.left = set(range(len(new)))

    def take(self, before: int, after: int, stage: str) -> None:
        self.found[before] = (after, stage)
        self.left.discard(after)

    def stage(self, name: str, identity: Identity, other: Identity | None = None, *, several: bool = True) -> None:
        groups: dict[Hashable, tuple[list[int], list[int]]] = {}
        for number, row in enumerate(self.old):
            if number not in self.found and (key := identity(row)) is not None:
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
            keys = [tell(self.new[number]) for number in after]
            for number in list(before):
                key = tell(self.old[number])
                if key and keys.count(key) == 1 and [tell(self.old[n]) for n in before].count(key) == 1:
                    twin = after[keys.index(key)]
                    self.take(number, twin, stage)
                    before.remove(number)
                    keys.pop(after.index(twin))
                    after.remove(twin)
        if len(before) == len(after):
            for one, other in zip(list(before), list(after), strict=True):
                self.take(one, other, stage)

    def pairs(self) -> tuple[VariablePair, ...]:
        found = []
        for number, row in enumerate(self.old):
            after, stage = self.found.get(number, (None, "name"))
            other = None if after is None else self.new[after]
            found.append(VariablePair(row, other, _values(row, other), None, stage, _CONFIDENCE.get(stage, 1.0)))
        return (*found, *(VariablePair(None, self.new[number], "") for number in sorted(self.left)))


def _values(old: VariableRow, new: VariableRow | None) -> str:
    """What the checksums tell. Where one side has none, the data is not here, or has no comparable checksum."""
    if new is None:
        return ""
    if _content(old) is not None and _content(old) == _content(new):
        return "equal"
    if "not-fetched" in (old.presence, new.presence):
        different = _content(old) is not None and _content(new) is not None
        return "changed" if different else "not-fetched"
    return "changed" if _content(old) is not None and _content(new) is not None else "not-compared"


def _content(row: VariableRow) -> tuple[Hashable, ...] | None:
    if row.slices:
        return None
    return None if row.crc32c is None else (row.dtype, row.shape, row.size, row.crc32c)
