"""Variable-length integers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smanalyze.errors import FormatError
from smanalyze.format.varint import read_varint, read_varint32, read_varints
from tests.format.bundle_writer import varint


@given(st.integers(0, 2**64 - 1), st.binary(max_size=3))
def test_round_trip(value: int, rest: bytes) -> None:
    data = varint(value)
    assert read_varint(b"x" + data + rest, 1) == (value, 1 + len(data))


@given(st.lists(st.integers(0, 2**64 - 1)))
def test_many(values: list[int]) -> None:
    data = b"".join(map(varint, values))
    assert read_varints(memoryview(data), 0, len(values)) == (values, len(data))


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
