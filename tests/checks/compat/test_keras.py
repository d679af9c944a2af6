"""What Keras needs to make a model of it again: an endpoint, metadata, layers, classes, code, the optimizer's state."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from smanalyze.format.small_files import parse_keras_metadata
from tests.checks.compat.helpers import (
    Cases,
    Maker,
    Sides,
    changed,
    check_case,
    edited,
    every,
    mirrored,
    one,
    pair,
    params,
    report,
    same,
    with_files,
)
from tests.checks.compat.python_edits import (
    Said,
    drop_child,
    entry,
    many,
    name_child,
    objects,
    setting,
    with_metadata,
)
from tests.checks.helpers import Change

FILE = "keras_metadata.pb"
KERAS2, KERAS3, CUSTOM = same("keras2_functional"), same("keras3_export"), same("keras2_custom_layer_lambda")
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 12345\n"

LAMBDA = pair("change_keras2_lambda_added")
CODE = {"class_name": "__tuple__", "items": ["4wEAAAA=", None, None]}


def said(*changes: Any, base: Maker = KERAS2) -> Maker:
    """The new side's metadata after some changes."""
    return with_metadata(base, many(*changes))


def no_serve(message: Any, *, function: bool = True) -> None:
    """`serve` is no signature any more, and no function."""
    del message.meta_graphs[0].signature_def["serve"]
    drop_child("signatures", "serve")(message)
    if function:
        drop_child("serve")(message)


def only_function(message: Any) -> None:
    no_serve(message, function=False)


def no_objects(message: Any) -> None:
    message.meta_graphs[0].ClearField("object_graph_def")


def in_objects(folder: Path) -> Sides:
    """The new side keeps its metadata in the objects, as TensorFlow 2.0 to 2.4 did."""
    nodes = parse_keras_metadata((KERAS2(folder)[1] / FILE).read_bytes(), file=FILE)

    def change(message: Any) -> None:
        for node in nodes:
            objects(message).nodes[node.object_id].user_object.metadata = node.metadata

    return with_files(changed(KERAS2, new=[change]), new={FILE: None})(folder)


def broken(folder: Path) -> Sides:
    """A description of the new side is no JSON."""

    def change(message: Any) -> None:
        objects(message).nodes[0].user_object.metadata = "{"

    return with_files(changed(KERAS2, new=[change]), new={FILE: None})(folder)


def nested(folder: Path) -> Sides:
    """Both sides keep a description in the objects that nests deeper than Python goes, the new one deeper."""

    def metadata(text: str) -> Change:
        return lambda message: setattr(objects(message).nodes[0].user_object, "metadata", text)

    sides = changed(KERAS2, old=[metadata("[" * 50_000)], new=[metadata("[" * 100_000)])
    return with_files(sides, old={FILE: None}, new={FILE: None})(folder)


def lambda_code(**settings: Any) -> Maker:
    """The Lambda of the model with other settings."""
    return said(setting("double", **settings), base=CUSTOM)


def shared_ids(found: dict[str, Said]) -> None:
    """What a process or a release writes around the settings, in every layer."""
    for text in found.values():
        text["config"]["build_config"] = {"input_shape": [None, 9]}
        for value in text["config"].values():
            if isinstance(value, dict) and "class_name" in value:
                value["shared_object_id"] = 99
                value["module"], value["registered_name"] = "keras.initializers", None


NO_FILE = with_files(KERAS2, new={FILE: None})
DROPPED = pair("change_optimizer_dropped")
EDITED_CODE = lambda_code(function=CODE)

TABLE = {
    "keras-endpoint-removed": Cases(
        fires={"function and signature": edited("keras3_export", new=[no_serve])},
        silent={
            "the function is left": edited("keras3_export", new=[only_function]),
            "it never was": pair("change_method_removed"),
            "new": pair("change_keras2_to_keras3"),
        },
    ),
    "keras-endpoint-added": Cases(
        fires={
            "from Keras 2": pair("change_keras2_to_keras3"),
            "both": mirrored(edited("keras3_export", new=[no_serve])),
        },
        silent={"the signature comes": mirrored(edited("keras3_export", new=[only_function])), "same": KERAS3},
    ),
    "keras-metadata-removed": Cases(
        fires={"the file": NO_FILE, "to Keras 3": pair("change_keras2_to_keras3")},
        silent={
            "not fetched": with_files(KERAS2, new={FILE: POINTER}),
            "not readable": with_files(KERAS2, new={FILE: b"\xff\xff\xff"}),
            "in the objects": in_objects,
            "no JSON": broken,
            "the object graph is gone": with_files(changed(KERAS2, new=[no_objects]), new={FILE: None}),
        },
    ),
    "keras-metadata-added": Cases(
        fires={"the file": mirrored(NO_FILE)},
        silent={"was not fetched": with_files(KERAS2, old={FILE: POINTER}), "in the objects": mirrored(in_objects)},
    ),
    "keras-layer-config-changed": Cases(
        fires={
            "a setting": said(setting("hidden", activation="gelu")),
            "a class": said(entry("hidden", class_name="SeparableConv2D")),
            "one that is new": said(setting("hidden", extra=3)),
            "a nested one": said(setting("hidden", kernel_initializer={"class_name": "Zeros", "config": {}})),
        },
        silent={
            "what surrounds settings": said(shared_ids),
            "where one stands alone, and is null": said(setting("hidden", extra=None)),
            "one layer more": pair("change_layer_inserted"),
            "another name": pair("change_layer_renamed"),
            "a tuple is a list": said(setting("norm", axis={"class_name": "__tuple__", "items": [1]})),
            "trainable, which its variables say": said(setting("hidden", trainable=False)),
            "no metadata": NO_FILE,
        },
    ),
    "keras-layer-removed": Cases(
        fires={"one of six": mirrored(pair("change_layer_inserted"))},
        silent={
            "another name": pair("change_layer_renamed"),
            "a Lambda, which is told": mirrored(LAMBDA),
            "no metadata": NO_FILE,
        },
    ),
    "keras-layer-added": Cases(
        fires={"one of six": pair("change_layer_inserted")},
        silent={"a Lambda, which is told": LAMBDA, "no metadata before": mirrored(NO_FILE)},
    ),
    "keras-layer-renamed": Cases(
        fires={"the last": pair("change_layer_renamed")},
        silent={"a counter": pair("noise_keras2_autonames"), "one more": pair("change_layer_inserted")},
    ),
    "keras-custom-object-added": Cases(
        fires={"a class": said(entry("hidden", class_name="Own>Conv"))},
        silent={
            "one of Keras": said(entry("hidden", class_name="Conv3D")),
            "it was there": CUSTOM,
            "no metadata before": mirrored(with_files(CUSTOM, new={FILE: None})),
        },
    ),
    "keras-custom-object-removed": Cases(
        fires={"a class": mirrored(said(entry("hidden", class_name="Own>Conv")))},
        silent={"it is there": CUSTOM, "no metadata": with_files(CUSTOM, new={FILE: None})},
    ),
    "keras-lambda-added": Cases(
        fires={
            "a layer": LAMBDA,
            "there was no metadata": mirrored(with_files(CUSTOM, new={FILE: None})),
            "inside a wrapper": said(setting("hidden", layer={"class_name": "Lambda", "config": {
                "name": "inner", "function": CODE, "function_type": "lambda"}})),
            "a serialised function": said(setting("hidden", activation={"class_name": "__lambda__", "config": {
                "value": "4wEAAAA="}})),
        },
        silent={
            "it was there": CUSTOM,
            "gone": mirrored(LAMBDA),
            "was not fetched": with_files(CUSTOM, old={FILE: POINTER}),
        },
    ),
    "keras-lambda-changed": Cases(
        fires={"code": EDITED_CODE, "its output shape": lambda_code(output_shape=CODE, output_shape_type="lambda")},
        silent={"the same": CUSTOM, "new": LAMBDA, "its module": lambda_code(module="elsewhere")},
    ),
    "keras-lambda-removed": Cases(
        fires={"a layer": mirrored(LAMBDA)},
        silent={"it is there": CUSTOM, "no metadata": with_files(CUSTOM, new={FILE: None})},
    ),
    "keras-optimizer-state-removed": Cases(
        fires={"saved without": DROPPED},
        silent={"saved with": pair("noise_optimizer"), "never there": pair("change_layer_inserted"),
                "the object graph is gone": changed(DROPPED, new=[no_objects])},
    ),
    "keras-optimizer-state-added": Cases(
        fires={"saved with": mirrored(DROPPED)},
        silent={"it was there": pair("noise_optimizer"), "gone": DROPPED},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("rule", "maker", "fires"), params(TABLE))
def test_rule_fires_where_it_should(rule: str, maker: Maker, fires: bool, tmp_path: Path) -> None:
    check_case(rule, maker, fires, tmp_path)


EXPECTED = {
    "change_keras2_lambda_added": {"keras-lambda-added"},
    "change_layer_inserted": {"keras-layer-added"},
    "change_layer_renamed": {"keras-layer-renamed"},
    "change_optimizer_dropped": {"keras-optimizer-state-removed"},
    "change_keras2_to_keras3": {"api-callable-removed", "keras-endpoint-added", "keras-metadata-removed"},
    "change_layer_inserted_keras3": set(),
    "change_relu_to_gelu": set(),
    "change_argument_default": {"api-arg-default-changed"},
    "change_method_removed": {"api-callable-removed"},
}


@pytest.mark.parametrize("name", EXPECTED)
def test_real_changes_are_told_once(name: str, tmp_path: Path) -> None:
    findings = [found.rule for found in every(pair(name), tmp_path) if found.area == "python"]
    assert sorted(findings) == sorted(EXPECTED[name])


def test_new_code_is_an_error_for_security(tmp_path: Path) -> None:
    finding = one(LAMBDA, tmp_path, "keras-lambda-added")
    assert finding.severities.security == "error" and finding.severities.keras == "warning"
    assert one(EDITED_CODE, tmp_path, "keras-lambda-changed").severities.security == "error"


def test_a_lambda_that_names_a_function_is_a_warning(tmp_path: Path) -> None:
    named = said(setting("hidden", layer={"class_name": "Lambda", "config": {
        "name": "inner", "function": "double", "function_type": "function"}}))  # fmt: skip
    assert one(named, tmp_path, "keras-lambda-added").severities.security == "warning"


def test_code_that_only_the_model_repeats_otherwise_is_seen(tmp_path: Path) -> None:
    """The configuration of the model holds those of its layers once more: what stands there counts, too."""

    def change(found: dict[str, Said]) -> None:
        for layer in next(iter(found.values()))["config"]["layers"]:
            if layer["class_name"] == "Lambda":
                layer["config"]["function"] = CODE

    assert one(with_metadata(CUSTOM, change), tmp_path, "keras-lambda-changed")


def test_code_under_escaped_letters_is_seen(tmp_path: Path) -> None:
    """JSON may spell every letter of "Lambda" as a number."""
    escaped = "".join(f"\\u{ord(letter):04x}" for letter in "Lambda")

    def change(message: Any) -> None:
        for held in objects(message).nodes:
            text = held.user_object.metadata
            if text:
                held.user_object.metadata = text.replace('"class_name": "Concatenate"', f'"class_name": "{escaped}"')

    assert one(changed(in_objects, new=[change]), tmp_path, "keras-lambda-added")


def test_a_function_that_is_gone_is_an_error_for_python(tmp_path: Path) -> None:
    gone = edited("keras3_export", new=[no_serve])
    findings = [found for found in every(gone, tmp_path) if found.area == "python"]
    assert [found.rule for found in findings] == ["keras-endpoint-removed"]
    assert findings[0].severities.python == "error"


def test_layers_with_one_change_are_one_finding(tmp_path: Path) -> None:
    wider = said(setting("hidden", dtype="float16"), setting("score", dtype="float16"))
    finding = one(wider, tmp_path, "keras-layer-config-changed")
    assert finding.evidence == ("hidden", "score")
    assert (finding.old, finding.new) == ('dtype "float32"', 'dtype "float16"')


def test_a_layer_with_a_name_is_an_object(tmp_path: Path) -> None:
    """Where an attribute of the model is gone, its layer is not told once more."""
    base = changed(KERAS2, old=[name_child("encoder", "layer-1", keep=True)])
    rules = [found.rule for found in every(base, tmp_path) if found.area == "python"]
    assert rules == ["api-object-path-removed"]


def test_a_description_that_nests_too_deep_is_compared_as_text(tmp_path: Path) -> None:
    assert report(nested(tmp_path)).verdict != "identical"
