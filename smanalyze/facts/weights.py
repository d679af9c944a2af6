"""Whether the weights of a file are those inside a model.

``WeightsAudit.verdict`` is ``same`` (every weight of either is in the other), ``partly`` (some are), ``different``
(none, but for weights of one number over and over, as untrained models share them), or ``cannot-tell``.
"""

from __future__ import annotations

from dataclasses import replace

from smanalyze.facts.callables import build_callables
from smanalyze.facts.checkpoint import OBJECT_GRAPH_KEY
from smanalyze.facts.names import Names
from smanalyze.facts.variable_roles import weight_role
from smanalyze.facts.variables import build_variables
from smanalyze.facts.weights_content import Content, content_of, stored_crc
from smanalyze.facts.weights_match import Outcome, Side, match_tensors
from smanalyze.facts.weights_names import Named, aliases_of
from smanalyze.graph.model_graph import ModelGraph
from smanalyze.model.bundle import BundleEntry
from smanalyze.model.checkpoint import Checkpoint
from smanalyze.model.record import record
from smanalyze.model.saved_model import SavedModel
from smanalyze.model.weights import WeightsFile, WeightTensor
from smanalyze.report.audit import WeightsAudit, WeightsMatch
from smanalyze.report.sections import VariableRow

_OTHER = ("optimizer", "metric", "generator", "counter")
_OTHERS = "what optimizers, metrics, counters and random generators keep"


def compare_weights(
    model: SavedModel, weights: WeightsFile, variables: tuple[VariableRow, ...] | None = None
) -> WeightsAudit:
    """Compares every weight by its bytes, then by its name. Reads all values of both that have a counterpart of their
    dtype and shape. ``variables`` are the model's, where they were built before.

    What an optimizer, a metric or a random generator keeps is compared too, and left out of verdict and counts. Never
    raises for what is in the files.
    """
    file_weights, file_others = _of_file(weights)
    rows = _variables(model) if variables is None else variables
    model_weights, model_others = _of_model(model, rows)
    first = _matched(weights.checkpoint, file_weights, model.checkpoint, model_weights)
    second = _matched(weights.checkpoint, file_others, model.checkpoint, model_others)
    counts = first.in_file, len(model_weights)
    verdict = _verdict(first.outcome, *counts)
    return WeightsAudit(
        file=weights.path_name,
        kind=weights.kind,
        verdict=verdict,
        same=first.outcome.agreeing,
        differing=sum(row.status == "differs" for row in first.outcome.rows),
        rows=first.outcome.rows + tuple(map(_not_counted, second.outcome.rows)) if all(counts) else (),
        says=_says(model, weights, verdict, first, second, counts),
        by_checksum=first.by_crc and all(counts),
    )


# Both sides -----------------------------------------------------------------------------------------------------------


def _of_file(weights: WeightsFile) -> tuple[list[Named], list[Named]]:
    """(weights, what is kept beside them) of the file, without what a checkpoint keeps for itself."""
    found: tuple[list[Named], list[Named]] = ([], [])
    for tensor in weights.tensors:
        if tensor.role != "bookkeeping":
            found[_is_other(tensor)].append(_named(tensor))
    return found


def _is_other(tensor: WeightTensor) -> bool:
    name = tensor.variable_name or tensor.entry.key.partition("/.ATTRIBUTES")[0]
    role = weight_role(True, False, tensor.entry.dtype, tensor.entry.shape, name)
    return tensor.role != "weight" or role in _OTHER


def _named(tensor: WeightTensor) -> Named:
    key = tensor.entry.key
    names = [key, key.removeprefix("model_weights/"), tensor.variable_name]
    return Named(tensor.entry, tensor.variable_name or key, aliases_of(names), tensor.layer, tensor.position)


def _variables(model: SavedModel) -> tuple[VariableRow, ...]:
    graphs = tuple(ModelGraph(meta_graph) for meta_graph in model.meta_graphs)
    names = tuple(Names(graph) for graph in graphs)
    callables = tuple(
        build_callables(graph, table, names_only=True) for graph, table in zip(graphs, names, strict=True)
    )
    return build_variables(model, graphs, names, callables)


def _of_model(model: SavedModel, rows: tuple[VariableRow, ...]) -> tuple[list[Named], list[Named]]:
    """(weights, what is kept beside them) of the model; a weight that is stored twice is one. Where no graph tells what
    is a variable, all that the checkpoint holds is taken for one."""
    entries = {entry.key: entry for entry in model.checkpoint.entries}
    found: tuple[list[Named], list[Named]] = ([], [])
    positions: dict[str, int] = {}
    taken: set[str] = set()
    for row in rows:
        key = next((key for key in row.checkpoint_keys if key in entries), None)
        if key is None or key in taken or row.role == "copy":
            continue
        taken.update(row.checkpoint_keys)
        position = positions[row.layer] = positions.get(row.layer, -1) + 1
        named = Named(entries[key], row.name, aliases_of((row.name, *row.checkpoint_keys)), row.layer, position)
        found[row.role in _OTHER].append(named)
    if not rows and not model.meta_graphs:
        for entry in entries.values():
            if entry.key != OBJECT_GRAPH_KEY and not entry.key.startswith("save_counter/"):
                found[0].append(Named(entry, entry.key, aliases_of((entry.key,))))
    return found


# Matching -------------------------------------------------------------------------------------------------------------


@record
class _Matched:
    """``by_crc``: some values could not be read, so that stored checksums had to do. ``in_file`` counts the tensors of
    the file, each variable once."""

    outcome: Outcome
    by_crc: bool
    in_file: int


def _matched(
    file_checkpoint: Checkpoint, file: list[Named], model_checkpoint: Checkpoint, model: list[Named]
) -> _Matched:
    shared = {_kind(tensor.entry) for tensor in file} & {_kind(tensor.entry) for tensor in model}
    pairs = ((file_checkpoint, file), (model_checkpoint, model))
    contents = [[_content(checkpoint, tensor, shared) for tensor in tensors] for checkpoint, tensors in pairs]
    unread = any(
        content.digest is None
        for (_, tensors), found in zip(pairs, contents, strict=True)
        for tensor, content in zip(tensors, found, strict=True)
        if _kind(tensor.entry) in shared
    )
    sides = [
        Side(tensors, found, [_key(checkpoint, t, c, unread) for t, c in zip(tensors, found, strict=True)])
        for (checkpoint, tensors), found in zip(pairs, contents, strict=True)
    ]
    sides[0] = _once(sides[0])
    return _Matched(match_tensors(*sides), unread, len(sides[0].tensors))


def _once(file: Side) -> Side:
    """Without the tensors that a file holds again under another key, as Keras 3 exports all of theirs: of the same
    variable name and the same content."""
    kept: dict[tuple[object, ...], int] = {}
    for number, (tensor, key) in enumerate(zip(file.tensors, file.keys, strict=True)):
        kept.setdefault((number,) if key is None else (tensor.name, *key), number)
    numbers = list(kept.values())
    return Side(*([values[number] for number in numbers] for values in file))  # type: ignore[arg-type]


def _kind(entry: BundleEntry) -> tuple[str, tuple[int, ...]]:
    return entry.dtype, entry.shape


def _content(checkpoint: Checkpoint, tensor: Named, shared: set[tuple[str, tuple[int, ...]]]) -> Content:
    """What the tensor holds, if the other side has anything that it could be compared with."""
    return content_of(checkpoint, tensor.entry) if _kind(tensor.entry) in shared else Content(None)


def _key(checkpoint: Checkpoint, tensor: Named, content: Content, by_crc: bool) -> tuple[object, ...] | None:
    value: object = stored_crc(checkpoint, tensor.entry, content) if by_crc else content.digest
    return None if value is None else (*_kind(tensor.entry), value)


def _not_counted(row: WeightsMatch) -> WeightsMatch:
    return replace(row, message=f"{row.message} Not counted: it is no weight.".strip())


# What it means --------------------------------------------------------------------------------------------------------


def _verdict(outcome: Outcome, in_file: int, in_model: int) -> str:
    if not in_file or not in_model:
        return "cannot-tell"
    statuses = [row.status for row in outcome.rows]
    unsettled = statuses.count("ambiguous") - outcome.settled
    apart = len(statuses) - outcome.agreeing - unsettled
    if not apart and not unsettled:
        return "same"
    if outcome.telling:
        return "cannot-tell" if outcome.unknown and not apart and unsettled == outcome.unknown else "partly"
    return "different" if apart else "cannot-tell"


def _says(
    model: SavedModel, weights: WeightsFile, verdict: str, first: _Matched, second: _Matched, counts: tuple[int, int]
) -> tuple[str, ...]:
    says = [_opening(model, weights, verdict, first, counts)]
    if all(counts):
        says += _details(first, second)
    if weights.unreadable:
        says.append(f"Not everything of the file could be read: {weights.unreadable[0].message}")
    return tuple(says)


def _details(first: _Matched, second: _Matched) -> list[str]:
    outcome = first.outcome
    says = _differences(outcome)
    if outcome.settled:
        says.append(
            f"{outcome.settled} of them cannot be told apart: file and model hold their bytes equally often, as "
            "freshly initialized weights do. Which is which makes no difference."
        )
    unsettled = sum(row.status == "ambiguous" for row in outcome.rows) - outcome.settled - outcome.unknown
    if unsettled:
        says.append(f"{_count(unsettled)} ambiguous: bytes and names lead to different places.")
    if outcome.unknown:
        says.append(f"{_count(outcome.unknown)} not compared, because values could not be read.")
    if first.by_crc and outcome.agreeing:
        says.append("The checksums are CRC-32C, which can be forged, and say nothing of bytes that are not here.")
    others = len(second.outcome.rows)
    if others:
        equal = second.outcome.agreeing
        says.append(f"Not counted, as no weights: {_OTHERS}; {equal} of {others} are the same.")
    return says


def _opening(model: SavedModel, weights: WeightsFile, verdict: str, first: _Matched, counts: tuple[int, int]) -> str:
    outcome, (in_file, in_model) = first.outcome, counts
    by = ", going by stored checksums, since not all values could be read" if first.by_crc else ""
    if weights.kind in ("keras-json", "keras-yaml"):
        return "The file holds an architecture and no weights."
    if not in_file and weights.unreadable:
        return "No weights could be read of the file."
    if not in_file:
        return "The file holds no weights." if in_model else "The file holds no weights, and the model holds none."
    if not in_model:
        where = "its graph as constants" if model.checkpoint.presence == "absent" else "files that are not here"
        return f"The model's checkpoint gives no weights to compare with; they may lie in {where}."
    if verdict == "same":
        return f"All {in_model} weights of the model are those of the file{by}."
    if verdict == "different":
        plain = f", but for {outcome.agreeing} of one repeated number" if outcome.agreeing else ""
        return f"None of the {in_model} weights of the model is in the file{plain}{by}."
    agreeing = f"{outcome.agreeing} of the {in_model} weights of the model are those of the file, which holds {in_file}"
    return f"{agreeing}{by}."


def _differences(outcome: Outcome) -> list[str]:
    statuses = [row.status for row in outcome.rows]
    told = (
        ("differs", "in the file and in the model, but with other values, dtype or shape"),
        ("only-in-file", "only in the file"),
        ("only-in-model", "only in the model"),
    )
    return [f"{_count(statuses.count(status))} {words}." for status, words in told if status in statuses]


def _count(number: int) -> str:
    return f"{number} weights are" if number != 1 else "1 weight is"
