"""Structured arguments as lines under each other. Loops, since a model may nest deeper than Python can call."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from smanalyze.render.units import shape_text
from smanalyze.report.tensors import Argument

_CONTAINERS = {"list": "list", "tuple": "tuple", "dict": "dict", "named_tuple": "named tuple", "type_spec": "type spec"}


@dataclass(frozen=True, slots=True)
class Branch:
    """One line: what it is called, what it is, and how deep it stands."""

    depth: int
    key: str
    kind: str
    text: str


def branches(argument: Argument) -> Iterator[Branch]:
    """The lines of an argument, each above what it holds."""
    stack = [(0, argument.name, argument.value)]
    while stack:
        level, key, node = stack.pop()
        yield Branch(level, key, _CONTAINERS.get(node.kind, node.kind.replace("_", " ")), _text(node))
        keys = [item.key if item.key is not None else f"[{i}]" for i, item in enumerate(node.items)]
        stack += [(level + 1, key, item) for key, item in reversed(list(zip(keys, node.items, strict=True)))]


def count_lines(argument: Argument) -> int:
    """How many lines there would be."""
    number, stack = 0, [argument.value]
    while stack:
        number += 1
        stack += stack.pop().items
    return number


def _text(node: Any) -> str:
    if node.kind in ("tensor", "bounded_tensor"):
        limits = f", {node.value}" if node.value is not None else ""
        return f"{node.dtype or 'any dtype'} {shape_text(node.shape)}{limits}"
    if node.kind == "shape":
        return shape_text(node.shape)
    if node.kind == "dtype":
        return node.dtype or ""
    if node.kind in _CONTAINERS:
        return node.name or ("" if node.items else "empty")
    return "" if node.value is None else repr(node.value)
