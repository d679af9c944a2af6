"""Functions of the object tree that users may call, by path; by what they compute, where the path is gone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable

from smanalyze.diff.callable_arguments import defined, match_arguments, reordered
from smanalyze.diff.public_tree import PublicTree, Steps
from smanalyze.diff.renames import Renames
from smanalyze.diff.traces import ToldOutputs, match_traces, takes
from smanalyze.facts.program import Program
from smanalyze.model.record import record
from smanalyze.report.changes import CallablePair, SignaturePair
from smanalyze.report.sections import Callable

RENAMED = 0.9
"""Confidence of a function that was found by what it takes and computes."""

Callables = tuple[Callable, ...]


@record
class _Offered:
    """One function of a side: the paths that lead to it, its own first."""

    callable: Callable
    paths: tuple[Steps, ...]

    @property
    def own(self) -> Steps:
        return self.paths[0]


class CallableMatch:
    """The functions of one pair of MetaGraphs; those TensorFlow and Keras made for themselves are left out."""

    def __init__(
        self,
        callables: tuple[Callables, Callables],
        trees: tuple[PublicTree, PublicTree],
        programs: tuple[Program, Program],
        signatures: tuple[SignaturePair, ...],
        renames: Renames,
    ) -> None:
        self.trees, self.programs = trees, programs
        self.told = ToldOutputs(signatures)
        self.sides = _offered(callables[0], trees[0]), _offered(callables[1], trees[1])
        self.found: dict[Steps, tuple[_Offered, str]] = {}
        if trees[0].nodes and trees[1].nodes:
            self._declared(renames)
            self._paths()
            self._programs()

    def _declared(self, renames: Renames) -> None:
        names = [{tree.text(path): one for one in side for path in one.paths}
                 for tree, side in zip(self.trees, self.sides, strict=True)]  # fmt: skip
        for before, after in renames.pairs("function", names[0], names[1]):
            self.found[names[0][before].own] = names[1][after], "declared"

    def _paths(self) -> None:
        there = {one.callable.object_id: one for one in self.sides[1]}
        for one in self.sides[0]:
            ends = (self.trees[1].function(path) for path in one.paths)
            twin = next((there[end] for end in ends if end in there), None)
            if twin is not None:
                self.found.setdefault(one.own, (twin, "path"))

    def _programs(self) -> None:
        """Functions whose paths are gone and those whose paths are new, where one of each is the same."""
        taken = {twin.own for twin, _ in self.found.values()}
        left = [one for one in self.sides[0] if one.own not in self.found and not self._aside(0, one.own)]
        right = [one for one in self.sides[1] if one.own not in taken and not self._aside(1, one.own)]
        if not left or not right:
            return
        contents = [{one.own: self._content(side, one) for one in ones} for side, ones in ((0, left), (1, right))]
        counts = [Counter(held.values()) for held in contents]
        twins = {contents[1][one.own]: one for one in right}
        for one in left:
            content = contents[0][one.own]
            if content and counts[0][content] == counts[1][content] == 1:
                self.found[one.own] = twins[content], "program"

    def _content(self, side: int, one: _Offered) -> tuple[Hashable, ...]:
        """What a function takes and computes; () where it was never traced."""
        program = self.programs[side]
        objects, library = program.graph.meta_graph.objects, program.library.functions
        concrete = {f.name: f for f in objects.concrete_functions if f.name in library} if objects is not None else {}
        held = [trace for trace in one.callable.traces if trace.function in concrete]
        return tuple(sorted((takes(trace), program.bound(concrete[trace.function])) for trace in held))

    def _aside(self, side: int, path: Steps) -> str:
        """Why changes of a function are told elsewhere; "" where they are its own."""
        place = self.trees[side].aside(path)
        return place or ("" if self.trees[1 - side].find(path[:-1]) is not None else "object")

    def pairs(self) -> tuple[CallablePair, ...]:
        """All functions, in the order of the old side and then of the new."""
        taken = {twin.own for twin, _ in self.found.values()}
        pairs = [self._pair(one, *self.found[one.own]) if one.own in self.found else self._alone(0, one)
                 for one in self.sides[0]]  # fmt: skip
        return (*pairs, *(self._alone(1, one) for one in self.sides[1] if one.own not in taken))

    def _alone(self, side: int, one: _Offered) -> CallablePair:
        paths = tuple(map(self.trees[side].text, one.paths))
        aside = self._aside(side, one.own)
        if side == 0:
            return CallablePair(one.callable, None, (), lost=paths, aside=aside)
        return CallablePair(None, one.callable, (), gained=paths, aside=aside)

    def _pair(self, one: _Offered, other: _Offered, stage: str) -> CallablePair:
        sides = [defined(tree.nodes[side.callable.object_id].function, side.callable)
                 for tree, side in zip(self.trees, (one, other), strict=True)]  # fmt: skip
        arguments = match_arguments(sides[0], sides[1])
        return CallablePair(
            one.callable, other.callable,
            match_traces(one.callable.traces, other.callable.traces, arguments, self.told),
            stage, RENAMED if stage == "program" else 1.0,
            lost=tuple(self.trees[0].text(path) for path in one.paths if self.trees[1].function(path) is None),
            gained=tuple(self.trees[1].text(path) for path in other.paths if self.trees[0].function(path) is None),
            arguments=arguments,
            reordered=reordered(sides[0], sides[1], arguments),
            aside=self.trees[0].aside(one.own),
        )  # fmt: skip


def _offered(callables: Callables, tree: PublicTree) -> tuple[_Offered, ...]:
    """The functions that a public path leads to, with all such paths."""
    known = {one.object_id: one for one in callables if one.kind not in ("saver", "resource")}
    paths: dict[int, list[Steps]] = {}
    for steps, number in tree.places.items():
        if number in known:
            paths.setdefault(number, []).append(steps)
    return tuple(
        _Offered(known[number], tuple(sorted(found, key=lambda steps: (steps != tree.own[number], steps))))
        for number, found in paths.items()
    )


def endpoints(tree: PublicTree, keys: Iterable[str]) -> tuple[str, ...]:
    """What ``TFSMLayer`` finds by name: functions of the root, and signatures."""
    held = tree.children(0) if tree.nodes else {}
    return tuple(sorted({*keys, *(name for name in held if tree.function((name,)) is not None)}))
