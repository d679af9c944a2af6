"""Two models to their changes: the only place that knows in which order the parts are compared."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from smanalyze.diff.callables import layer_facts, match_callables, match_layers, match_objects
from smanalyze.diff.files import compare_assets, compare_files
from smanalyze.diff.functions import FunctionMatch
from smanalyze.diff.renames import Renames
from smanalyze.diff.side import Side
from smanalyze.diff.signatures import match_signatures
from smanalyze.diff.variables import match_variables
from smanalyze.facts.program import Program, program_digest
from smanalyze.graph.merkle import reference_digest
from smanalyze.graph.model_graph import Key
from smanalyze.report.changes import CallablePair, Changes, MetaGraphPair, Normalised, OpChange, VariablePair
from smanalyze.report.sections import Callable


def compare(old: Side, new: Side, renames: Renames) -> Changes:
    """Everything that differs between two models. Reads no tensor; compares assets and small files byte by byte."""
    counters: Counter[str] = Counter()
    meta_graphs = tuple(_meta_graph(old, new, *pair, renames, counters) for pair in _pair_meta_graphs(old, new))
    variables = match_variables(old.variables, new.variables, renames)
    counters["checkpoint keys"] += sum(map(_has_other_key, variables))
    counters["automatic names of variables"] += sum(pair.stage == "number" for pair in variables)
    if old.model.fingerprint is not None and new.model.fingerprint is not None:
        counters["uuid of the fingerprint"] += old.model.fingerprint.uuid != new.model.fingerprint.uuid
    return Changes(
        meta_graphs=meta_graphs,
        variables=variables,
        assets=compare_assets(old, new),
        files=compare_files(old, new),
        normalised=tuple(Normalised(what, count) for what, count in counters.items() if count),
        not_compared=_not_compared(old, new),
        unused_renames=renames.unused(),
    )


def _has_other_key(pair: VariablePair) -> bool:
    return pair.old is not None and pair.new is not None and pair.old.checkpoint_keys != pair.new.checkpoint_keys


# MetaGraphs -----------------------------------------------------------------------------------------------------------


def _pair_meta_graphs(old: Side, new: Side) -> list[tuple[int | None, int | None, str]]:
    """(number of the old, of the new MetaGraph, stage): by tags, then the last that is left of each side."""
    tags = [sorted(m.tags) for m in old.meta_graphs], [sorted(m.tags) for m in new.meta_graphs]
    pairs: list[tuple[int | None, int | None, str]] = []
    left = list(range(len(tags[1])))
    for number, wanted in enumerate(tags[0]):
        twin = next((other for other in left if tags[1][other] == wanted), None)
        if twin is not None:
            left.remove(twin)
        pairs.append((number, twin, "tags"))
    alone = [place for place, pair in enumerate(pairs) if pair[1] is None]
    if len(alone) == len(left) == 1:
        pairs[alone[0]] = (pairs[alone[0]][0], left.pop(), "leftover")
    return pairs + [(None, number, "tags") for number in left]


def _meta_graph(
    old: Side, new: Side, before: int | None, after: int | None, stage: str, renames: Renames, counters: Counter[str]
) -> MetaGraphPair:
    one = None if before is None else old.meta_graphs[before]
    other = None if after is None else new.meta_graphs[after]
    if one is None or other is None or before is None or after is None:
        return MetaGraphPair(one, other, stage=stage)
    programs = old.programs[before], new.programs[after]
    signatures = match_signatures(one.signatures, other.signatures, programs, renames)
    callables = match_callables(one.callables, other.callables, renames)
    names = programs[0].library.functions, programs[1].library.functions
    pair = MetaGraphPair(
        one, other, signatures, callables,
        objects=match_objects((old.graphs[before], old.names[before]), (new.graphs[after], new.names[after])),
        layers=match_layers(layer_facts(old.model, old.graphs[before]), layer_facts(new.model, new.graphs[after])),
        init_changed=_init(programs[0]) != _init(programs[1]),
        same_program=program_digest(programs[0].one, programs[0]) == program_digest(programs[1].one, programs[1]),
        ops=_ops(programs, callables),
        stage=stage,
    )  # fmt: skip
    match = FunctionMatch(*programs, signatures, callables, renames.pairs("function", *names))
    counters["generated names of functions"] += match.renumbered()
    return replace(pair, functions=tuple(match.changes), function_rows=match.rows())


def _init(program: Program) -> bytes:
    """What runs when the model is loaded."""
    meta_graph = program.graph.meta_graph
    parts = [reference_digest(program.library.main, program.main, meta_graph.init_op)] if meta_graph.init_op else []
    tables = [end for key in program.graph.edges if key.kind == "function" for end in [key]
              if program.graph.targets(end, "initializes")]  # fmt: skip
    functions = sorted(
        program.merkle.function(str(key.id)).value for key in tables if str(key.id) in program.library.functions
    )
    return b"".join([*parts, *functions])


def _ops(programs: tuple[Program, Program], callables: tuple[CallablePair, ...]) -> tuple[OpChange, ...]:
    """Ops of which one side has more, with what runs them there."""
    counts = programs[0].library.op_counts, programs[1].library.op_counts
    found = []
    for op in sorted({*counts[0], *counts[1]}):
        if counts[0][op] != counts[1][op]:
            more = counts[1][op] > counts[0][op]
            offered = [side for pair in callables if (side := (pair.old, pair.new)[more]) is not None]
            found.append(OpChange(op, counts[0][op], counts[1][op], *_where(programs[more], op, offered)))
    return tuple(found)


def _where(program: Program, op: str, callables: list[Callable]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(signatures and callables that run an op, functions that hold it)."""
    graph = program.graph
    holders = tuple(name for name in program.library.functions if op in program.library.index(name).op_counts)
    keys = [signature.key for signature in graph.meta_graph.signatures]
    found = [key for key in keys if op in graph.op_counts(Key("signature", key))]
    found += [
        one.path for one in callables
        if any(not set(holders).isdisjoint(trace.reach.function_names) for trace in one.traces)
    ]  # fmt: skip
    return tuple(found), holders


# What was not compared ------------------------------------------------------------------------------------------------


def _not_compared(old: Side, new: Side) -> tuple[tuple[str, str], ...]:
    found = []
    for side, name in ((old, "old"), (new, "new")):
        found += [(f"{name}: {lost.file or lost.part}", lost.message) for lost in side.model.unreadable]
        if side.model.checkpoint.presence == "not-fetched" and side.model.found.given != "file":
            found.append((f"{name}: variables", "The checkpoint is not here, so its tensors were not compared."))
    return tuple(dict.fromkeys(found))
