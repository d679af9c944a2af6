"""Keys of the pieces of a partitioned tensor."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smanalyze.errors import FormatError
from smanalyze.format.slice_key import is_slice_key, parse_slice_key
from tests.format.bundle_writer import slice_key

INT64 = st.integers(-(2**63), 2**63 - 1)


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        # Written by TensorFlow for slices [0:2, :] and [2:5, :] of "emb".
        (b"\0emb\0\1\x01\x02\x80\x82\x80\x7f", (b"emb", ((0, 2), (0, -1)))),
        (b"\0emb\0\1\x01\x02\x82\x83\x80\x7f", (b"emb", ((2, 3), (0, -1)))),
        # 64 needs a second byte; 100 000 a third.
        (b"\0a\0\1\x01\x01\xc0\x40\xe1\x86\xa0", (b"a", ((64, 100_000),))),
        (b"\0a\0\xffb\xff\0\0\1\0", (b"a\0b\xff", ())),
    ],
)
def test_known_keys(key: bytes, expected: object) -> None:
    assert is_slice_key(key)
    assert parse_slice_key(key) == expected


@given(st.binary(), st.lists(st.tuples(INT64, INT64), max_size=8))
def test_round_trip(name: bytes, extents: list[tuple[int, int]]) -> None:
    assert parse_slice_key(slice_key(name, extents)) == (name, tuple(extents))


@given(st.lists(INT64, min_size=2, max_size=2))
def test_order_is_kept(starts: list[int]) -> None:
    # What OrderedCode is for: the pieces of one tensor sort by their starts.
    first, second = (slice_key(b"a", [(start, 1)]) for start in starts)
    assert (first < second) == (starts[0] < starts[1])


@pytest.mark.parametrize(
    "key",
    [
        b"emb",
        b"\0emb",
        b"\0emb\0",
        b"\0emb\0\2\x01\x01\x80\x80",
        b"\0emb\xffx\0\1\0",
        b"\0emb\0\1",
        b"\0emb\0\1\x02\x01",
        b"\0emb\0\1\x09" + bytes(9),
        b"\0emb\0\1\x01\x01\x80",
        b"\0emb\0\1\x01\x01\xc0",
        b"\0emb\0\1\x01\x01\xff\xff\xff" + bytes(9) + b"\x80",
        b"\0emb\0\1\0x",
        b"\0emb\0\1\x02\x01\x00",  # rank 256
    ],
)
def test_damaged(key: bytes) -> None:
    with pytest.raises(FormatError):
        parse_slice_key(key)


@given(st.binary(max_size=40))
def test_any_bytes(data: bytes) -> None:
    try:
        name, extents = parse_slice_key(b"\0" + data)
    except FormatError:
        return
    assert len(name) <= len(data)
    assert len(extents) <= len(data)
