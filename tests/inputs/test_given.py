"""Values that somebody gives: the forms of files, and what is said of those that do not fit."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import smanalyze
from smanalyze.api.inputs_written import choose_trial, written
from smanalyze.errors import UsageError
from smanalyze.inputs.arrays import npz
from smanalyze.inputs.given import array_of
from smanalyze.inputs.given_json import json_given
from smanalyze.inputs.records import Feed, SignatureInputs, Trial
from tests.models import model_of

ONE = "module_one_signature"
X = [[1.0, 2.0], [3.0, 4.0]]


def planned(file: Path, name: str = ONE, **more: Any) -> tuple[SignatureInputs, ...]:
    return smanalyze.plan_inputs(model_of(name), given=str(file), **more)


def refused(file: Path, name: str = ONE, **more: Any) -> str:
    with pytest.raises(UsageError) as error:
        planned(file, name, **more)
    assert error.value.file == str(file)
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
    assert "neither .npz nor JSON: Expecting" in refused(file)
    file.write_text('{"nothing": [1]}')
    assert "'nothing' is no input" in refused(file)
    file.write_text('{"signature_name": "other", "inputs": {"x": [1]}}')
    assert refused(file, "warmup") == "There is no signature 'other'. Signatures: serving_default."
    np.savez(tmp_path / "given.npz", x=np.array([object()], dtype=object), allow_pickle=True)
    assert "holds as 'x.npy' is no array" in refused(tmp_path / "given.npz")


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


@pytest.mark.parametrize("ending", ["npz", "json"])
def test_of_several_signatures_in_a_file_one_is_chosen(ending: str, tmp_path: Path) -> None:
    name = "module_several_signatures"
    plans = smanalyze.plan_inputs(model_of(name))
    content = written(model_of(name), plans, [choose_trial(one) for one in plans], ending)
    file = tmp_path / f"given.{ending}"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    (one,) = planned(file, name, signatures=("embed",))
    assert (one.key, one.source) == ("embed", "file")
    file = tmp_path / "other.json"
    file.write_text(json.dumps({"signatures": {"parse": {"lines": ["1,2,3,4"]}}}))
    assert refused(file, name, signatures=("embed",)) == "The file has values for 'parse', and none for 'embed'."
    file.write_text('{"signatures": {}}')
    assert refused(file, name, signatures=("embed",)) == "The file has values for no signature, and none for 'embed'."


DEEP = "[" * 900 + "]" * 900
PROTO = {"dtype": "DT_FLOAT", "tensorShape": {"dim": [{"size": "2"}, {"size": "2"}]}, "floatVal": [1, 2, 3, 4]}
BAD_JSON = [
    (None, "it holds null where float32"),
    ([None], "it holds null where float32"),
    ({"x": [[None, 1]]}, "it holds null where float32"),
    ([[{}]], "it holds an object where float32"),
    ({"columns": None, "data": [[1]]}, "columns is null, where a list is expected"),
    ({"columns": ["x"], "data": 3}, "data is a number, where a list is expected"),
    ({"columns": ["x"], "data": [3]}, "data[0] is a number, where a list is expected"),
    ({"columns": ["x"], "data": [[1], [1, 2]]}, "data[1] has 2 values for 1 columns"),
    ({"dataframe_split": []}, "dataframe_split is a list, where an object is expected"),
    ({"instances": [{"x": [1, 2]}, {}]}, "instances[1] has other names than instances[0]"),
    ({"modelSpec": [], "inputs": {}}, "'x' is missing"),
    ({"modelSpec": [1], "inputs": {}}, "modelSpec is a list, where an object is expected"),
    ({"signature_name": ["a"], "inputs": {}}, "the signature's name is a list"),
    ({"inputs": {"x": {**PROTO, "tensorShape": 2}}}, "inputs.x.tensorShape is a number"),
    ({"inputs": {"x": {**PROTO, "tensorShape": {"dim": 2}}}}, "inputs.x.tensorShape.dim is a number"),
    ({"inputs": {"x": {**PROTO, "tensorShape": {"dim": [2]}}}}, "inputs.x.tensorShape.dim[0] is a number"),
    ({"inputs": {"x": {**PROTO, "tensorShape": {"dim": [{"size": "-1"}]}}}}, "dim[0].size is '-1'"),
    ({"inputs": {"x": {**PROTO, "tensorShape": {"dim": [{"size": "5" * 17}]}}}}, "a list of 4 values does not fill"),
    ({"inputs": {"x": {**PROTO, "floatVal": 4}}}, "inputs.x.floatVal is a number, where a list is expected"),
    ({"inputs": {"x": {**PROTO, "floatVal": ["a"]}}}, "inputs.x.floatVal holds 'a', which is no number"),
    ({"inputs": {"x": {"dtype": 1, "tensorContent": 2}}}, "a b64 value is no base64"),
    ({"inputs": {"x": {"dtype": 1, "tensorShape": PROTO["tensorShape"]}}}, "0 bytes do not hold 4 elements of float32"),
]  # fmt: skip


@pytest.mark.parametrize(("document", "said"), BAD_JSON)
def test_json_of_other_kinds(document: Any, said: str, tmp_path: Path) -> None:
    file = tmp_path / "given.json"
    file.write_text(json.dumps(document))
    assert said in refused(file, "warmup", signatures=("serving_default",))


@pytest.mark.parametrize("name", ["warmup", "module_several_signatures", "estimator_linear"])
def test_json_that_is_nested_too_deep(name: str, tmp_path: Path) -> None:
    file = tmp_path / "given.json"
    for text in (DEEP, DEEP * 40, f'{{"inputs": {DEEP}}}', "[" * 100_000):
        file.write_text(text)
        assert refused(file, name)


def test_a_list_that_is_short_repeats_its_last_value(tmp_path: Path) -> None:
    """As TensorFlow fills a TensorProto."""
    file = tmp_path / "given.json"
    file.write_text(json.dumps({"inputs": {"x": {**PROTO, "floatVal": [1, 2]}}}))
    (one,) = planned(file, "warmup")
    assert next(iter(one.trials)).feeds[0].array.tolist() == [[1, 2], [2, 2]]
    wide = {"dim": [{"size": 5_000_000}, {"size": 2}]}
    file.write_text(json.dumps({"inputs": {"x": {**PROTO, "tensorShape": wide, "floatVal": [1]}}}))
    (one,) = planned(file, "warmup")
    assert next(iter(one.trials)).feeds[0].shape == (5_000_000, 2)


WORDS = st.sampled_from(["x", "inputs", "instances", "signatures", "serving_default", "columns", "data", "dtype", "dim",
                         "dataframe_split", "dataframe_records", "modelSpec", "signatureName", "signature_name", "b64",
                         "tensorShape", "size", "floatVal", "stringVal", "tensorContent"])  # fmt: skip
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | WORDS | st.text(max_size=3)
DOCUMENTS = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=4), max_leaves=12
)


@given(DOCUMENTS)
def test_any_json_is_taken_or_refused(document: Any) -> None:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "given.json"
        file.write_text(json.dumps(document))
        for name in ("warmup", "estimator_linear"):
            try:
                planned(file, name)
            except UsageError as error:
                assert error.file == str(file)


@given(st.integers(0, 2000), st.binary(min_size=1, max_size=4), st.booleans())
def test_a_damaged_npz_is_taken_or_refused(place: int, bits: bytes, short: bool) -> None:
    trial = Trial("t", 2, tuple(Feed(n, n, n, "float32", (2, 2), np.ones((2, 2), np.float32)) for n in ("x", "y")))
    data = bytearray(npz([("k", trial)]))
    data[place : place + len(bits)] = bits
    with TemporaryDirectory() as folder:
        file = Path(folder) / "given.npz"
        file.write_bytes(data[:place] if short else data)
        try:
            planned(file, "warmup", signatures=("serving_default",))
        except UsageError as error:
            assert error.file == str(file)


def test_what_is_said_of_a_damaged_npz_names_the_array(tmp_path: Path) -> None:
    file = tmp_path / "given.npz"
    np.savez_compressed(file, x=np.zeros((100, 2), np.float32))
    whole = file.read_bytes()
    middle = whole.index(b"x.npy") + 40
    file.write_bytes(whole[:middle] + b"\xff" * 8 + whole[middle + 8 :])
    assert "holds as 'x.npy' is no array" in refused(file, "warmup")
    file.write_bytes(whole[:100])
    assert "cannot be read as .npz" in refused(file, "warmup")
    np.savez(file, **{"x": np.array([b"a"]), "x.lengths": np.array([1 << 60])})
    assert (
        refused(file, "warmup") == "The array 'x.lengths' of the file cannot be used: a string of |S1 is not so long."
    )
    np.savez(file, **{"x": np.array([b"a"]), "x.lengths": np.array([1.0, 2.0])})
    assert "cannot be used: float64 of shape (2,) is no length" in refused(file, "warmup")


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
