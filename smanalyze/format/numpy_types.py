"""numpy arrays over stored bytes. numpy is imported when values are first asked for."""

from __future__ import annotations

from typing import Any

from smanalyze.errors import FormatError
from smanalyze.model.dtypes import numpy_dtype

__all__ = ["empty_array", "from_bytes", "numpy_dtype", "object_array", "reshape"]


def empty_array(shape: tuple[int, ...], dtype: Any) -> Any:
    """An uninitialized array. Raises FormatError where numpy cannot hold the shape (too large, rank above 64)."""
    import numpy as np

    try:
        return np.empty(shape, dtype)
    except (ValueError, MemoryError) as error:
        raise _no_room(shape, error) from error


def from_bytes(content: bytes | memoryview, name: str, shape: tuple[int, ...], big_endian: bool = False) -> Any:
    """An array over raw row-major bytes of the right length; read-only, a view of them where no byte is changed.

    Raises FormatError as numpy_dtype does, and where numpy cannot hold the shape.
    """
    import numpy as np

    dtype = numpy_dtype(name)
    if not content:
        array = empty_array(shape, dtype)
    elif big_endian and dtype.itemsize > 1:
        # Complex numbers are swapped half by half, types of ml_dtypes as the integers they are.
        width = dtype.itemsize // 2 if dtype.kind == "c" else dtype.itemsize
        array = np.frombuffer(content, f">u{width}").astype(f"u{width}").view(dtype)
    elif dtype.kind == "b":
        # Any other byte than 0 and 1 would make an array that disagrees with itself.
        array = np.frombuffer(content, np.uint8) != 0
    else:
        array = np.frombuffer(content, dtype)
    array.flags.writeable = False
    return reshape(array, shape)


def object_array(values: list[bytes], shape: tuple[int, ...]) -> Any:
    """An object array of bytes. Raises FormatError where numpy cannot hold the shape."""
    array = empty_array((len(values),), object)
    array[:] = values
    return reshape(array, shape)


def reshape(array: Any, shape: tuple[int, ...]) -> Any:
    """``array.reshape(shape)`` for a shape of as many elements. Raises FormatError where numpy cannot hold it."""
    try:
        return array.reshape(shape)
    except ValueError as error:
        raise _no_room(shape, error) from error


def _no_room(shape: tuple[int, ...], error: Exception) -> FormatError:
    return FormatError(f"A tensor of shape {shape} cannot be held in memory: {error}.")
