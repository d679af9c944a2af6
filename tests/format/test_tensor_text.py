"""A few values of a TensorProto as text."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smanalyze.format.tensor_text import MAX_VALUES, tensor_text

from .protos import proto

CASES = [
    # a scalar, in the typed list and as raw content
    ("dtype: DT_FLOAT tensor_shape {} float_val: 1.5", "1.5"),
    (r'dtype: DT_FLOAT tensor_shape {} tensor_content: "\000\000\200?"', "1.0"),
    ("dtype: DT_INT64 tensor_shape {} int64_val: -3", "-3"),
    ("dtype: DT_BOOL tensor_shape {} bool_val: true", "True"),
    ('dtype: DT_STRING tensor_shape {} string_val: "abc"', "b'abc'"),
    (r'dtype: DT_STRING tensor_shape {} string_val: "\377\n"', r"b'\xff\n'"),
    ("dtype: DT_HALF tensor_shape {} half_val: 15360", "1.0"),  # 0x3c00
    ("dtype: DT_UINT64 tensor_shape {} uint64_val: 18446744073709551615", "18446744073709551615"),
    ("dtype: DT_INT8 tensor_shape {} int_val: -1", "-1"),
    (r'dtype: DT_INT8 tensor_shape {} tensor_content: "\377"', "-1"),
    ("dtype: DT_DOUBLE tensor_shape {} double_val: inf", "inf"),
    ("dtype: DT_FLOAT tensor_shape {} float_val: nan", "nan"),
    # no value at all: the default of the type
    ("dtype: DT_FLOAT tensor_shape {}", "0.0"),
    ("dtype: DT_STRING tensor_shape {}", "b''"),
    # the last value fills the rest
    ("dtype: DT_FLOAT tensor_shape { dim { size: 3 } } float_val: 2", "[2.0, 2.0, 2.0]"),
    ("dtype: DT_INT32 tensor_shape { dim { size: 3 } } int_val: 1 int_val: 2", "[1, 2, 2]"),
    ("dtype: DT_FLOAT tensor_shape { dim { size: 0 } }", "[]"),
    # many values are cut
    ("dtype: DT_INT32 tensor_shape { dim { size: 9 } } int_val: 7", "[7, 7, 7, 7, 7, 7, 7, 7, ...]"),
    ("dtype: DT_INT32 tensor_shape { dim { size: 8 } } int_val: 7", "[7, 7, 7, 7, 7, 7, 7, 7]"),
    # what cannot be written
    ("dtype: DT_BFLOAT16 tensor_shape { dim { size: 3 } dim { size: 4 } }", "<bfloat16 (3, 4)>"),
    ("dtype: DT_RESOURCE tensor_shape {}", "<resource ()>"),
    ("", "<invalid ()>"),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_table(text: str, expected: str) -> None:
    assert tensor_text(proto("TensorProto", text)) == expected


def test_a_lying_shape_allocates_nothing() -> None:
    sizes = "dim { size: 1099511627776 } " * 4
    assert tensor_text(proto("TensorProto", f"dtype: DT_FLOAT tensor_shape {{ {sizes} }}")).endswith("...]")


def test_a_rank_without_end_takes_no_time() -> None:
    """The product of the sizes would have a million digits."""
    message = proto("TensorProto", "dtype: DT_FLOAT")
    for _ in range(60_000):
        message.tensor_shape.dim.add(size=2**63 - 1)
    start = time.process_time()
    assert tensor_text(message).endswith("...]")
    message.tensor_shape.dim.add(size=0)
    assert tensor_text(message) == "[]"
    assert time.process_time() - start < 2.0


@given(
    dtype=st.integers(0, 40),
    content=st.binary(max_size=40),
    sizes=st.lists(st.integers(-2, 2**40), max_size=4),
    unknown=st.booleans(),
    ints=st.lists(st.integers(-(2**31), 2**31 - 1), max_size=4),
)
def test_never_raises_and_stays_short(
    dtype: int, content: bytes, sizes: list[int], unknown: bool, ints: list[int]
) -> None:
    message = proto("TensorProto")
    message.dtype = dtype
    message.tensor_content = content
    message.tensor_shape.unknown_rank = unknown
    for size in sizes:
        message.tensor_shape.dim.add(size=size)
    message.int_val.extend(ints)
    message.half_val.extend(ints)
    assert len(tensor_text(message)) < 40 * (MAX_VALUES + 2)
