"""Scans made by hand: one with everything in it, a clean one, and one whose every text is hostile."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import Any, get_args, get_type_hints

from smanalyze.report.document import NotRead
from smanalyze.report.findings import Location
from smanalyze.report.scan import (
    SCAN_SCHEMA_VERSION,
    AllowedFinding,
    ExpectedAct,
    Operand,
    ScanFinding,
    ScanReport,
    UnknownPart,
)

WRITES = ScanFinding(
    id="0123456789ab",
    rule="writes-at-load",
    severity="error",
    where=Location(function="__inference_init_10", node="WriteFile"),
    message="WriteFile writes `/tmp/owned` whenever the model is loaded.",
    why="whoever loads the model runs it, and is not asked.",
    fix="do not load it; find out who put it there.",
    evidence=(
        "1 node of WriteFile in __inference_init_10",
        "the init op of tags serve → node PartitionedCall → function __inference_init_10 → node WriteFile",
    ),
    op="WriteFile",
    risk_class="file-write",
    when=("load", "function:reset"),
    path=("the init op of tags serve", "node PartitionedCall", "function __inference_init_10", "node WriteFile"),
    operands=(Operand("/tmp/owned", "constant", False), Operand("assets/text.txt", "asset", True)),
    caller_controlled=False,
)

READS = ScanFinding(
    id="fedcba987654",
    rule="reads-when-called",
    severity="warning",
    where=Location(signature="serving_default", function="__inference_serve_7", node="ReadFile"),
    message="ReadFile reads a file whose name comes with the request.",
    why="a client can read any file that the server can.",
    fix="send the content instead of its name.",
    evidence=(),
    op="ReadFile",
    risk_class="file-read",
    when=("signature:serving_default",),
    path=("signature serving_default", *(f"function branch_{number}" for number in range(20)), "node ReadFile"),
    operands=(Operand("/data/{input path}.jpg", "caller"),),
    caller_controlled=True,
)

LAMBDA = ScanFinding(
    id="00000000000a",
    rule="keras-lambda",
    severity="note",
    where=Location(file="keras_metadata.pb", object_path="layer-1", offset=120),
    message="The Lambda layer layer-1 holds Python bytecode.",
    why="load_model runs it.",
    fix="load it with safe_mode.",
    evidence=("311 bytes, SHA-256 ab",),
    op="Lambda",
    risk_class="keras-code",
    when=("keras-load",),
    path=("layer layer-1",),
    operands=(Operand("lambda x: x + 1", "stored"), Operand("{a, b}", "computed")),
    caller_controlled=False,
)

IDLE = replace(
    WRITES, id="111111111111", rule="writes-idle", severity="note", when=("never", "saver"), path=(), operands=(),
    where=Location(node="left_over"), message="WriteFile is there, and nothing runs it.",
)  # fmt: skip

FULL = ScanReport(
    schema_version=SCAN_SCHEMA_VERSION,
    path_name="full",
    kind="SavedModel",
    version="7",
    verdict="acts-at-load",
    summary="Loading it writes a file.",
    findings=(WRITES, READS, LAMBDA),
    unknown=(
        UnknownPart("function missing_fn", Location(node="PartitionedCall_3"), "The library does not hold it."),
        UnknownPart("op MyOp", Location(), "Nothing known registers it."),
    ),
    expected=(
        ExpectedAct("RestoreV2", "saver", "restores variables", ("saver",), (Operand("{prefix}", "loader"),), 1),
        ExpectedAct("InitializeTableFromTextFileV2", "table-file", "fills a table from a file", ("load",),
                    (Operand("assets/vocab.txt", "asset", True),), 1),
        ExpectedAct("SaveV2", "file-write", "writes files", ("saver",), (), 2),
        ExpectedAct("SaveV2", "saver", "saves variables", ("saver",), (), 2),
    ),
    allowed=(
        AllowedFinding(IDLE, "left by the exporter, looked at", "ann", "2030-12-31", 2),
        AllowedFinding(replace(READS, id="222222222222"), "behind a gateway", "", "", 3),
    ),
    allow_remarks=("Entry 1 (finding 999999999999) fits no finding.",),
    nodes=1234,
    functions=56,
    not_read=(NotRead("checkpoint", "not-fetched", "The data file is missing.", "data-2", None),),
)  # fmt: skip

CLEAN = replace(
    FULL, path_name="clean", version="", verdict="clean", summary="It does nothing beside computing.", findings=(),
    unknown=(), allowed=(), allow_remarks=(), not_read=(),
)  # fmt: skip

WORDS = (
    "/tmp/owned", "outside the model's folder", "an asset of the model", "/data/{input path}.jpg",
    "the caller chooses what it works on", "when the model is loaded", "when function reset is called",
    "when Keras loads the model", "function missing_fn", "The library does not hold it.", "Nothing known registers it.",
    "left by the exporter, looked at", "until 2030-12-31", "InitializeTableFromTextFileV2", "0123456789ab",
    "The data file is missing.", "function branch_0", "311 bytes, SHA-256 ab",
)  # fmt: skip
"""What every renderer for people says of the full one."""


def hostile(text: str) -> ScanReport:
    """The full scan with one text in every place that takes any."""
    made: ScanReport = _replaced(FULL, text)
    return replace(made, schema_version=SCAN_SCHEMA_VERSION)


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
