"""Functions of both libraries, matched; and the bodies that differ, compared.

Matched are, in this order: what is declared, what a signature or a callable of both sides runs, what matched functions
call in the same place, what is the same, functions of one name without its number, and what is most alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from smanalyze.diff.function_arguments import match_arguments
from smanalyze.diff.likeness import Likest
from smanalyze.diff.node_match import BodySide, NodeMatch, fed_alike, lone_calls, match_nodes
from smanalyze.diff.nodes import BodyDelta, Calls, compare_bodies
from smanalyze.facts.function_names import PlainStems, stem_of
from smanalyze.facts.program import Program
from smanalyze.graph.digests import is_plain
from smanalyze.graph.model_graph import Key
from smanalyze.graph.savers import is_saver_body
from smanalyze.report.changes import CallablePair, SignaturePair
from smanalyze.report.sections import Trace


@dataclass
class Compared:
    """Two matched functions that differ ("" names the main graph). ``interface``: they take or give other dtypes.
    ``called`` are functions that only one of the bodies calls, of the old and of the new library."""

    before: str
    after: str
    stage: str
    confidence: float
    delta: BodyDelta
    attributes: tuple[tuple[str, str, str], ...] = ()
    interface: bool = False
    called: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())


class FunctionMatch:
    """The functions of one pair of MetaGraphs. ``pairs`` are old names with (new name, stage, confidence); ``compared``
    the pairs that differ, callers before what they call. ``is_cut``: some were left without a partner because there are
    too many to look at. ``renamed`` gives the old identity of a variable by its new one."""

    def __init__(
        self,
        programs: tuple[Program, Program],
        signatures: tuple[SignaturePair, ...],
        callables: tuple[CallablePair, ...],
        declared: Iterable[tuple[str, str]] = (),
        renamed: Mapping[bytes, bytes] | None = None,
    ) -> None:
        self.old, self.new = self.programs = programs
        self.pairs: dict[str, tuple[str, str, float]] = {}
        self.taken: set[str] = set()
        self.compared: list[Compared] = []
        self.is_cut = False
        self.renamed = renamed or {}
        self._queue: list[tuple[str, str]] = []
        self._fed: dict[tuple[str, str], dict[int, int]] = {}
        self._arguments: dict[tuple[str, str], dict[int, int]] = {}
        self.plain = PlainStems(self.old.library.functions), PlainStems(self.new.library.functions)
        for before, after in declared:
            self._take(before, after, "declared")
        self._roots(signatures, callables)
        self._work()
        self._same_digests()
        self._stems()
        self._work()
        self._likeness()
        self._work()

    # Matching ---------------------------------------------------------------------------------------------------------

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
            listed = pair_of.old is not None and "[" in pair_of.old.path
            for trace in pair_of.traces:
                self._take_traces(trace.old, trace.new, 1.0, listed)
            before_traces = [t.old for t in pair_of.traces if t.old is not None and t.new is None]
            after_traces = [t.new for t in pair_of.traces if t.new is not None and t.old is None]
            if len(before_traces) == len(after_traces) == 1:
                self._take_traces(before_traces[0], after_traces[0], 0.9, listed)

    def _take_traces(self, before: Trace | None, after: Trace | None, confidence: float, listed: bool) -> None:
        """Two traces at one place; one in a list may be another's now, unless its name or body tell otherwise."""
        if before is None or after is None:
            return
        one, other = before.function, after.function
        if one not in self.old.library.functions or other not in self.new.library.functions:
            return
        named = self.plain[0].of(one) == self.plain[1].of(other)
        if named or not listed or self.same_digest(one, other):
            self._take(one, other, "path", confidence if named else min(confidence, 0.9))

    def same_digest(self, before: str, after: str) -> bool:
        """Whether a function of the old library is one of the new, to all it calls."""
        return self.old.merkle.function(before).value == self.new.merkle.function(after).value

    def open(self) -> tuple[list[str], list[str]]:
        """What has no partner, of the old and of the new library."""
        before = [name for name in self.old.library.functions if name not in self.pairs]
        return before, [name for name in self.new.library.functions if name not in self.taken]

    def _same_digests(self) -> None:
        """What is the same by its digest, one of a name first."""
        one, other = self.plain
        for stems in ((one.stem, other.stem), (one.of, other.of), (lambda _: "", lambda _: "")):
            before, after = self.open()
            groups: dict[tuple[str, bytes], list[str]] = {}
            for name in after:
                groups.setdefault((stems[1](name), self.new.merkle.function(name).value), []).append(name)
            for name in before:
                twins = groups.get((stems[0](name), self.old.merkle.function(name).value))
                if twins:
                    self._take(name, twins.pop(0), "content")

    def _stems(self) -> None:
        """What is alone with its name on both sides; of several of a name those that are all the same on each side,
        first where the same is bound to them."""
        groups: dict[str, tuple[list[str], list[str]]] = {}
        for side, names in enumerate(self.open()):
            for name in names:
                groups.setdefault(self.plain[side].of(name), ([], []))[side].append(name)
        for before, after in groups.values():
            kinds = (
                {self.old.merkle.function(n).value for n in before},
                {self.new.merkle.function(n).value for n in after},
            )
            if len(before) == len(after) and len(kinds[0]) == len(kinds[1]) == 1:
                bound = {_bound(self.new, name): name for name in after}
                for one in before:
                    self._take(one, bound.get(_bound(self.old, one), ""), "name")
                left = [name for name in after if name not in self.taken]
                for one, other in zip([name for name in before if name not in self.pairs], left, strict=True):
                    self._take(one, other, "name")

    def _likeness(self) -> None:
        """The likest of what is left, by their ops."""
        likest = Likest(self.programs, self.plain)
        for before, after, confidence in likest.pairs(*self.open()):
            self._take(before, after, "likeness", confidence)
        self.is_cut = likest.is_cut

    # Comparing --------------------------------------------------------------------------------------------------------

    def compare_more(self) -> None:
        """Compares what the main graphs matched."""
        self._work()

    def _work(self) -> None:
        """Compares what was matched, and matches what it calls in the same places."""
        for before, after in self._queue:  # which grows meanwhile
            savers = is_saver_body(self.old.library.index(before)) and is_saver_body(self.new.library.index(after))
            if not self.same_digest(before, after) and not savers:
                self._compare(before, after)
        self._queue.clear()

    def _compare(self, before: str, after: str) -> None:
        returns, controls = self._returns(before, after), self._control_returns(before, after)
        match = self.nodes(before, after)
        waited = controls[0].isdisjoint(match.left) and controls[1].isdisjoint(match.right)
        delta = compare_bodies(match, self.follow(match), returns if waited else None)
        _, stage, confidence = self.pairs[before]
        attributes = self._own_attrs(before, after)
        if delta.changed or attributes:
            ends = self._ends(self.old, before), self._ends(self.new, after)
            self.compared.append(
                Compared(before, after, stage, confidence, delta, attributes, ends[0] != ends[1], lone_calls(match))
            )

    def nodes(self, before: str, after: str) -> NodeMatch:
        """The nodes of two bodies, matched."""
        find = self.old.library.index(before).producer, self.new.library.index(after).producer
        places = [(find[0](one), find[1](other)) for one, other in self._returns(before, after) or ()]
        known = [(p, q) for p, q in places if p is not None and q is not None]
        return match_nodes(*self._sides(before, after), self.arguments(before, after), known)

    def follow(self, match: NodeMatch) -> Calls:
        """Matches what two bodies call in the same places, and the gradients of their nodes."""
        one, other = match.old.index, match.new.index
        for before in one.calls_at:
            if before not in match.to_new:
                continue
            after = match.to_new[before]
            calls = one.calls_at[before], other.calls_at.get(after, ())
            for call, twin in zip(*calls, strict=False):
                self._take(call.function, twin.function, "call")
                if is_plain(call) and is_plain(twin):
                    self._fed.setdefault((call.function, twin.function), fed_alike(match, before, after))
        return Calls(lambda a, b: self._same_calls(match, a, b), self._call_arguments, self._gradients(match))

    def _sides(self, before: str, after: str) -> tuple[BodySide, BodySide]:
        """Both bodies, with digests in which matched arguments are the same."""
        mapped = self.arguments(before, after)
        back = {other: one for one, other in mapped.items()}
        indexes = self.old.library.index(before), self.new.library.index(after)
        labels = (
            [b"argument %d" % n if n in mapped else b"old %d" % n for n in range(len(indexes[0].arguments))],
            [b"argument %d" % back[n] if n in back else b"new %d" % n for n in range(len(indexes[1].arguments))],
        )
        return (
            BodySide(indexes[0], lambda: self.old.merkle.nodes(indexes[0], labels[0])),
            BodySide(indexes[1], lambda: self.new.merkle.nodes(indexes[1], labels[1])),
        )

    def arguments(self, before: str, after: str) -> dict[int, int]:
        """Argument numbers of the old function to those of the new."""
        found = self._arguments.get((before, after))
        if found is None:
            fed = self._fed.get((before, after), {})
            found = match_arguments(self.programs, (before, after), fed, self.renamed)
            self._arguments[before, after] = found
        return found

    def _call_arguments(self, before: str, after: str) -> dict[int, int] | None:
        """Arguments of two functions that were matched or are the same; None for others."""
        pair = self.pairs.get(before)
        known = pair is not None and (pair[0] == after or self.same_digest(before, after))
        return self.arguments(before, after) if known else None

    def _same_calls(self, match: NodeMatch, before: int, after: int) -> bool:
        one, other = match.old.index.calls_at, match.new.index.calls_at
        if before not in one and after not in other:
            return True
        calls = one.get(before, ()), other.get(after, ())
        if len(calls[0]) != len(calls[1]):
            return False
        return all(self._is_twin(call.function, twin.function) for call, twin in zip(*calls, strict=True))

    def _is_twin(self, before: str, after: str) -> bool:
        """Whether two called functions are matched, or are the same as such."""
        pair = self.pairs.get(before)
        if pair is not None and pair[0] == after:
            return True
        if self.same_digest(before, after):
            return True
        value = self.new.merkle.function
        return pair is not None and value(pair[0]).value == value(after).value

    def _gradients(self, match: NodeMatch) -> dict[int, tuple[str, str]]:
        """Old nodes whose custom gradient is another on the new side: what it was and is."""
        if not match.old.index.gradient_ops and not match.new.index.gradient_ops:
            return {}
        known = self.old.library.gradient_functions, self.new.library.gradient_functions
        found: dict[int, tuple[str, str]] = {}
        for before, after in match.to_new.items():
            one = known[0].get(match.old.index.gradients.get(before, ""), "")
            other = known[1].get(match.new.index.gradients.get(after, ""), "")
            if one and other:
                self._take(one, other, "gradient")
                if not self._is_twin(one, other) or not self.same_digest(one, other):
                    found[before] = (f"gradient {stem_of(one)}", f"gradient {stem_of(other)}, changed")
            elif one or other:
                words = [f"gradient {stem_of(name)}" if name else "no custom gradient" for name in (one, other)]
                found[before] = (words[0], words[1])
        return found

    def _returns(self, before: str, after: str) -> list[tuple[str, str]] | None:
        """What gives the same output of two functions, by its place; None where one has more outputs."""
        one, other = self.old.library.functions[before], self.new.library.functions[after]
        names = [[output.name for output in function.outputs] for function in (one, other)]
        if len(names[0]) != len(names[1]):
            return None
        return [(one.returns.get(a, ""), other.returns.get(b, "")) for a, b in zip(*names, strict=True)]

    def _control_returns(self, before: str, after: str) -> tuple[set[int | None], set[int | None]]:
        """Nodes that must run before each of two functions is done."""
        one, other = self.old.library, self.new.library
        found = [
            {library.index(name).at.get(end) for end in library.functions[name].control_returns.values()}
            for library, name in ((one, before), (other, after))
        ]
        return found[0], found[1]

    @staticmethod
    def _ends(program: Program, name: str) -> tuple[list[str], list[str]]:
        function = program.library.functions[name]
        return sorted(a.dtype for a in function.argument_types), [a.dtype for a in function.outputs]

    def _own_attrs(self, before: str, after: str) -> tuple[tuple[str, str, str], ...]:
        one, other = self.old.function_attrs(before), self.new.function_attrs(after)
        return tuple(
            (name, one.get(name, ""), other.get(name, ""))
            for name in sorted({*one, *other}) if one.get(name) != other.get(name)
        )  # fmt: skip

    def renumbered(self) -> int:
        """Functions whose name differs in its number alone."""
        old, new = self.plain
        return sum(a != b and old.stem(a) == new.stem(b) for a, (b, _, _) in self.pairs.items())


def _bound(program: Program, name: str) -> tuple[bytes, ...]:
    return tuple(sorted((program.captures(name) or {}).values()))
