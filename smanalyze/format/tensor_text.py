"""A few values of a TensorProto as text, without numpy: for defaults and bounds, which are small.

Source: tensorflow/core/framework/tensor.proto; the rules of formats are those of ``tensor_proto``.
"""

from __future__ import annotations

import struct
from typing import Any

from smanalyze.format.tensor_shape import shape_of
from smanalyze.model.dtypes import dtype_name

MAX_VALUES = 8
"""More values than this are cut with an ellipsis."""

#: DataType -> (struct code of one element, typed list that holds it otherwise).
_LAYOUT = {
    1: ("f", "float_val"), 2: ("d", "double_val"), 3: ("i", "int_val"), 4: ("B", "int_val"), 5: ("h", "int_val"),
    6: ("b", "int_val"), 9: ("q", "int64_val"), 10: ("?", "bool_val"), 17: ("H", "int_val"), 19: ("e", "half_val"),
    22: ("I", "uint32_val"), 23: ("Q", "uint64_val"),
}  # fmt: skip


def tensor_text(message: Any) -> str:
    """``3``, ``[1.0, 2.0]``, ``b'abc'``; another dtype or unusable bytes: ``<bfloat16 (3, 4)>``. Never raises."""
    shape = shape_of(message.tensor_shape)
    values = _values(message, _count(message.tensor_shape))
    if values is None:
        return f"<{dtype_name(message.dtype)} {shape}>"
    if shape == ():
        return _word(values[0], message.dtype) if values else ""
    words = [_word(value, message.dtype) for value in values[:MAX_VALUES]]
    return "[" + ", ".join(words + ["..."] * (len(values) > MAX_VALUES)) + "]"


def _count(shape: Any) -> int:
    count = 1
    for dim in shape.dim:
        count = min(count * max(dim.size, 0), MAX_VALUES + 1)  # of a rank without limit the product would have no end
    return count


def _values(message: Any, count: int) -> list[Any] | None:
    if message.dtype == 7:
        return _filled(list(message.string_val[:count]), count, b"")
    layout = _LAYOUT.get(message.dtype)
    if layout is None:
        return None
    code, field = layout
    size = struct.calcsize("<" + code)
    if message.tensor_content:
        content = message.tensor_content[: count * size]
        return list(struct.unpack(f"<{len(content) // size}{code}", content[: len(content) // size * size]))
    values = list(getattr(message, field)[:count])
    if field == "half_val":
        values = [struct.unpack("<e", struct.pack("<H", bits & 0xFFFF))[0] for bits in values]
    return _filled(values, count, 0)


def _filled(values: list[Any], count: int, empty: Any) -> list[Any]:
    return values + [values[-1] if values else empty] * (count - len(values))


def _word(value: Any, dtype: int) -> str:
    """A value as Python writes it; a float32 with as few digits as tell it from its neighbours."""
    if dtype == 1:
        for digits in range(1, 9):
            short = float(f"{value:.{digits}g}")
            if _as_float32(short) == value:
                return repr(short)
    return repr(value)


def _as_float32(value: float) -> float | None:
    try:
        return float(struct.unpack("<f", struct.pack("<f", value))[0])
    except OverflowError:  # rounded up beyond the largest float32
        return None
