"""TensorFlow's DataType numbers, names and item sizes (tensorflow/core/framework/types.proto)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from smanalyze.errors import FormatError

if TYPE_CHECKING:
    import numpy as np

#: DataType number -> (name as ``tf.dtypes`` spells it, bytes per element as the tensor bundle stores it).
#: Strings, resources and variants have no fixed size (0). Sub-byte types take one byte per element in a bundle.
_TYPES: dict[int, tuple[str, int]] = {
    1: ("float32", 4), 2: ("float64", 8), 3: ("int32", 4), 4: ("uint8", 1), 5: ("int16", 2), 6: ("int8", 1),
    7: ("string", 0), 8: ("complex64", 8), 9: ("int64", 8), 10: ("bool", 1), 11: ("qint8", 1), 12: ("quint8", 1),
    13: ("qint32", 4), 14: ("bfloat16", 2), 15: ("qint16", 2), 16: ("quint16", 2), 17: ("uint16", 2),
    18: ("complex128", 16), 19: ("float16", 2), 20: ("resource", 0), 21: ("variant", 0), 22: ("uint32", 4),
    23: ("uint64", 8), 24: ("float8_e5m2", 1), 25: ("float8_e4m3fn", 1), 26: ("float8_e4m3fnuz", 1),
    27: ("float8_e4m3b11fnuz", 1), 28: ("float8_e5m2fnuz", 1), 29: ("int4", 1), 30: ("uint4", 1), 31: ("int2", 1),
    32: ("uint2", 1), 33: ("float4_e2m1fn", 1),
}  # fmt: skip

#: The enum spelling that saved_model_cli prints (DT_FLOAT ...), by number.
_ENUM: dict[int, str] = {
    0: "DT_INVALID", 1: "DT_FLOAT", 2: "DT_DOUBLE", 3: "DT_INT32", 4: "DT_UINT8", 5: "DT_INT16", 6: "DT_INT8",
    7: "DT_STRING", 8: "DT_COMPLEX64", 9: "DT_INT64", 10: "DT_BOOL", 11: "DT_QINT8", 12: "DT_QUINT8", 13: "DT_QINT32",
    14: "DT_BFLOAT16", 15: "DT_QINT16", 16: "DT_QUINT16", 17: "DT_UINT16", 18: "DT_COMPLEX128", 19: "DT_HALF",
    20: "DT_RESOURCE", 21: "DT_VARIANT", 22: "DT_UINT32", 23: "DT_UINT64", 24: "DT_FLOAT8_E5M2",
    25: "DT_FLOAT8_E4M3FN", 26: "DT_FLOAT8_E4M3FNUZ", 27: "DT_FLOAT8_E4M3B11FNUZ", 28: "DT_FLOAT8_E5M2FNUZ",
    29: "DT_INT4", 30: "DT_UINT4", 31: "DT_INT2", 32: "DT_UINT2", 33: "DT_FLOAT4_E2M1FN",
}  # fmt: skip

_SIZES: dict[str, int] = dict(_TYPES.values())

REF_OFFSET = 100
"""A TF1 reference type is its base type's number plus this."""


def dtype_name(number: int) -> str:
    """TensorFlow's name for a DataType number: ``float32``, ``string``, ``float32_ref``.

    0 gives ``invalid`` (what TensorFlow writes where a tensor has none); an unknown number gives ``dtype_<n>``.
    """
    if number == 0:
        return "invalid"
    if number > REF_OFFSET:
        base = _TYPES.get(number - REF_OFFSET)
        return f"{base[0]}_ref" if base else f"dtype_{number}"
    known = _TYPES.get(number)
    return known[0] if known else f"dtype_{number}"


def dtype_enum(number: int) -> str:
    """The proto enum's spelling (``DT_FLOAT``, ``DT_FLOAT_REF``); an unknown number stays a number."""
    if number > REF_OFFSET and number - REF_OFFSET in _ENUM:
        return _ENUM[number - REF_OFFSET] + "_REF"
    return _ENUM.get(number, str(number))


def dtype_number(name: str) -> int:
    """The DataType number of one of TensorFlow's names; 0 (``invalid``) for any other."""
    return next((number for number, (known, _) in _TYPES.items() if known == name), 0)


def item_size(name: str) -> int:
    """Bytes per element in a tensor bundle; 0 for string, resource, variant and unknown types."""
    return _SIZES.get(name.removesuffix("_ref"), 0)


#: Types that numpy itself has, and quantized ones, which are plain integers in memory, as numpy writes them.
PLAIN_TYPES = {
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
    if name in PLAIN_TYPES:
        return np.dtype(PLAIN_TYPES[name])
    if name in _ML_DTYPES:
        import ml_dtypes

        scalar = getattr(ml_dtypes, name, None)
        if scalar is not None:
            found: np.dtype[Any] = np.dtype(scalar)
            return found
        raise FormatError(f"Values of dtype {name} need a newer ml_dtypes.")
    raise FormatError(f"Values of dtype {name} have no numpy type.")
