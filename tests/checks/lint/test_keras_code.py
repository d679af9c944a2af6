"""Rules about what Keras configurations bring along."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from smanalyze.format.schema import message_class
from tests.checks.helpers import TESTDATA, Cases, Maker, check_case, found, good, one, params, with_files

CODE = TESTDATA / "weights" / "keras_code"
HONEST = TESTDATA / "weights" / "keras_code_honest"


def loose(path: Path) -> Maker:
    """A harmless model with one Keras file beside its graph."""
    return with_files(good("module_one_signature"), {path.name: path.read_bytes()})


def named_function(folder: Path) -> Path:
    """A Lambda that names a function, as Keras saves one that is no lambda expression."""
    source = good("keras2_custom_layer_lambda")(folder)
    message: Any = message_class("keras.SavedMetadata").FromString((source / "keras_metadata.pb").read_bytes())
    for item in message.nodes:
        item.metadata = item.metadata.replace('"__lambda__"', '"other"').replace(
            '"function_type": "lambda"', '"function_type": "function"'
        )
    files: dict[str, bytes | None] = {"keras_metadata.pb": message.SerializeToString()}
    return with_files(good("keras2_custom_layer_lambda"), files)(folder)


TABLE = {
    "lambda-layer": Cases(
        {
            "lambda": good("keras2_custom_layer_lambda"),
            "archive": loose(CODE / "lambda.keras"),
            "value": loose(CODE / "value.keras"),
            "hdf5": loose(CODE / "lambda.h5"),
            "yaml": loose(CODE / "lambda.yaml"),
        },
        {
            "none": good("keras2_functional"),
            "named_function": named_function,
            "keras3": good("keras3_export"),
            "honest": loose(HONEST / "custom.keras"),
        },
    ),
    "lambda-names-function": Cases(
        {"keras3": loose(HONEST / "custom.keras"), "legacy": loose(HONEST / "legacy.h5")},
        {"bytecode": good("keras2_custom_layer_lambda"), "foreign": loose(CODE / "foreign.keras")},
    ),
    "keras-foreign-module": Cases(
        {
            "archive": loose(CODE / "foreign.keras"),
            "training": loose(CODE / "lambda.h5"),
            "tag": loose(CODE / "tag.yaml"),
        },
        {"honest": loose(HONEST / "custom.keras"), "keras2": good("keras2_custom_layer_lambda")},
    ),
    "keras-gadget": Cases(
        {
            "archive": loose(CODE / "gadget.keras"),
            "numbers": loose(CODE / "spelled.keras"),
            "utf16": loose(CODE / "utf16.keras"),
            "ops": loose(CODE / "graph.json"),
        },
        {"honest": loose(HONEST / "custom.keras"), "legacy": loose(HONEST / "legacy.h5")},
    ),
    "keras-outside-path": Cases(
        {"vocabulary": loose(CODE / "vocabulary.keras")},
        {"inside": loose(HONEST / "legacy.h5"), "list": loose(HONEST / "custom.keras")},
    ),
    "keras-custom-class": Cases(
        {"archive": loose(HONEST / "custom.keras"), "legacy": loose(HONEST / "legacy.h5")},
        {"told_elsewhere": good("keras2_custom_layer_lambda"), "none": loose(CODE / "lambda.keras")},
    ),
    "keras-config-unread": Cases(
        {"broken": loose(CODE / "broken.keras"), "deep": loose(CODE / "deep.keras")},
        {"numbers": loose(CODE / "spelled.keras"), "none": good("keras2_functional")},
    ),
}


@pytest.mark.parametrize(("rule", "maker", "fires"), params(TABLE))
def test_case(rule: str, maker: Maker, fires: bool, tmp_path: Path) -> None:
    check_case(rule, maker, fires, tmp_path)


def test_the_layer_and_its_field_are_named(tmp_path: Path) -> None:
    finding = one(good("keras2_custom_layer_lambda"), tmp_path, "lambda-layer")
    assert finding.message == "1 Lambda layer carries bytecode: double."
    assert finding.evidence[0].endswith("Lambda double → config.function")
    assert (finding.where.file, finding.severity) == ("keras_metadata.pb", "warning")


def test_names_that_no_tensor_needs_make_bytecode_an_error(tmp_path: Path) -> None:
    first, *others = found(loose(CODE / "lambda.h5"), tmp_path, "lambda-layer")
    assert first.message == "2 Lambda layers carry bytecode: double, twin; it names system."
    assert first.severity == "error" and {other.severity for other in others} == {"warning"}


def test_what_gadgets_do_decides_their_severity(tmp_path: Path) -> None:
    hits = found(loose(CODE / "gadget.keras"), tmp_path, "keras-gadget")
    words = {
        finding.message.split(" reaches ")[1].split(",")[0].rpartition(".")[2]: finding.severity for finding in hits
    }
    assert words == {"enable_unsafe_deserialization": "error", "get_file": "error", "load_model": "error",
                     "TorchModuleWrapper": "error", "TFSMLayer": "warning", "plot_model": "error", "load_data": "error",
                     "VGG16": "error", "enable_interactive_logging": "warning"}  # fmt: skip
    assert any("(given 'made.up', 'https://example.com/made.up')" in finding.message for finding in hits)


def test_where_secrets_lie_a_path_is_an_error(tmp_path: Path) -> None:
    hits = found(loose(CODE / "vocabulary.keras"), tmp_path, "keras-outside-path")
    assert {finding.message.split(" ")[1]: finding.severity for finding in hits} == {
        "words": "error", "address": "error", "up": "warning", "elsewhere": "warning",
    }  # fmt: skip


def test_honest_files_give_notes_alone(tmp_path: Path) -> None:
    for path in HONEST.iterdir():
        model = with_files(good("keras2_functional"), {f"assets/{path.name}": path.read_bytes()})
        for rule in TABLE:
            assert {finding.severity for finding in found(model, tmp_path / path.name / rule, rule)} <= {"note"}
