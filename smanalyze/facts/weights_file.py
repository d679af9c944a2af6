"""What a file of weights holds, and whether its bytes are whole."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from smanalyze.errors import FormatError
from smanalyze.facts.integrity import audit_checkpoint
from smanalyze.facts.statistics import tensor_statistics
from smanalyze.model.saved_model import Found, SavedModel
from smanalyze.model.weights import WeightsFile
from smanalyze.report.audit import CheckFailure, CheckpointAudit, TensorStatistics
from smanalyze.report.document import NotRead
from smanalyze.report.weights import RoleTotal, WeightRow, WeightsFileReport

ROLES = ("weight", "optimizer", "metric", "generator", "bookkeeping")


def audit_weights_file(
    weights: WeightsFile, *, stats: bool = False, progress: Callable[[int, int], None] | None = None
) -> WeightsFileReport:
    """Everything in the file, and whether it can be read: all of its bytes are. ``stats`` adds the figures of every
    numeric tensor. Never raises for what is in the file."""
    if weights.kind == "checkpoint":
        checkpoint = audit_checkpoint(weights_as_model(weights), progress=progress, stats=stats)
    else:
        checkpoint = _audit_keras(weights, stats, progress)
    config = weights.config
    return WeightsFileReport(
        path_name=weights.path_name,
        kind=weights.kind,
        chosen=weights.chosen,
        others=weights.others,
        class_name=config.class_name if config else "",
        model_name=config.name if config else "",
        layers=len(config.layers) if config and config.class_name else None,
        keras_version=config.keras_version if config else "",
        totals=_totals(weights),
        tensors=tuple(_row(weights, number) for number in range(len(weights.tensors))),
        checkpoint=checkpoint,
        not_read=tuple(NotRead(u.part, u.presence, u.message, u.file, u.offset) for u in weights.unreadable),
    )


def weights_as_model(weights: WeightsFile) -> SavedModel:
    """A bare checkpoint as a SavedModel without a graph, for what judges a model's checkpoint."""
    return SavedModel(
        found=Found("file", weights.path_name, weights.chosen, weights.others),
        file_kind="none",
        schema_version=0,
        pb_size=0,
        checkpoint=weights.checkpoint,
        checkpoint_objects=weights.objects,
        files=weights.files,
        unreadable=weights.unreadable,
    )


def _row(weights: WeightsFile, number: int) -> WeightRow:
    tensor = weights.tensors[number]
    entry = tensor.entry
    return WeightRow(
        entry.key, tensor.variable_name, tensor.layer, tensor.role, entry.dtype, entry.shape, entry.elements, entry.size
    )


def _totals(weights: WeightsFile) -> tuple[RoleTotal, ...]:
    totals = []
    for role in ROLES:
        entries = [tensor.entry for tensor in weights.tensors if tensor.role == role]
        if entries:
            elements, size = sum(entry.elements for entry in entries), sum(entry.size for entry in entries)
            totals.append(RoleTotal(role, len(entries), elements, size))
    return tuple(totals)


def _audit_keras(weights: WeightsFile, stats: bool, progress: Callable[[int, int], None] | None) -> CheckpointAudit:
    """Reads every tensor once (twice for statistics). No checksum tells whether the values are those written."""
    checkpoint = weights.checkpoint
    total = sum(entry.size for entry in checkpoint.entries)
    failures: list[CheckFailure] = []
    statistics: list[TensorStatistics] = []
    done = 0
    for entry in checkpoint.entries:
        assert checkpoint.reader is not None
        try:
            # Their reader takes an entry with an offset for a run within the tensor.
            figures = tensor_statistics(checkpoint.reader, replace(entry, shard=0, offset=0)) if stats else None
            if figures is None:
                for _ in checkpoint.reader.chunks(entry):
                    pass
            else:
                statistics.append(figures)
        except FormatError as error:
            failures.append(CheckFailure("format", entry.key, weights.path_name, None, entry.size, error.message))
        done += entry.size
        if progress is not None:
            progress(done, total)
    return CheckpointAudit(
        presence=checkpoint.presence,
        tensors=len(checkpoint.entries),
        bytes=total,
        checked=0,
        not_checked=total,
        index_blocks=0,
        failures=tuple(failures),
        statistics=tuple(statistics),
    )
