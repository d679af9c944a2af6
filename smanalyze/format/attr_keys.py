"""What the attrs of nodes say, as bytes that are equal where the attrs mean the same.

Sources: tensorflow/core/framework/attr_value.proto, tensor.proto. An AttrValue holds no map but inside a function's
attrs, so that its plain serialisation is canonical; a constant's value is written out, because one value has several
forms (tensor_content, or a list whose last element repeats).
"""

from __future__ import annotations

import sys
from array import array
from functools import lru_cache
from struct import pack
from typing import Any

from smanalyze.format.limits import MAX_RANK
from smanalyze.model.dtypes import REF_OFFSET, dtype_name

MAX_EXPANDED = 1 << 16
"""Bytes up to which a constant of few stored elements is written out; beyond, its short form stands for it."""

_SPECIAL = frozenset({"func", "list", "tensor", "placeholder", None})

#: dtype -> (field of its elements, array code of the element as it lies in tensor_content)
_CODES: dict[str, tuple[str, str]] = {
    "float32": ("float_val", "f"), "float64": ("double_val", "d"), "int64": ("int64_val", "q"),
    "int32": ("int_val", "i"),
    "int16": ("int_val", "h"), "int8": ("int_val", "b"), "uint8": ("int_val", "B"), "uint16": ("int_val", "H"),
    "uint32": ("uint32_val", "I"), "uint64": ("uint64_val", "Q"), "bool": ("bool_val", "B"),
    "float16": ("half_val", "H"), "bfloat16": ("half_val", "H"),
    "complex64": ("scomplex_val", "f"), "complex128": ("dcomplex_val", "d"),
}  # fmt: skip


@lru_cache(maxsize=4096)
def key_begin(name: str) -> bytes:
    """How the key of an attr begins."""
    return name.encode("utf-8", "surrogateescape") + b"="


def attr_key(value: Any) -> bytes:
    """One AttrValue, functions it names left out."""
    kind = value.WhichOneof("value")
    if kind == "tensor":
        return tensor_key(value.tensor)
    if kind == "func" or (kind == "list" and value.list.func):
        return _function_attrs(value)
    return bytes(value.SerializeToString())


def _function_attrs(value: Any) -> bytes:
    """How many functions an attr names, and with which attrs."""
    functions = [value.func] if value.HasField("func") else value.list.func
    held = [_arguments(one.attr) for one in functions]
    return b"%d%s" % (len(held), b",".join(held))


def _arguments(attrs: Any) -> bytes:
    return b";".join(b"%s=%s" % (key.encode(), attr_key(attrs[key])) for key in sorted(attrs))


_DTYPES = {number: dtype_name(number) for number in range(1, 32)}


def tensor_key(message: Any) -> bytes:
    """A TensorProto's dtype, shape and values, whichever way they are stored."""
    number = message.dtype
    dtype = _DTYPES.get(number) or dtype_name(number if number < REF_OFFSET else number - REF_OFFSET)
    field = _CODES.get(dtype)
    if field is None:
        return bytes(message.SerializeToString(deterministic=True))
    content = message.tensor_content
    if not content and field[1] in "fdiq" and len(getattr(message, field[0])) == 1 and not message.tensor_shape.dim:
        return b"%d::%b" % (number, pack("<" + field[1], *getattr(message, field[0])))
    shape = message.tensor_shape.SerializeToString()
    values = content or _listed(message, dtype, *field)
    if values is None:
        return bytes(message.SerializeToString(deterministic=True))
    return b"%d:%b:%b" % (number, shape, values)


def _listed(message: Any, dtype: str, field: str, code: str) -> bytes | None:
    """The listed elements as tensor_content would have them, None where they stay as they are."""
    if len(message.tensor_shape.dim) > MAX_RANK:
        return None
    elements = 1
    for dim in message.tensor_shape.dim:
        elements *= dim.size
    stored = getattr(message, field)
    parts = 2 if dtype.startswith("complex") else 1
    try:
        held = array(code, [value & 0xFFFF for value in stored] if field == "half_val" else stored)
    except (OverflowError, TypeError, ValueError):
        return None
    width = held.itemsize * parts
    if elements < 0 or len(held) > elements * parts or len(held) % parts or elements * width > MAX_EXPANDED:
        return None
    if sys.byteorder == "big":
        held.byteswap()
    data = held.tobytes()
    missing = elements - len(data) // width
    return data + (data[-width:] or bytes(width)) * missing if missing else data
