"""Where two models part: the first node whose outputs differ though what it takes does not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from smanalyze.diff.node_match import BodySide, NodeMatch, fed_alike, match_nodes
from smanalyze.diff.side import Side
from smanalyze.facts.program import Program
from smanalyze.graph.body import PLAIN_CALLS, BodyIndex
from smanalyze.graph.keys import Key
from smanalyze.model.record import record
from smanalyze.report.against import FirstDifference, Level, Tolerance
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
    """A body on both sides: the calls that lead there, and how its nodes match."""

    chains: tuple[tuple[str, ...], tuple[str, ...]]
    match: NodeMatch


def find_first(
    runs: tuple[SideRun, SideRun], sides: tuple[Side, Side], probed: Probed, given: Mapping[str, Tolerance], *,
    mild: bool,
) -> tuple[FirstDifference | None, str]:  # fmt: skip
    """The first difference for the inputs that came first, or why there is none to be told. ``mild``: the outputs are
    within tolerance, so anything that is not the same bit by bit counts."""
    for place, run in enumerate(runs):
        loaded = run.load(probed.numbers[place], anew=probed.changing[place])
        if loaded.kind != "ok":
            return None, told(loaded)
    programs = sides[0].programs[probed.numbers[0]], sides[1].programs[probed.numbers[1]]
    here = _outermost(programs, probed)
    if here is None:
        return None, "it is not known what the signature runs"
    for _ in range(MAX_DEPTH):
        found, reason = _first_here(runs, probed, here, given, mild=mild)
        if found is None:
            return None, reason
        before, after, difference = found
        deeper = _callee(programs, here, before, after)
        if deeper is None:
            return difference, ""
        here = deeper
    return difference, ""


def _outermost(programs: tuple[Program, Program], probed: Probed) -> Place | None:
    """What TensorFlow runs for a signature: in TensorFlow 2 the function that it calls, else the main graph."""
    called = [
        program.graph.targets(Key("signature", key), "calls", "function")
        for program, key in zip(programs, probed.keys, strict=True)
    ]
    objects = [program.graph.meta_graph.objects is not None for program in programs]
    if all(objects):
        names = [str(keys[0].id) for keys in called if len(keys) == 1]
        if len(names) != 2:
            return None
        arguments = [program.library.index(name).arguments for program, name in zip(programs, names, strict=True)]
        places = {name: number for number, name in enumerate(arguments[1])}
        args = {n: places.get(name, n) for n, name in enumerate(arguments[0]) if places.get(name, n) < len(places)}
        return Place(((), ()), _matched(programs, (names[0], names[1]), args))
    if any(objects):
        return None
    bodies = [
        BodySide(p.library.main, _digests(p, None, None), frozenset(n for n in p.graph.main_slice(key) if n >= 0))
        for p, key in zip(programs, probed.keys, strict=True)
    ]
    return Place(((), ()), match_nodes(bodies[0], bodies[1], {}))


def _matched(programs: tuple[Program, Program], names: tuple[str, str], args: dict[int, int]) -> NodeMatch:
    back = {other: one for one, other in args.items()}
    sides = [
        BodySide(program.library.index(name), _digests(program, name, back if place else None))
        for place, (program, name) in enumerate(zip(programs, names, strict=True))
    ]
    return match_nodes(sides[0], sides[1], args)


def _digests(program: Program, name: str | None, back: Mapping[int, int] | None) -> Callable[[], list[bytes]]:
    """What computes each node, made when asked for. ``back``: arguments of the new function as those of the old."""
    if name is None:
        return lambda: program.main
    index = program.library.index(name)
    numbers = range(len(index.arguments))
    own = [b"argument %d" % n if back is None or n in back else b"new %d" % n for n in numbers]
    labels = own if back is None else [b"argument %d" % back[n] if n in back else own[n] for n in numbers]
    return lambda: program.merkle.nodes(index, labels)


def _callee(programs: tuple[Program, Program], here: Place, before: int, after: int) -> Place | None:
    """The bodies that two matched nodes call, where that is all that they do."""
    calls = here.match.old.index.calls_at.get(before, ()), here.match.new.index.calls_at.get(after, ())
    if len(calls[0]) != 1 or len(calls[1]) != 1 or {calls[0][0].op, calls[1][0].op} - PLAIN_CALLS:
        return None
    names = calls[0][0].function, calls[1][0].function
    if any(name not in program.library.functions for program, name in zip(programs, names, strict=True)):
        return None
    nodes = here.match.old.index.names[before], here.match.new.index.names[after]
    chains = (*here.chains[0], nodes[0]), (*here.chains[1], nodes[1])
    return Place(chains, _matched(programs, names, fed_alike(here.match, before, after)))


def _first_here(
    runs: tuple[SideRun, SideRun], probed: Probed, here: Place, given: Mapping[str, Tolerance], *, mild: bool
) -> tuple[tuple[int, int, FirstDifference] | None, str]:
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
            outcome, found = run.look(probed.keys[place], probed.trials[0][place], here.chains[place], names[place])
            if outcome.kind != "ok":
                return None, f"the {('old', 'new')[place]} model cannot be looked into: {told(outcome)}"
            seen.append(found)
        for number, one, other in zip(window, *names, strict=True):
            output, level, apart = _compared((one, other), (seen[0], seen[1]), given, mild=mild)
            if output:
                path = tuple(here.chains[1])
                feeds = _only_one(match, number)
                op = match.new.index.ops[match.to_new[number]]
                found_here = FirstDifference(path, other, one, op, output, level, apart, feeds)
                return (number, match.to_new[number], found_here), ""
    if len(order) > MAX_NODES:
        return None, f"the first {MAX_NODES:,} nodes agree; the others were not looked at"
    return None, _unmatched_words(match, len(order))


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


def _only_one(match: NodeMatch, number: int) -> tuple[str, ...]:
    """What feeds a node and is there on one side only."""
    old, new = match.old.index, match.new.index
    gone = [p for p in old.producers[number] if p is not None and p in match.left]
    come = [p for p in new.producers[match.to_new[number]] if p is not None and p in match.right]
    lost = (f"{old.names[p]} ({old.ops[p]}), which is gone" for p in gone)
    return (*lost, *(f"{new.names[p]} ({new.ops[p]}), which is new" for p in come))


def _unmatched_words(match: NodeMatch, count: int) -> str:
    ends: list[str] = []
    for index, numbers, word in ((match.new.index, match.right, "new"), (match.old.index, match.left, "gone")):
        found = [f"{index.names[n]} ({index.ops[n]})" for n in numbers if index.ops[n] != "NoOp"]
        if found:
            more = f" and {len(found) - 1} more" if len(found) > 1 else ""
            ends.append(f"{found[0]}{more}, {word}")
    what = f"; what only one of them has makes it: {'; '.join(ends)}" if ends else ""
    return f"all {count} nodes that both have give the same{what}"


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
