"""numpy's types for TensorFlow's dtypes. numpy and ml_dtypes are imported when values are first asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from smanalyze.errors import FormatError

if TYPE_CHECKING:
    import numpy as np

#: Types that numpy itself has, and quantized ones, which are plain integers in memory.
_NUMPY = {
    "float32": "f4", "float64": "f8", "float16": "f2", "int8": "i1", "int16": "i2", "int32": "i4", "int64": "i8",
    "uint8": "u1", "uint16": "u2", "uint32": "u4", "uint64": "u8", "bool": "?", "complex64": "c8", "complex128": "c16",
    "qint8": "i1", "quint8": "u1", "qint16": "i2", "quint16": "u2", "qint32": "i4",
}  # fmt: skip

_ML_DTYPES = frozenset({
    "bfloat16", "float8_e5m2", "float8_e4m3fn", "float8_e4m3fnuz", "float8_e4m3b11fnuz", "float8_e5m2fnuz",
    "int4", "uint4", "int2", "uint2", "float4_e2m1fn",
})  # fmt: skip


def numpy_dtype(name: str) -> np.dtype[Any]:
    """The numpy dtype (native byte order) of a TensorFlow dtype by name; quantized ones give the plain integer.

    Raises FormatError for string, resource, variant and unknown types, and where the ml_dtypes at hand lacks one.
    """
    import numpy as np

    name = name.removesuffix("_ref")
    if name in _NUMPY:
        return np.dtype(_NUMPY[name])
    if name in _ML_DTYPES:
        import ml_dtypes

        scalar = getattr(ml_dtypes, name, None)
        if scalar is not None:
            found: np.dtype[Any] = np.dtype(scalar)
            return found
        raise FormatError(f"Values of dtype {name} need a newer ml_dtypes.")
    raise FormatError(f"Values of dtype {name} have no numpy type.")


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
