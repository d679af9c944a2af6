"""What an expression may call, and how large a result may become: tables of numpy's functions, each of which is asked
for the size of its result before it runs."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from math import ceil, prod
from typing import Any

MAX_ELEMENTS = 64 << 20
"""Numbers in one array; half a gigabyte of float64."""

MAX_ITEMS = 4 << 20
"""Things in Python's lists, which take some ten times as much room."""

MAX_TEXT = 16 << 20
"""Characters of one string."""

MAX_RANK = 32


class Refused(Exception):  # noqa: N818
    """Why something is not computed; ``expressions`` says where."""


def check_room(count: int | float, most: int = MAX_ELEMENTS, what: str = "elements") -> None:
    """Raises Refused where something would have more than ``most`` elements."""
    if not count <= most:
        raise Refused(f"it would have more than {most:,} {what}")


def check_bytes(count: int, itemsize: int) -> None:
    """Raises Refused where an array of so many elements would be too large; strings may be long."""
    check_room(count)
    check_room(count * max(itemsize - 16, 0), 8 * MAX_ELEMENTS, "bytes")


def sizes(value: Any) -> tuple[int, ...]:
    """A shape that somebody wrote: an integer, or a list of them."""
    found = value if isinstance(value, list | tuple) else value.tolist() if hasattr(value, "tolist") else (value,)
    found = tuple(found) if isinstance(found, list | tuple) else (found,)
    for size in found:
        if isinstance(size, bool) or not hasattr(size, "__index__") or int(size) < 0:
            raise Refused("a shape is made of integers from 0 on")
    if len(found) > MAX_RANK:
        raise Refused(f"a shape has at most {MAX_RANK} sizes")
    check_room(prod(map(int, found)))
    return tuple(map(int, found))


def leaves(value: Any) -> tuple[int, int]:
    """How many things a nested list holds, those that are in it several times each time; and its longest string."""
    known: dict[int, tuple[int, int]] = {}

    def count(one: Any) -> tuple[int, int]:
        if isinstance(one, str | bytes):
            return 1, len(one)
        if not isinstance(one, list | tuple | dict):
            dtype = getattr(one, "dtype", None)
            width = {"U": 4, "S": 1}.get(getattr(dtype, "kind", ""), 0)
            return int(getattr(one, "size", 1)), dtype.itemsize // width if dtype is not None and width else 0
        if id(one) not in known:
            inner = [count(item) for item in (one.values() if isinstance(one, dict) else one)]
            known[id(one)] = sum(n for n, _ in inner) + len(one), max((size for _, size in inner), default=0)
        return known[id(one)]

    return count(value)


def check_text(count: int, longest: int) -> None:
    """Raises Refused for a list whose array of strings, each with room for the longest, would be too large."""
    check_room(count * 4 * longest, 8 * MAX_ELEMENTS, "bytes")


def array(value: Any, dtype: Any = None) -> Any:
    """``np.array``: of numbers, truths or strings."""
    import numpy as np

    count, longest = leaves(value)
    check_room(count)
    check_text(count, longest)
    found = np.array(value, dtype=dtype_of(dtype))
    if found.dtype.kind not in "biufcSUV":
        raise Refused("an array holds numbers, truths or strings, all of one kind")
    return found


DTYPES = (
    "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float16", "float32", "float64",
    "complex64", "complex128",
)  # fmt: skip
"""Names below ``np``; as a string any that a signature can declare, such as ``'bfloat16'``."""


def dtype_of(value: Any) -> Any:
    """What somebody wrote for a dtype. Raises Refused for anything but numbers and truths."""
    import numpy as np

    from smanalyze.errors import FormatError
    from smanalyze.model.dtypes import numpy_dtype

    if value is None or isinstance(value, np.dtype):
        return value
    if isinstance(value, str):
        try:
            return numpy_dtype(value)
        except FormatError:
            pass
    raise Refused(f"{value!r} is no dtype of numbers; there are {', '.join(DTYPES)}, and 'bfloat16' and its like")


def is_typed(value: Any) -> bool:
    """Whether an argument names a dtype."""
    import numpy as np

    return isinstance(value, np.dtype) or (isinstance(value, str) and value in (*DTYPES, "bfloat16"))


# numpy's functions --------------------------------------------------------------------------------------------------


def _arange(start: Any, stop: Any = None, step: Any = 1, dtype: Any = None) -> Any:
    import numpy as np

    first, last = (0, start) if stop is None else (start, stop)
    check_room(max(0, ceil((last - first) / step)))
    return np.arange(first, last, step, dtype=dtype_of(dtype))


def _linspace(start: Any, stop: Any, num: Any = 50, endpoint: Any = True, dtype: Any = None) -> Any:
    import numpy as np

    check_room(num * prod(np.broadcast_shapes(np.shape(start), np.shape(stop))))
    return np.linspace(start, stop, num, endpoint=endpoint, dtype=dtype_of(dtype))


def _eye(rows: Any, columns: Any = None, k: Any = 0, dtype: Any = None) -> Any:
    import numpy as np

    height, width = sizes((rows, rows if columns is None else columns))
    return np.eye(height, width, k=k, dtype=dtype_of(dtype) or np.float64)


def _filled(name: str) -> Callable[..., Any]:
    def make(shape: Any, dtype: Any = None) -> Any:
        import numpy as np

        return getattr(np, name)(sizes(shape), dtype=dtype_of(dtype) or np.float64)

    return make


def _full(shape: Any, fill_value: Any, dtype: Any = None) -> Any:
    import numpy as np

    check_text(prod(sizes(shape)), leaves(fill_value)[1])
    return np.full(sizes(shape), fill_value, dtype=dtype_of(dtype))


def _like(name: str) -> Callable[..., Any]:
    def make(a: Any, *values: Any, dtype: Any = None) -> Any:
        import numpy as np

        return getattr(np, name)(array(a), *values, dtype=dtype_of(dtype))

    return make


def _plain(name: str) -> Callable[..., Any]:
    """A function whose result is as large as its first argument."""

    def make(a: Any, *values: Any, **named: Any) -> Any:
        import numpy as np

        if unknown := sorted(set(named) - _NAMED):
            raise Refused(f"np.{name} takes no {unknown[0]} here")
        return getattr(np, name)(a if isinstance(a, np.ndarray) else array(a), *values, **named)

    return make


_NAMED = frozenset({"axis", "axes", "shape", "decimals"})


def _joined(name: str) -> Callable[..., Any]:
    def make(arrays: Any, axis: Any = 0) -> Any:
        import numpy as np

        check_room(len(arrays), 1 << 16, "parts")
        parts = [one if isinstance(one, np.ndarray) else array(one) for one in arrays]
        check_bytes(sum(one.size for one in parts), max(one.itemsize for one in parts))
        return getattr(np, name)(parts, axis=axis)

    return make


def _repeat(a: Any, repeats: Any, axis: Any = None) -> Any:
    import numpy as np

    found = array(a)
    check_bytes(found.size * int(np.max(repeats)), found.itemsize)
    return np.repeat(found, repeats, axis=axis)


def _tile(a: Any, reps: Any) -> Any:
    import numpy as np

    found = array(a)
    check_bytes(found.size * prod(sizes(reps)), found.itemsize)
    return np.tile(found, sizes(reps))


def _broadcast_to(a: Any, shape: Any) -> Any:
    import numpy as np

    found = array(a)
    check_bytes(prod(sizes(shape)), found.itemsize)
    return np.broadcast_to(found, sizes(shape)).copy()


def _cast(name: str) -> Callable[..., Any]:
    def make(value: Any = 0) -> Any:
        return array(value, name)[()]

    return make


@cache
def functions() -> dict[str, Callable[..., Any]]:
    """What stands below ``np`` and may be called."""
    plain = ("reshape", "transpose", "expand_dims", "squeeze", "ravel", "flip", "abs", "sqrt", "exp", "round")
    found: dict[str, Callable[..., Any]] = {name: _plain(name) for name in plain}
    found |= {name: _filled(name) for name in ("ones", "zeros")}
    found |= {name: _like(name) for name in ("ones_like", "zeros_like", "full_like")}
    found |= {name: _joined(name) for name in ("concatenate", "stack")}
    found |= {name: _cast(name) for name in DTYPES}
    found |= {
        "array": array, "asarray": array, "arange": _arange, "linspace": _linspace, "eye": _eye,
        "full": _full, "repeat": _repeat, "tile": _tile, "broadcast_to": _broadcast_to,
    }  # fmt: skip
    for name, function in found.items():
        function.__qualname__ = f"np.{name}"  # what Python calls it where arguments do not fit
    return found


@cache
def constants() -> dict[str, Any]:
    """What stands below ``np`` and is a value."""
    import numpy as np

    return {
        "pi": np.pi, "e": np.e, "nan": np.nan, "inf": np.inf, "newaxis": None,
        **{name: np.dtype(name) for name in DTYPES},
    }  # fmt: skip


def random_functions(state: Any) -> dict[str, Callable[..., Any]]:
    """What stands below ``np.random``, drawn from a RandomState."""
    import numpy as np

    def shaped(name: str) -> Callable[..., Any]:
        def make(*values: Any, size: Any = None, **named: Any) -> Any:
            most = 2 if name in ("uniform", "normal", "randint") else 0
            if len(values) > most:
                values, size = values[:most], values[most]
            shapes = (np.shape(one) for name, one in (*enumerate(values), *named.items()) if name != "dtype")
            check_room(prod(np.broadcast_shapes(*shapes)))
            if "dtype" in named:
                named["dtype"] = dtype_of(named["dtype"])
            return getattr(state, name)(*values, size=None if size is None else sizes(size), **named)

        return make

    def dims(name: str) -> Callable[..., Any]:
        return lambda *shape: getattr(state, name)(*sizes(shape))

    return {
        **{name: dims(name) for name in ("rand", "randn")},
        **{name: shaped(name) for name in ("uniform", "normal", "randint", "random")},
    }  # fmt: skip


def _reshape(a: Any, *shape: Any) -> Any:
    return a.reshape(*shape)


def _astype(a: Any, dtype: Any) -> Any:
    return a.astype(dtype_of(dtype))


def _tolist(a: Any) -> Any:
    check_room(a.size, MAX_ITEMS)
    return a.tolist()


METHODS: dict[str, Callable[..., Any]] = {
    "reshape": _reshape, "astype": _astype, "tolist": _tolist, "transpose": lambda a, *axes: a.transpose(*axes),
}  # fmt: skip
"""What may be called of an array; ``.T`` and ``.shape`` may be read."""
