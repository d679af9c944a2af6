"""A TensorProto of a numpy array, as bytes (tensorflow/core/framework/tensor.proto)."""

from __future__ import annotations

from typing import Any

from smanalyze.facts import wire
from smanalyze.model.dtypes import dtype_number


def tensor_proto(dtype: str, values: Any) -> bytes:
    """The message: numbers as little-endian ``tensor_content``, strings one by one. ``dtype``: TensorFlow's name."""
    shape = b"".join(wire.field(2, wire.integer(1, size)) for size in values.shape)
    head = wire.integer(1, dtype_number(dtype)) + wire.field(2, shape)
    if values.dtype == object:
        return head + b"".join(wire.field(8, value) for value in values.ravel())
    plain = values.astype(values.dtype.newbyteorder("<")) if values.dtype.isbuiltin == 1 else values
    return head + wire.field(4, plain.tobytes())
