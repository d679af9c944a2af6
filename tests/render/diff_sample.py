"""Diffs made by hand: one with everything in it, one of the same model, one whose every text is hostile, a huge one."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import Any, get_type_hints

from smanalyze.report.changes import FilePair, FunctionChange, NodeChange, WeightDelta
from smanalyze.report.diff import (
    DIFF_SCHEMA_VERSION,
    AudienceCount,
    AudienceCounts,
    DiffFinding,
    DiffReport,
    Hashes,
    HashPair,
    LayerWeights,
    NotCompared,
    Severities,
    SideReport,
    SignatureDiff,
    TensorDiff,
    VersionAdvice,
    WeightRow,
    WeightsDiff,
)
from smanalyze.report.findings import Location, Severity
from smanalyze.report.noise import Normalised
from smanalyze.report.tensors import OpCount


def finding(number: int, severities: Severities, **other: Any) -> DiffFinding:
    """An error of the signatures unless told otherwise."""
    values: dict[str, Any] = {
        "id": f"{number:012x}", "rule": "sig-output-dim-changed", "area": "signatures", "severity": "error",
        "where": Location(signature="serving_default", tensor="output probs"), "old": "[?, 10]", "new": "[?, 11]",
        "message": f"probs_{number} was [?, 10], and is [?, 11].", "why": "Clients read the wrong label.",
        "fix": "Publish under a `new` key.", "evidence": (), "reach": ("serving_default", "root.predict"),
        "status": "open", "confidence": 1.0,
    }  # fmt: skip
    return DiffFinding(severities=severities, **{**values, **other})


def _delta(kind: str, **other: Any) -> WeightDelta:
    values: dict[str, Any] = {
        "elements": 200, "changed": 25, "max_abs": 0.125, "relative": 0.031, "cosine": 0.99951, "old_mean": 0.5,
        "new_mean": 0.75, "old_std": 1.0, "new_std": 1.0, "old_nonfinite": 0, "new_nonfinite": 0, "new_zero": False,
        "new_constant": False, "old_constant": False,
    }  # fmt: skip
    return WeightDelta(kind=kind, **{**values, **other})


ERROR: Severity = "error"

FINDINGS = (
    finding(1, Severities("error", "error", "warning", None), evidence=("probs is output 0",)),
    finding(2, Severities("error", None, None, None), confidence=0.7, where=Location(), reach=()),
    finding(
        3, Severities("warning", "warning", "warning", "error"), rule="op-filesystem-added", area="program",
        severity="warning", old="", new="ReadFile", message="The function preprocess reads a file.",
        where=Location(function="preprocess"), evidence=tuple(f"node lookup/ReadFile_{i}" for i in range(12)),
    ),
    finding(
        4, Severities("note", "note", "note", "note"), rule="meta-producer-raised", area="container", severity="note",
        old="2.15.1", new="2.21.0", message="It was written by TensorFlow 2.15.1, and is by 2.21.0.",
        where=Location(), reach=(),
    ),
)  # fmt: skip

FULL = DiffReport(
    schema_version=DIFF_SCHEMA_VERSION,
    old=SideReport("ranker", "SavedModel", "7", 2, "2.15.1", "Keras 2.15.0 (model.save)", 23_100, 50),
    new=SideReport("build", "SavedModel", "", 0, "2.21.0", "Keras 3 (model.export)", 24_200, 55),
    verdict="breaking",
    security_review=True,
    breaks=("serving", "python"),
    summary="The new model breaks what callers rely on: 2 errors, 1 warning, 1 note.",
    audiences=AudienceCounts(
        AudienceCount(True, 2, 1, 1), AudienceCount(True, 1, 1, 1), AudienceCount(False, 0, 2, 1),
        AudienceCount(False, 1, 0, 1),
    ),
    hashes=Hashes(
        HashPair("aa" * 8, "ab" * 8, False), HashPair("bb" * 8, "bb" * 8, True), HashPair("cc" * 8, "cd" * 8, False),
        HashPair("dd" * 8, "", None), HashPair("ee" * 8, "ee" * 8, True),
    ),
    version=VersionAdvice("major", "a promise to serving is broken: probs has another shape", f"{1:012x}"),
    findings=FINDINGS,
    weights=WeightsDiff(
        "stats", 3, 5, 1, 1600,
        (
            WeightRow("head/kernel", "top/kernel", "head", "float32", "[10, 20]", 200, 800, "changed",
                      _delta("fine-tuned")),
            WeightRow("head/bias", "", "head", "float32", "[20]", 20, 80, "changed",
                      _delta("degenerate", new_nonfinite=3, new_zero=True, max_abs=None, relative=None, cosine=None)),
            WeightRow("embed/table", "", "embed", "string", "[5]", 5, 50, "changed", None),
            WeightRow("far/away", "", "far", "float32", "[5]", 5, 20, "not-fetched", None),
        ),
        (LayerWeights("head", 2, 1, 0.031), LayerWeights("", 1, 0, None)),
        ("3 of 9 changed, 5 equal by checksum.", "1 could not be compared: their data was not fetched on one side."),
    ),
    signatures=(
        SignatureDiff("serve", "predict", "serving_default", "renamed", True, (
            TensorDiff("input", "x", "x", "float32 [?, 4]", "float32 [?, 4]", "equal"),
            TensorDiff("input", "", "mask", "", "bool [?]", "added"),
            TensorDiff("output", "probs", "scores", "float32 [?, 10]", "float32 [?, 11]", "renamed"),
        )),
        SignatureDiff("serve", "old_only", "", "removed", False, (
            TensorDiff("output", "y", "", "int64 [?]", "", "removed"),)),
        SignatureDiff("serve", "same", "same", "equal", True, ()),
    ),
    functions=(
        FunctionChange(
            "__inference_call_7", "__inference_call_9", "call", "path", 1.0,
            (OpCount("Mul", 3), OpCount("Erfc", 1)), (OpCount("Relu", 1),),
            (NodeChange("added", "gelu/mul", "Mul"), NodeChange("removed", "relu", "Relu"),
             NodeChange("rewired", "out", "MatMul", "relu:0", "gelu/mul:0")),
            9, 1, 14, False, False, ("serving_default", "root.predict"), 31, (("_XlaMustCompile", "", "true"),),
            seen_in=("call_again",), calls_added=("__inference_new_3",),
        ),
        FunctionChange(
            "__inference_call_1", "__inference_call_2", "call_again", "path", 1.0, (), (OpCount("Relu", 1),), (), 1, 0,
            0, False, False, (), 3, echo_of="__inference_call_9",
        ),
        FunctionChange(
            "", "", "", "main graph", 0.8, (), (), (NodeChange("attrs", "mul/y", "Const", "3.0", "4.0"),),
            1, 0, 2, True, False, ("serving_default",), 5,
        ),
    ),
    files=(
        FilePair("assets/vocab.txt", None, 22, False), FilePair("keras_metadata.pb", 5_420, None, False),
        FilePair("saved_model.pb", 1_000, 2_000, False), FilePair("far.bin", 8, 8, None, True),
        FilePair("variables/variables.data-00000-of-00001", 9, 9, None),
    ),
    normalised=Normalised(2, 0, 1, 1),
    not_compared=(NotCompared("new: variables", "The checkpoint is not here, so its tensors were not compared."),),
    unused_renames=("signature:gone=here",),
)  # fmt: skip

_ALL_EQUAL = Hashes(*(HashPair("aa" * 8, "aa" * 8, True) for _ in range(5)))
_NOBODY = AudienceCounts(*(AudienceCount(place < 2, 0, 0, 0) for place in range(4)))

SAME = replace(
    FULL, verdict="re-exported", security_review=False, breaks=(), audiences=_NOBODY, hashes=_ALL_EQUAL,
    summary="The same model, exported again; nothing but 2 checkpoint keys and the fingerprint's uuid differs.",
    version=VersionAdvice("none", "it is the same model", ""), findings=(), functions=(), files=(), not_compared=(),
    unused_renames=(), weights=replace(FULL.weights, changed=0, not_compared=0, tensors=(), layers=(), says=()),
    signatures=FULL.signatures[2:],
)  # fmt: skip

ENDS = (
    "ranker (version 7)", "build", "needs security review", "probs_1 was [?, 10], and is [?, 11].",
    "The function preprocess reads a file.", "Clients read the wrong label.", "predict → serving_default",
    "probs → scores", "float32 [?, 11]", "main graph", "31 equal nodes, 14 of them downstream of a change",
    "top/kernel → head/kernel", "fine-tuned", "12.5 %", "0.031", "0.99951", "NaN or infinite: 0 → 3",
    "changed, values not read", "assets/vocab.txt", "The checkpoint is not here", "signature:gone=here",
    "2 generated function names", "matched with confidence 0.70",
)  # fmt: skip
"""What every renderer says of the full one."""


def hostile(text: str) -> DiffReport:
    """The full diff with one text in every place that takes any."""
    made: DiffReport = _replaced(FULL, text)
    return replace(made, schema_version=DIFF_SCHEMA_VERSION)


def _replaced(value: Any, text: str) -> Any:
    if isinstance(value, str):
        return text
    if isinstance(value, tuple):
        return tuple(_replaced(item, text) for item in value)
    if is_dataclass(value) and not isinstance(value, type):
        hints = get_type_hints(type(value))
        free = [field.name for field in fields(value) if "Literal" not in str(hints[field.name])]
        return replace(value, **{name: _replaced(getattr(value, name), text) for name in free})
    return value


def huge() -> DiffReport:
    """More of everything than any page can hold."""
    findings = tuple(finding(number, Severities("error"), evidence=("x" * 300,) * 9) for number in range(3_000))
    function = replace(FULL.functions[0], nodes=FULL.functions[0].nodes * 300, changed_nodes=5_000)
    signature = replace(FULL.signatures[0], tensors=FULL.signatures[0].tensors * 400)
    return replace(
        FULL, findings=findings, functions=(function,) * 400, signatures=(signature,) * 300, files=FULL.files * 900,
        weights=replace(FULL.weights, tensors=FULL.weights.tensors * 900, layers=FULL.weights.layers * 900),
        not_compared=FULL.not_compared * 900, unused_renames=FULL.unused_renames * 900,
    )  # fmt: skip


SAMPLES = {"full": FULL, "same": SAME, "huge": huge()}
