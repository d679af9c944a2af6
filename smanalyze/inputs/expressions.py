"""NumPy expressions that somebody writes for an input: ``np.ones((2, 3))``, ``[[1, 2], [3, 4]]``.

Nothing is compiled or run as Python. The text is parsed, and its tree is walked: what is not in a table here, or in
``expression_calls``, is refused, with its place. Sizes are known before anything is computed.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any, NamedTuple

from smanalyze.errors import UsageError
from smanalyze.inputs import expression_calls as calls
from smanalyze.inputs.expression_arithmetic import (
    BINARY,
    COMPARE,
    MAX_BITS,
    UNARY,
    check_numbers,
    check_shapes,
    is_numpy,
    joined,
    operand,
    taken,
)
from smanalyze.inputs.expression_calls import MAX_ITEMS, METHODS, Refused, check_room

MAX_LENGTH = 1 << 20
"""Characters of an expression."""

MAX_DEPTH = 100
"""Things within things."""

ALLOWED = (
    "Allowed are numbers, strings, lists, tuples, dicts, arithmetic, comparisons, indexing, and numpy: "
    "np.ones, zeros, full, array, arange, linspace, eye, reshape, concatenate, stack, repeat, tile, …, "
    "np.random.rand, randn, randint, uniform, normal, np.float32 and other dtypes, .reshape, .astype, .T"
)


class Evaluated(NamedTuple):
    """What came of an expression. ``typed``: it names a dtype, so that its own is meant."""

    value: Any
    typed: bool


class Random:
    """Where ``np.random`` draws from: the same seed draws the same numbers, as after ``np.random.seed(seed)``."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._functions: dict[str, Callable[..., Any]] | None = None

    def functions(self) -> dict[str, Callable[..., Any]]:
        """What stands below ``np.random``."""
        if self._functions is None:
            import numpy as np

            self._functions = calls.random_functions(np.random.RandomState(self._seed))
        return self._functions


def evaluate(text: str, random: Random) -> Evaluated:
    """The value of an expression. Raises UsageError that names the place where it cannot be used."""
    import numpy as np

    if len(text) > MAX_LENGTH:
        raise UsageError(f"The expression has {len(text):,} characters; it may have {MAX_LENGTH:,}.")
    start = len(text) - len(text.lstrip())
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        column = start + (getattr(error, "offset", None) or 1)
        why = error.msg if isinstance(error, SyntaxError) else "it is nested too deeply, or no text"
        raise UsageError(f"{_quoted(text)}, column {column}: this is no expression: {why}.") from error
    walk = _Walk(random)
    try:
        with np.errstate(all="ignore"):
            value = walk.value(tree, 0)
    except _At as stop:
        column = start + _column(text.strip(), stop.node)
        raise UsageError(f"{_quoted(text)}, column {column}: {stop.why}. {ALLOWED}.") from stop
    return Evaluated(value, walk.typed)


def _quoted(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:57] + "...")


def _column(text: str, node: ast.expr) -> int:
    """The place of a node in the whole text, from 1 on; Python counts in bytes of UTF-8, line by line."""
    lines = text.split("\n")
    before = sum(len(line) + 1 for line in lines[: node.lineno - 1])
    return before + len(lines[node.lineno - 1].encode()[: node.col_offset].decode(errors="ignore")) + 1


class _At(Exception):  # noqa: N818
    """Something is refused, with its node."""

    def __init__(self, node: ast.expr, why: str) -> None:
        super().__init__(why)
        self.node = node
        self.why = why


_FAULTS = (ValueError, TypeError, OverflowError, ZeroDivisionError, LookupError, AttributeError, MemoryError)
"""What numpy and Python raise where arguments do not fit."""


class _Walk:
    """Computes a tree from its leaves up."""

    def __init__(self, random: Random) -> None:
        self.typed = False
        self._random = random

    def value(self, node: ast.expr, depth: int) -> Any:
        """The value of a node."""
        if depth > MAX_DEPTH:
            raise _At(node, f"it is nested more than {MAX_DEPTH} deep")
        kind = _KINDS.get(type(node))
        if kind is None:
            raise _At(node, f"this cannot be used here ({type(node).__name__})")
        try:
            return kind(self, node, depth + 1)
        except Refused as error:
            raise _At(node, str(error)) from error
        except _FAULTS as error:
            raise _At(node, f"numpy refuses it: {error}") from error

    def constant(self, node: ast.Constant, depth: int) -> Any:
        """A number, a string, True, False, None or ``...``."""
        if isinstance(node.value, int) and node.value.bit_length() > MAX_BITS:
            raise Refused(f"the integer has more than {MAX_BITS:,} bits")
        return node.value

    def sequence(self, node: Any, depth: int) -> Any:
        """A list or a tuple."""
        found = [self.value(item, depth) for item in node.elts]
        count, longest = calls.leaves(found)
        calls.check_text(count, longest)
        check_room(count, MAX_ITEMS if not _has_arrays(found) else calls.MAX_ELEMENTS)
        return found if isinstance(node, ast.List) else tuple(found)

    def mapping(self, node: ast.Dict, depth: int) -> Any:
        """A dict; ``**`` in it is no key."""
        found = {}
        for key, item in zip(node.keys, node.values, strict=True):
            if key is None:
                raise _At(item, "** cannot be used here")
            found[self.value(key, depth)] = self.value(item, depth)
        return found

    def name(self, node: ast.Name, depth: int) -> Any:
        """A name that stands alone."""
        if node.id in ("pi", "nan", "inf"):
            return calls.constants()[node.id]
        if node.id in ("float", "int", "bool"):
            return calls.constants()[{"float": "float64", "int": "int64"}.get(node.id, node.id)]
        raise Refused(f"the name {node.id} is not known")

    def attribute(self, node: ast.Attribute, depth: int) -> Any:
        """``np.pi``, ``np.float32``, or ``.T`` of an array."""
        path = _numpy_path(node)
        if path is not None:
            if path not in calls.constants():
                known = path in calls.functions() or path.startswith("random.")
                raise Refused(f"np.{path} must be called" if known else f"np.{path} is not among what can be used")
            return calls.constants()[path]
        base = self.value(node.value, depth)
        if not is_numpy(base) or node.attr not in ("T", "shape"):
            raise Refused(f".{node.attr} cannot be used here")
        return base.T if node.attr == "T" else base.shape

    def call(self, node: ast.Call, depth: int) -> Any:
        """``np.X(...)``, or a method of an array."""
        function, before = self._function(node.func, depth)
        if any(isinstance(item, ast.Starred) for item in node.args) or any(k.arg is None for k in node.keywords):
            raise Refused("* and ** cannot be used here")
        positional = [self.value(item, depth) for item in node.args]
        named = {word.arg: self.value(word.value, depth) for word in node.keywords if word.arg is not None}
        self.typed |= "dtype" in named or any(calls.is_typed(one) for one in positional)
        self.typed |= (_numpy_path(node.func) or "") in calls.DTYPES
        found = function(*before, *positional, **named)
        if getattr(found, "dtype", None) is not None and found.dtype.kind == "O":
            raise Refused("an array holds numbers, truths or strings, all of one kind")
        return found

    def _function(self, node: ast.expr, depth: int) -> tuple[Callable[..., Any], list[Any]]:
        path = _numpy_path(node)
        if path is not None:
            table = self._random.functions() if path.startswith("random.") else calls.functions()
            found = table.get(path.removeprefix("random."))
            if found is None:
                raise _At(node, f"np.{path} is not among what can be called")
            return found, []
        if not isinstance(node, ast.Attribute):
            raise _At(node, "only functions of np, and methods of arrays, can be called")
        base = self.value(node.value, depth)
        if not is_numpy(base) or node.attr not in METHODS:
            raise _At(node, f".{node.attr}() cannot be called here")
        return METHODS[node.attr], [base]

    def subscript(self, node: ast.Subscript, depth: int) -> Any:
        """``a[0]``, ``a[:, 1:]``, ``a[[0, 2]]``."""
        base, index = self.value(node.value, depth), self.index(node.slice, depth)
        if is_numpy(base):
            calls.check_bytes(taken(base, index if isinstance(index, tuple) else (index,)), base.itemsize)
        elif not isinstance(base, list | tuple | dict | str | bytes):
            raise Refused("only arrays, lists, tuples, dicts and strings have parts")
        return base[index]

    def index(self, node: ast.expr, depth: int) -> Any:
        """What stands in brackets."""
        if isinstance(node, ast.Tuple):
            return tuple(self.index(item, depth) for item in node.elts)
        if isinstance(node, ast.Slice):
            return slice(*(None if one is None else self.value(one, depth)
                           for one in (node.lower, node.upper, node.step)))  # fmt: skip
        return self.value(node, depth)

    def unary(self, node: ast.UnaryOp, depth: int) -> Any:
        """``-a``, ``+a``, ``~a``, ``not a``."""
        return UNARY[type(node.op)](operand(self.value(node.operand, depth)))

    def binary(self, node: ast.BinOp, depth: int) -> Any:
        """Arithmetic; lists and strings may be joined and repeated."""
        made = BINARY.get(type(node.op))
        if made is None:
            raise Refused(f"this operator cannot be used here ({type(node.op).__name__})")
        left, right = self.value(node.left, depth), self.value(node.right, depth)
        if isinstance(node.op, ast.Add | ast.Mult) and isinstance(left, str | bytes | list | tuple):
            return joined(node.op, left, right)
        if isinstance(node.op, ast.Mult) and isinstance(right, str | bytes | list | tuple):
            return joined(node.op, right, left)
        check_numbers(node.op, operand(left), operand(right))
        return made(left, right)

    def compare(self, node: ast.Compare, depth: int) -> Any:
        """``a < b``; of arrays element by element."""
        values = [self.value(one, depth) for one in (node.left, *node.comparators)]
        found: Any = True
        for op, left, right in zip(node.ops, values, values[1:], strict=False):
            if type(op) not in COMPARE:
                raise Refused(f"this comparison cannot be used here ({type(op).__name__})")
            check_shapes(left, right)
            this = COMPARE[type(op)](left, right)
            found = this if found is True else found and this
        return found


_KINDS: dict[type, Callable[..., Any]] = {
    ast.Constant: _Walk.constant, ast.List: _Walk.sequence, ast.Tuple: _Walk.sequence, ast.Dict: _Walk.mapping,
    ast.Name: _Walk.name, ast.Attribute: _Walk.attribute, ast.Call: _Walk.call, ast.Subscript: _Walk.subscript,
    ast.UnaryOp: _Walk.unary, ast.BinOp: _Walk.binary, ast.Compare: _Walk.compare,
}  # fmt: skip


def _numpy_path(node: ast.expr) -> str | None:
    """What follows ``np.`` or ``numpy.``; None where that does not stand there."""
    words: list[str] = []
    while isinstance(node, ast.Attribute):
        words.insert(0, node.attr)
        node = node.value
    return ".".join(words) if words and isinstance(node, ast.Name) and node.id in ("np", "numpy") else None


def _has_arrays(value: Any) -> bool:
    return any(is_numpy(one) or (isinstance(one, list | tuple) and _has_arrays(one)) for one in value[:8])
