"""Values of a TensorProto.

Source: tensorflow/core/framework/tensor.proto, Tensor::FromProto in tensorflow/core/framework/tensor.cc. Either
``tensor_content`` has the raw row-major bytes (little-endian), or the list of the dtype has the elements; a list that
is too short repeats its last value, an empty one means zeros (empty strings), one that is too long is an error.
"""

from __future__ import annotations

from itertools import repeat
from typing import Any

from smanalyze.errors import FormatError
from smanalyze.format.limits import MAX_ELEMENTS, MAX_EXPANDED_BYTES, MAX_RANK
from smanalyze.format.numpy_types import from_bytes, numpy_dtype, object_array, reshape
from smanalyze.format.varint import read_varints
from smanalyze.model.dtypes import REF_OFFSET, dtype_name

_STRING = 7

#: dtype -> (field of its elements, numpy type of what the field holds). The half floats are bit patterns there.
_FIELDS: dict[str, tuple[str, str]] = {
    "float32": ("float_val", "f4"), "float64": ("double_val", "f8"), "int64": ("int64_val", "i8"),
    "uint32": ("uint32_val", "u4"), "uint64": ("uint64_val", "u8"), "bool": ("bool_val", "?"),
    "float16": ("half_val", "u2"), "bfloat16": ("half_val", "u2"),
    "complex64": ("scomplex_val", "f4"), "complex128": ("dcomplex_val", "f8"),
}  # fmt: skip

#: Field -> bytes per value of those with values of one size.
_FIXED = {"float_val": 4, "scomplex_val": 4, "double_val": 8, "dcomplex_val": 8, "bool_val": 1}
_VARINTS = ("int_val", "int64_val", "half_val", "uint32_val", "uint64_val")
_MESSAGES = ("resource_handle_val", "variant_val")


def to_numpy(message: Any, room: int = MAX_EXPANDED_BYTES) -> Any:
    """The values as a read-only numpy array of the message's dtype and shape; strings as an object array of bytes.

    Raises FormatError for resources, variants and unknown dtypes, for a shape that is not wholly known, for content
    that does not fit the shape, and where more than ``room`` bytes would be made of few stored values.
    """
    shape, elements = _shape(message)
    dtype = dtype_name(_number(message))
    if dtype == "string":
        _check_room(elements, 16, room)  # a pointer in the list, and one in the array
        return object_array(_strings(message, elements), shape)
    numpy_type = numpy_dtype(dtype)
    content = message.tensor_content
    if content:
        if len(content) != elements * numpy_type.itemsize:
            raise FormatError(f"{len(content)} bytes do not hold {elements} elements of {dtype}.")
        return from_bytes(content, dtype, shape)
    _check_room(elements, numpy_type.itemsize, room)
    return _expand(_listed(message, dtype), elements, shape)


def string_elements(message: Any, limit: int) -> tuple[bytes, ...]:
    """The first ``limit`` elements of a string tensor, without numpy; of an unusable shape those that are stored.

    Empty for other dtypes. Never raises.
    """
    if _number(message) != _STRING:
        return ()
    try:
        _, elements = _shape(message)
        stored = _content_strings(message, elements) if message.tensor_content else message.string_val
        if len(stored) <= elements:
            last = stored[-1] if stored else b""
            count = min(elements, limit)
            return (*stored[:count], *repeat(last, count - min(count, len(stored))))
    except FormatError:
        pass
    return tuple(message.string_val[:limit])


def content_size(message: Any) -> int:
    """Bytes that the values take in the file: ``tensor_content`` and the lists, without tags and lengths."""
    size = len(message.tensor_content) + len(message.float8_val) + sum(map(len, message.string_val))
    for name, width in _FIXED.items():
        size += width * len(getattr(message, name))
    for name in _VARINTS:
        # A negative number is sent as the 64-bit one of the same bits, which takes ten bytes.
        size += sum([10 if value < 0 else (value.bit_length() + 6) // 7 or 1 for value in getattr(message, name)])
    for name in _MESSAGES:
        size += sum([value.ByteSize() for value in getattr(message, name)])
    return int(size)


def _number(message: Any) -> int:
    number = int(message.dtype)
    return number if number < REF_OFFSET else number - REF_OFFSET


def _shape(message: Any) -> tuple[tuple[int, ...], int]:
    """(sizes, number of elements); raises FormatError where they are not wholly known or absurd."""
    if message.tensor_shape.unknown_rank or len(message.tensor_shape.dim) > MAX_RANK:
        raise FormatError(f"The rank of a constant is unknown or above {MAX_RANK}.")
    sizes = tuple([dim.size for dim in message.tensor_shape.dim])
    elements = 1
    for size in sizes:
        if size < 0:
            raise FormatError(f"The shape {sizes} of a constant has a negative dimension.")
        elements *= size
    if elements > MAX_ELEMENTS:
        raise FormatError(f"The shape {sizes} of a constant has more than 2^63 - 1 elements.")
    return sizes, elements


def _check_room(elements: int, width: int, room: int) -> None:
    if elements * width > room:
        raise FormatError(f"{elements} elements would be made from few; the limit is {room} bytes.")


def _listed(message: Any, dtype: str) -> Any:
    """The stored values of the dtype's list as an array of rank 1."""
    import numpy as np

    numpy_type = numpy_dtype(dtype)
    if dtype.startswith("float8") or dtype == "float4_e2m1fn":
        return np.frombuffer(message.float8_val, numpy_type)
    field, held = _FIELDS.get(dtype, ("int_val", "i4"))
    stored = getattr(message, field)
    if field == "half_val":
        # Only the low 16 bits of each int32 count.
        return np.fromiter(stored, "i4", len(stored)).astype(held).view(numpy_type)
    if numpy_type.kind == "c":
        if len(stored) % 2:
            raise FormatError("A list of complex numbers ends with a real part alone.")
        return np.fromiter(stored, held, len(stored)).view(numpy_type)
    return np.fromiter(stored, held, len(stored)).astype(numpy_type)


def _expand(values: Any, elements: int, shape: tuple[int, ...]) -> Any:
    """The values, the last repeated up to the shape's number of elements."""
    import numpy as np

    if len(values) > elements:
        raise FormatError(f"A list has {len(values)} values for {elements} elements.")
    whole = values
    if len(values) < elements:
        whole = np.empty(elements, values.dtype)
        whole[: len(values)] = values
        whole[len(values) :] = values[-1] if len(values) else np.zeros((), values.dtype)
    whole.flags.writeable = False
    return reshape(whole, shape)


def _strings(message: Any, elements: int) -> list[bytes]:
    stored = _content_strings(message, elements) if message.tensor_content else list(message.string_val)
    if len(stored) > elements:
        raise FormatError(f"A list has {len(stored)} strings for {elements} elements.")
    return stored + [stored[-1] if stored else b""] * (elements - len(stored))


def _content_strings(message: Any, elements: int) -> list[bytes]:
    """Strings packed in tensor_content: a varint length each, then their bytes (port::DecodeStringList, coding.cc)."""
    content = message.tensor_content
    if elements > len(content):
        raise FormatError(f"{len(content)} bytes do not hold {elements} strings.")
    lengths, position = read_varints(content, 0, elements)
    if position + sum(lengths) != len(content):
        raise FormatError(f"The lengths of {elements} strings do not add up to the {len(content)} bytes stored.")
    values = []
    for length in lengths:
        values.append(content[position : position + length])
        position += length
    return values
