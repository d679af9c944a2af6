"""What a file of weights holds, and whether its bytes are whole."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from smanalyze.errors import FormatError, LimitError
from smanalyze.facts.coverage import build_coverage, uncovered_files
from smanalyze.facts.integrity import audit_checkpoint
from smanalyze.facts.manifest import digest_files, phases
from smanalyze.facts.statistics import tensor_statistics
from smanalyze.facts.verdict import judge
from smanalyze.model.saved_model import Found, SavedModel
from smanalyze.model.weights import WeightsFile
from smanalyze.report.audit import (
    AUDIT_SCHEMA_VERSION,
    AuditReport,
    CheckFailure,
    CheckpointAudit,
    Contents,
    FingerprintAudit,
    RoleTotal,
    TensorStatistics,
    WeightRow,
)  # fmt: skip
from smanalyze.report.document import NotRead

ROLES = ("weight", "optimizer", "metric", "generator", "bookkeeping")


KINDS = {
    "checkpoint": "checkpoint",
    "keras": "Keras archive",
    "h5": "Keras HDF5 file",
    "keras-json": "Keras architecture (JSON)",
    "keras-yaml": "Keras architecture (YAML)",
}
_NO_FINGERPRINT = FingerprintAudit("absent", None, "", "", "", (), "absent", ())


def audit_weights_file(
    weights: WeightsFile,
    *,
    stats: bool = False,
    digests: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> AuditReport:
    """Everything in the file, and whether it can be read: all of its bytes are. ``stats`` adds the figures of every
    numeric tensor, ``digests`` the sha256 of every file. There are no findings yet. Never raises for what is in the
    file."""
    model = weights_as_model(weights)
    first, second = phases(model, progress, digests)
    sums = digest_files(model, model.files, first) if digests else None
    if weights.kind == "checkpoint":
        checkpoint = judged = audit_checkpoint(model, progress=second, stats=stats)
    else:
        checkpoint = _audit_keras(weights, stats, second)
        judged = replace(checkpoint, not_checked=0)  # it is all here
    verdict, summary = judge(model, _NO_FINGERPRINT, judged, ())
    archive = weights.files[0].path if weights.kind == "keras" else ""
    files = build_coverage(model, _NO_FINGERPRINT, checkpoint, digests=sums, archive=archive)
    return AuditReport(
        schema_version=AUDIT_SCHEMA_VERSION,
        path_name=f"{weights.path_name}/{weights.chosen}" if weights.chosen else weights.path_name,
        kind=KINDS[weights.kind],
        version="",
        verdict=verdict,
        summary=(_summary(weights) if verdict == "no-fingerprint" else summary) + _others(weights),
        fingerprint=_NO_FINGERPRINT,
        checkpoint=checkpoint,
        waste=(),
        needed_bytes=checkpoint.bytes,
        files=files,
        uncovered=uncovered_files(files),
        weights=None,
        manifests=(),
        findings=(),
        not_read=tuple(NotRead(u.part, u.presence, u.message, u.file, u.offset) for u in weights.unreadable),
        contents=build_contents(weights),
    )


def build_contents(weights: WeightsFile) -> Contents:
    """What the file says it holds."""
    config = weights.config
    return Contents(
        class_name=config.class_name if config else "",
        model_name=config.name if config else "",
        layers=len(config.layers) if config and config.class_name else None,
        keras_version=config.keras_version if config else "",
        totals=_totals(weights),
        tensors=tuple(_row(weights, number) for number in range(len(weights.tensors))),
    )


def _summary(weights: WeightsFile) -> str:
    """What was checked, and what it could not be compared with, where nothing is wrong."""
    count = len(weights.checkpoint.entries)
    if weights.kind == "checkpoint":
        written = "the bytes that were written"
        whole = f"All {count:,} tensors have {written}" if count > 1 else f"The one tensor has {written}"
        return f"{whole if count else 'It holds no tensors'}; there is no fingerprint to compare with."
    if weights.checkpoint.presence == "absent":
        return "It holds an architecture and no weights; a Keras file carries no checksums: nothing could be compared."
    read = f"All {count:,} tensors can be read" if count > 1 else "The one tensor can be read"
    without = "a Keras file carries no checksums of them: nothing could be compared"
    if weights.kind == "keras":
        without = "the archive's CRC-32 of them all is right, and it carries no other checksums"
    return f"{read if count else 'It holds no tensors'}; {without}."


def _others(weights: WeightsFile) -> str:
    count = len(weights.others)
    return f" {count:,} more checkpoint{'s' * (count > 1)} in the folder: not looked at." if count else ""


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
        file_pieces=weights.file_pieces,
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
            kind = "limit" if isinstance(error, LimitError) else "format"
            failures.append(CheckFailure(kind, entry.key, weights.path_name, None, entry.size, error.message))
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
