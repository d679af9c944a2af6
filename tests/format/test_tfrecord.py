"""TFRecord files and the warm-up requests in one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smanalyze.format import tfrecord as module
from smanalyze.format.checksum import masked_crc32c
from smanalyze.format.faults import Faults
from smanalyze.format.tfrecord import prediction_logs, read_records, write_records
from smanalyze.model.parts import Unreadable
from smanalyze.model.side_files import WarmupRecord
from tests.format.bundle_writer import varint


def record(data: bytes) -> bytes:
    head = len(data).to_bytes(8, "little")
    return head + masked_crc32c(head).to_bytes(4, "little") + data + masked_crc32c(data).to_bytes(4, "little")


def field(number: int, *parts: bytes) -> bytes:
    """A length-delimited field."""
    content = b"".join(parts)
    return varint(number << 3 | 2) + varint(len(content)) + content


def read(data: bytes) -> tuple[list[bytes], tuple[Unreadable, ...]]:
    faults = Faults("warm-up requests", "w")
    return [bytes(found) for _, found in read_records(memoryview(data), faults)], faults.records()


@given(st.lists(st.binary(max_size=100), min_size=1, max_size=10))
def test_round_trip(records: list[bytes]) -> None:
    assert read(b"".join(map(record, records))) == (records, ())
    assert write_records(records) == b"".join(map(record, records))


def test_a_bad_record_is_left_out() -> None:
    data = bytearray(record(b"first") + record(b"second") + record(b"third"))
    data[len(record(b"first")) + 13] ^= 1
    found, problems = read(bytes(data))
    assert found == [b"first", b"third"]
    assert [(problem.code, problem.offset) for problem in problems] == [("corrupt", len(record(b"first")))]


@pytest.mark.parametrize(
    ("data", "code", "offset"),
    [
        (b"", "empty-file", 0),
        (b"\x1f\x8b\x08", "wrong-kind", 0),
        (b"{'instances': [1, 2]}", "wrong-kind", 0),
        (record(b"a")[:5], "truncated", 0),
        (record(b"a")[:-1], "truncated", 0),
        (record(b"a") + bytes(12), "corrupt", 17),
        (record(b"\xfe" * 50).decode("utf-8", "replace").encode(), "utf8-mangled", 0),
    ],
)
def test_damaged(data: bytes, code: str, offset: int) -> None:
    found, problems = read(data)
    assert len(found) <= 1
    assert [(problem.code, problem.offset) for problem in problems] == [(code, offset)]


def test_a_huge_length() -> None:
    head = (2**64 - 1).to_bytes(8, "little")
    _, problems = read(head + masked_crc32c(head).to_bytes(4, "little") + b"abc")
    assert [problem.code for problem in problems] == ["truncated"]


def test_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_RECORDS", 2)
    assert read(record(b"a") * 2) == ([b"a"] * 2, ())
    found, problems = read(record(b"a") * 3)
    assert (len(found), [problem.code for problem in problems]) == (2, ["limit"])


SPEC = field(1, field(1, b"half_plus_two"), field(3, b"serving_default"))


@pytest.mark.parametrize(
    ("log", "expected"),
    [
        (
            field(6, field(1, SPEC, field(2, field(1, b"y"), field(2, b"")), field(2, field(1, b"x")))),
            [WarmupRecord("predict", "half_plus_two", "serving_default", ("x", "y"))],
        ),
        (
            field(2, field(1, SPEC, field(2, b"examples"))),
            [WarmupRecord("classify", "half_plus_two", "serving_default", ())],
        ),
        (field(3, field(1, SPEC)), [WarmupRecord("regress", "half_plus_two", "serving_default", ())]),
        (
            field(4, field(1, field(1, SPEC, field(2, b"m")), field(1, field(1, field(3, b"other"))))),
            [
                WarmupRecord("multi_inference", "half_plus_two", "serving_default", ()),
                WarmupRecord("multi_inference", "", "other", ()),
            ],
        ),
        (
            field(5, field(1, SPEC, field(2, field(1, b"x:0")), field(3, b"y:0"))),
            [WarmupRecord("session_run", "half_plus_two", "serving_default", ("x:0",))],
        ),
        (b"", [WarmupRecord("unknown", "", "", ())]),
        (field(1, b"metadata") + b"\x78\x01", [WarmupRecord("unknown", "", "", ())]),
    ],
)
def test_prediction_logs(log: bytes, expected: list[WarmupRecord]) -> None:
    found = prediction_logs(record(log), file="w")
    assert found.problems == ()
    assert found.records == tuple(expected)


def test_what_is_no_prediction_log() -> None:
    found = prediction_logs(record(field(6, b"")) + record(b"\xff\xff") + record(field(6, SPEC[:-3])), file="w")
    assert found.records == ()
    assert [problem.code for problem in found.problems] == ["corrupt", "corrupt"]


@given(st.binary(max_size=80))
def test_any_bytes(data: bytes) -> None:
    prediction_logs(data, file="w")
    prediction_logs(record(data), file="w")
    prediction_logs(record(field(6, data)), file="w")
