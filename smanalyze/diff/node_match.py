"""The nodes of two bodies, matched: each node of the old one to at most one of the new.

Two ways lead there. By names first: in networks of equal blocks what is alike only by its structure slides from block
to block. By structure first: where an exporter counted names (``MatMul_1``), one more node moves all names behind it.
The way that explains the new body with fewer changes is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass

from smanalyze.facts.autonames import AutoNames
from smanalyze.graph.body import BodyIndex

FEW = 2
"""Changes up to which the names are believed without another look."""


@dataclass
class BodySide:
    """One body: its index, the digest of each node (what computes it), and which nodes are looked at (None: all)."""

    index: BodyIndex
    digests: list[bytes]
    only: frozenset[int] | None = None

    def __post_init__(self) -> None:
        self.keys = self.index.attr_keys
        self._free: list[bytes] | None = None
        self._consumers: dict[int, list[tuple[int, int]]] | None = None

    def numbers(self) -> list[int]:
        """The nodes that are looked at, in file order."""
        every = range(len(self.index.names))
        return [n for n in every if self.only is None or n in self.only]

    @property
    def free(self) -> list[bytes]:
        """What the attrs of each node say, without its device."""
        if self._free is None:
            self._free = [key.partition(b"@")[2].partition(b"@")[2] if key[:1] == b"@" else key for key in self.keys]
        return self._free

    @property
    def consumers(self) -> dict[int, list[tuple[int, int]]]:
        """(node, number of its input) of everything that takes an output of a node, or an argument (``-1 - k``)."""
        if self._consumers is None:
            self._consumers = {}
            for number, before in enumerate(self.index.producers):
                for position, producer in enumerate(before):
                    if producer is not None:
                        self._consumers.setdefault(producer, []).append((number, position))
        return self._consumers


Identity = Callable[[BodySide, int], Hashable]
Pairs = Iterable[tuple[int, int]]


class NodeMatch:
    """Which node of the old body is which of the new; ``args`` maps argument numbers of the old to those of the new,
    ``ends`` are nodes that give the same output of the body. Nodes that found no partner are ``left`` of the old and
    ``right`` of the new body."""

    def __init__(
        self, old: BodySide, new: BodySide, args: dict[int, int], ends: Pairs = (), *, by_name: bool = True
    ) -> None:
        self.old, self.new, self.args = old, new, args
        self.to_new: dict[int, int] = {}
        self.to_old: dict[int, int] = {}
        self.left = dict.fromkeys(old.numbers())
        self.right = dict.fromkeys(new.numbers())
        self._fresh: list[tuple[int, int]] = []
        for before, after in ends:
            if before in self.left and after in self.right and old.index.ops[before] == new.index.ops[after]:
                self.take(before, after)
        self._run(by_name)

    def _run(self, by_name: bool) -> None:
        plain = AutoNames(self.old.index.names), AutoNames(self.new.index.names)

        def counted(side: BodySide, n: int) -> str:
            return plain[side is self.new].plain(side.index.names[n])

        names: list[Identity] = [
            lambda side, n: (side.index.names[n], side.index.ops[n], side.keys[n]),
            lambda side, n: (side.index.names[n], side.index.ops[n]),
            lambda side, n: (counted(side, n), side.index.ops[n], side.free[n]),
        ]
        structure: list[Identity] = [lambda side, n: (side.digests[n], side.index.ops[n])]
        for stages in (names, structure) if by_name else (structure, names):
            for identity in stages:
                self._unique(identity)
                if not by_name:
                    self._spread()
        for one, other in self.args.items():
            self._forward(-1 - one, -1 - other)
        self._spread()
        self._unique(lambda side, n: (side.index.ops[n], side.free[n]))
        self._spread()

    def take(self, before: int, after: int) -> None:
        """Matches two nodes."""
        self.to_new[before] = after
        self.to_old[after] = before
        self.left.pop(before, None)
        self.right.pop(after, None)
        self._fresh.append((before, after))

    def _unique(self, identity: Identity) -> None:
        """Matches what is alone with its identity on both sides."""
        if self.left and self.right:
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
        """From matched nodes to what feeds them, and to what they feed, in the same place; again from there."""
        while self._fresh and self.left and self.right:
            one, other = self._fresh.pop()
            self._backward(one, other)
            self._forward(one, other)
        self._fresh.clear()

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
        return self.to_new.get(producer)

    def unexplained(self) -> int:
        """How many nodes stand on one side, or say or take something else: a quick count, for comparing two ways."""
        count = len(self.left) + len(self.right)
        before, after = self.old.index.producers, self.new.index.producers
        for one, other in self.to_new.items():
            same = self.old.free[one] == self.new.free[other]
            same = same and [self.image(p) for p in before[one]] == list(after[other])
            count += not same
        return count


def match_nodes(old: BodySide, new: BodySide, args: dict[int, int], ends: Pairs = ()) -> NodeMatch:
    """The better of the two ways."""
    named = NodeMatch(old, new, args, ends)
    cost = named.unexplained()
    if cost <= FEW:
        return named
    other = NodeMatch(old, new, args, ends, by_name=False)
    return other if other.unexplained() < cost else named
