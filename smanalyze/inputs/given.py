"""Values that somebody gives, from a file: arrays (.npz), or JSON; and what they are as arrays of a dtype."""

from __future__ import annotations

import json
import struct
import tokenize
import zipfile
import zlib
from math import prod
from typing import Any

from smanalyze.errors import UsageError
from smanalyze.inputs.given_json import ANY, Flat, Named, bytes_of, json_given, kind_of

LENGTHS = ".lengths"
"""After the name of strings in a .npz file: how long each is, where one ends in zero bytes, which numpy drops."""

MAX_RANK = 32
"""numpy before 2.0 has arrays of no higher rank."""


def read_given(path: str) -> dict[str, Named]:
    """Values by signature key (ANY: for whichever fits) and input. Raises UsageError for a file that cannot be read."""
    try:
        with open(path, "rb") as file:
            head = file.read(4)
            if head[:2] == b"PK":
                return {ANY: _npz(path)}
            text = head + file.read()
    except OSError as error:
        raise UsageError(f"The file cannot be read: {error.strerror}.", file=path) from error
    try:
        return json_given(text)
    except json.JSONDecodeError as error:
        raise UsageError(f"The file is neither .npz nor JSON: {error}.", file=path) from error
    except (ValueError, RecursionError) as error:
        why = "it is nested too deep" if isinstance(error, RecursionError) else error
        raise UsageError(f"The file is JSON of no form that is known: {why}.", file=path) from error


def _npz(path: str) -> Named:
    """The arrays of a .npz file. Read one by one, so that what is said of a damaged one names it."""
    found: Named = {}
    try:
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                found[member.filename.removesuffix(".npy")] = _array(archive, member, path)
    except (*DAMAGED, OSError) as error:
        raise UsageError(f"The file cannot be read as .npz: {_said(error)}.", file=path) from error
    for name in [name for name in found if name.endswith(LENGTHS) and name.removesuffix(LENGTHS) in found]:
        try:
            found[name.removesuffix(LENGTHS)] = _lengthened(found[name.removesuffix(LENGTHS)], found.pop(name))
        except ValueError as error:
            raise UsageError(f"The array {name!r} of the file cannot be used: {error}.", file=path) from error
    return found


DAMAGED = (ValueError, EOFError, KeyError, NotImplementedError, RuntimeError, SyntaxError, TypeError, OverflowError,
            MemoryError, struct.error, tokenize.TokenError, zipfile.BadZipFile, zlib.error)  # fmt: skip
"""What zipfile and numpy raise of damaged files: of a wrong checksum, of encryption, a head that is
no Python literal, a size that there is no room for."""


def _array(archive: zipfile.ZipFile, member: zipfile.ZipInfo, path: str) -> Any:
    import numpy as np

    try:
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ValueError(f"numpy does not compress by the method {member.compress_type}")
        with archive.open(member) as file:
            return np.lib.format.read_array(file, allow_pickle=False)
    except (*DAMAGED, OSError) as error:
        raise UsageError(
            f"What the file holds as {member.filename!r} is no array: {_said(error)}.", file=path
        ) from error


def _said(error: BaseException) -> str:
    return str(error).strip().rstrip(".") or type(error).__name__


def _lengthened(values: Any, lengths: Any) -> Any:
    """Strings with the zero bytes at their ends. Raises ValueError for lengths that are not theirs."""
    import numpy as np

    if values.dtype.kind != "S" or lengths.dtype.kind not in "iu" or lengths.shape != values.shape:
        raise ValueError(f"{lengths.dtype} of shape {lengths.shape} is no length of {values.dtype} of {values.shape}")
    if lengths.size and not 0 <= lengths.min() <= lengths.max() <= values.dtype.itemsize:
        raise ValueError(f"a string of {values.dtype} is not so long")
    whole = np.empty(values.size, object)
    whole[:] = [bytes(v).ljust(int(n), b"\0") for v, n in zip(values.ravel(), lengths.ravel(), strict=True)]
    return whole.reshape(values.shape)


# Arrays -------------------------------------------------------------------------------------------------------------

MAX_REPEATED = 1 << 24
"""So many elements are made of a list that is too short for its shape, whose last value stands for the rest."""


def _of_flat(flat: Flat, dtype: str) -> Any:
    """The array of a TensorProto (tensorflow/core/framework/tensor.cc: Tensor::FromProto)."""
    import numpy as np

    from smanalyze.model.dtypes import numpy_dtype

    count = prod(flat.shape)
    if isinstance(flat.values, bytes):
        wanted = numpy_dtype(dtype)
        if len(flat.values) != count * wanted.itemsize:
            raise ValueError(f"{len(flat.values):,} bytes do not hold {count:,} elements of {dtype}")
        return np.frombuffer(flat.values, wanted).reshape(flat.shape)
    found = array_of(flat.values, dtype)
    if found.ndim != 1 or (found.size != count and not 0 < found.size < count <= MAX_REPEATED):
        raise ValueError(f"a list of {found.size:,} values does not fill {count:,} elements")
    whole = np.empty(count, found.dtype)
    whole[: found.size] = found
    whole[found.size :] = found[-1:]
    return whole.reshape(flat.shape)


def array_of(value: Any, dtype: str) -> Any:
    """The values as numpy has the dtype. Raises ValueError where they are of another kind."""
    import numpy as np

    from smanalyze.model.dtypes import numpy_dtype

    if isinstance(value, Flat):
        return _of_flat(value, dtype)
    if isinstance(value, np.ndarray):
        return _as_declared(value, dtype)
    if dtype == "string":
        return _string_array(value)
    found = np.array(value)
    wanted = numpy_dtype(dtype)
    if found.size and (found.dtype.kind not in "biufc" or (dtype == "bool") != (found.dtype.kind == "b")):
        held = f"{kind_of(found.ravel()[0])}" if found.dtype == object else str(found.dtype)
        raise ValueError(f"it holds {held} where {dtype} is declared")
    with np.errstate(over="ignore", invalid="ignore"):
        cast = found.astype(wanted)
    if wanted.kind in "iu" and found.size and not np.array_equal(cast, found):
        raise ValueError(f"some values do not fit into {dtype}")
    return cast


def _as_declared(value: Any, dtype: str) -> Any:
    from smanalyze.model.dtypes import numpy_dtype

    if dtype == "string":
        if value.dtype.kind not in "OSU":
            raise ValueError(f"it holds {value.dtype} where string is declared")
        return _string_array(value.tolist())
    wanted = numpy_dtype(dtype)
    if value.dtype.kind == "V" and value.dtype.itemsize == wanted.itemsize:
        return value.view(wanted)  # bfloat16 and its like have no name in a file of numpy's
    if value.dtype != wanted:
        raise ValueError(f"it holds {value.dtype} where {dtype} is declared")
    return value


def _string_array(value: Any) -> Any:
    import numpy as np

    flat: list[bytes] = []

    def shape_of(one: Any, depth: int) -> tuple[int, ...]:
        if isinstance(one, list | tuple):
            if depth >= MAX_RANK:
                raise ValueError(f"it has more than {MAX_RANK} dimensions")
            inner = [shape_of(item, depth + 1) for item in one]
            if len(set(inner)) > 1:
                raise ValueError("its rows have different sizes")
            return (len(one), *(inner[0] if inner else ()))
        flat.append(bytes_of(one))
        return ()

    shape = shape_of(value, 0)
    found = np.empty(len(flat), object)
    found[:] = flat
    return found.reshape(shape)
