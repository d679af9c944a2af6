"""The nodes of two bodies, matched; and of a matched pair of bodies the nodes that changed themselves.

Names come first: in networks of equal blocks what is alike only by its structure slides from block to block.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field

from smanalyze.facts.autonames import AutoNames
from smanalyze.graph.body import BodyIndex, output_position
from smanalyze.graph.merkle import NOISE_ATTRS, RESTORE, is_plain
from smanalyze.report.changes import NodeChange
from smanalyze.report.tensors import OpCount

MAX_TOLD = 200
"""Changed nodes that a change lists; all are counted."""


@dataclass
class BodySide:
    """One body: its index, the digest of each node (what computes it), and which nodes are looked at."""

    index: BodyIndex
    digests: list[bytes]
    only: frozenset[int] | None = None
    skip: frozenset[int] = frozenset()
    keys: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.keys = self.index.body.attr_keys(NOISE_ATTRS)

    def numbers(self) -> list[int]:
        """The nodes that are looked at, in file order."""
        every = range(len(self.index.names))
        return [n for n in every if (self.only is None or n in self.only) and n not in self.skip]


CallArguments = Callable[[str, str], "dict[int, int] | None"]


class NodeMatch:
    """Which node of the old body is which of the new; ``args`` maps argument numbers of the old to those of the new,
    ``call_args`` tells the same of two functions that the bodies call."""

    def __init__(
        self, old: BodySide, new: BodySide, args: dict[int, int], call_args: CallArguments | None = None
    ) -> None:
        self.old, self.new, self.args = old, new, args
        self.call_args = call_args
        self.to_new: dict[int, int] = {}
        self.to_old: dict[int, int] = {}
        self.left = dict.fromkeys(old.numbers())
        self.right = dict.fromkeys(new.numbers())
        self._run()

    def _run(self) -> None:
        old, new = self.old, self.new
        plain = AutoNames(old.index.names), AutoNames(new.index.names)
        self._unique(lambda side, n: (side.index.names[n], side.index.ops[n], side.keys[n]))
        self._unique(lambda side, n: (side.index.names[n], side.index.ops[n]))
        self._unique(lambda side, n: (plain[side is new].plain(side.index.names[n]), side.index.ops[n], side.keys[n]))
        self._unique(lambda side, n: (side.digests[n], side.index.ops[n]))
        self._spread()
        self._unique(lambda side, n: (side.index.ops[n], side.keys[n]))
        self._spread()

    def take(self, before: int, after: int) -> None:
        self.to_new[before] = after
        self.to_old[after] = before
        self.left.pop(before, None)
        self.right.pop(after, None)

    def _unique(self, identity: Callable[[BodySide, int], Hashable]) -> None:
        """Matches what is alone with its identity on both sides."""
        if not self.left or not self.right:
            return
        groups: dict[Hashable, list[int]] = {}
        for number in self.left:
            groups.setdefault(identity(self.old, number), []).append(number)
        others: dict[Hashable, list[int]] = {}
        for number in self.right:
            key = identity(self.new, number)
            if key in groups:
                others.setdefault(key, []).append(number)
        for key, after in others.items():
            if len(after) == len(groups[key]) == 1:
                self.take(groups[key][0], after[0])

    def _spread(self) -> None:
        """From matched nodes to what feeds them in the same place, of the same op; again from there."""
        queue = list(self.to_new.items())
        before, after = self.old.index, self.new.index
        while queue:
            one, other = queue.pop()
            ends = before.producers[one], after.producers[other]
            if len(ends[0]) != len(ends[1]):
                continue
            for p, q in zip(*ends, strict=True):
                if (
                    p in self.left
                    and q in self.right
                    and p is not None
                    and q is not None
                    and before.ops[p] == after.ops[q]
                ):
                    self.take(p, q)
                    queue.append((p, q))

    def image(self, producer: int | None) -> int | None:
        """What stands in the new body for a producer of the old one; None where nothing does."""
        if producer is None:
            return None
        if producer < 0:
            target = self.args.get(-1 - producer)
            return None if target is None else -1 - target
        return self.to_new.get(producer)


@dataclass
class BodyChange:
    """What changed in a matched pair of bodies."""

    nodes: list[NodeChange]
    added: Counter[str]
    removed: Counter[str]
    attrs: int
    constants: int
    rewired: int
    downstream: int
    equal: int

    @property
    def changed(self) -> int:
        """Nodes that changed themselves."""
        return sum(self.added.values()) + sum(self.removed.values()) + self.attrs + self.constants + self.rewired

    def counts(self) -> tuple[tuple[OpCount, ...], tuple[OpCount, ...]]:
        """(ops added, ops removed), most first."""
        return _counts(self.added), _counts(self.removed)


def _counts(found: Counter[str]) -> tuple[OpCount, ...]:
    return tuple(OpCount(op, number) for op, number in sorted(found.items(), key=lambda item: (-item[1], item[0])))


def compare_bodies(
    match: NodeMatch, same_calls: Callable[[int, int], bool], told: Callable[[BodySide, int], str]
) -> BodyChange:
    """The nodes that changed themselves: those on one side, those whose attrs differ, those fed by something else.

    ``same_calls`` tells whether two call nodes call functions that were matched; ``told`` gives what a constant is.
    """
    old, new = match.old, match.new
    change = BodyChange([], Counter(), Counter(), 0, 0, 0, 0, 0)
    for number in match.left:
        op = old.index.ops[number]
        change.removed[op] += 1
        _tell(change, NodeChange("removed", old.index.names[number], op, told(old, number), ""))
    for number in match.right:
        op = new.index.ops[number]
        change.added[op] += 1
        _tell(change, NodeChange("added", new.index.names[number], op, "", told(new, number)))
    touched = set(match.right)
    for before, after in match.to_new.items():
        op = new.index.ops[after]
        if old.keys[before] != new.keys[after]:
            touched.add(after)
            constant = op == "Const"
            change.constants += constant
            change.attrs += not constant
            words = (told(old, before), told(new, after)) if constant else attr_words(old, before, new, after)
            _tell(change, NodeChange("attrs", new.index.names[after], op, *words))
        elif not same_calls(before, after):
            touched.add(after)
            change.attrs += 1
            _tell(change, NodeChange("attrs", new.index.names[after], op, *_callees(old, new, before, after)))
        elif _is_rewired(match, before, after):
            touched.add(after)
            change.rewired += 1
            _tell(change, NodeChange("rewired", new.index.names[after], op, _inputs(old, before), _inputs(new, after)))
        else:
            change.equal += 1
    change.downstream = _downstream(new.index, touched, match)
    return change


def _tell(change: BodyChange, node: NodeChange) -> None:
    if len(change.nodes) < MAX_TOLD:
        change.nodes.append(node)


def _is_rewired(match: NodeMatch, before: int, after: int) -> bool:
    old, new = match.old.index, match.new.index
    for position, place in _places(match, before, after):
        p = old.producers[before][position] if position < len(old.producers[before]) else None
        q = new.producers[after][place] if place < len(new.producers[after]) else None
        if q is not None and match.image(p) != q:
            return True
        slots = old.inputs[before][position], new.inputs[after][place]
        numbered = p is not None and p >= 0 and old.ops[p] != RESTORE
        if numbered and output_position(slots[0]) != output_position(slots[1]):
            return True
    if len(old.producers[before]) != len(new.producers[after]) and not old.calls_at.get(before):
        return True
    controls = {match.image(p) for p in old.controls.get(before, ())} - {None}
    return controls != {q for q in new.controls.get(after, ()) if q is not None and (q < 0 or q in match.to_old)}


def _places(match: NodeMatch, before: int, after: int) -> Iterable[tuple[int, int]]:
    """(input of the old node, input of the new one) pairs that must be fed alike. A call hands on what its callee
    takes, in the callee's order; arguments that one side alone has are the callee's change."""
    old, new = match.old.index, match.new.index
    calls = old.calls_at.get(before, ()), new.calls_at.get(after, ())
    if match.call_args is not None and len(calls[0]) == len(calls[1]) == 1 and is_plain(calls[0][0]):
        mapped = match.call_args(calls[0][0].function, calls[1][0].function)
        if mapped is not None:
            return mapped.items()
    count = min(len(old.producers[before]), len(new.producers[after]))
    return zip(range(count), range(count), strict=True)


def _downstream(index: BodyIndex, touched: set[int], match: NodeMatch) -> int:
    """Nodes of the new body that are as they were and compute on what changed."""
    if not touched:
        return 0
    reached = set(touched)
    for number, before in enumerate(index.producers):
        if number not in reached and any(p in reached for p in before if p is not None):
            reached.add(number)
    looked_at = match.to_old.keys() | match.right.keys()
    return len((reached - touched) & looked_at)


def _inputs(side: BodySide, number: int) -> str:
    return ", ".join(side.index.inputs[number])


def _callees(old: BodySide, new: BodySide, before: int, after: int) -> tuple[str, str]:
    return (
        ", ".join(call.function for call in old.index.calls_at.get(before, ())),
        ", ".join(call.function for call in new.index.calls_at.get(after, ())),
    )


def attr_words(old: BodySide, before: int, new: BodySide, after: int) -> tuple[str, str]:
    """The attrs (and the device) in which two nodes differ, as text for each side."""
    one, other = old.index.node(before), new.index.node(after)
    names: Iterable[str] = sorted({*one.attr_names(), *other.attr_names()} - NOISE_ATTRS)
    differing = [name for name in names if one.attr_key(name) != other.attr_key(name)]
    sides = []
    for node in (one, other):
        words = [f"{name}={node.attr_text(name)}" for name in differing if node.has_attr(name)]
        sides.append(", ".join(words + ([f"device={node.device or '(none)'}"] if one.device != other.device else [])))
    return sides[0], sides[1]
