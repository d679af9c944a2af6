"""Arithmetic in an expression: the operators that there are, and how large a result would be."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from math import prod
from typing import Any

from smanalyze.inputs import expression_calls as calls
from smanalyze.inputs.expression_calls import MAX_ITEMS, MAX_TEXT, Refused, check_room

MAX_BITS = 4096
"""Of an integer of Python's; the largest that a tensor holds has 64."""

UNARY: dict[type, Callable[[Any], Any]] = {
    ast.USub: operator.neg, ast.UAdd: operator.pos, ast.Invert: operator.invert, ast.Not: operator.not_,
}  # fmt: skip

BINARY: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod, ast.Pow: operator.pow, ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_, ast.BitXor: operator.xor,
}  # fmt: skip

COMPARE: dict[type, Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}  # fmt: skip


def is_numpy(value: Any) -> bool:
    """Whether it is an array, or a scalar of numpy's."""
    import numpy as np

    return isinstance(value, np.ndarray | np.generic)


def operand(value: Any) -> Any:
    """Something to compute with: a number, or an array of them."""
    if is_numpy(value) and value.dtype.kind in "biufcV":
        return value
    if isinstance(value, bool | int | float | complex):
        return value
    raise Refused("arithmetic takes numbers and arrays of numbers")


def joined(op: ast.operator, left: Any, right: Any) -> Any:
    """Lists or strings one after the other, or one several times."""
    if isinstance(op, ast.Mult):
        if isinstance(right, bool) or not isinstance(right, int):
            raise Refused("lists and strings are repeated by an integer")
        count, most = max(right, 0) * len(left), MAX_TEXT if isinstance(left, str | bytes) else MAX_ITEMS
        check_room(count, most, "characters" if isinstance(left, str | bytes) else "elements")
        if not isinstance(left, str | bytes):
            inner, longest = calls.leaves(left)
            check_room(max(right, 0) * inner, calls.MAX_ELEMENTS)
            calls.check_text(max(right, 0) * inner, longest)
        return left * right
    if type(left) is not type(right):
        raise Refused("only two lists, tuples or strings can be joined")
    check_room(len(left) + len(right), MAX_TEXT)
    if not isinstance(left, str | bytes):
        (one, first), (other, second) = calls.leaves(left), calls.leaves(right)
        calls.check_text(one + other, max(first, second))
    return left + right


def check_numbers(op: ast.operator, left: Any, right: Any) -> None:
    """Raises Refused for an integer, or an array, that would be too large."""
    check_shapes(left, right)
    if not isinstance(left, int) or not isinstance(right, int):
        return
    bits = left.bit_length() + right.bit_length()
    if isinstance(op, ast.Pow):
        bits = left.bit_length() * max(right, 0) if abs(left) > 1 else 1
    if bits > MAX_BITS:
        raise Refused(f"the integer would have more than {MAX_BITS:,} bits")


def check_shapes(left: Any, right: Any) -> None:
    """Raises Refused for arrays whose shapes together make one that is too large."""
    import numpy as np

    if is_numpy(left) or is_numpy(right):
        check_room(prod(np.broadcast_shapes(np.shape(left), np.shape(right))))


def taken(base: Any, index: tuple[Any, ...]) -> int:
    """No fewer elements than indexing an array gives: lists among the indices may take the same several times."""
    import numpy as np

    count, axis, most = 1, 0, base.size
    for one in index:
        if one is Ellipsis:
            axis = max(base.ndim - sum(o is not None and o is not Ellipsis for o in index), 0)
        elif isinstance(one, list | tuple) or (is_numpy(one) and np.ndim(one)):
            check_room(calls.leaves(one)[0], MAX_ITEMS)
            chosen = np.asarray(one)
            if chosen.dtype.kind == "b":
                continue
            count = max(count, chosen.size)
            most = base.size // max(base.shape[axis] if axis < base.ndim else 1, 1)
            axis += 1
        elif one is not None:
            axis += 1
    return int(count * max(most, 1) if count > 1 else base.size)
