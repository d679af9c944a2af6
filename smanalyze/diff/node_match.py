"""The nodes of two bodies, matched: each node of the old one to at most one of the new.

Two ways lead there. By names first: in networks of equal blocks what is alike only by its structure slides from block
to block. By structure first: where an exporter counted names (``MatMul_1``), one more node moves all names behind it.
The way that explains the new body with fewer changes is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from functools import cached_property
from types import MappingProxyType

from smanalyze.facts.autonames import AutoNames
from smanalyze.facts.function_names import stem_of
from smanalyze.graph.body import BodyIndex

FEW = 2
"""Matched nodes that may differ before the names are doubted."""


class BodySide:
    """One body: its index, the digest of each node (what computes it; made when asked for), and which nodes are looked
    at (None: all)."""

    def __init__(
        self, index: BodyIndex, digests: Callable[[], list[bytes]], only: frozenset[int] | None = None
    ) -> None:
        self.index, self.only = index, only
        self.keys = index.attr_keys
        self._digest = digests

    @cached_property
    def digests(self) -> list[bytes]:
        """What computes each node."""
        return self._digest()

    def numbers(self) -> list[int]:
        """The nodes that are looked at, in file order."""
        every = range(len(self.index.names))
        return list(every) if self.only is None else [n for n in every if n in self.only]

    @cached_property
    def free(self) -> list[bytes]:
        """What the attrs of each node say, without its device."""
        if not self.index.devices:
            return self.keys
        return [key.partition(b"@")[2].partition(b"@")[2] if key[:1] == b"@" else key for key in self.keys]

    @cached_property
    def consumers(self) -> dict[int, list[tuple[int, int]]]:
        """(node, number of its input) of everything that takes an output of a node, or an argument (``-1 - k``)."""
        found: dict[int, list[tuple[int, int]]] = {}
        for number, before in enumerate(self.index.producers):
            for position, producer in enumerate(before):
                if producer is not None:
                    found.setdefault(producer, []).append((number, position))
        return found


Identity = Callable[[BodySide, int], Hashable]
Pairs = Iterable[tuple[int, int]]


class NodeMatch:
    """Which node of the old body is which of the new; ``args`` maps argument numbers of the old to those of the new,
    ``ends`` are nodes that give the same output of the body, ``fed`` nodes that callers feed as the same input, so
    that nobody looks at what they are. Nodes that found no partner are ``left`` of the old and ``right`` of the new
    body."""

    def __init__(
        self, old: BodySide, new: BodySide, args: dict[int, int], ends: Pairs = (),
        fed: Mapping[int, int] = MappingProxyType({}), *, by_name: bool = True,
    ) -> None:  # fmt: skip
        self.old, self.new, self.args, self.fed = old, new, args, fed
        self.to_new: dict[int, int] = {}
        self.to_old: dict[int, int] = {}
        self.left = dict.fromkeys(old.numbers())
        self.right = dict.fromkeys(new.numbers())
        self._fresh: list[tuple[int, int]] = []
        for before, after in ends:
            if before in self.left and after in self.right and old.index.ops[before] == new.index.ops[after]:
                self.take(before, after)
        for stage in (self._names, self._structure) if by_name else (self._structure, self._names):
            stage(spread=not by_name)
        self._spread()
        self._unique(lambda side, n: (side.index.ops[n], side.free[n]))
        self._spread()

    def _names(self, spread: bool) -> None:
        for with_attrs in (True, False):
            self._same_names(with_attrs)
            if spread:
                self._spread()
        if self._is_open():
            plain = AutoNames(self.old.index.names), AutoNames(self.new.index.names)
            names = (lambda name: plain[0].plain(name)), (lambda name: plain[1].plain(name))
            self._unique(
                lambda side, n: (names[side is self.new](side.index.names[n]), side.index.ops[n], side.free[n])
            )

    def _structure(self, spread: bool) -> None:
        self._unique(lambda side, n: (side.digests[n], side.index.ops[n]))
        if spread:
            self._spread()

    def take(self, before: int, after: int) -> None:
        """Matches two nodes."""
        self.to_new[before] = after
        self.to_old[after] = before
        self.left.pop(before, None)
        self.right.pop(after, None)
        self._fresh.append((before, after))

    def _is_open(self) -> bool:
        """Whether nodes without a partner can still find one: there are some of one op on both sides."""
        if not self.left or not self.right:
            return False
        return not {self.old.index.ops[n] for n in self.left}.isdisjoint(self.new.index.ops[n] for n in self.right)

    def _same_names(self, with_attrs: bool) -> None:
        """Matches nodes of one name and op; of several of a name the first counts."""
        old, new = self.old.index, self.new.index
        for before in list(self.left) if self._is_open() else ():
            name = old.names[before]
            after = new.at.get(name, -1)
            same = after in self.right and old.ops[before] == new.ops[after] and old.at[name] == before
            if same and (not with_attrs or self.old.keys[before] == self.new.keys[after]):
                self.take(before, after)

    def _unique(self, identity: Identity) -> None:
        """Matches what is alone with its identity on both sides."""
        if self._is_open():
            self._alone(list(self.left), list(self.right), identity)

    def _alone(self, before: list[int], after: list[int], identity: Identity) -> None:
        groups: dict[Hashable, list[int]] = {}
        for number in before:
            groups.setdefault(identity(self.old, number), []).append(number)
        others: dict[Hashable, list[int]] = {}
        for number in after:
            key = identity(self.new, number)
            if key in groups:
                others.setdefault(key, []).append(number)
        for key, found in others.items():
            if len(found) == len(groups[key]) == 1:
                self.take(groups[key][0], found[0])

    def _spread(self) -> None:
        """From matched nodes to what feeds them, and to what they feed, in the same place; again from there. It starts
        around the nodes that have no partner."""
        self._fresh.clear()
        if not self._is_open():
            return
        self._fresh += [(one, self.to_new[one]) for one in self._around() if one in self.to_new]
        for one, other in self.args.items():
            self._forward(-1 - one, -1 - other)
        while self._fresh and self.left and self.right:
            one, other = self._fresh.pop()
            self._backward(one, other)
            self._forward(one, other)

    def _around(self) -> dict[int, None]:
        """What feeds nodes without a partner, and what they feed."""
        found: dict[int, None] = {}
        for number in self.left:
            found.update(dict.fromkeys(p for p in self.old.index.producers[number] if p is not None))
            found.update(dict.fromkeys(consumer for consumer, _ in self.old.consumers.get(number, ())))
        return found

    def _backward(self, one: int, other: int) -> None:
        before, after = self.old.index, self.new.index
        ends = before.producers[one], after.producers[other]
        if len(ends[0]) != len(ends[1]):
            return
        for p, q in zip(*ends, strict=True):
            if p in self.left and q in self.right and p is not None and q is not None and before.ops[p] == after.ops[q]:
                self.take(p, q)

    def _forward(self, one: int, other: int) -> None:
        """What takes the node in one place, where only one node of that op does on either side."""
        ends = self.old.consumers.get(one, ()), self.new.consumers.get(other, ())
        if not ends[0] or not ends[1]:
            return
        places = dict(ends[0]), dict(ends[1])

        def place(side: BodySide, n: int) -> tuple[str, int]:
            return side.index.ops[n], places[side is self.new][n]

        identities: tuple[Identity, ...] = (lambda side, n: (place(side, n), side.free[n]), place)
        for identity in identities:
            before = [number for number in places[0] if number in self.left]
            after = [number for number in places[1] if number in self.right]
            if before and after:
                self._alone(before, after, identity)

    def image(self, producer: int | None) -> int | None:
        """What stands in the new body for a producer of the old one; None where nothing does."""
        if producer is None:
            return None
        if producer < 0:
            target = self.args.get(-1 - producer)
            return None if target is None else -1 - target
        return self.to_new.get(producer, self.fed.get(producer))

    def differing(self) -> int:
        """How many matched nodes say or take something else: a quick count, for comparing two ways."""
        count = 0
        before, after = self.old.index.producers, self.new.index.producers
        keys, image = (self.old.free, self.new.free), {**self.fed, **self.to_new}.get
        for one, other in self.to_new.items():
            if keys[0][one] != keys[1][other]:
                count += 1
            elif before[one] or after[other]:
                mapped = [image(p) if p is not None and p >= 0 else self.image(p) for p in before[one]]
                count += mapped != list(after[other])
        return count

    def cost(self) -> int:
        """How many nodes it leaves to be explained."""
        return len(self.left) + len(self.right) + self.differing()


def match_nodes(
    old: BodySide, new: BodySide, args: dict[int, int], ends: Pairs = (),
    fed: Mapping[int, int] = MappingProxyType({}),
) -> NodeMatch:  # fmt: skip
    """The better of the two ways."""
    ends = tuple(ends)
    named = NodeMatch(old, new, args, ends, fed)
    differing = named.differing()
    if differing <= FEW:
        return named
    other = NodeMatch(old, new, args, ends, fed, by_name=False)
    return other if other.cost() < differing + len(named.left) + len(named.right) else named


def lone_calls(match: NodeMatch) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Functions that only unmatched nodes call, of the old and of the new body: what a matched node calls is still
    called."""
    old, new = match.old.index, match.new.index
    lone = set(match.left), set(match.right)
    still = {
        stem_of(call.function) for index, numbers in zip((old, new), lone, strict=True) for call in index.calls
        if call.node not in numbers
    }  # fmt: skip
    before, after = (
        tuple(dict.fromkeys(c.function for c in index.calls if c.node in numbers and stem_of(c.function) not in still))
        for index, numbers in zip((old, new), lone, strict=True)
    )
    return before, after


def fed_alike(match: NodeMatch, before: int, after: int) -> dict[int, int]:
    """Inputs of two matched nodes that come from matched places, each of them once."""
    old, new = match.old.index, match.new.index
    places: dict[tuple[int | None, str], list[int]] = {}
    for number, (producer, slot) in enumerate(zip(new.producers[after], new.slots[after], strict=True)):
        places.setdefault((producer, slot), []).append(number)
    found = {}
    for number, (producer, slot) in enumerate(zip(old.producers[before], old.slots[before], strict=True)):
        image = match.image(producer)
        twins = places.get((image, slot), []) if image is not None else []
        if len(twins) == 1:
            found[number] = twins[0]
    return found
