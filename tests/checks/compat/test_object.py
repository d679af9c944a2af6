"""Objects of the loaded model: attributes, tables and assets that Python reaches by their paths."""

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
)
from tests.checks.compat.python_edits import add_object, at, drop_child, edit, name_child
from tests.checks.helpers import Change

TABLES, NESTED, KERAS = "tables_and_assets", "module_no_signature", "keras2_functional"


def gone(model: str, *steps: str) -> Maker:
    return edited(model, new=[drop_child(*steps)])


def other_class(name: str) -> Change:
    """Another name that the object is registered under."""
    return edit("scale", registered_name=name)


def no_objects(message: Any) -> None:
    message.meta_graphs[0].ClearField("object_graph_def")


def no_places(message: Any) -> None:
    """The object is reached through a list alone."""
    add_object("items", 'user_object { identifier: "trackable_list_wrapper" version { producer: 1 } }')(message)
    node = next(child.node_id for child in at(message).children if child.local_name == "scale")
    at(message, "items").children.add(local_name="0", node_id=node)
    drop_child("scale")(message)


HOLDER = 'user_object { identifier: "_generic_user_object" version { producer: 1 } }'
LISTED = changed(edited(NESTED), old=[no_places], new=[no_places, drop_child("items", "0")])
LAYERS = edited(KERAS, new=[name_child("encoder", "layer-1", keep=True)])

TABLE = {
    "api-object-path-removed": Cases(
        fires={
            "an asset": gone(TABLES, "greeting"),
            "a table": gone(TABLES, "buckets"),
            "what has functions": gone(NESTED, "scale"),
            "a place in a list": LISTED,
            "a layer with a name": mirrored(LAYERS),
        },
        silent={
            "it has another name": edited(TABLES, new=[name_child("lookup", "ids")]),
            "a function": pair("change_method_removed"),
            "a variable": gone("module_one_signature", "kernel"),
            "an empty holder": edited(TABLES, old=[add_object("spare", HOLDER)]),
            "places that Keras counts": mirrored(pair("change_layer_inserted")),
            "the optimizer": pair("change_optimizer_dropped"),
            "the object graph is gone": edited(TABLES, new=[no_objects]),
        },
    ),
    "api-object-path-added": Cases(
        fires={"an asset": mirrored(gone(TABLES, "greeting")), "a layer with a name": LAYERS},
        silent={
            "gone": gone(TABLES, "greeting"),
            "places that Keras counts": pair("change_layer_inserted"),
            "the old has no objects": edited(TABLES, old=[no_objects]),
        },
    ),
    "api-object-moved": Cases(
        fires={
            "a table": edited(TABLES, new=[name_child("lookup", "ids")]),
            "what has functions": edited(NESTED, new=[name_child("factor", "scale")]),
        },
        silent={
            "gone": gone(TABLES, "ids"),
            "a second name": edited(TABLES, new=[name_child("lookup", "ids", keep=True)]),
            "an asset, which may be another one": edited(TABLES, new=[name_child("hello", "greeting")]),
        },
    ),
    "api-object-class-changed": Cases(
        fires={
            "another class": edited(NESTED, new=[other_class("Own>Scale")]),
            "another identifier": edited(NESTED, new=[edit("scale", identifier="optimizer")]),
            "a newer class only": edited(NESTED, new=[edit("scale", min_consumer=2)]),
            "not for one version": edited(NESTED, new=[edit("scale", bad_consumer=3)]),
            "a Keras layer for newer loaders": edited(KERAS, new=[edit(min_consumer=2)]),
            "the class is gone": edited(NESTED, old=[other_class("Own>Scale")]),
        },
        silent={
            "names of TensorFlow itself": edited(TABLES, new=[edit("buckets", registered_name="tf.StaticHashTable")]),
            "told by the metadata of Keras": pair("change_keras2_to_keras3"),
            "told by a layer": edited(KERAS, new=[edit(identifier="_tf_keras_model")]),
            "a list that became a tuple": changed(
                edited(NESTED), old=[no_places], new=[no_places, edit("items", identifier="trackable_tuple_wrapper")]
            ),
            "the object graph is gone": edited(NESTED, new=[no_objects]),
        },
    ),
}


@pytest.mark.parametrize(("rule", "maker", "fires"), params(TABLE))
def test_rule_fires_where_it_should(rule: str, maker: Maker, fires: bool, tmp_path: Path) -> None:
    check_case(rule, maker, fires, tmp_path)


@pytest.mark.parametrize("maker", [gone(NESTED, "scale"), mirrored(gone(NESTED, "scale"))], ids=["gone", "new"])
def test_a_tree_is_told_at_its_top(maker: Maker, tmp_path: Path) -> None:
    """Neither its functions nor the objects below it are findings of their own."""
    (finding,) = [found for found in every(maker, tmp_path) if found.area == "python"]
    assert finding.where.object_path == "scale"
    assert [line[2:] for line in finding.evidence] == ["scale.times"]


def test_functions_make_it_an_error(tmp_path: Path) -> None:
    assert one(gone(NESTED, "scale"), tmp_path / "a", "api-object-path-removed").severities.python == "error"
    assert one(gone(TABLES, "buckets"), tmp_path / "b", "api-object-path-removed").severities.python == "warning"


def test_a_layer_inside_keras_is_a_warning(tmp_path: Path) -> None:
    assert one(mirrored(LAYERS), tmp_path, "api-object-path-removed").severities.python == "warning"


def test_one_class_is_one_finding(tmp_path: Path) -> None:
    several = [edit("buckets", registered_name="Own>T"), edit("prices", registered_name="Own>T")]
    finding = one(edited(TABLES, new=several), tmp_path, "api-object-class-changed")
    assert finding.evidence == ("buckets", "prices")
