"""Variable-length integers."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smanalyze.errors import FormatError
from smanalyze.format import varint as varint_module
from smanalyze.format.varint import read_varint, read_varint32, read_varints, varint_batches
from tests.format.bundle_writer import varint


@given(st.integers(0, 2**64 - 1), st.binary(max_size=3))
def test_round_trip(value: int, rest: bytes) -> None:
    data = varint(value)
    assert read_varint(b"x" + data + rest, 1) == (value, 1 + len(data))


@given(st.lists(st.integers(0, 2**64 - 1)))
def test_many(values: list[int]) -> None:
    data = b"".join(map(varint, values))
    assert read_varints(memoryview(data), 0, len(values)) == (values, len(data))


@given(st.lists(st.integers(0, 2**64 - 1) | st.integers(0, 127)), st.integers(0, 3), st.integers(0, 12), st.binary())
def test_many_are_one_after_the_other(values: list[int], start: int, lacking: int, rest: bytes) -> None:
    """Also where they are cut off: the error is that of the one that cannot be read."""
    stored = bytes(start) + b"".join(map(varint, values))
    data = stored[: max(start, len(stored) - lacking)] + (rest if not lacking else b"")
    assert outcome(read_varints, data, start, len(values)) == outcome(one_by_one, data, start, len(values))


@given(st.binary(max_size=40), st.integers(-1, 45), st.integers(1, 9))
def test_batches_are_the_same(data: bytes, count: int, batch: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(varint_module, "BATCH", batch)
        assert outcome(in_batches, data, 0, count) == outcome(one_by_one, data, 0, count)


def test_a_batch_is_no_longer_than_it_says() -> None:
    data = bytes(2 * varint_module.BATCH + 1)
    found = [(len(values), position) for values, position in varint_batches(data, 1, 2 * varint_module.BATCH)]
    assert found == [(varint_module.BATCH, varint_module.BATCH + 1), (varint_module.BATCH, len(data))]


def one_by_one(data: bytes, start: int, count: int) -> tuple[list[int], int]:
    """What read_varints and varint_batches promise, as simply as it can be said."""
    values = []
    for _ in range(count):
        value, start = read_varint(data, start)
        values.append(value)
    return values, start


def in_batches(data: bytes, start: int, count: int) -> tuple[list[int], int]:
    values, position = [], start
    for batch, stop in varint_batches(data, start, count):
        assert 0 < len(batch) <= varint_module.BATCH
        values += batch
        position = stop
    return values, position


def outcome(read: Callable[[bytes, int, int], tuple[list[int], int]], data: bytes, start: int, count: int) -> object:
    try:
        return read(data, start, count)
    except FormatError as error:
        return error.message, error.offset


@pytest.mark.parametrize("data", [b"", b"\x80", b"\x80" * 10 + b"\1", b"\xff" * 9 + b"\x02"])
def test_cut_off_or_too_long(data: bytes) -> None:
    with pytest.raises(FormatError) as caught:
        read_varint(data, 0)
    assert caught.value.offset == 0


@pytest.mark.parametrize("data", [varint(2**32), b"\x80\x80\x80\x80\x80\x00"])
def test_more_than_32_bits(data: bytes) -> None:
    with pytest.raises(FormatError):
        read_varint32(data, 0)
    assert read_varint32(varint(2**32 - 1), 0) == (2**32 - 1, 5)
