"""Ops, attrs and devices that a runtime must have."""

from __future__ import annotations

from pathlib import Path

import pytest

from smanalyze.report.diff import Severities
from tests.checks.compat.helpers import (
    Cases,
    Maker,
    check_case,
    edited,
    mirrored,
    one,
    pair,
    params,
    report,
    same,
)
from tests.checks.compat.program_edits import add, attr, copy_function, device, in_function, op

MODULE, CALL = "module_one_signature", "__inference___call__"
CUSTOM = edited(MODULE, new=[in_function(CALL, op("add", "AcmeAdd"))])
TEXT = edited(MODULE, new=[in_function(CALL, add("split", "WhitespaceTokenizeWithOffsets", ["x"]))])
PINNED = edited(MODULE, new=[in_function(CALL, device("add", "/device:TPU:1"))])
RAISED = edited(MODULE, new=[in_function(CALL, add("new", "XlaCallModule", ["x"]))])
NEW_ATTR = edited(MODULE, new=[in_function(CALL, attr("MatMul", "grad_a", b"x"))])

MORE_TEXT = edited(
    MODULE,
    old=[in_function(CALL, add("one", "WhitespaceTokenizeWithOffsets", ["x"]))],
    new=[
        in_function(
            CALL,
            add("one", "WhitespaceTokenizeWithOffsets", ["x"]),
            add("two", "UnicodeScriptTokenizeWithOffsets", ["x"]),
        )
    ],
)

TABLE: dict[str, Cases] = {
    "op-custom-added": Cases(
        fires={
            "one": CUSTOM,
            "in the main graph": edited("tf1_queue", new=[in_function("", op("cond/Neg", "AcmeNeg"))]),
        },
        silent={
            "there before": same("custom_op"),
            "more of it": edited("custom_op", new=[in_function(CALL, op("add", "AcmeFancyOp"))]),
            "gone": mirrored(CUSTOM),
            "of a library": TEXT,
            "a function's name": edited(
                MODULE, new=[copy_function(CALL, "AcmeAdd"), in_function(CALL, op("add", "AcmeAdd"))]
            ),
        },
    ),
    "op-custom-removed": Cases(
        fires={"one": mirrored(CUSTOM)}, silent={"added": CUSTOM, "a library's": mirrored(TEXT)}
    ),
    "op-library-added": Cases(
        fires={"text": TEXT},
        silent={
            "gone": mirrored(TEXT),
            "custom": CUSTOM,
            "another of one library": MORE_TEXT,
        },
    ),
    "op-library-ops-added": Cases(
        fires={"another of one library": MORE_TEXT},
        silent={"the first": TEXT, "fewer": mirrored(MORE_TEXT), "custom": CUSTOM},
    ),
    "op-library-removed": Cases(fires={"text": mirrored(TEXT)}, silent={"added": TEXT}),
    "op-newer-than-runtime": Cases(fires={}, silent={"no runtime": RAISED}),
    "node-device-changed": Cases(
        fires={
            "pair": pair("change_device"),
            "tpu": PINNED,
            "no longer": mirrored(PINNED),
            "another": edited("device_placement", new=[in_function(CALL, device("mul", "/device:GPU:7"))]),
        },
        silent={"body": pair("change_relu_to_gelu"), "same": same("device_placement")},
    ),
}


@pytest.mark.parametrize(("rule", "maker", "fires"), params(TABLE))
def test_case(rule: str, maker: Maker, fires: bool, tmp_path: Path) -> None:
    check_case(rule, maker, fires, tmp_path)


def test_an_unknown_op_stops_everybody(tmp_path: Path) -> None:
    finding = one(CUSTOM, tmp_path, "op-custom-added")
    assert finding.message.endswith("registers AcmeAdd.")
    assert finding.evidence == ("AcmeAdd: 1 node, in __call__",)
    assert finding.severities == Severities("error", "error", "error", "error")


def test_a_library_says_how_to_get_it(tmp_path: Path) -> None:
    finding = one(TEXT, tmp_path, "op-library-added")
    assert "pip install tensorflow-text" in finding.message


@pytest.mark.parametrize(
    ("maker", "runtime", "message"),
    [
        (RAISED, "2.9", "TensorFlow 2.9.3 does not have XlaCallModule."),
        (RAISED, "2.15.0", None),
        (RAISED, "", None),
        (RAISED, "99.1", None),
        (same(MODULE), "1.14", None),
        (NEW_ATTR, "2.9", "TensorFlow 2.9.3 does not know grad_a of MatMul."),
        (NEW_ATTR, "2.21", None),
        (mirrored(RAISED), "2.9", None),
    ],
)
def test_a_runtime_that_is_too_old(maker: Maker, runtime: str, message: str | None, tmp_path: Path) -> None:
    findings = [f for f in report(maker(tmp_path), runtime_tf=runtime).findings if f.rule == "op-newer-than-runtime"]
    assert [finding.message for finding in findings] == ([message] if message else [])


def test_an_attr_with_a_default_may_be_dropped_by_python(tmp_path: Path) -> None:
    findings = report(NEW_ATTR(tmp_path), runtime_tf="2.9").findings
    finding = next(f for f in findings if f.rule == "op-newer-than-runtime")
    assert (finding.severities.serving, finding.severities.python) == ("error", "warning")


def test_a_device_says_which_nodes(tmp_path: Path) -> None:
    finding = one(pair("change_device"), tmp_path, "node-device-changed")
    assert finding.message == "2 nodes are tied to /device:GPU:0 now."
    assert finding.evidence == ("mul (Mul): (no device) → /device:GPU:0", "mul/y (Const): (no device) → /device:GPU:0")
    free = one(mirrored(pair("change_device")), tmp_path, "node-device-changed")
    assert free.message == "2 nodes are tied to no device now, and were tied to /device:GPU:0."
    assert free.severities.serving == "note"
