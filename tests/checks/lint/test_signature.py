"""Rules about signatures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.checks.helpers import (
    Cases,
    Change,
    Maker,
    broken,
    check_case,
    edited,
    found,
    good,
    one,
    params,
    signature,
)  # fmt: skip

BASE = "module_one_signature"


def drop_signatures(message: Any) -> None:
    for key in list(message.meta_graphs[0].signature_def):
        if not key.startswith("__"):
            del message.meta_graphs[0].signature_def[key]


def ask_for_int(message: Any) -> None:
    signature(message).inputs["x"].dtype = 3


def leave_dtype_out(message: Any) -> None:
    signature(message).inputs["x"].ClearField("dtype")


def take_second_output(message: Any) -> None:
    next(iter(signature(message).outputs.values())).name = "StatefulPartitionedCall:1"


def feed_inner_tensor(message: Any) -> None:
    signature(message).inputs["inner"].CopyFrom(signature(message).inputs["x"])
    signature(message).inputs["inner"].name = "MatMul:0"


def repeat_input(message: Any) -> None:
    signature(message).inputs["again"].CopyFrom(signature(message).inputs["x"])


def output_of(tensor: str) -> Change:
    """Adds the tensor to the outputs."""

    def change(message: Any) -> None:
        signature(message).outputs["more"].name = tensor

    return change


TABLE = {
    "no-signature": Cases(
        {"callables_only": good("module_no_signature"), "nothing": edited("tf1_frozen", drop_signatures)},
        {"one": good(BASE), "only_one_meta_graph": good("tf1_builder_multi_metagraph"),
         "no_traces": good("keras2_sequential_save_traces_false"), "cut": broken("truncated_pb")},
    ),
    "missing-tensor": Cases(
        {"dangling": broken("signature_dangling"), "output_index": edited(BASE, take_second_output)},
        {"there": good(BASE), "sparse": good("sparse_signature"), "composite": good("composite_signature"),
         "several_outputs": good("tables_and_assets"), "cut": broken("truncated_pb"), "tf1": good("tf1_queue")},
    ),
    "input-dtype-mismatch": Cases(
        {"int": edited(BASE, ask_for_int)},
        {"same": good(BASE), "left_out": edited(BASE, leave_dtype_out), "several": good("estimator_linear")},
    ),
    "unused-input": Cases(
        {"ignored": good("unused_signature_input")},
        {"used": good(BASE), "branches": good("control_flow"), "state": good("mutating_signature"),
         "loops": good("tf1_queue"), "sparse": good("sparse_signature"), "dangling": broken("dangling_input"),
         "missing_function": broken("dangling_function"), "evaluation": edited("tf1_frozen", feed_inner_tensor)},
    ),
    "constant-output": Cases(
        {"version": good("constant_output")},
        {"computed": good(BASE), "random": good("random_and_time"), "no_input": good("absolute_path_constant"),
         "variable": good("module_several_signatures"), "tables": good("tables_and_assets")},
    ),
    "random-output": Cases(
        {"both": good("random_and_time")},
        {"none": good(BASE), "branches": good("control_flow"), "dangling": broken("signature_dangling")},
    ),
    "state-changed": Cases(
        {"counter": good("mutating_signature")},
        {"reads_only": good(BASE), "tables": good("tables_and_assets")},
    ),
    "repeated-input": Cases(
        {"tf1": edited("tf1_frozen", repeat_input)},
        {"different": good("tf1_partitioned_variables"), "object_based": edited(BASE, repeat_input),
         "sparse": good("sparse_signature")},
    ),
    "reference-output": Cases(
        {"assigned": edited("tf1_queue", output_of("total/Assign:0")),
         "variable": edited("tf1_queue", output_of("total:0"))},
        {"read": edited("tf1_queue", output_of("total/read:0")), "value": good("tf1_queue"), "tf2": good(BASE)},
    ),
}  # fmt: skip


def without_tags(message: Any) -> None:
    drop_signatures(message)
    del message.meta_graphs[0].meta_info_def.tags[:]


def test_no_tags_are_said(tmp_path: Path) -> None:
    assert one(edited("tf1_frozen", without_tags), tmp_path, "no-signature").evidence == ("tag-sets: (no tags)",)


def no_output(message: Any) -> None:
    signature(message).outputs.clear()


def take_a_named_tuple(*fields: str) -> Change:
    """Gives the root a function serving_default of one named tuple with these float scalars."""

    def change(message: Any) -> None:
        objects = message.meta_graphs[0].object_graph_def
        held = objects.nodes.add()
        held.function.concrete_functions.append("step")
        objects.nodes[0].children.add(local_name="serving_default", node_id=len(objects.nodes) - 1)
        arguments = objects.concrete_functions["step"].canonicalized_input_signature.tuple_value.values
        step = arguments.add().tuple_value.values.add().named_tuple_value
        arguments.add().dict_value.SetInParent()
        step.name = "Step"
        for field in fields:
            value = step.values.add(key=field).value.tensor_spec_value
            value.name, value.dtype = field, 1
            value.shape.SetInParent()
        inputs = signature(message).inputs
        for field in ("x", "ignored"):
            inputs[f"0/{field}"].CopyFrom(inputs[field])
            del inputs[field]

    return change


@pytest.mark.parametrize(
    ("change", "severity"),
    [
        (take_a_named_tuple("x", "ignored"), "note"),
        (take_a_named_tuple("x", "ignored", "more"), "warning"),  # not the value that the caller hands over
        (take_a_named_tuple("ignored"), "warning"),
        (no_output, "note"),
    ],
)
def test_an_unused_field_is_only_noted(change: Change, severity: str, tmp_path: Path) -> None:
    finding = one(edited("unused_signature_input", change), tmp_path, "unused-input")
    assert finding.severity == severity, finding


@pytest.mark.parametrize(("rule", "maker", "fires"), params(TABLE))
def test_case(rule: str, maker: Maker, fires: bool, tmp_path: Path) -> None:
    check_case(rule, maker, fires, tmp_path)


def test_python_can_still_call_a_model_without_signature(tmp_path: Path) -> None:
    assert one(good("module_no_signature"), tmp_path, "no-signature").severity == "note"
    assert one(edited("tf1_frozen", drop_signatures), tmp_path, "no-signature").severity == "warning"


def test_missing_tensor_names_each_entry(tmp_path: Path) -> None:
    messages = {finding.message for finding in found(broken("signature_dangling"), tmp_path, "missing-tensor")}
    assert messages == {
        "The input nameless has no tensor name.",
        "The output gone is the tensor no_such_node:0, and the graph has no such node.",
        "The output index is the tensor StatefulPartitionedCall:77, and that node has 1 output.",
    }


def test_random_output_tells_the_op_of_each_output(tmp_path: Path) -> None:
    finding = one(good("random_and_time"), tmp_path, "random-output")
    assert finding.evidence == ("now: Timestamp", "y: RandomStandardNormal")
