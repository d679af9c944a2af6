"""One BundleEntryProto: what we read by hand is what protobuf reads."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smanalyze.errors import FormatError
from smanalyze.format.bundle_entry import EntryDecoder, Record
from smanalyze.format.schema import message_class
from tests.format.bundle_writer import entry, varint

ENTRY = message_class("tensorflow.BundleEntryProto")


def by_protobuf(value: bytes) -> Record:
    """The record, field by field from the message."""
    message: Any = ENTRY.FromString(value)
    shape = tuple(dim.size for dim in message.shape.dim)
    elements = 1
    for size in shape:
        elements *= size
    numbers = (message.shard_id, message.offset, message.size, message.crc32c)
    return (message.dtype, shape, elements, *numbers, tuple(message.slices))


def decode(value: bytes, times: int = 1) -> Record:
    decoder = EntryDecoder()
    for _ in range(times):
        record = decoder.decode(value)
    return (*record[:7], tuple(record[7]))


@given(
    st.integers(0, 200),
    st.lists(st.integers(0, 70_000), max_size=3),
    st.integers(0, 2**63 - 1),
    st.integers(0, 2**63 - 1),
    st.integers(0, 2**31 - 1),
    st.integers(0, 2**32 - 1),
)
def test_same_as_protobuf(dtype: int, shape: list[int], offset: int, size: int, shard: int, crc: int) -> None:
    value = entry(dtype, shape, offset, size, shard, crc)
    # The second time the shape is remembered.
    assert decode(value) == decode(value, times=2) == by_protobuf(value)


@given(st.data())
def test_any_bytes_same_as_protobuf(data: st.DataObject) -> None:
    value = bytearray(entry(1, [3, 300], 70_000, 3600, 1, 0x12345678))
    for _ in range(data.draw(st.integers(1, 3))):
        value[data.draw(st.integers(0, len(value) - 1))] = data.draw(st.integers(0, 255))
    kept = bytes(value[: data.draw(st.integers(0, len(value)))])
    try:
        record = decode(kept)
    except FormatError:
        return
    assert record == by_protobuf(kept)


def test_fields_in_any_order_and_twice() -> None:
    first, second = entry(1, [2], 10, 8, crc=7), entry(3, [5], 90, 20, crc=9)
    for value in (first + second, b"\x28\x05" + first, first[:-5] + b"\x20\x07\x20\x0c" + first[-5:]):
        assert decode(value) == by_protobuf(value)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (b"\xff\xff", "not a BundleEntryProto"),
        (entry(1, [-2], 0, 8), "negative dimension"),
        (entry(1, [2], -1, 8), "negative"),
        (entry(1, [2], 0, -8), "negative"),
        (entry(1, [2], 0, 8, shard=-1), "negative"),
        (entry(1, [2**40, 2**40], 0, 8), "elements"),
        (entry(1, [1] * 255, 0, 4), "rank"),
        (b"\x08\x01\x12\x02\x18\x01\x35" + bytes(4), "rank is unknown"),
        (b"\x08\x01\x12\x01\xff\x35" + bytes(4), "TensorShapeProto"),
        (b"\x08\x01\x12" + varint(2 << 20) + bytes(2 << 20), "limit"),
    ],
)
def test_unusable(value: bytes, reason: str) -> None:
    with pytest.raises(FormatError, match=reason):
        decode(value)


def test_a_scalar_and_an_empty_entry() -> None:
    assert decode(entry(1, [], 4, 4, crc=5)) == (1, (), 1, 0, 4, 4, 5, ())
    assert decode(b"") == (0, (), 1, 0, 0, 0, 0, ())
