"""What is written can be read back: arrays, JSON, requests, warm-up records."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

import smanalyze
from smanalyze.api.inputs_written import choose_trial, written
from smanalyze.errors import UsageError
from smanalyze.format.prediction_log import requests
from smanalyze.format.tfrecord import prediction_logs
from smanalyze.inputs.arrays import npz
from smanalyze.inputs.given import array_of, read_given
from smanalyze.inputs.records import Feed, Trial
from tests.models import each_model, model_of

DTYPES = ("float32", "float64", "float16", "bfloat16", "int8", "int32", "int64", "uint8", "uint64", "bool", "complex64",
          "string", "float8_e5m2", "int4")  # fmt: skip


def of_dtype(dtype: str) -> Feed:
    if dtype == "string":
        array = np.empty(3, object)
        array[:] = [b"plain", b"\xff\0ends in zeros\0\0", b""]
    else:
        from smanalyze.model.dtypes import numpy_dtype

        array = np.array([0, 1, 1], np.int8).astype(numpy_dtype(dtype))
    return Feed(dtype, dtype, f"{dtype}:0", dtype, (3,), array)


def test_arrays_of_all_dtypes(tmp_path: Path) -> None:
    named = [replace(of_dtype("int32"), keyword=name) for name in ("file", "allow_pickle")]  # as np.savez's arguments
    trial = Trial("t", 3, (*map(of_dtype, DTYPES), *named))
    file = tmp_path / "x.npz"
    file.write_bytes(npz([("k", trial)]))
    (values,) = read_given(str(file)).values()
    assert set(values) == {feed.keyword for feed in trial.feeds}
    for feed in trial.feeds:
        found = array_of(values[feed.keyword], feed.dtype)
        assert found.dtype == feed.array.dtype
        assert found.tolist() == feed.array.tolist()
    assert npz([("k", trial)]) == file.read_bytes()


@each_model
@pytest.mark.parametrize("form", ["npz", "json", "rest", "rest-columns", "grpc-json", "warmup"])
def test_what_is_written_is_read_back(name: str, form: str, tmp_path: Path) -> None:
    model = model_of(name)
    for planned in smanalyze.plan_inputs(model):
        for trial in islice(planned.trials, 2):
            try:
                content = written(model, [planned], [trial], form)
            except UsageError as error:
                assert any(
                    text in error.message for text in ("no dense tensor", "no rows in common", "Complex numbers")
                )
                continue
            if form == "warmup":
                assert isinstance(content, bytes)
                assert _sent(content, planned.key) == {feed.input: feed.array.tolist() for feed in trial.feeds}
                continue
            file = tmp_path / "given"
            file.write_bytes(content if isinstance(content, bytes) else content.encode())
            if trial.feeds:
                (again,) = smanalyze.plan_inputs(model, tags=planned.tags, signatures=(planned.key,), given=str(file))
                (read,) = again.trials
                assert [feed.array.tolist() for feed in read.feeds] == [feed.array.tolist() for feed in trial.feeds]


def _sent(content: bytes, key: str) -> dict[str, object]:
    logs = prediction_logs(content, file="w")
    (record,), problems = logs.records, logs.problems
    (request,) = requests(content, file="w")
    assert problems == ()
    assert record.signature_name == request.signature_name == key
    if request.kind == "predict":
        return {name: array.tolist() for name, array in request.tensors.items()}
    assert record.kind in ("classify", "regress")
    return {"inputs": list(request.examples)}


def test_several_signatures_in_one_file(tmp_path: Path) -> None:
    model = model_of("module_several_signatures")
    plans = smanalyze.plan_inputs(model)
    trials = [choose_trial(one) for one in plans]
    for form, ending in (("npz", "npz"), ("json", "json")):
        content = written(model, plans, trials, form)
        file = tmp_path / f"x.{ending}"
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        again = smanalyze.plan_inputs(model, given=str(file))
        assert [one.source for one in again] == ["file"] * 3
        for one, trial in zip(again, trials, strict=True):
            assert trial is not None
            (read,) = one.trials
            assert [feed.array.tolist() for feed in read.feeds] == [feed.array.tolist() for feed in trial.feeds]
    content = written(model, plans, trials, "warmup")
    assert isinstance(content, bytes)
    assert [one.signature_name for one in requests(content, file="w")] == [one.key for one in plans]


def test_texts_of_requests() -> None:
    model = model_of("module_several_signatures")
    plans = smanalyze.plan_inputs(model, signatures=("serving_default",))
    trials = [choose_trial(one, batch=3) for one in plans]
    rest = json.loads(written(model, plans, trials, "rest-columns"))
    assert set(rest) == {"signature_name", "inputs"}
    assert len(rest["inputs"]["features"]) == 3
    curl = written(model, plans, trials, "curl")
    assert isinstance(curl, str)
    assert curl.startswith("curl -X POST http://localhost:8501/v1/models/module_several_signatures:predict")
    grpc = json.loads(written(model, plans, trials, "grpc-json"))
    assert grpc["modelSpec"] == {"name": "module_several_signatures", "signatureName": "serving_default"}
    assert grpc["inputs"]["features"]["tensorShape"] == {"dim": [{"size": "3"}, {"size": "4"}]}
    with pytest.raises(UsageError, match="no rows in common"):
        written(model, plans, trials, "rest")  # the temperature is one for all


def test_bytes_that_are_no_text_go_as_base64() -> None:
    model = model_of("estimator_linear")
    (planned,) = smanalyze.plan_inputs(model, signatures=("predict",))
    trial = choose_trial(planned)
    assert trial is not None
    body = json.loads(written(model, [planned], [trial], "rest"))
    assert [base64.b64decode(row["examples"]["b64"]) for row in body["instances"]] == trial.feeds[0].array.tolist()


def test_one_request_holds_one_signature() -> None:
    model = model_of("module_several_signatures")
    plans = smanalyze.plan_inputs(model)
    with pytest.raises(
        UsageError, match=r"choose one with --signature-def\. Signatures: embed, parse, serving_default"
    ):
        written(model, plans, [choose_trial(one) for one in plans], "rest")
