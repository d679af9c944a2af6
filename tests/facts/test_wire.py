"""Hand-written protobuf is what protobuf writes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from smanalyze.facts.wire import field, integer, text, varint
from smanalyze.format.varint import read_varint
from tests.format.protos import proto


@given(st.integers(0, 2**64 - 1))
def test_varints_are_read_back(number: int) -> None:
    assert read_varint(varint(number), 0) == (number, len(varint(number)))


def test_negative_numbers_take_ten_bytes() -> None:
    assert varint(-1) == b"\xff" * 9 + b"\x01"


@given(st.text(max_size=300), st.lists(st.integers(-(2**63), 2**63 - 1), max_size=3))
def test_messages(name: str, sizes: list[int]) -> None:
    message = proto("TensorShapeProto")
    for size in sizes:
        message.dim.add(size=size, name=name)
    dims = (field(2, (integer(1, size) if size else b"") + (field(2, text(name)) if name else b"")) for size in sizes)
    assert b"".join(dims) == message.SerializeToString()
