"""Functions of both libraries, matched; and of those that differ the ones whose own nodes changed.

Matched are, in this order: what a signature or a callable of both sides runs, what matched functions call in the same
place, functions of one name without its number, and what is most alike. A function that differs only because of what it
calls is no change of its own: the change is told once, where it is.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from smanalyze.diff.nodes import BodySide, NodeMatch, compare_bodies
from smanalyze.facts.library import is_saver
from smanalyze.facts.program import Program
from smanalyze.graph.model_graph import Key
from smanalyze.report.changes import CallablePair, FunctionChange, FunctionRow, NodeChange, SignaturePair
from smanalyze.report.sections import Callable

_STEM = re.compile(r"^__(?:inference|forward|backward)_|_\d+$")
POSSIBLE = 0.4
"""Likeness from which two functions are taken for one that changed."""

MAX_COMPARED = 2_000
"""Pairs of functions whose likeness is computed; beyond, what is left is removed and added."""

SAVER_OPS = frozenset({
    "Identity", "ReadVariableOp", "DisableCopyOnRead", "AssignVariableOp", "Const", "NoOp", "SaveV2", "RestoreV2",
    "MergeV2Checkpoints", "ShardedFilename", "StringJoin", "Select", "SelectV2", "StaticRegexFullMatch", "Pack", "Cast",
    "Assign", "LookupTableExportV2", "LookupTableImportV2",
})  # fmt: skip
"""What TensorFlow's own savers are made of."""


def stem_of(name: str) -> str:
    """A function's name without what an exporter counted."""
    return _STEM.sub("", name)


class FunctionMatch:
    """The functions of one pair of MetaGraphs. ``pairs`` are (old, new) names with the stage that matched them."""

    def __init__(
        self,
        old: Program,
        new: Program,
        signatures: tuple[SignaturePair, ...],
        callables: tuple[CallablePair, ...],
        declared: Iterable[tuple[str, str]] = (),
    ) -> None:
        self.old, self.new = old, new
        self.pairs: dict[str, tuple[str, str, float]] = {}
        self.taken: set[str] = set()
        self.changes: list[FunctionChange] = []
        self._queue: list[tuple[str, str]] = []
        self._reach = (
            _Reach(old, [pair.old for pair in callables if pair.old is not None]),
            _Reach(new, [pair.new for pair in callables if pair.new is not None]),
        )
        for before, after in declared:
            self._take(before, after, "declared")
        self._roots(signatures, callables)
        self._work()
        self._same_digests()
        self._stems()
        self._work()
        self._likeness()
        self._work()
        if old.graph.meta_graph.objects is None or new.graph.meta_graph.objects is None:
            self._main(signatures)

    # Matching -------------------------------------------------------------------------------------------------------

    def _take(self, before: str, after: str, stage: str, confidence: float = 1.0) -> None:
        there = before in self.old.library.functions and after in self.new.library.functions
        if there and before not in self.pairs and after not in self.taken:
            self.pairs[before] = (after, stage, confidence)
            self.taken.add(after)
            self._queue.append((before, after))

    def _roots(self, signatures: tuple[SignaturePair, ...], callables: tuple[CallablePair, ...]) -> None:
        for pair in signatures:
            if pair.old is not None and pair.new is not None:
                before = self.old.graph.targets(Key("signature", pair.old.key), "calls", "function")
                after = self.new.graph.targets(Key("signature", pair.new.key), "calls", "function")
                for one, other in zip(before, after, strict=False):
                    self._take(str(one.id), str(other.id), "signature")
        for pair_of in callables:
            for trace in pair_of.traces:
                if (
                    trace.old is not None
                    and trace.new is not None
                    and self._may(trace.old.function, trace.new.function)
                ):
                    self._take(trace.old.function, trace.new.function, "path")
            before_traces = [t.old for t in pair_of.traces if t.old is not None and t.new is None]
            after_traces = [t.new for t in pair_of.traces if t.new is not None and t.old is None]
            if len(before_traces) == len(after_traces) == 1 and self._may(
                before_traces[0].function, after_traces[0].function
            ):
                self._take(before_traces[0].function, after_traces[0].function, "path", 0.9)

    def _may(self, before: str, after: str) -> bool:
        """Whether two functions at one place can be the same: a place in a list may be another's now."""
        if before not in self.old.library.functions or after not in self.new.library.functions:
            return False
        return stem_of(before) == stem_of(after) or self._digest(self.old, before) == self._digest(self.new, after)

    def _work(self) -> None:
        """Compares what was matched, and matches what it calls in the same places."""
        while self._queue:
            before, after = self._queue.pop(0)
            if self._digest(self.old, before) != self._digest(self.new, after):
                self._compare(before, after)

    @staticmethod
    def _digest(program: Program, name: str) -> bytes:
        return program.merkle.function(name).value

    def _open(self) -> tuple[list[str], list[str]]:
        before = [name for name in self.old.library.functions if name not in self.pairs]
        return before, [name for name in self.new.library.functions if name not in self.taken]

    def _same_digests(self) -> None:
        """What is the same by its digest, one of a name first."""
        for with_stem in (True, False):
            before, after = self._open()
            groups: dict[tuple[str, bytes], list[str]] = {}
            for name in after:
                groups.setdefault((stem_of(name) if with_stem else "", self._digest(self.new, name)), []).append(name)
            for name in before:
                twins = groups.get((stem_of(name) if with_stem else "", self._digest(self.old, name)))
                if twins:
                    self._take(name, twins.pop(0), "content")

    def _stems(self) -> None:
        before, after = self._open()
        counts = Counter(map(stem_of, before)), Counter(map(stem_of, after))
        there = {stem_of(name): name for name in after}
        for name in before:
            stem = stem_of(name)
            if counts[0][stem] == counts[1][stem] == 1:
                self._take(name, there[stem], "name")

    def _likeness(self) -> None:
        """The likest of what is left, by their ops, where both take and give the same."""
        before, after = self._open()
        scored: list[tuple[float, str, str]] = []
        for one in before:
            for other in after:
                if len(scored) >= MAX_COMPARED:
                    break
                score = self._score(one, other)
                if score >= POSSIBLE:
                    scored.append((score, one, other))
        for score, one, other in sorted(scored, key=lambda item: (-item[0], item[1], item[2])):
            self._take(one, other, "likeness", round(min(score, 0.9), 2))

    def _score(self, one: str, other: str) -> float:
        before, after = self.old.library.index(one).op_counts, self.new.library.index(other).op_counts
        shared, whole = sum((before & after).values()), sum((before | after).values())
        alike = 0.3 if stem_of(one) == stem_of(other) else 0.0
        return min(1.0, alike + 0.7 * shared / whole) if whole else alike

    # Comparing ------------------------------------------------------------------------------------------------------

    def _compare(self, before: str, after: str) -> None:
        sides = self._side(self.old, before), self._side(self.new, after)
        match = NodeMatch(*sides, self._arguments(before, after), self._call_arguments)
        for one, other in match.to_new.items():
            calls = sides[0].index.calls_at.get(one, ()), sides[1].index.calls_at.get(other, ())
            for call, twin in zip(*calls, strict=False):
                self._take(call.function, twin.function, "call")
        _, stage, confidence = self.pairs[before]
        self._tell(before, after, match, stage, confidence)

    @staticmethod
    def _side(program: Program, name: str) -> BodySide:
        return BodySide(program.library.index(name), program.merkle.function_nodes(name))

    def _arguments(self, before: str, after: str) -> dict[int, int]:
        """Argument numbers of the old function to those of the new: captures by what they are, others by place."""
        bound = self.old.captures(before), self.new.captures(after)
        found: dict[int, int] = {}
        if bound[0] is not None and bound[1] is not None:
            places: dict[bytes, list[int]] = {}
            for number, identity in bound[1].items():
                places.setdefault(identity, []).append(number)
            for number, identity in bound[0].items():
                if places.get(identity):
                    found[number] = places[identity].pop(0)
            count = len(self.old.library.index(before).arguments)
            return found | {n: n for n in range(count) if n not in bound[0] and n not in bound[1]}
        arguments = self.old.library.functions[before].inputs, self.new.library.functions[after].inputs
        orders = (
            [n for group in self.old.merkle.function(before).order for n in group],
            [n for group in self.new.merkle.function(after).order for n in group],
        )
        if len(arguments[0]) == len(arguments[1]):
            pairs = zip(*orders, strict=False)
            return {one: other for one, other in pairs if arguments[0][one].dtype == arguments[1][other].dtype}
        names = {argument.name: number for number, argument in enumerate(arguments[1])}
        return {number: names[a.name] for number, a in enumerate(arguments[0]) if a.name in names}

    def _call_arguments(self, before: str, after: str) -> dict[int, int] | None:
        """Arguments of two functions that were matched; None for others."""
        pair = self.pairs.get(before)
        return self._arguments(before, after) if pair is not None and pair[0] == after else None

    def _tell(self, before: str, after: str, match: NodeMatch, stage: str, confidence: float) -> None:
        change = compare_bodies(match, lambda a, b: self._same_calls(match, a, b), constant_text)
        attributes = self._own_attrs(before, after) if before else ()
        if not change.changed and not attributes:
            return
        if is_saver(before or after) and not (change.added.keys() | change.removed.keys()) - SAVER_OPS:
            return  # it follows the list of variables
        added, removed = change.counts()
        only = not added and not removed and not change.rewired and not attributes
        self.changes.append(
            FunctionChange(
                old=before, new=after, stem=stem_of(after), stage=stage, confidence=confidence,
                ops_added=added, ops_removed=removed, nodes=tuple(sorted(change.nodes, key=_node_order)),
                changed_nodes=change.changed, rewired=change.rewired, downstream=change.downstream,
                only_constants=only and change.constants > 0 and not change.attrs,
                only_attrs=only and change.attrs > 0 and not change.constants,
                reach=self.reach(before, after), equal_nodes=change.equal, attributes=attributes,
            )
        )  # fmt: skip

    def _own_attrs(self, before: str, after: str) -> tuple[tuple[str, str, str], ...]:
        one, other = self.old.function_attrs(before), self.new.function_attrs(after)
        return tuple(
            (name, one.get(name, ""), other.get(name, ""))
            for name in sorted({*one, *other}) if one.get(name) != other.get(name)
        )  # fmt: skip

    def _same_calls(self, match: NodeMatch, before: int, after: int) -> bool:
        calls = match.old.index.calls_at.get(before, ()), match.new.index.calls_at.get(after, ())
        if len(calls[0]) != len(calls[1]):
            return False
        for call, twin in zip(*calls, strict=True):
            pair = self.pairs.get(call.function)
            if (pair is None or pair[0] != twin.function) and (
                self._digest(self.old, call.function) != self._digest(self.new, twin.function)
            ):
                return False
        return True

    def _main(self, signatures: tuple[SignaturePair, ...]) -> None:
        """The main graph of TF1 models: what the matched signatures and the init op run."""
        only = []
        for program, side in ((self.old, 0), (self.new, 1)):
            keys = [(pair.old, pair.new)[side] for pair in signatures if pair.old is not None and pair.new is not None]
            numbers: set[int] = set()
            for one in keys:
                if one is not None:
                    numbers |= program.graph.main_slice(one.key)
            only.append(frozenset(numbers))
        if not all(only):
            return
        sides = [
            BodySide(program.library.main, program.main, numbers)
            for program, numbers in zip((self.old, self.new), only, strict=True)
        ]
        self._tell("", "", NodeMatch(sides[0], sides[1], {}), "main graph", 1.0)

    # Rows -----------------------------------------------------------------------------------------------------------

    def reach(self, before: str, after: str) -> tuple[str, ...]:
        """Signatures and callables that run the function, on either side."""
        return tuple(dict.fromkeys((*self._reach[1].of(after), *self._reach[0].of(before))))

    def rows(self) -> tuple[FunctionRow, ...]:
        """Functions on one side only, and those with another name."""
        found = []
        before, after = self._open()
        for names, program, reach, old in (
            (before, self.old, self._reach[0], True),
            (after, self.new, self._reach[1], False),
        ):
            for name in names:
                told = reach.of(name)
                nodes = program.library.functions[name].node_count
                found.append(FunctionRow(name if old else "", "" if old else name, nodes, bool(told), told))
        for one, (other, _, _) in self.pairs.items():
            if stem_of(one) != stem_of(other):
                nodes = self.new.library.functions[other].node_count
                told = self.reach(one, other)
                found.append(FunctionRow(one, other, nodes, bool(told), told))
        return tuple(found)

    def renumbered(self) -> int:
        """Functions whose name differs in its number alone."""
        return sum(one != other and stem_of(one) == stem_of(other) for one, (other, _, _) in self.pairs.items())


class _Reach:
    """Which signatures and callables run each function."""

    def __init__(self, program: Program, callables: Iterable[Callable]) -> None:
        self._of: dict[str, list[str]] = {}
        self._main: list[str] = []
        graph = program.graph
        for signature in graph.meta_graph.signatures:
            self._main.append(signature.key)
            for name in graph.functions_below([Key("signature", signature.key)]):
                self._of.setdefault(name, []).append(signature.key)
        for one in callables:
            for name in dict.fromkeys(name for trace in one.traces for name in trace.reach.function_names):
                self._of.setdefault(name, []).append(one.path)

    def of(self, name: str) -> tuple[str, ...]:
        """Their keys and paths; "" is the main graph."""
        return tuple(dict.fromkeys(self._of.get(name, ()) if name else self._main))


def constant_text(side: BodySide, number: int) -> str:
    """What a constant holds, or where another node reads from; "" for most."""
    if side.index.ops[number] != "Const":
        return ""
    return side.index.node(number).attr_text("value")


def _node_order(node: NodeChange) -> tuple[int, str]:
    return ("added", "removed", "attrs", "rewired").index(node.kind), node.name
