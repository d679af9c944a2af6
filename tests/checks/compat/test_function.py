"""Bodies that compute something else, and functions that came and went."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from smanalyze.report.diff import Severities
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
from tests.checks.compat.program_edits import (
    add,
    attr,
    copy_function,
    device,
    in_function,
    in_functions,
    inputs,
    op,
    own_attr,
    rename_function,
    swap,
    value,
)
from tests.checks.helpers import TESTDATA, Change, graph, node, signature

MODULE, CALL = "module_one_signature", "__inference___call__"
SEVERAL, DEAD = "module_several_signatures", "unreachable_function"
GRADIENT = "custom_gradient"
STATE = "mutating_signature"


def new(name: str, part: str, *changes: Change) -> Maker:
    """A model, and the same with a change in one function."""
    return edited(name, new=[in_function(part, *changes)])


SUBTRACTED = new(MODULE, CALL, op("add", "Sub"))
SCALED = new("device_placement", CALL, value("mul/y", 9.0))
PINNED = new("device_placement", CALL, device("mul", "/device:GPU:7"))
ORDERED = new(
    SEVERAL,
    "__inference_embed_",
    inputs("l2_normalize/Square", "MatMul:product:0", "^l2_normalize/Sum/reduction_indices"),
)
COMPILED = new(MODULE, CALL, own_attr("_XlaMustCompile", True))
NO_GRADIENT = new(GRADIENT, CALL, attr("IdentityN", "_gradient_op_type", b"Identity"))
OTHER_GRADIENT = new(GRADIENT, "internal_grad_fn", value("clip_by_value/y", -3.0))
DEAD_COPY = edited(MODULE, new=[copy_function(CALL, "__inference_forgotten_1")])
RENAMED = edited(SEVERAL, new=[rename_function("__inference_embed_", "__inference_encode_257")])
NOTES = Severities("note", "note", "note", "note")
TF1, PREDICT = "tf1_queue", "__inference_predict_"
FLOAT, RESOURCE = 1, 20
MATMUL, BIAS, KERNEL = "MatMul:product:0", "add/ReadVariableOp:value:0", "MatMul/ReadVariableOp:value:0"


def hand(name: str, *taken: str, **attrs: Any) -> Change:
    """Adds a node that hands a value on."""
    return add(name, "Identity", taken, T=FLOAT, **attrs)


def gives(key: str, reference: str) -> Change:
    """Makes a function return something else."""

    def change(body: Any) -> None:
        body.ret[key] = reference

    return change


def waits(name: str) -> Change:
    """Makes a function wait for a node, too."""

    def change(body: Any) -> None:
        body.control_ret[name] = name
        body.signature.control_output.append(name)

    return change


def drop(name: str) -> Change:
    """Removes a node."""

    def change(body: Any) -> None:
        body.node.remove(node(body, name))

    return change


def answers(key: str, reference: str) -> Change:
    """Makes the signature give another tensor."""

    def change(message: Any) -> None:
        signature(message).outputs[key].name = reference

    return change


HANDED_ON = new(MODULE, CALL, hand("a", MATMUL), inputs("add", "a:output:0", BIAS))

TABLE: dict[str, Cases] = {
    "fn-body-changed": Cases(
        fires={
            "another op": SUBTRACTED,
            "other input": new(SEVERAL, "__inference_predict_", inputs("Softmax", "MatMul:product:0")),
            "attr": new(MODULE, CALL, attr("MatMul", "transpose", b"x")),
            "keras 3": pair("change_relu_to_gelu"),
            "keras 2": pair("change_layer_inserted"),
            "file": pair("change_read_file"),
            "one more output": pair("change_output_added"),
            "main graph": edited("tf1_queue", new=[in_function("", op("cond/Neg", "Abs"))]),
            "dead": new(DEAD, "deader", op("mul", "AddV2")),
        },
        silent={
            "constant": SCALED,
            "device": PINNED,
            "order": ORDERED,
            "attribute": COMPILED,
            "gradient": NO_GRADIENT,
            "gradient's body": OTHER_GRADIENT,
            "order in the file": new(MODULE, CALL, swap("MatMul", "NoOp")),
            "renamed": RENAMED,
            "signature": pair("change_signature_renamed"),
            "weights": pair("change_weights_nudged"),
            "input's name": pair("change_input_renamed"),
            "method": pair("change_method_removed"),
        },
    ),
    "fn-constants-changed": Cases(
        fires={
            "one": SCALED,
            "pair": pair("change_constant"),
            "two": new("device_placement", CALL, value("mul/y", 9.0), value("add/y", 8.0)),
        },
        silent={
            "an op, too": new("device_placement", CALL, value("mul/y", 9.0), op("add", "Sub")),
            "device": PINNED,
            "body": SUBTRACTED,
        },
    ),
    "fn-order-changed": Cases(
        fires={
            "control edge": ORDERED,
            "state": new(STATE, CALL, inputs("ReadVariableOp", "assignaddvariableop_resource")),
        },
        silent={
            "body": SUBTRACTED,
            "through a NoOp": new(
                MODULE, CALL, inputs("Identity", "add:z:0", "^MatMul/ReadVariableOp", "^add/ReadVariableOp")
            ),
        },
    ),
    "fn-pass-through-changed": Cases(
        fires={
            "one more": HANDED_ON,
            "one less": mirrored(HANDED_ON),
            "two in a row": new(
                MODULE, CALL, hand("a", MATMUL), hand("b", "a:output:0"), inputs("add", "b:output:0", BIAS)
            ),
            "an argument": new(MODULE, CALL, hand("a", "x"), inputs("MatMul", "a:output:0", KERNEL)),
            "before an output": new(
                SEVERAL, PREDICT, hand("a", "Softmax:softmax:0"), inputs("Identity_1", "a:output:0", "^NoOp")
            ),
            "an output of the main graph": edited(TF1, new=[in_function("", hand("a", "y")), answers("y", "a:0")]),
            "waited for": new(
                MODULE,
                CALL,
                hand("a", MATMUL),
                inputs("Identity", "add:z:0", "^NoOp", "^a"),
                inputs("add", "a:output:0", BIAS),
            ),
        },
        silent={
            "body": SUBTRACTED,
            "waits": new(MODULE, CALL, hand("a", MATMUL, "^NoOp"), inputs("add", "a:output:0", BIAS)),
            "sharded": new(MODULE, CALL, hand("a", MATMUL, _XlaSharding=b"x"), inputs("add", "a:output:0", BIAS)),
            "elsewhere": new(
                MODULE, CALL, hand("a", MATMUL, device="/device:CPU:0"), inputs("add", "a:output:0", BIAS)
            ),
            "a gradient": new(
                MODULE, CALL, hand("a", MATMUL, _gradient_op_type=b"Own"), inputs("add", "a:output:0", BIAS)
            ),
            "a handle": new(
                MODULE,
                CALL,
                add("a", "Identity", ["add_readvariableop_resource"], T=RESOURCE),
                inputs("add/ReadVariableOp", "a:output:0"),
            ),
            "a branch": edited(
                TF1, new=[in_function("", hand("a", "cond/mul/Switch:1"), inputs("cond/mul", "a", "cond/mul/y"))]
            ),
            "a reference": edited(TF1, new=[in_function("", drop("total/read"), inputs("while/Enter_1", "total"))]),
            "another value": new(MODULE, CALL, hand("a", KERNEL), inputs("add", "a:output:0", BIAS)),
            "another output": new(SEVERAL, PREDICT, hand("a", "Identity:output:0"), gives("identity_1", "a:output:0")),
            "another output of the main graph": edited(
                TF1, new=[in_function("", hand("a", "while/Exit")), answers("y", "a:0")]
            ),
            "what is waited for": new(MODULE, CALL, hand("a", MATMUL), waits("a"), inputs("add", "a:output:0", BIAS)),
            "another op, too": new(
                MODULE, CALL, hand("a", MATMUL), inputs("add", "a:output:0", BIAS), op("add", "Sub")
            ),
        },
    ),
    "fn-gradient-changed": Cases(
        fires={"gone": NO_GRADIENT, "new": mirrored(NO_GRADIENT), "another": OTHER_GRADIENT},
        silent={"body": SUBTRACTED, "renumbered": pair("noise_custom_gradient")},
    ),
    "fn-attrs-changed": Cases(
        fires={"compiled": COMPILED, "not any more": mirrored(COMPILED)},
        silent={"body": SUBTRACTED, "uuid of an lstm": pair("noise_lstm_keras2")},
    ),
    "fn-added": Cases(
        fires={"dead": DEAD_COPY},
        silent={
            "called by a changed one": pair("change_layer_inserted"),
            "of a signature": pair("change_signature_added"),
            "of a callable": mirrored(pair("change_method_removed")),
            "renamed": RENAMED,
        },
    ),
    "fn-removed": Cases(
        fires={"dead": mirrored(DEAD_COPY)},
        silent={
            "called by a changed one": mirrored(pair("change_layer_inserted")),
            "dead one came": DEAD_COPY,
            "of a signature": pair("change_signature_removed"),
            "of a callable": pair("change_method_removed"),
        },
    ),
    "fn-renamed": Cases(
        fires={"by hand": RENAMED, "a layer": pair("change_layer_renamed")},
        silent={
            "numbers": pair("noise_module_ids"),
            "automatic names": pair("noise_keras2_autonames"),
            "added": DEAD_COPY,
        },
    ),
    "fn-renumbered": Cases(fires={}, silent={"numbers": pair("noise_module_ids"), "renamed": RENAMED}),
}


@pytest.mark.parametrize(("rule", "maker", "fires"), params(TABLE))
def test_case(rule: str, maker: Maker, fires: bool, tmp_path: Path) -> None:
    check_case(rule, maker, fires, tmp_path)


# What they say --------------------------------------------------------------------------------------------------------


def test_a_layer_of_keras_2_is_told_once_with_all_that_shows_it(tmp_path: Path) -> None:
    """The layer's call, the model's two traces and the whole model's inlined nodes are one change."""
    finding = one(pair("change_layer_inserted"), tmp_path, "fn-body-changed")
    assert finding.message == "The layer blocks computes something else: + the layer inserted (MatMul, Relu)."
    assert finding.reach == ("__call__", "serving_default")
    assert "the same shows in the function _wrapped_model, another trace of it" in finding.evidence


def test_a_change_inside_a_layer_of_keras_2_is_told_at_the_layer(tmp_path: Path) -> None:
    changes = [
        in_functions("hidden_layer_call_and", op("Relu", "Tanh")),
        in_function("_wrapped_model", op("functional/hidden/Relu", "Tanh")),
    ]
    finding = one(edited("keras2_functional", new=changes), tmp_path, "fn-body-changed")
    assert finding.message == "The layer hidden computes something else: - Relu, + Tanh."
    assert "serving_default" in finding.reach and "__call__" in finding.reach


def test_what_only_the_whole_model_shows_is_told_there(tmp_path: Path) -> None:
    changes = [in_function("_wrapped_model", op("functional/hidden/Relu", "Tanh"))]
    finding = one(edited("keras2_functional", new=changes), tmp_path, "fn-body-changed")
    assert finding.message == "The function _wrapped_model computes something else: - Relu, + Tanh."
    assert finding.reach == ("serving_default",)


def test_a_wrapper_that_hands_on_one_more_output_is_told_with_its_callee(tmp_path: Path) -> None:
    finding = one(pair("change_output_added"), tmp_path, "fn-body-changed")
    assert finding.message.startswith("The function predict ")
    assert "the same shows in the function signature_wrapper_predict" in finding.evidence


def test_a_wrapper_that_swaps_outputs_is_told_itself(tmp_path: Path) -> None:
    wrapper = "signature_wrapper_predict"
    swapped = [
        inputs("Identity", "StatefulPartitionedCall:output:1", "^NoOp"),
        inputs("Identity_1", "StatefulPartitionedCall:output:0", "^NoOp"),
    ]
    finding = one(new(SEVERAL, wrapper, *swapped), tmp_path, "fn-body-changed")
    assert finding.message.startswith("2 nodes of the function signature_wrapper_predict compute something else")


def test_constants_are_shown_with_old_and_new_value(tmp_path: Path) -> None:
    finding = one(pair("change_constant"), tmp_path, "fn-constants-changed")
    assert finding.message == "The constant mul/y of the function predict was 3.0, and is 4.0."
    assert (finding.old, finding.new, finding.where.node) == ("3.0", "4.0", "mul/y")
    assert finding.reach == ("serving_default", "predict")


def test_a_repeated_block_does_not_slide(tmp_path: Path) -> None:
    finding = one(pair("change_layer_inserted_keras3"), tmp_path, "fn-body-changed")
    changed = [line for line in finding.evidence if "inserted" not in line]
    assert changed == ["6 other nodes compute on what changed"]
    assert finding.new == "MatMul, ReadVariableOp, Relu"


def test_what_nothing_runs_is_a_note(tmp_path: Path) -> None:
    body = one(new(DEAD, "deader", op("mul", "AddV2")), tmp_path / "a", "fn-body-changed")
    assert body.severities == NOTES
    row = one(DEAD_COPY, tmp_path / "b", "fn-added")
    assert row.message == "A new function that nothing runs: forgotten (6 nodes)."
    gone = one(mirrored(DEAD_COPY), tmp_path / "c", "fn-removed")
    assert gone.message == "Gone: a function that nothing runs: forgotten (6 nodes)."


def test_what_no_signature_runs_does_not_concern_serving(tmp_path: Path) -> None:
    old = TESTDATA / "pairs" / "change_method_removed" / "old"
    maker = changed(lambda folder: (old, old), new=[in_function("__inference_embed_", op("Relu", "Tanh"))])
    finding = one(maker, tmp_path, "fn-body-changed")
    assert finding.reach == ("embed",)
    assert finding.severities == Severities(None, "warning", "warning", "warning")


def test_order_without_effects_is_a_note(tmp_path: Path) -> None:
    assert one(ORDERED, tmp_path / "a", "fn-order-changed").severities == NOTES
    state = one(TABLE["fn-order-changed"].fires["state"], tmp_path / "b", "fn-order-changed")
    assert state.severities.serving == "warning"
    assert state.evidence[-1] == "ReadVariableOp (ReadVariableOp): after AssignAddVariableOp → after nothing"


def test_a_gradient_says_what_it_was(tmp_path: Path) -> None:
    finding = one(NO_GRADIENT, tmp_path, "fn-gradient-changed")
    assert (finding.old, finding.new) == ("gradient internal_grad_fn", "no custom gradient")
    assert finding.severities == Severities(None, "warning", "warning", None)


def test_functions_of_a_renamed_layer_are_one_finding(tmp_path: Path) -> None:
    finding = one(pair("change_layer_renamed"), tmp_path, "fn-renamed")
    assert finding.message == (
        "The function probs_layer_call_and_return_conditional_losses is called "
        "scores_layer_call_and_return_conditional_losses now, and 2 more of its layer likewise."
    )


def test_a_declared_number_is_told(tmp_path: Path) -> None:
    sides = edited(SEVERAL, new=[rename_function("__inference_embed_", "__inference_embed_999")])(tmp_path)
    assert rules_of(TABLE, report(sides).findings) == []
    told = report(sides, renames=["function:__inference_embed_257=__inference_embed_999"]).findings
    (finding,) = rules_of(TABLE, told)
    assert (finding.rule, finding.severities) == ("fn-renumbered", Severities(python="note"))


def test_of_a_graph_that_was_read_in_part_nothing_is_claimed(tmp_path: Path) -> None:
    old, path = SUBTRACTED(tmp_path)
    file = path / "saved_model.pb"
    file.write_bytes(file.read_bytes()[:-40])
    assert rules_of(TABLE, report((old, path)).findings) == []


def test_nodes_of_any_order_and_functions_of_any_order_are_the_same(tmp_path: Path) -> None:
    def shuffled(message: object) -> None:
        library = graph(message).library.function
        bodies = [type(library[0])() for _ in library]
        for copy, body in zip(bodies, reversed(library), strict=True):
            copy.CopyFrom(body)
            nodes = [type(body.node_def[0])() for _ in body.node_def]
            for node_copy, original in zip(nodes, reversed(body.node_def), strict=True):
                node_copy.CopyFrom(original)
            del copy.node_def[:]
            copy.node_def.extend(nodes)
        del library[:]
        library.extend(bodies)

    for name in (MODULE, SEVERAL, "keras2_functional", "tables_and_assets"):
        assert rules_of(TABLE, every(edited(name, new=[shuffled]), tmp_path / name)) == []


def test_exchanged_variables_of_a_call_are_told(tmp_path: Path) -> None:
    """Nothing but the order in which the main graph hands its variables to the signature's function."""

    def exchange(message: Any) -> None:
        call = next(node for node in graph(message).node if node.name == "StatefulPartitionedCall")
        handed = list(call.input)
        call.input[:] = [*handed[:-2], handed[-1], handed[-2]]

    answer = report(edited(MODULE, new=[exchange])(tmp_path))
    assert answer.verdict == "behaviour" and answer.hashes.program.equal is False
    assert any(finding.rule == "fn-body-changed" for finding in answer.findings)


def test_values_handed_on_are_told_instead_of_a_body(tmp_path: Path) -> None:
    """What silences one rule fires the other; a body is never passed over."""
    for number, maker in enumerate(TABLE["fn-pass-through-changed"].fires.values()):
        finding = one(maker, tmp_path / f"f{number}", "fn-pass-through-changed")
        assert finding.severities == NOTES and "Identity" in finding.message
    rules = ("fn-body-changed", "fn-gradient-changed", "sig-output-dtype-changed")
    for name, maker in TABLE["fn-pass-through-changed"].silent.items():
        assert {f.rule for f in every(maker, tmp_path / name)}.intersection(rules), name


def test_a_model_that_hands_values_on_has_another_program_and_computes_the_same(tmp_path: Path) -> None:
    answer = report(HANDED_ON(tmp_path))
    assert (answer.hashes.program.equal, answer.verdict) == (False, "metadata")
