"""A matched pair of bodies: the nodes that changed themselves, and how many only compute on what changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from smanalyze.diff.node_match import BodySide, NodeMatch
from smanalyze.diff.pass_through import PassThrough, find_passing, same_output
from smanalyze.facts.reach import count_ops
from smanalyze.graph.body import NOISE_ATTRS, PLAIN_CALLS, BodyIndex
from smanalyze.graph.digests import is_plain
from smanalyze.report.changes import NodeChange
from smanalyze.report.tensors import OpCount

MAX_TOLD = 200
"""Changed nodes that a change lists; all are counted."""

Kind = str
"""``added``, ``removed``, ``attrs``, ``rewired``, ``device``, ``control`` or ``gradient``; see NodeChange."""


@dataclass
class Calls:
    """What is known of the functions that two bodies call: ``same`` tells whether two call nodes call matched
    functions, ``arguments`` maps the arguments of two matched functions, ``gradients`` is (what was, what is) where the
    custom gradients of two nodes differ."""

    same: Callable[[int, int], bool]
    arguments: Callable[[str, str], dict[int, int] | None]
    gradients: dict[int, tuple[str, str]] = field(default_factory=dict)


@dataclass
class BodyDelta:
    """What changed in a matched pair of bodies. ``names`` are those of all changed nodes on either side, ``scopes`` of
    those that call the name scopes that they are in, ``feeds`` of rewired ones the unmatched nodes that fed or feed
    them. ``passing`` is how many only hand a value on, 0 where anything else says that another value is computed."""

    nodes: list[NodeChange] = field(default_factory=list)
    added: Counter[str] = field(default_factory=Counter)
    removed: Counter[str] = field(default_factory=Counter)
    kinds: Counter[Kind] = field(default_factory=Counter)
    constants: int = 0
    downstream: int = 0
    equal: int = 0
    names: set[str] = field(default_factory=set)
    scopes: set[str] = field(default_factory=set)
    feeds: dict[str, set[str]] = field(default_factory=dict)
    passing: int = 0

    @property
    def changed(self) -> int:
        """Nodes that changed themselves."""
        return sum(self.kinds.values())

    def counts(self) -> tuple[tuple[OpCount, ...], tuple[OpCount, ...]]:
        """(ops added, ops removed), most first."""
        return count_ops(self.added), count_ops(self.removed)

    def only(self, kind: Kind) -> bool:
        """Whether all changes are of one kind."""
        return 0 < self.kinds[kind] == self.changed

    def tell(self, node: NodeChange, side: BodySide, number: int) -> None:
        """Counts a changed node, and lists it while the list is short."""
        self.kinds[node.kind] += 1
        self.names.add(node.name)
        if number in side.index.calls_at and "/" in node.name:
            self.scopes.add(node.name.rpartition("/")[0])
        if len(self.nodes) < MAX_TOLD:
            self.nodes.append(node)


Ends = Iterable[tuple[str, str]]
"""References of what a body gives, on both sides."""


def compare_bodies(match: NodeMatch, calls: Calls, ends: Ends | None = None) -> BodyDelta:
    """The nodes that changed themselves: those on one side, those whose attrs differ, those fed by something else.
    ``ends`` are all outputs of both bodies, None where they cannot be paired.

    A NoOp only gathers control edges, so it is looked through: releases of TensorFlow differ in where they put one. So
    is a node without a partner that only hands a value on.
    """
    old, new = match.old, match.new
    seen = find_passing(match)
    delta = BodyDelta()
    for side, numbers, counter, kind in (
        (old, match.left, delta.removed, "removed"),
        (new, match.right, delta.added, "added"),
    ):
        for number in numbers:
            op = side.index.ops[number]
            if op != "NoOp":
                counter[op] += 1
                text = constant_text(side, number)
                texts = (text, "") if side is old else ("", text)
                delta.tell(NodeChange(kind, side.index.names[number], op, *texts), side, number)
    touched = set(match.right) - seen.new
    for before, after in match.to_new.items():
        change = _changed(match, before, after, calls, seen)
        if change is None:
            delta.equal += 1
        else:
            touched.add(after)
            delta.constants += change.kind == "attrs" and change.op == "Const"
            delta.tell(change, new, after)
            delta.names.add(old.index.names[before])
            if change.kind == "rewired":
                delta.feeds[change.name] = _lone_feeds(match, before, after)
    delta.downstream = _downstream(new.index, touched, match)
    computing = delta.changed - sum(delta.kinds[kind] for kind in ("device", "control", "gradient"))
    if computing == len(seen) > 0 and ends is not None and all(seen.same(*pair) for pair in ends):
        delta.passing = len(seen)
    return delta


def _changed(match: NodeMatch, before: int, after: int, calls: Calls, seen: PassThrough) -> NodeChange | None:
    """How a matched node changed itself; None where it did not."""
    old, new = match.old, match.new
    name, op = new.index.names[after], new.index.ops[after]
    if op == "NoOp":
        return None
    if old.keys[before] != new.keys[after]:
        if old.free[before] == new.free[after]:
            return NodeChange("device", name, op, _device(old, before), _device(new, after))
        words = attr_words(old, before, new, after)
        if op == "Const" and old.free[before] != new.free[after]:
            words = constant_text(old, before), constant_text(new, after)
        if any(words):
            return NodeChange("attrs", name, op, *words)
    if not calls.same(before, after):
        return NodeChange("attrs", name, op, *_callees(old, new, before, after))
    if before in calls.gradients:
        return NodeChange("gradient", name, op, *calls.gradients[before])
    if _is_rewired(match, before, after, calls, seen):
        return NodeChange("rewired", name, op, _inputs(old, before), _inputs(new, after))
    if _order_differs(match, before, after, seen):
        return NodeChange("control", name, op, _controls_text(old, before), _controls_text(new, after))
    return None


# Where a node takes its inputs from -----------------------------------------------------------------------------------


def _is_rewired(match: NodeMatch, before: int, after: int, calls: Calls, seen: PassThrough) -> bool:
    old, new = match.old.index, match.new.index
    images = [match.image(p) for p in old.producers[before]]
    if images == list(new.producers[after]) and None not in images and old.slots[before] == new.slots[after]:
        return False
    ends = old.producers[before], new.producers[after]
    for position, place in _places(match, before, after, calls):
        if position >= len(ends[0]) or place >= len(ends[1]):  # a call that hands on less than its callee takes
            return True
        p, q = ends[0][position], ends[1][place]
        if match.image(p) != q:
            if seen and p is not None and seen.same(old.inputs[before][position], new.inputs[after][place]):
                continue
            return True
        if p is not None and not same_output(match.old, p, old.inputs[before][position], new.inputs[after][place]):
            return True
    return len(old.producers[before]) != len(new.producers[after]) and not old.calls_at.get(before)


def _lone_feeds(match: NodeMatch, before: int, after: int) -> set[str]:
    """The unmatched nodes that feed two matched ones."""
    old, new = match.old.index, match.new.index
    left = {old.names[p] for p in old.producers[before] if p is not None and p in match.left}
    return left | {new.names[q] for q in new.producers[after] if q is not None and q in match.right}


def _places(match: NodeMatch, before: int, after: int, calls: Calls) -> Iterable[tuple[int, int]]:
    """(input of the old node, input of the new one) pairs that must be fed alike. A call hands on what its callee
    takes, in the callee's order; arguments that one side alone has are the callee's change."""
    old, new = match.old.index, match.new.index
    ends = old.calls_at.get(before, ()), new.calls_at.get(after, ())
    if len(ends[0]) == len(ends[1]) == 1 and is_plain(ends[0][0]):
        mapped = calls.arguments(ends[0][0].function, ends[1][0].function)
        if mapped is not None:
            return mapped.items()
    count = min(len(old.producers[before]), len(new.producers[after]))
    return zip(range(count), range(count), strict=True)


def _order_differs(match: NodeMatch, before: int, after: int, seen: PassThrough) -> bool:
    """Whether nodes of both sides must run before one of these, and not before the other."""
    if before not in match.old.index.controls and after not in match.new.index.controls:
        return False
    controls = {match.image(p) for p in _controls(match.old, before, seen.old) if p < 0 or p in match.to_new} - {None}
    return controls != {q for q in _controls(match.new, after, seen.new) if q < 0 or q in match.to_old}


def _controls(side: BodySide, number: int, through: frozenset[int] = frozenset()) -> set[int]:
    """The control inputs of a node; those of a NoOp in its place, and what nodes to be looked ``through`` hand on."""
    controls, ops = side.index.controls, side.index.ops
    found: set[int] = set()
    seen: set[int] = set()
    stack = [end for end in controls.get(number, ()) if end is not None]
    while stack:
        end = stack.pop()
        if end in seen:
            continue
        seen.add(end)
        if end >= 0 and ops[end] == "NoOp":
            stack.extend(before for before in controls.get(end, ()) if before is not None)
        elif end in through:
            stack.extend(before for before in side.index.producers[end] if before is not None)
        else:
            found.add(end)
    return found


def _downstream(index: BodyIndex, touched: set[int], match: NodeMatch) -> int:
    """Nodes of the new body that are as they were and compute on what changed."""
    if not touched:
        return 0
    reached = set(touched)
    for number, before in enumerate(index.producers):
        if number not in reached and any(p in reached for p in before if p is not None):
            reached.add(number)
    return len((reached - touched) & match.to_old.keys())


# Words ----------------------------------------------------------------------------------------------------------------


def constant_text(side: BodySide, number: int) -> str:
    """What a constant holds; "" for any other node."""
    return side.index.node(number).attr_text("value") if side.index.ops[number] == "Const" else ""


def _inputs(side: BodySide, number: int) -> str:
    return ", ".join(reference for reference in side.index.inputs[number] if reference[:1] != "^")


def _controls_text(side: BodySide, number: int) -> str:
    names = [side.index.names[end] if end >= 0 else side.index.arguments[-1 - end] for end in _controls(side, number)]
    return "after " + ", ".join(sorted(names)) if names else ""


def _device(side: BodySide, number: int) -> str:
    return side.index.node(number).device


def _callees(old: BodySide, new: BodySide, before: int, after: int) -> tuple[str, str]:
    sides = ((old, before), (new, after))
    one, other = (", ".join(call.function for call in side.index.calls_at.get(number, ())) for side, number in sides)
    return f"calls {one or 'nothing'}", f"calls {other or 'nothing'}"


def attr_words(old: BodySide, before: int, new: BodySide, after: int) -> tuple[str, str]:
    """The attrs (and the device) in which two nodes differ, as text for each side; two empty texts where they differ in
    nothing but what follows from something else."""
    one, other = old.index.node(before), new.index.node(after)
    quiet = NOISE_ATTRS | ({"Tout"} if new.index.ops[after] in PLAIN_CALLS else frozenset())
    names: Iterable[str] = sorted({*one.attr_names(), *other.attr_names()} - quiet)
    differing = [name for name in names if one.attr_key(name) != other.attr_key(name)]
    sides = []
    for node in (one, other):
        words = [f"{name}={node.attr_text(name)}" for name in differing if node.has_attr(name)]
        sides.append(", ".join(words + ([f"device={node.device or '(none)'}"] if one.device != other.device else [])))
    return sides[0], sides[1]
