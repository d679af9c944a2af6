"""Where two models part: the first node whose outputs differ though what it takes does not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from smanalyze.diff.compare import renamed_variables
from smanalyze.diff.function_arguments import variable_name
from smanalyze.diff.functions import FunctionMatch
from smanalyze.diff.main_graph import match_main
from smanalyze.diff.node_match import BodySide, NodeMatch
from smanalyze.diff.side import Side
from smanalyze.graph.body import PLAIN_CALLS, BodyIndex
from smanalyze.graph.keys import Key
from smanalyze.model.record import record
from smanalyze.report.against import FirstDifference, Level, Tolerance
from smanalyze.report.changes import Changes, MetaGraphPair, SignaturePair
from smanalyze.verify.judge import Kept, judge
from smanalyze.verify.probe_both import Probed, told
from smanalyze.verify.side_run import SideRun

MAX_DEPTH = 32
WINDOW = 48
"""Nodes that are looked at together; all of their outputs are in memory at once."""

MAX_NODES = 20_000
"""Nodes of one body that are looked at."""


@record
class Place:
    """A body on both sides: the calls that lead there, and how its nodes match. ``bound`` names what the arguments and
    nodes of the new body are, by number: variables, tables, assets."""

    chains: tuple[tuple[str, ...], tuple[str, ...]]
    match: NodeMatch
    bound: Mapping[int, str]


class Matched:
    """The bodies of two matched MetaGraphs."""

    def __init__(
        self, sides: tuple[Side, Side], changes: Changes, pair: MetaGraphPair, numbers: tuple[int, int]
    ) -> None:
        self._programs = sides[0].programs[numbers[0]], sides[1].programs[numbers[1]]
        renamed = renamed_variables(changes.variables, *sides)
        self._functions = FunctionMatch(self._programs, pair.signatures, pair.callables, (), renamed)

    def outermost(self, pair: SignaturePair) -> Place | None:
        """What TensorFlow runs for a signature: in TensorFlow 2 the function that it calls, else the main graph."""
        assert pair.old is not None and pair.new is not None
        objects = [program.graph.meta_graph.objects is not None for program in self._programs]
        if not any(objects):
            program = self._programs[1]
            known = ((n, program.graph.main_resource(n)) for n in program.graph.main_slice(pair.new.key))
            bound = {n: f"{key.kind} {key.id}" for n, key in known if key is not None}
            return Place(((), ()), match_main(self._functions, [pair]), bound)
        keys = pair.old.key, pair.new.key
        called = [
            program.graph.targets(Key("signature", key), "calls", "function")
            for program, key in zip(self._programs, keys, strict=True)
        ]
        if not all(objects) or any(len(one) != 1 for one in called):
            return None
        name = str(called[1][0].id)
        captures = self._programs[1].captures(name) or {}
        bound = {-1 - n: name for n, name in capture_names(captures).items()}
        return self._place(((), ()), str(called[0][0].id), name, bound)

    def callee(self, here: Place, before: int, after: int) -> Place | None:
        """The bodies that two matched nodes call, where that is all that they do."""
        calls = here.match.old.index.calls_at.get(before, ()), here.match.new.index.calls_at.get(after, ())
        if len(calls[0]) != 1 or len(calls[1]) != 1 or {calls[0][0].op, calls[1][0].op} - PLAIN_CALLS:
            return None
        nodes = here.match.old.index.names[before], here.match.new.index.names[after]
        chains = (*here.chains[0], nodes[0]), (*here.chains[1], nodes[1])
        feeding = here.match.new.index.producers[after]
        bound = {-1 - n: here.bound[p] for n, p in enumerate(feeding) if p is not None and p in here.bound}
        return self._place(chains, calls[0][0].function, calls[1][0].function, bound)

    def _place(
        self, chains: tuple[tuple[str, ...], tuple[str, ...]], before: str, after: str, bound: dict[int, str]
    ) -> Place | None:
        if before not in self._programs[0].library.functions or after not in self._programs[1].library.functions:
            return None
        return Place(chains, self._functions.nodes(before, after), bound)


def capture_names(captures: Mapping[int, bytes]) -> dict[int, str]:
    """What a function binds, by argument number, without constants: the name, and where several have it the path."""
    names = {n: variable_name(key) for n, key in captures.items() if not key.startswith(b"constant ")}
    shared = {name for name, count in Counter(names.values()).items() if count > 1}
    found = {}
    for n, name in names.items():
        path = captures[n].partition(b"|")[2].strip()
        told = name + b" at " + path if name in shared and path else name
        found[n] = told.decode("utf-8", "replace")
    return found


def find_first(
    runs: tuple[SideRun, SideRun], matched: Matched, probed: Probed, trial: int, given: Mapping[str, Tolerance], *,
    mild: bool,
) -> tuple[FirstDifference | None, str]:  # fmt: skip
    """The first difference for one set of inputs (``trial``), or why there is none to be told. ``mild``: the outputs
    are within tolerance, so anything that is not the same bit by bit counts."""
    here = matched.outermost(probed.pair)
    difference: FirstDifference | None = None
    for _ in range(MAX_DEPTH):
        if here is None:
            break
        found, reason = _first_here(runs, probed, here, trial, given, mild=mild)
        if found is None:
            return difference, reason
        before, after, difference = found
        here = matched.callee(here, before, after)
    return difference, "" if difference is not None else "it is not known what the signature runs"


def _first_here(
    runs: tuple[SideRun, SideRun], probed: Probed, here: Place, trial: int, given: Mapping[str, Tolerance], *,
    mild: bool,
) -> tuple[tuple[int, int, FirstDifference] | None, str]:  # fmt: skip
    """The first difference between the matched nodes of one body."""
    match = here.match
    order = [n for n in _topological(match.old) if n in match.to_new and match.old.index.ops[n] != "NoOp"]
    for start in range(0, min(len(order), MAX_NODES), WINDOW):
        window = order[start : start + WINDOW]
        names = [
            [match.old.index.names[n] for n in window],
            [match.new.index.names[match.to_new[n]] for n in window],
        ]
        seen = []
        for place, run in enumerate(runs):
            loaded = run.load(probed.numbers[place], anew=probed.changing[place])
            if loaded.kind != "ok":
                return None, told(loaded)
            outcome, found = run.look(probed.keys[place], probed.trials[trial][place], here.chains[place], names[place])
            run.stale = probed.changing[place]
            if outcome.kind != "ok":
                return None, f"the {('old', 'new')[place]} model cannot be looked into: {told(outcome)}"
            seen.append(found)
        for number, one, other in zip(window, *names, strict=True):
            output, level, apart = _compared((one, other), (seen[0], seen[1]), given, mild=mild)
            if output:
                path = tuple(here.chains[1])
                feeds = _only_one(match, number)
                op = match.new.index.ops[match.to_new[number]]
                reads = _read(here, match.to_new[number])
                found_here = FirstDifference(path, other, one, op, output, level, apart, feeds, reads)
                return (number, match.to_new[number], found_here), ""
    if len(order) > MAX_NODES:
        return (
            None,
            f"the first {MAX_NODES:,} nodes agree{'' if mild else ' within tolerance'}; the others were not looked at",
        )
    return None, unmatched_words(match, len(order), mild=mild)


def _compared(
    names: tuple[str, str], seen: tuple[Mapping[str, Kept], Mapping[str, Kept]], given: Mapping[str, Tolerance], *,
    mild: bool,
) -> tuple[str, Level, float | None]:  # fmt: skip
    """The first output of a node that differs, how far, and by how much; "" where none does."""
    for tensor, one in seen[0].items():
        name, _, port = tensor.rpartition(":")
        other = seen[1].get(f"{names[1]}:{port}")
        if name != names[0] or other is None:
            continue
        row = judge((tensor, f"{names[1]}:{port}"), [(one, other)], None, {"": given[""]} if "" in given else {})
        if row.level != "bitwise" if mild else row.level in ("different", "incomparable"):
            return f"{names[1]}:{port}", row.level, row.max_abs
    return "", "bitwise", None


def _read(here: Place, number: int) -> tuple[str, ...]:
    """What a node of the new body reads: the variables and tables that feed it, or that it is."""
    ends = (number, *here.match.new.index.producers[number])
    return tuple(dict.fromkeys(here.bound[end] for end in ends if end is not None and end in here.bound))


def _only_one(match: NodeMatch, number: int) -> tuple[str, ...]:
    """What feeds a node and is there on one side only."""
    old, new = match.old.index, match.new.index
    gone = [p for p in old.producers[number] if p is not None and p in match.left]
    come = [p for p in new.producers[match.to_new[number]] if p is not None and p in match.right]
    lost = (f"{old.names[p]} ({old.ops[p]}), which is gone" for p in gone)
    return (*lost, *(f"{new.names[p]} ({new.ops[p]}), which is new" for p in come))


def unmatched_words(match: NodeMatch, count: int, *, mild: bool) -> str:
    """What there is to say where no node of both sides differs (``mild``: at all)."""
    ends: list[str] = []
    for index, numbers, word in ((match.new.index, match.right, "new"), (match.old.index, match.left, "gone")):
        found = [f"{index.names[n]} ({index.ops[n]})" for n in numbers if index.ops[n] != "NoOp"]
        if found:
            more = f" and {len(found) - 1} more" if len(found) > 1 else ""
            ends.append(f"{found[0]}{more}, {word}")
    what = f"; what only one of them has makes it: {'; '.join(ends)}" if ends else ""
    alike = "the same" if mild else "the same, within tolerance"
    return (f"all {count} nodes that both have give {alike}" if count > 1 else f"what both have gives {alike}") + what


def _topological(side: BodySide) -> Iterator[int]:
    """The nodes of a body, each after what feeds it; a loop is cut somewhere."""
    index, wanted = side.index, side.numbers()
    done: set[int] = set()
    for end in wanted:
        stack: list[tuple[int, Iterator[int]]] = [] if end in done else [(end, _before(index, end))]
        done.add(end)
        while stack:
            number, rest = stack[-1]
            before = next((one for one in rest if one not in done), None)
            if before is None:
                stack.pop()
                if side.only is None or number in side.only:
                    yield number
            else:
                done.add(before)
                stack.append((before, _before(index, before)))


def _before(index: BodyIndex, number: int) -> Iterator[int]:
    ends: Iterable[int | None] = (*index.producers[number], *index.controls.get(number, ()))
    return iter([one for one in ends if one is not None and one >= 0])
