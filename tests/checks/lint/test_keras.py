"""Rules about Keras 2's metadata."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from smanalyze.format.schema import message_class
from tests.checks.helpers import Cases, Maker, broken, check_case, good, one, params, with_files


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
        {"lambda": good("keras2_custom_layer_lambda")},
        {"none": good("keras2_functional"), "named_function": named_function, "keras3": good("keras3_export")},
    ),
    "broken-keras-metadata": Cases(
        {"quotes": broken("keras_metadata_bad_json")},
        {"json": good("keras2_functional"), "not_parsed_at_all": broken("keras_metadata_garbage")},
    ),
    "traces-not-saved": Cases(
        {"false": good("keras2_sequential_save_traces_false")},
        {"true": good("keras2_functional"), "no_keras": good("module_no_signature"), "keras3": good("keras3_export")},
    ),
}


@pytest.mark.parametrize(("rule", "maker", "fires"), params(TABLE))
def test_case(rule: str, maker: Maker, fires: bool, tmp_path: Path) -> None:
    check_case(rule, maker, fires, tmp_path)


def test_the_layer_is_named(tmp_path: Path) -> None:
    finding = one(good("keras2_custom_layer_lambda"), tmp_path, "lambda-layer")
    assert finding.evidence == ("layer double: bytecode in function",)
    assert finding.where.file == "keras_metadata.pb"
