"""What no other rule tells of the objects."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

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
    with_files,
)
from tests.checks.helpers import TESTDATA, Change

MODULE, KERAS = "module_one_signature", "keras2_functional"
METADATA = TESTDATA / "models" / KERAS / "keras_metadata.pb"


def objects(message: Any) -> Any:
    """The object graph."""
    return message.meta_graphs[0].object_graph_def


def described(argument: str) -> Change:
    """Gives the FunctionSpec of the function behind a signature an argument."""

    def change(message: Any) -> None:
        graph = objects(message)
        for node in graph.nodes:
            if "signature_wrapper" in node.bare_concrete_function.concrete_function_name:
                spec = node.bare_concrete_function.function_spec
                spec.fullargspec.named_tuple_value.name = "FullArgSpec"
                spec.input_signature.none_value.SetInParent()
                spec.fullargspec.named_tuple_value.values.add(
                    key="args"
                ).value.list_value.values.add().string_value = argument

    return change


def listed(message: Any) -> None:
    """Lists the variables in a collection of TensorFlow 1 once more."""
    graph = message.meta_graphs[0]
    graph.collection_def["model_variables"].bytes_list.value.extend(graph.collection_def["variables"].bytes_list.value)


SPEC = edited(MODULE, new=[described("inputs")])
RELEASE = with_files(
    same(KERAS),
    new={"keras_metadata.pb": METADATA.read_bytes().replace(b'"keras_version": "2', b'"keras_version": "1')},
)

TABLE: dict[str, Cases] = {
    "api-description-changed": Cases(
        fires={
            "argument more": SPEC,
            "argument less": mirrored(SPEC),
            "another argument": edited(MODULE, old=[described("inputs")], new=[described("x")]),
            "release of Keras": RELEASE,
            "collection": edited("tf1_partitioned_variables", new=[listed]),
        },
        silent={
            "nothing": same(MODULE),
            "argument": pair("change_argument_default"),
            "method": pair("change_method_removed"),
            "layer": pair("change_layer_renamed"),
            "variable": pair("change_trainable"),
            "optimizer": pair("change_optimizer_dropped"),
            "weights": pair("change_weights_nudged"),
            "automatic names": pair("noise_keras2_autonames"),
        },
    ),
}


@pytest.mark.parametrize(("rule", "maker", "fires"), params(TABLE))
def test_case(rule: str, maker: Maker, fires: bool, tmp_path: Path) -> None:
    check_case(rule, maker, fires, tmp_path)


def test_it_says_what_and_where(tmp_path: Path) -> None:
    finding = one(SPEC, tmp_path / "spec", "api-description-changed")
    assert finding.where.object_path == "signatures.serving_default"
    assert finding.evidence == ("signatures.serving_default: args (none) → inputs",)
    release = one(RELEASE, tmp_path / "release", "api-description-changed")
    assert release.evidence == ("(the loaded object): keras_version 2.15.0 → 1.15.0",)
    assert report(RELEASE(tmp_path / "verdict")).verdict == "metadata"
