"""Two models to their changes: the only place that knows in which order the parts are compared."""

from __future__ import annotations

from collections import Counter

from smanalyze.diff.callables import CallableMatch, endpoints
from smanalyze.diff.descriptions import compare_descriptions
from smanalyze.diff.files import compare_assets, compare_files
from smanalyze.diff.keras_layers import KerasSide, keras_pair, match_layers
from smanalyze.diff.likeness import MAX_COMPARED
from smanalyze.diff.objects import match_lists, match_objects, told_objects
from smanalyze.diff.programs import compare_programs, lone_program
from smanalyze.diff.public_tree import PublicTree
from smanalyze.diff.renames import Renames
from smanalyze.diff.side import Side
from smanalyze.diff.signatures import match_signatures
from smanalyze.diff.stored import compare_stored
from smanalyze.diff.variables import match_variables
from smanalyze.report.changes import Changes, MetaGraphPair, VariablePair
from smanalyze.report.noise import Normalised


def compare(old: Side, new: Side, renames: Renames) -> Changes:
    """Everything that differs between two models. Reads no tensor; compares assets and small files byte by byte."""
    counters: Counter[str] = Counter()
    variables = compare_stored(old, new, match_variables(old.variables, new.variables, renames))
    renamed = renamed_variables(variables, old, new)
    pairs = _pair_meta_graphs(old, new)
    meta_graphs = tuple(_meta_graph(old, new, *pair, renames, renamed, counters) for pair in pairs)
    counters["checkpoint_keys"] += sum(map(_has_other_key, variables))
    counters["variable_names"] += sum(pair.stage == "number" for pair in variables)
    if old.model.fingerprint is not None and new.model.fingerprint is not None:
        counters["fingerprint_uuid"] += old.model.fingerprint.uuid != new.model.fingerprint.uuid
    return Changes(
        meta_graphs=meta_graphs,
        variables=variables,
        assets=compare_assets(old, new),
        files=compare_files(old, new),
        normalised=Normalised(**counters),
        not_compared=(*_not_compared(old, new), *_cut(meta_graphs)),
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
    old: Side, new: Side, before: int | None, after: int | None, stage: str, renames: Renames,
    renamed: dict[bytes, bytes], counters: Counter[str],
) -> MetaGraphPair:  # fmt: skip
    one = None if before is None else old.meta_graphs[before]
    other = None if after is None else new.meta_graphs[after]
    if one is None or other is None or before is None or after is None:
        alone = [None if n is None else side.programs[n] for side, n in ((old, before), (new, after))]
        return lone_program(MetaGraphPair(one, other, stage=stage), *alone)
    programs = old.programs[before], new.programs[after]
    signatures = match_signatures(one.signatures, other.signatures, programs, renames)
    trees = PublicTree(programs[0].one), PublicTree(programs[1].one)
    callables = CallableMatch((one.callables, other.callables), trees, programs, signatures, renames).pairs()
    objects, keras = match_objects(trees), (KerasSide(old, before), KerasSide(new, after))
    ends = [endpoints(tree, [s.key for s in side.signatures]) for tree, side in zip(trees, (one, other), strict=True)]
    names = programs[0].library.functions, programs[1].library.functions
    pair = MetaGraphPair(
        one, other, signatures, callables,
        objects=objects,
        layers=match_layers(*keras, told_objects(trees, objects)),
        lists=match_lists(trees),
        keras=keras_pair(*keras, (ends[0], ends[1])),
        same_program=programs[0].digest == programs[1].digest,
        stage=stage,
        descriptions=compare_descriptions(old, new, before, after),
    )  # fmt: skip
    pair, match = compare_programs(pair, programs, renames.pairs("function", *names), renamed)
    counters["function_names"] += match.renumbered()
    counters["layer_names"] += sum(one.stage == "number" for one in pair.layers)
    return pair


def renamed_variables(variables: tuple[VariablePair, ...], old: Side, new: Side) -> dict[bytes, bytes]:
    """What a renamed variable is known by on the old side, by what it is on the new."""
    found = {}
    for pair in variables:
        if pair.old is not None and pair.new is not None:
            for before, after in zip(old.identities, new.identities, strict=False):
                names = before.auto.plain(pair.old.name), after.auto.plain(pair.new.name)
                if names[0] != names[1]:
                    found[f"variable {names[1]}".encode()] = f"variable {names[0]}".encode()
    return found


# What was not compared ------------------------------------------------------------------------------------------------


def _not_compared(old: Side, new: Side) -> tuple[tuple[str, str], ...]:
    found = []
    for side, name in ((old, "old"), (new, "new")):
        found += [(f"{name}: {lost.file or lost.part}", lost.message) for lost in side.model.unreadable]
        if side.model.checkpoint.presence == "not-fetched" and side.model.found.given != "file":
            found.append((f"{name}: variables", "The checkpoint is not here, so its tensors were not compared."))
    return tuple(dict.fromkeys(found))


def _cut(meta_graphs: tuple[MetaGraphPair, ...]) -> tuple[tuple[str, str], ...]:
    if not any(pair.functions_cut for pair in meta_graphs):
        return ()
    reason = f"Beyond {MAX_COMPARED:,} pairs, functions of other names were not compared by what they are made of."
    return (("functions", reason),)
