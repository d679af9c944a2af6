"""Values that somebody gives: the forms of files, and what is said of those that do not fit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import smanalyze
from smanalyze.errors import UsageError
from smanalyze.inputs.given import array_of, json_given
from smanalyze.inputs.records import SignatureInputs
from tests.models import model_of

ONE = "module_one_signature"
X = [[1.0, 2.0], [3.0, 4.0]]


def planned(given: Path, name: str = ONE, **more: Any) -> tuple[SignatureInputs, ...]:
    return smanalyze.plan_inputs(model_of(name), given=str(given), **more)


def refused(given: Path, name: str = ONE, **more: Any) -> str:
    with pytest.raises(UsageError) as error:
        planned(given, name, **more)
    assert error.value.file == str(given)
    return error.value.message


def input_of(name: str) -> tuple[str, tuple[int | None, ...]]:
    (info,) = model_of(name).meta_graphs[0].signatures[0].inputs
    assert info.shape is not None
    return info.name, info.shape


FORMS = [
    lambda name: {name: X},
    lambda name: {"inputs": {name: X}},
    lambda name: {"signature_name": "serving_default", "inputs": {name: X}},
    lambda name: {"instances": [{name: X[0]}, {name: X[1]}]},
    lambda name: {"instances": X},
    lambda name: {"inputs": X},
    lambda name: X,
    lambda name: {"serving_default": {name: X}},
    lambda name: {"signatures": {"serving_default": {name: X}}},
    lambda name: {"columns": [name], "data": [[X[0]], [X[1]]]},
    lambda name: {"dataframe_split": {"columns": [name], "data": [[X[0]], [X[1]]]}},
    lambda name: {"dataframe_records": [{name: X[0]}, {name: X[1]}]},
    lambda name: {
        "modelSpec": {"name": "m", "signatureName": "serving_default"},
        "inputs": {name: {"dtype": "DT_FLOAT", "tensorShape": {"dim": [{"size": "2"}, {"size": "2"}]},
                          "floatVal": [1, 2, 3, 4]}},
    },
]  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_forms_of_json(form: Any, tmp_path: Path) -> None:
    name = "warmup"
    key, _ = input_of(name)
    file = tmp_path / "given.json"
    file.write_text(json.dumps(form(key)))
    (one,) = planned(file, name)
    (trial,) = one.trials
    assert one.source == "file"
    assert trial.feeds[0].array.dtype == np.float32
    assert trial.feeds[0].array.tolist() == X
    assert trial.with_batch(3).feeds[0].array.tolist() == [*X, X[0]]


def test_arrays(tmp_path: Path) -> None:
    np.savez(tmp_path / "given.npz", x=np.array(X, np.float32))
    (one,) = planned(tmp_path / "given.npz", "warmup")
    assert [trial.feeds[0].array.tolist() for trial in one.trials] == [X]


def test_what_does_not_fit(tmp_path: Path) -> None:
    file = tmp_path / "given.npz"

    def said(**arrays: Any) -> str:
        np.savez(file, **arrays)
        return refused(file, "warmup", signatures=("serving_default",))

    assert said(y=np.ones(1)) == "Signature 'serving_default': 'y' is no input and 'x' is missing. Its inputs: x."
    assert "it holds float64 where float32 is declared" in said(x=np.ones((2, 2)))
    assert "the shape [2, 3] does not fit the declared [?, 2]" in said(x=np.ones((2, 3), np.float32))
    assert "it holds <U1 where float32" in said(x=np.array(["a"]))


def test_files_that_hold_nothing(tmp_path: Path) -> None:
    file = tmp_path / "given.json"
    assert "cannot be read" in refused(file)
    file.write_text("{")
    assert "neither .npz nor JSON" in refused(file)
    file.write_text('{"nothing": [1]}')
    assert "'nothing' is no input" in refused(file)
    file.write_text('{"signature_name": "other", "inputs": {"x": [1]}}')
    assert refused(file, "warmup") == "There is no signature 'other'. Signatures: serving_default."
    np.savez(tmp_path / "given.npz", x=np.array([object()], dtype=object), allow_pickle=True)
    assert "something other than arrays" in refused(tmp_path / "given.npz")


def test_of_several_signatures_those_that_fit(tmp_path: Path) -> None:
    file = tmp_path / "given.json"
    file.write_text(json.dumps({"lines": ["1,2,3,4"]}))
    sources = {one.key: one.source for one in planned(file, "module_several_signatures")}
    assert sources == {"embed": "synthesized", "parse": "file", "serving_default": "synthesized"}
    file.write_text(json.dumps({"none": [1]}))
    assert "Inputs by signature: embed: features; parse: lines" in refused(file, "module_several_signatures")


def test_an_input_with_a_default_may_be_left_out(tmp_path: Path) -> None:
    file = tmp_path / "given.json"
    file.write_text(json.dumps({"features": [[1.0, 2.0, 3.0, 4.0]]}))
    (one,) = planned(file, "module_several_signatures", signatures=("serving_default",))
    (trial,) = one.trials
    assert {feed.keyword: feed.array.tolist() for feed in trial.feeds}["temperature"] == 1.0


@pytest.mark.parametrize(
    ("value", "dtype", "found"),
    [
        (["a", {"b64": "/w=="}], "string", [b"a", b"\xff"]),
        ([1, 2], "float32", [1.0, 2.0]),
        ([1.0, 2.0], "int64", [1, 2]),
        ([True], "bool", [True]),
        ([1.5], "bfloat16", [1.5]),
    ],
)
def test_values_of_json(value: Any, dtype: str, found: Any) -> None:
    assert array_of(value, dtype).tolist() == found


@pytest.mark.parametrize(
    ("value", "dtype"),
    [([1.5], "int32"), ([300], "uint8"), ([1], "bool"), ([True], "int32"), (["a"], "float32"), ([1], "string"),
     ([["a"], ["a", "b"]], "string"), ([[1], [1, 2]], "float32"), ([{"b64": 7}], "string")],
)  # fmt: skip
def test_values_of_another_kind(value: Any, dtype: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        array_of(value, dtype)


def test_json_that_is_no_request() -> None:
    assert json_given(b"3") == {"": {"": 3}}
    with pytest.raises(ValueError, match=r"."):
        json_given(b"nothing")
