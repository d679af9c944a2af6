"""Values of a TensorProto."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smanalyze.errors import FormatError
from smanalyze.format.schema import message_class
from smanalyze.format.tensor_proto import content_size, string_elements, to_numpy
from tests.format.bundle_writer import varint

PROTO = message_class("tensorflow.TensorProto")


def proto(dtype: int, shape: list[int], **fields: Any) -> Any:
    message = PROTO(dtype=dtype, **fields)
    message.tensor_shape.SetInParent()
    for size in shape:
        message.tensor_shape.dim.add(size=size)
    return message


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (proto(1, [3], float_val=[1, 2, 3]), np.array([1, 2, 3], np.float32)),
        (proto(1, [2, 2], float_val=[1, 2]), np.array([[1, 2], [2, 2]], np.float32)),
        (proto(1, [2]), np.zeros(2, np.float32)),
        (proto(1, [], float_val=[5]), np.array(5, np.float32)),
        (proto(1, [0]), np.zeros(0, np.float32)),
        (proto(101, [1], float_val=[1]), np.array([1], np.float32)),
        (proto(1, [2], tensor_content=np.array([1, 2], "<f4").tobytes()), np.array([1, 2], np.float32)),
        (proto(2, [1], double_val=[0.1]), np.array([0.1])),
        (proto(3, [2], int_val=[-1, 7]), np.array([-1, 7], np.int32)),
        (proto(4, [2], int_val=[255]), np.array([255, 255], np.uint8)),
        (proto(5, [1], int_val=[-5]), np.array([-5], np.int16)),
        (proto(11, [1], int_val=[-5]), np.array([-5], np.int8)),
        (proto(9, [1], int64_val=[-(2**63)]), np.array([-(2**63)])),
        (proto(10, [2], bool_val=[True, False]), np.array([True, False])),
        (proto(22, [1], uint32_val=[2**32 - 1]), np.array([2**32 - 1], np.uint32)),
        (proto(23, [1], uint64_val=[2**64 - 1]), np.array([2**64 - 1], np.uint64)),
        (proto(8, [2], scomplex_val=[1, 2]), np.array([1 + 2j, 1 + 2j], np.complex64)),
        (proto(18, [1], dcomplex_val=[1, 2]), np.array([1 + 2j])),
        (proto(19, [1], half_val=[0x3C00]), np.array([1], np.float16)),
        (proto(14, [1], half_val=[0x3F80]), np.array([1], ml_dtypes.bfloat16)),
        (proto(24, [2], float8_val=b"\x3c"), np.array([1, 1], ml_dtypes.float8_e5m2)),
        (proto(29, [2], int_val=[-8, 7]), np.array([-8, 7], ml_dtypes.int4)),
        (proto(7, [2], string_val=[b"a"]), np.array([b"a", b"a"], object)),
        (proto(7, [], string_val=[b"a\0"]), np.array(b"a\0", object)),
        (proto(7, [2]), np.array([b"", b""], object)),
        (proto(7, [2], tensor_content=b"\1\2abc"), np.array([b"a", b"bc"], object)),
    ],
)
def test_values(message: Any, expected: Any) -> None:
    found = to_numpy(message)
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (proto(1, [-1]), "negative dimension"),
        (proto(1, [2**40, 2**40]), "elements"),
        (proto(1, [1] * 255), "rank"),
        (proto(1, [1] * 100), "cannot be held"),
        (proto(1, [0, 2**62]), "cannot be held"),
        (proto(7, [1] * 100), "cannot be held"),
        (proto(1, [2**40], float_val=[1]), "made from few"),
        (proto(7, [2**40], string_val=[b"a"]), "made from few"),
        (proto(1, [1], float_val=[1, 2]), "2 values for 1 elements"),
        (proto(7, [1], string_val=[b"a", b"b"]), "2 strings for 1 elements"),
        (proto(1, [2], tensor_content=b"abc"), "do not hold"),
        (proto(7, [5], tensor_content=b"abc"), "do not hold"),
        (proto(7, [1], tensor_content=b"\x05abc"), "do not add up"),
        (proto(7, [1], tensor_content=b"\xff"), "cut off"),
        (proto(8, [1], scomplex_val=[1]), "real part alone"),
        (proto(20, [1]), "no numpy type"),
        (proto(21, [1]), "no numpy type"),
        (proto(0, [1]), "no numpy type"),
        (proto(77, [1]), "no numpy type"),
        (proto(1, [300_000_000], float_val=[1]), "would be made from few"),
        (proto(7, [100_000_000], string_val=[b"a"]), "would be made from few"),
    ],
)
def test_what_does_not_fit(message: Any, reason: str) -> None:
    with pytest.raises(FormatError, match=reason):
        to_numpy(message)


def test_an_unknown_rank() -> None:
    message = proto(1, [])
    message.tensor_shape.unknown_rank = True
    with pytest.raises(FormatError, match="rank"):
        to_numpy(message)


@pytest.mark.parametrize(
    ("message", "limit", "expected"),
    [
        (proto(7, [3], string_val=[b"a", b"b"]), 10, (b"a", b"b", b"b")),
        (proto(7, [3], string_val=[b"a", b"b"]), 1, (b"a",)),
        (proto(7, [10**9], string_val=[b"a"]), 3, (b"a", b"a", b"a")),
        (proto(7, [2], tensor_content=b"\1\2abc"), 5, (b"a", b"bc")),
        (proto(7, [2]), 5, (b"", b"")),
        (proto(7, [0]), 5, ()),
        (proto(7, [-1], string_val=[b"a", b"b"]), 1, (b"a",)),
        (proto(7, [1], string_val=[b"a", b"b"]), 5, (b"a", b"b")),
        (proto(7, [9], tensor_content=b"\1"), 5, ()),
        (proto(1, [1], string_val=[b"a"]), 5, ()),
    ],
)
def test_string_elements(message: Any, limit: int, expected: tuple[bytes, ...]) -> None:
    assert string_elements(message, limit) == expected


@pytest.mark.parametrize(
    ("message", "size"),
    [
        (proto(1, [3]), 0),
        (proto(1, [3], float_val=[1, 2]), 8),
        (proto(1, [3], tensor_content=bytes(12)), 12),
        (proto(7, [3], string_val=[b"abc", b"", b"d"]), 4),
        (proto(24, [3], float8_val=b"abc"), 3),
    ],
)
def test_content_size(message: Any, size: int) -> None:
    assert content_size(message) == size


@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1))
def test_content_size_of_varints_is_that_of_the_wire(values: list[int]) -> None:
    size = content_size(PROTO(int64_val=values))
    # A packed field is its tag, its length, and the values.
    assert PROTO(int64_val=values).ByteSize() == 1 + len(varint(size)) + size


@given(st.data())
def test_any_message(data: st.DataObject) -> None:
    wire = bytearray(proto(data.draw(st.integers(0, 34)), [2, 3], int_val=[1, 2], float_val=[3]).SerializeToString())
    wire[data.draw(st.integers(0, len(wire) - 1))] = data.draw(st.integers(0, 255))
    try:
        message = PROTO.FromString(bytes(wire))
    except Exception:
        return
    with suppress(FormatError):
        to_numpy(message)
    string_elements(message, 10)
    content_size(message)
