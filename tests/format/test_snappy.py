"""The raw snappy decoder."""

from __future__ import annotations

import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smanalyze.errors import FormatError
from smanalyze.format.snappy import decompress
from tests.format.bundle_writer import snappy, varint


@pytest.mark.parametrize(
    ("compressed", "expected"),
    [
        (b"\0", b""),
        (b"\x03\x08abc", b"abc"),
        # Literals whose length takes one and two more bytes.
        (varint(61) + b"\xf0\x3c" + b"x" * 61, b"x" * 61),
        (varint(300) + b"\xf4\x2b\x01" + b"y" * 300, b"y" * 300),
        # Copies with offsets of one (11 bits), two and four bytes; the first overlaps what it appends.
        (b"\x09\x04ab\x0d\x02", b"abababab" + b"a"),
        (b"\x06\x08abc\x0a\x03\x00", b"abcabc"),
        (b"\x06\x08abc\x0b\x03\x00\x00\x00", b"abcabc"),
        (varint(300) + b"\xf4\x1f\x01" + b"z" * 288 + b"\x2e\x20\x01", b"z" * 300),
    ],
)
def test_elements(compressed: bytes, expected: bytes) -> None:
    assert decompress(compressed) == expected


@pytest.mark.parametrize(
    "compressed",
    [
        b"",
        b"\x80",
        b"\x03\x08ab",  # literal past the end
        b"\x04\x08abc",  # less than declared
        b"\x02\x08abc",  # more than declared
        b"\x06\x08abc\x0a\x04\x00",  # copy from before the start
        b"\x06\x08abc\x0a\x00\x00",  # copy from nowhere
        b"\x06\x08abc\x0a\x03",  # cut off within a copy
        b"\x06\xfc\x01",  # cut off within the length of a literal
    ],
)
def test_damaged(compressed: bytes) -> None:
    with pytest.raises(FormatError):
        decompress(compressed)


def test_declared_size_is_limited() -> None:
    with pytest.raises(FormatError, match="limit is 10"):
        decompress(varint(11) + b"\x28" + b"x" * 11, limit=10)


def test_bomb_is_linear() -> None:
    # 64 bytes for every three, the most that snappy can say.
    copies = 100_000
    start = time.process_time()
    assert decompress(varint(1 + 64 * copies) + b"\0a" + b"\xfe\x01\x00" * copies) == b"a" * (1 + 64 * copies)
    assert time.process_time() - start < 3


@given(st.binary(max_size=500).map(lambda data: data + data[:20] * 5))
def test_round_trip(data: bytes) -> None:
    assert decompress(snappy(data)) == data


@given(st.binary(max_size=200))
def test_any_bytes(data: bytes) -> None:
    with suppress(FormatError):
        assert len(decompress(data, limit=10_000)) <= 10_000
