"""Nodes that hand a value on as it is: where one of them comes or goes, the same is computed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from smanalyze.diff.node_match import BodySide, NodeMatch
from smanalyze.graph.body import NOISE_ATTRS, output_position
from smanalyze.graph.ops import registered
from smanalyze.graph.savers import RESTORE

_PASSING = frozenset({"Identity", "Snapshot"})
_BRANCHES = frozenset({"Switch", "RefSwitch", "_SwitchN"})
"""Ops that leave an output without a value: what hands it on is what nodes of that branch wait for."""

_TYPE = "T"
_HANDLES = frozenset({"resource", "variant"})


@dataclass
class PassThrough:
    """The nodes without a partner that only hand a value on, of the old and of the new body."""

    match: NodeMatch
    old: frozenset[int]
    new: frozenset[int]

    def __len__(self) -> int:
        return len(self.old) + len(self.new)

    def source(self, side: BodySide, reference: str) -> tuple[int | None, str]:
        """(producer, reference) of what a reference stands for when such nodes are looked through."""
        through = self.old if side is self.match.old else self.new
        number = side.index.producer(reference)
        for _ in range(len(through)):  # a cycle of them has no source
            if number not in through or number is None:
                break
            reference = side.index.inputs[number][0]
            number = side.index.producer(reference)
        return number, reference

    def same(self, before: str, after: str) -> bool:
        """Whether two references stand for the same value of matched nodes."""
        old, new = self.match.old, self.match.new
        (p, left), (q, right) = self.source(old, before), self.source(new, after)
        if p is None or q is None or self.match.image(p) != q:
            return False
        return same_output(old, p, left, right)


def same_output(side: BodySide, producer: int, before: str, after: str) -> bool:
    """Whether two references mean the same output of a node that both bodies have. What a call gives is named by its
    callee, whose names are generated: there the place counts."""
    if producer < 0 or side.index.ops[producer] == RESTORE:
        return True
    if producer in side.index.calls_at:
        return output_position(before) == output_position(after)
    return _output(before) == _output(after)


def _output(reference: str) -> str:
    """``values`` of ``top:values:0``, ``1`` of ``top:1``; "" for the first output of the main graph's nodes."""
    tail = reference.partition(":")[2]
    return "" if tail == "0" else tail.removesuffix(":0")


def find_passing(match: NodeMatch) -> PassThrough:
    """Those among the nodes without a partner."""
    return PassThrough(match, _passing(match.old, match.left), _passing(match.new, match.right))


def _passing(side: BodySide, numbers: Iterable[int]) -> frozenset[int]:
    return frozenset(number for number in numbers if side.index.ops[number] in _PASSING and _is_plain(side, number))


def _is_plain(side: BodySide, number: int) -> bool:
    """Whether a node does nothing but hand on a value: on the device where it is, waiting for nothing else. Of a
    reference it would be a read at a time of its own, of a handle what other nodes know it by."""
    index, node = side.index, side.index.node(number)
    before = index.producers[number]
    if number in index.controls or len(before) != 1 or before[0] is None:
        return False
    told = [name for name in node.attr_names() if name != _TYPE and name not in NOISE_ATTRS]
    if told or number in index.gradients or (node.attr_type(_TYPE) or "resource") in _HANDLES:
        return False
    if before[0] < 0:
        return not node.device
    known = registered(index.ops[before[0]])
    if known is None or known.gives == "ref" or index.ops[before[0]] in _BRANCHES:
        return False
    return index.node(before[0]).device == node.device
