"""The sides in one look, and the weights by variable and by layer."""

from __future__ import annotations

from collections import Counter

from smanalyze.report.changes import Changes, MetaGraphPair, SignaturePair, TensorPair, VariablePair, shape_words
from smanalyze.report.diff import LayerWeights, SideReport, SignatureDiff, TensorDiff, WeightRow, WeightsDiff
from smanalyze.report.document import ModelSummary
from smanalyze.report.tensors import Tensor


def side_report(summary: ModelSummary) -> SideReport:
    """One of the models."""
    return SideReport(
        path_name=summary.path_name,
        kind=summary.kind,
        version=summary.chosen if summary.found == "serving_base" else "",
        other_versions=len(summary.other_versions),
        tensorflow_version=summary.tensorflow_version,
        writer=summary.writer.name,
        size_bytes=summary.size_bytes,
        parameters=summary.parameters.total,
    )


def build_weights(changes: Changes, mode: str, read: int, budget: int) -> WeightsDiff:
    """What changed in the weights: variables of both sides, largest change first. ``read`` bytes were read, at most
    ``budget`` of each side."""
    both = [pair for pair in changes.variables if pair.old is not None and pair.new is not None]
    changed = [pair for pair in both if pair.values == "changed"]
    rest = [pair for pair in both if pair.values in ("not-fetched", "not-read", "not-compared")]
    rows = map(_row, sorted((*changed, *rest), key=_order))
    equal = sum(pair.values == "equal" and not _is_stored_nowhere(pair) for pair in both)
    return WeightsDiff(
        mode=mode, changed=len(changed), equal=equal, not_compared=len(rest), read_bytes=read, tensors=tuple(rows),
        layers=_layers(both), says=_says(changed, equal, rest, mode, budget),
    )  # fmt: skip


def _is_stored_nowhere(pair: VariablePair) -> bool:
    """Whether no checkpoint has values of it; there is nothing to be equal."""
    return pair.old is not None and pair.new is not None and pair.old.presence == pair.new.presence == "absent"


def _row(pair: VariablePair) -> WeightRow:
    assert pair.old is not None and pair.new is not None
    new = pair.new
    old_name = pair.old.name if pair.old.name != new.name else ""
    shape = shape_words(new.shape)
    return WeightRow(
        new.name, old_name, new.layer, new.dtype, shape, new.elements, new.size, pair.values, pair.delta, new.role
    )


def _order(pair: VariablePair) -> tuple[bool, int, float, str]:
    relative = pair.delta.relative if pair.delta is not None and pair.delta.relative is not None else -1.0
    return pair.values != "changed", _rank(pair), -relative, pair.new.name if pair.new is not None else ""


def _rank(pair: VariablePair) -> int:
    """How much a variable matters: what is trained, other weights, what nothing binds, what training keeps."""
    row = pair.new
    if row is None or row.role not in ("weight", "unused"):
        return 3
    return 2 if row.role == "unused" else int(row.trainable is False)


def _layers(pairs: list[VariablePair]) -> tuple[LayerWeights, ...]:
    groups: dict[str, list[VariablePair]] = {}
    for pair in pairs:
        groups.setdefault(pair.new.layer if pair.new is not None else "", []).append(pair)
    rows = []
    ranks = {layer: min(map(_rank, held)) for layer, held in groups.items()}
    for layer, held in groups.items():
        changed = [pair for pair in held if pair.values == "changed"]
        if changed:
            told = [p.delta.relative for p in changed if p.delta is not None and p.delta.relative is not None]
            rows.append(LayerWeights(layer, len(changed), len(held) - len(changed), max(told, default=None)))
    return tuple(
        sorted(rows, key=lambda row: (ranks[row.layer], -(-1.0 if row.relative is None else row.relative), row.layer))
    )


def _says(changed: list[VariablePair], equal: int, rest: list[VariablePair], mode: str, budget: int) -> tuple[str, ...]:
    says = []
    if mode == "none":
        return ("The weights were not compared.",)
    if changed or equal:
        said = f"{len(changed):,} of {len(changed) + equal + len(rest):,} changed"
        says.append(f"{said}, {equal:,} equal by checksum." if equal else f"{said}.")
    unread = Counter(pair.unread for pair in changed)
    for reason, told in (
        ("budget", f"the budget of {budget:,} bytes was used up"),
        ("missing", "their data is not here on one side"),
        ("unreadable", "their data cannot be read"),
    ):
        if unread[reason]:
            count = unread[reason]
            says.append(f"{count:,} changed variable{' was' if count == 1 else 's were'} not read: {told}.")
    unknown = Counter(pair.values for pair in rest)
    for values, told in (
        ("not-fetched", "could not be compared: their data was not fetched on one side"),
        ("not-read", "could not be compared: their data was not read on one side"),
        ("not-compared", "could not be compared by checksum"),
    ):
        if unknown[values]:
            says.append(f"{unknown[values]:,} {told}.")
    return tuple(says)


def build_signatures(changes: Changes, whole: bool = True) -> tuple[SignatureDiff, ...]:
    """Every signature side by side, those that changed first. Where a graph was not read to its end (not ``whole``),
    those on one side only are left out: they may be on both."""
    rows = [_signature(pair, one) for pair in changes.meta_graphs for one in pair.signatures]
    for pair in changes.meta_graphs:
        if pair.old is None or pair.new is None:
            both = [(one, None) for one in (pair.old.signatures if pair.old else ())]
            both += [(None, one) for one in (pair.new.signatures if pair.new else ())]  # type: ignore[misc]
            rows += [_signature(pair, SignaturePair(old, new, (), (), False)) for old, new in both]
    told = [row for row in rows if whole or (row.old_key and row.new_key)]
    return tuple(sorted(told, key=lambda row: row.status == "equal"))


def _signature(pair: MetaGraphPair, one: SignaturePair) -> SignatureDiff:
    graph = pair.old or pair.new
    tensors = [_tensor("input", tensor) for tensor in one.inputs] + [
        _tensor("output", tensor) for tensor in one.outputs
    ]
    if one.old is None or one.new is None:
        alone = one.old or one.new
        ends = (*(("input", t) for t in alone.inputs), *(("output", t) for t in alone.outputs)) if alone else ()
        tensors = [
            _tensor(kind, TensorPair(tensor if one.old else None, tensor if one.new else None)) for kind, tensor in ends
        ]
    old_key, new_key = (side.key if side is not None else "" for side in (one.old, one.new))
    status = _status(old_key, new_key)
    if status == "equal" and any(tensor.status != "equal" for tensor in tensors):
        status = "changed"
    return SignatureDiff(
        ",".join(graph.tags) if graph else "", old_key, new_key, status, one.same_program, tuple(tensors)
    )


def _tensor(kind: str, pair: TensorPair) -> TensorDiff:
    old, new = (side.name if side is not None else "" for side in (pair.old, pair.new))
    before, after = (_text(side) if side is not None else "" for side in (pair.old, pair.new))
    status = _status(old, new)
    return TensorDiff(kind, old, new, before, after, "changed" if status == "equal" and before != after else status)


def _status(old: str, new: str) -> str:
    if not old or not new:
        return "removed" if old else "added"
    return "equal" if old == new else "renamed"


def _text(tensor: Tensor) -> str:
    encoding = "" if tensor.encoding == "dense" else f"{tensor.encoding} "
    default = "" if tensor.default is None else f" = {tensor.default}"
    return f"{encoding}{tensor.dtype} {shape_words(tensor.shape)}{default}"
