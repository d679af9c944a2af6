"""Audits made by hand: one with everything in it, and one whose every text is hostile."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import Any, get_args, get_type_hints

from smanalyze.report.audit import (
    AUDIT_SCHEMA_VERSION,
    AuditReport,
    CheckFailure,
    CheckpointAudit,
    Contents,
    FileAudit,
    FingerprintAudit,
    FingerprintField,
    Histogram,
    ManifestAudit,
    RoleTotal,
    TensorStatistics,
    WasteRow,
    WeightRow,
    WeightsAudit,
    WeightsMatch,
)
from smanalyze.report.document import NotRead
from smanalyze.report.findings import Finding, Location

FULL = AuditReport(
    schema_version=AUDIT_SCHEMA_VERSION,
    path_name="full",
    kind="SavedModel",
    version="7",
    verdict="damaged",
    summary="data: the tensor kernel fails its check.",
    fingerprint=FingerprintAudit(
        "present", 4, "12", "1/2/3/4", "1/2/3/5",
        (
            FingerprintField("saved_model_checksum", "matches", "10", "10", "split",
                             ("a.cpb: every chunk but the first",)),
            FingerprintField("signature_def_hash", "matches", "30", "30", "TF 2.11 to 2.13",
                             ("a.pb: signatures of the first MetaGraph, without their keys",)),
            FingerprintField("checkpoint_hash", "differs", "20", "21", "TF 2.11 to 2.21", ("index",)),
            FingerprintField("saved_object_graph_hash", "not-computable", "30", "", "", ("x",), "Two have one number."),
        ),
        "differs", ("The index is that of other weights.",),
    ),
    checkpoint=CheckpointAudit(
        "present", 3, 3000, 2000, 1000, 2,
        (CheckFailure("crc", "kernel", "data", 12, 24, "The checksum does not match."),
         CheckFailure("missing", "", "data-2", None, None, "The data file is missing.")),
        (TensorStatistics("kernel/.ATTRIBUTES/VARIABLE_VALUE", "float32", (2, 3), 6, -1.5, 2.25, 0.125, 1.0, 0.5, 1, 2,
                          False, False, Histogram(-1.5, 2.25, (1, 0, 8))),
         TensorStatistics("zeros", "int8", (4,), 4, 0.0, 0.0, 0.0, 0.0, 1.0, 0, 0, True, True, None),
         TensorStatistics("empty", "float32", (0,), 0, None, None, None, None, None, 0, 0, False, False, None)),
    ),
    waste=(WasteRow("copy", "kernel_2", 1200, 0.4, "It is bound by no function."),),
    needed_bytes=1800,
    files=(
        FileAudit("assets/vocab.txt", 4, "ab" * 32, (), "changed"),
        FileAudit("fingerprint.pb", 99, "ef" * 32, ("recomputed_hashes",)),
        FileAudit("saved_model.pb", 57_000, "cd" * 32,
                  ("saved_model_checksum", "graph_def_program_hash", "signature_def_hash", "manifest")),
    ),
    uncovered=("assets/vocab.txt",),
    weights=WeightsAudit(
        "weights.h5", "h5", "partly", 3, 1,
        (WeightsMatch("kernel", "kernel", "differs", "name", "The values differ."),
         WeightsMatch("bias", "bias", "same", "content", "")),
        ("3 of 4 weights are those of the file.",),
    ),
    manifests=(ManifestAudit("list.json", "smanalyze", "differs", ("a",), ("b",), ("c",), ("1 changed.",)),),
    findings=(Finding("0123456789ab", "tensor-corrupt", "error", Location(file="data", offset=12),
                      "1 tensor is damaged: kernel.", "Its bytes changed.", "Copy it again.", ("kernel at byte 12",)),),
    not_read=(NotRead("checkpoint", "not-fetched", "The data file is missing.", "data-2", None),),
)  # fmt: skip

WEIGHTS = replace(
    FULL,
    path_name="image.keras",
    kind="Keras archive",
    contents=Contents(
        "Functional", "image_model", 6, "3.15.1",
        (RoleTotal("weight", 2, 15, 60), RoleTotal("optimizer", 1, 12, 48)),
        (WeightRow("layers/dense/vars/0", "", "classes", "weight", "float32", (4, 3), 12, 48),
         WeightRow("classes/bias/.ATTRIBUTES/VARIABLE_VALUE", "classes/bias", "", "weight", "bfloat16", (3,), 3, 12),
         WeightRow("optimizer/vars/2", "", "adam", "optimizer", "float32", (4, 3), 12, 48)),
    ),
)  # fmt: skip


CONTENT_WORDS = (
    "Functional image_model, 6 layers, Keras 3.15.1", "2 tensors, 15 elements, 60 bytes", "optimizer state",
    "layers/dense/vars/0", "classes/bias", "bfloat16", "(4, 3)", "48 bytes", "Stored tensors",
)  # fmt: skip
"""What every renderer says of them."""


def hostile(text: str, audit: AuditReport = FULL) -> AuditReport:
    """The full audit with one text in every place that takes any."""
    made: AuditReport = _replaced(audit, text)
    return replace(made, schema_version=AUDIT_SCHEMA_VERSION)


def _replaced(value: Any, text: str) -> Any:
    if isinstance(value, str):
        return text
    if isinstance(value, tuple):
        return tuple(_replaced(item, text) for item in value)
    if is_dataclass(value) and not isinstance(value, type):
        hints = get_type_hints(type(value))
        free = [field.name for field in fields(value) if not _is_choice(hints[field.name])]
        return replace(value, **{name: _replaced(getattr(value, name), text) for name in free})
    return value


def _is_choice(hint: Any) -> bool:
    return bool(get_args(hint)) and all(isinstance(item, str) for item in get_args(hint))
