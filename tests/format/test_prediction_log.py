"""The tensors and Examples of warm-up requests."""

from __future__ import annotations

import pytest

from smanalyze.facts.wire import field, text
from smanalyze.format.prediction_log import requests
from smanalyze.format.tfrecord import write_records
from tests.format.protos import proto

SPEC = field(1, text("m")) + field(3, text("key"))
TENSOR = proto("TensorProto", "dtype: DT_INT64 tensor_shape { dim { size: 2 } } int64_val: 3").SerializeToString()
NAMED = field(2, field(1, text("x")) + field(2, TENSOR))


def read(*logs: bytes) -> list[tuple[str, str, dict[str, list[int]], tuple[bytes, ...]]]:
    found = requests(write_records(logs), file="w")
    return [(r.kind, r.signature_name, {k: v.tolist() for k, v in r.tensors.items()}, r.examples) for r in found]


def test_predict() -> None:
    assert read(field(6, field(1, field(1, SPEC) + NAMED))) == [("predict", "key", {"x": [3, 3]}, ())]


def test_session_run() -> None:
    assert read(field(5, field(1, field(1, SPEC) + NAMED))) == [("session_run", "key", {"x": [3, 3]}, ())]


def test_examples() -> None:
    body = field(1, SPEC) + field(2, field(1, field(1, b"one") + field(1, b"two")))
    assert read(field(2, field(1, body))) == [("classify", "key", {}, (b"one", b"two"))]
    assert read(field(3, field(1, body))) == [("regress", "key", {}, (b"one", b"two"))]


def test_a_context_is_merged_into_each_example() -> None:
    body = field(1, SPEC) + field(2, field(2, field(1, b"one") + field(2, b"context ")))
    assert read(field(2, field(1, body))) == [("classify", "key", {}, (b"context one",))]


def test_multi_inference_asks_for_each_task() -> None:
    body = field(1, field(1, SPEC)) + field(1, field(1, field(3, b"other"))) + field(2, field(1, field(1, b"one")))
    assert [(kind, key) for kind, key, _, _ in read(field(4, field(1, body)))] == [
        ("multi_inference", "key"), ("multi_inference", "other")
    ]  # fmt: skip


def test_what_cannot_be_decoded_is_left_out() -> None:
    good = field(6, field(1, field(1, SPEC) + NAMED))
    bad = field(6, field(1, field(1, SPEC) + field(2, field(1, b"x") + field(2, b"\xff"))))
    assert [kind for kind, *_ in read(bad, b"\x07", b"", good)] == ["predict"]


def test_tensors_made_of_few_values_have_one_limit_for_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """A record of fifty bytes may ask for a gigabyte, and a file holds thousands of them."""
    monkeypatch.setattr("smanalyze.format.prediction_log.MAX_EXPANDED_WARMUP_BYTES", 64)
    log = field(6, field(1, field(1, SPEC) + NAMED))
    assert read(*[log] * 10) == [("predict", "key", {"x": [3, 3]}, ())] * 4
    whole = proto("TensorProto", "dtype: DT_INT8 tensor_shape { dim { size: 2 } } tensor_content: 'ab'")
    stored = field(2, field(1, text("x")) + field(2, whole.SerializeToString()))
    assert len(read(*[field(6, field(1, field(1, SPEC) + stored))] * 50)) == 50
