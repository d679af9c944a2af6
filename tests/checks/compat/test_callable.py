"""Functions of the loaded object: what Python calls, what it may pass, what it gets back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.checks.compat.helpers import (
    Cases,
    Maker,
    changed,
    check_case,
    edited,
    every,
    mirrored,
    one,
    pair,
    params,
    report,
    rules_of,
)
from tests.checks.compat.python_edits import (
    ARGUMENTS,
    add_argument,
    both,
    dictionary,
    drop_child,
    drop_trace,
    drop_traces,
    name_child,
    objects,
    on_traces,
    passed,
    rename_argument,
    returns,
    tensor,
    value,
)
from tests.checks.helpers import Change

BASE = both(ARGUMENTS)


def new(*edits: Change, base: Maker = BASE) -> Maker:
    return changed(base, new=edits)


def takes(text: str) -> Maker:
    """`predict` takes something else as x."""

    def change(trace: Any) -> None:
        passed(trace)[0].CopyFrom(value(text))

    return new(on_traces(change, "predict"))


def no_objects(message: Any) -> None:
    message.meta_graphs[0].ClearField("object_graph_def")


def rename_tensors(message: Any) -> None:
    """What TensorFlow calls the tensors of arguments and results, which no caller sees."""
    for concrete in objects(message).concrete_functions.values():
        for spec in (*passed(concrete), *concrete.output_signature.dict_value.fields.values()):
            if spec.HasField("tensor_spec_value"):
                spec.tensor_spec_value.name = "dense_7_input"


TWO = returns(dictionary(y=tensor(-1, 2), z=tensor(-1, 2)), "predict")
LIST = returns(f"list_value {{ values {{ {tensor(-1, 2)} }} }}", "predict")
DOUBLE = returns(dictionary(y=tensor(-1, 2, dtype="DT_DOUBLE")), "predict")
OPEN = returns(dictionary(y=tensor(-1, -1)), "predict")

ONE_LESS = edited("keras3_export", new=[drop_child("trainable_variables", "0")])

TABLE = {
    "api-callable-removed": Cases(
        fires={
            "a method": pair("change_method_removed"),
            "__call__": pair("change_keras2_to_keras3"),
            "the only one": new(drop_child("predict")),
        },
        silent={
            "it has another name": new(name_child("infer", "predict")),
            "the object graph is gone": new(no_objects),
            "it was never traced": changed(BASE, old=[drop_traces("predict")], new=[drop_child("predict")]),
            "the other way round": mirrored(pair("change_method_removed")),
            "it is the endpoint": edited("keras3_export", new=[drop_child("serve"), drop_child("signatures", "serve"),
                                                               lambda m: m.meta_graphs[0].signature_def.pop("serve")]),
        },
    ),
    "api-callable-added": Cases(
        fires={"a method": mirrored(pair("change_method_removed"))},
        silent={
            "none": pair("change_constant"),
            "another name for it": new(name_child("infer", "predict", keep=True)),
            "a private one": new(name_child("_infer", "predict", keep=True)),
            "the old has no objects": changed(BASE, old=[no_objects]),
        },
    ),
    "api-callable-renamed": Cases(
        fires={
            "another name": new(name_child("infer", "predict")),
            "one of two names": changed(BASE, old=[name_child("infer", "predict", keep=True)]),
        },
        silent={
            "one more name": new(name_child("infer", "predict", keep=True)),
            "it takes something else, too": new(name_child("infer", "predict"), drop_trace(0, "infer")),
        },
    ),
    "api-overload-removed": Cases(
        fires={
            "a trace": new(drop_trace(0, "predict")),
            "all traces": new(drop_traces("predict")),
            "another dtype": pair("change_input_dtype"),
            "a fixed batch": pair("change_batch_fixed"),
            "a narrower shape": takes(tensor(-1, 3)),
            "another structure": takes(f"list_value {{ values {{ {tensor(-1, 2)} }} }}"),
        },
        silent={
            "a wider shape": takes(tensor(-1, -1)),
            "unknown rank": takes("tensor_spec_value { shape { unknown_rank: true } dtype: DT_FLOAT }"),
            "other names of tensors": new(rename_tensors),
            "another argument": pair("change_input_added"),
            "another name of an argument": new(rename_argument("features", "x", "predict")),
            "an optional argument that was traced": new(
                add_argument("scale", "float64_value: 1", "predict", default="float64_value: 1")
            ),
            "the object graph is gone": new(no_objects),
        },
    ),
    "api-overload-added": Cases(
        fires={
            "a trace": mirrored(new(drop_trace(0, "predict"))),
            "a wider shape": takes(tensor(-1, -1)),
            "another dtype": pair("change_input_dtype"),
        },
        silent={"one less": new(drop_trace(0, "predict")), "other names of tensors": new(rename_tensors)},
    ),
    "api-output-structure-changed": Cases(
        fires={"a list": new(LIST), "a tensor": new(returns(tensor(-1, 2), "predict")), "another key": new(TWO)},
        silent={
            "the signature says it": pair("change_output_added"),
            "other names of tensors": new(rename_tensors),
            "another dtype": new(DOUBLE),
        },
    ),
    "api-output-tensor-changed": Cases(
        fires={"another dtype": new(DOUBLE), "an open size": new(OPEN), "a size": mirrored(new(OPEN))},
        silent={"the signature says it": pair("change_output_classes"), "another key": new(TWO)},
    ),
    "api-trainable-list-changed": Cases(
        fires={
            "one variable less": ONE_LESS,
            "one more": mirrored(ONE_LESS),
            "none is left": edited("reusable_hub", new=[drop_child("trainable_variables")]),
            "no regularizers": edited("reusable_hub", new=[drop_child("regularization_losses", "0")]),
        },
        silent={
            "an empty list is gone": pair("change_keras2_to_keras3"),
            "a layer more": pair("change_layer_inserted"),
            "flags of variables": pair("change_trainable"),
            "the object graph is gone": edited("reusable_hub", new=[no_objects]),
        },
    ),
}  # fmt: skip


@pytest.mark.parametrize(("rule", "maker", "fires"), params(TABLE))
def test_rule_fires_where_it_should(rule: str, maker: Maker, fires: bool, tmp_path: Path) -> None:
    check_case(rule, maker, fires, tmp_path)


def test_a_changed_input_is_one_finding_with_its_traces(tmp_path: Path) -> None:
    finding = one(pair("change_input_dtype"), tmp_path, "api-overload-removed")
    assert finding.where.object_path == "predict"
    assert finding.evidence[0] == "x: float32 [?, 2] → float64 [?, 2]"
    assert finding.severities.python == finding.severities.keras == "error" and finding.severities.serving is None


def test_both_traces_are_one_finding(tmp_path: Path) -> None:
    finding = one(takes(tensor(-1, 3)), tmp_path, "api-overload-removed")
    assert sum(line.startswith("- ") for line in finding.evidence) == 2


def test_a_new_key_hurts_nobody(tmp_path: Path) -> None:
    assert one(new(TWO), tmp_path / "a", "api-output-structure-changed").severities.python == "note"
    assert one(new(LIST), tmp_path / "b", "api-output-structure-changed").severities.python == "error"


def test_a_known_size_is_worth_more_than_an_open_one(tmp_path: Path) -> None:
    rule = "api-output-tensor-changed"
    assert one(new(OPEN), tmp_path / "a", rule).severities.python == "warning"
    assert one(mirrored(new(OPEN)), tmp_path / "b", rule).severities.python == "note"


def test_lost_regularizers_are_milder_than_lost_variables(tmp_path: Path) -> None:
    rule = "api-trainable-list-changed"
    no_losses = edited("reusable_hub", new=[drop_child("regularization_losses", "0")])
    assert one(no_losses, tmp_path / "a", rule).severities.python == "warning"
    assert one(ONE_LESS, tmp_path / "b", rule).severities.python == "error"
    assert one(mirrored(ONE_LESS), tmp_path / "c", rule).severities.python == "note"


def test_a_declared_rename_is_a_note(tmp_path: Path) -> None:
    sides = new(name_child("infer", "predict"))(tmp_path)
    findings = report(sides, renames=["function:predict=infer"]).findings
    (finding,) = [found for found in findings if found.rule == "api-callable-renamed"]
    assert finding.severities.python == "note"


@pytest.mark.parametrize("name", ["change_layer_inserted", "change_layer_renamed", "change_keras2_lambda_added"])
def test_a_layer_says_nothing_of_functions(name: str, tmp_path: Path) -> None:
    assert rules_of(TABLE, every(pair(name), tmp_path)) == []
