"""TensorProtos are read back by our own reader."""

from __future__ import annotations

import numpy as np
import pytest

from smanalyze.format.schema import message_class
from smanalyze.format.tensor_proto import to_numpy
from smanalyze.inputs.tensor_bytes import tensor_proto
from smanalyze.model.dtypes import dtype_name, dtype_number, numpy_dtype

NUMBERS = ("float32", "float64", "float16", "bfloat16", "int8", "int16", "int32", "int64", "uint8", "uint32", "uint64",
           "bool", "complex64", "complex128", "float8_e5m2", "qint8")  # fmt: skip


@pytest.mark.parametrize("dtype", NUMBERS)
@pytest.mark.parametrize("shape", [(), (0,), (2, 3)])
def test_numbers(dtype: str, shape: tuple[int, ...]) -> None:
    values = np.ones(shape, np.int8).astype(numpy_dtype(dtype))
    message = message_class("tensorflow.TensorProto").FromString(tensor_proto(dtype, values))
    found = to_numpy(message)
    assert (found.dtype, found.shape) == (values.dtype, shape)
    assert (found == values).all()


def test_strings() -> None:
    values = np.array([b"a", b"", b"\xff\0"], object).reshape(1, 3)
    message = message_class("tensorflow.TensorProto").FromString(tensor_proto("string", values))
    assert to_numpy(message).tolist() == values.tolist()


def test_numbers_of_dtypes() -> None:
    assert [dtype_name(dtype_number(name)) for name in NUMBERS] == list(NUMBERS)
    assert dtype_number("invalid") == dtype_number("nothing") == 0
