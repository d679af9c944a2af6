"""An attr of a node as text for people (tensorflow/core/framework/attr_value.proto)."""

from __future__ import annotations

import hashlib
from typing import Any

from smanalyze.format.tensor_shape import shape_of
from smanalyze.format.tensor_text import tensor_text
from smanalyze.model.dtypes import dtype_name

MAX_ITEMS = 8
MAX_LENGTH = 200


def attr_text(value: Any) -> str:
    """``float32``, ``[1, 2, 2, 1]``, ``'SAME'``, ``3``; of a long string its size and digest, for nobody reads a
    program in a line; what else is long ends in an ellipsis. Never raises."""
    kind = value.WhichOneof("value")
    if kind == "list":
        return _list_text(value.list)
    if kind == "tensor":
        shape = shape_of(value.tensor.tensor_shape)
        text = tensor_text(value.tensor)
        return _short(text if shape == () else f"{dtype_name(value.tensor.dtype)} {_shape(shape)} {text}")
    return "" if kind is None else _one(kind, getattr(value, kind))


def _one(kind: str, value: Any) -> str:
    if kind == "s" and len(value) > MAX_LENGTH:
        return f"<{len(value):,} bytes, sha256 {hashlib.sha256(value).hexdigest()[:12]}>"
    if kind == "s":
        return _short(repr(value.decode("utf-8", "backslashreplace")))
    if kind == "type":
        return dtype_name(value)
    if kind == "shape":
        return _shape(shape_of(value))
    if kind == "func":
        return _short(str(value.name))
    return _short(str(value))


def _list_text(values: Any) -> str:
    for field, kind in (
        ("s", "s"),
        ("i", "i"),
        ("f", "f"),
        ("b", "b"),
        ("type", "type"),
        ("shape", "shape"),
        ("func", "func"),
    ):
        held = getattr(values, field)
        if len(held):
            words = [_one(kind, item) for item in held[:MAX_ITEMS]]
            return "[" + ", ".join(words + ["…"] * (len(held) > MAX_ITEMS)) + "]"
    return "[]"


def _shape(shape: Any) -> str:
    return (
        "unknown rank" if shape is None else "[" + ", ".join("?" if size is None else str(size) for size in shape) + "]"
    )


def _short(text: str) -> str:
    return text if len(text) <= MAX_LENGTH else f"{text[:MAX_LENGTH]}…"
