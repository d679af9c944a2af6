"""Values that somebody gives: a file of arrays (.npz), or JSON in one of the forms that people keep requests in.

JSON: ``{input: values}``; the same below signature keys; the body of a REST request (``inputs`` or ``instances``); a
PredictRequest of gRPC (proto3's JSON); an input example of MLflow (``columns`` and ``data``, ``dataframe_split``,
``dataframe_records``, ``inputs``, or bare values). Bytes are ``{"b64": "..."}``.
"""

from __future__ import annotations

import base64
import binascii
import json
import zipfile
from typing import Any

from smanalyze.errors import UsageError

BARE = ""
"""The name of values that stand alone, for a signature of one input."""

ANY = ""
"""The signature key of values that name no signature."""

LENGTHS = ".lengths"
"""After the name of strings in a .npz file: how long each is, where one ends in zero bytes, which numpy drops."""

Named = dict[str, Any]


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
    except (ValueError, RecursionError) as error:
        raise UsageError(f"The file is neither .npz nor JSON of a form that is known: {error}.", file=path) from error


def _npz(path: str) -> Named:
    import numpy as np

    try:
        with np.load(path, allow_pickle=False) as arrays:
            found = {name: arrays[name] for name in arrays.files}
    except (ValueError, OSError, KeyError, zipfile.BadZipFile) as error:
        raise UsageError(f"The file holds something other than arrays: {error}", file=path) from error
    for name in [name for name in found if name.endswith(LENGTHS) and name.removesuffix(LENGTHS) in found]:
        lengths, values = found.pop(name), found[name.removesuffix(LENGTHS)]
        whole = np.empty(values.size, object)
        whole[:] = [bytes(v).ljust(int(n), b"\0") for v, n in zip(values.ravel(), lengths.ravel(), strict=False)]
        found[name.removesuffix(LENGTHS)] = whole.reshape(values.shape)
    return found


def json_given(text: bytes) -> dict[str, Named]:
    """What JSON gives. Raises ValueError for a form that is not known."""
    document = json.loads(text)
    if isinstance(document, dict) and isinstance(document.get("signatures"), dict):
        return {key: _inputs(value) for key, value in document["signatures"].items()}
    key = ANY
    if isinstance(document, dict):
        spec = document.get("modelSpec") or document.get("model_spec") or {}
        key = document.get("signature_name") or spec.get("signatureName") or spec.get("signature_name") or ANY
    return {key: _inputs(document)}


def _inputs(document: Any) -> Named:
    if not isinstance(document, dict):
        return {BARE: document}
    if "dataframe_split" in document or {"columns", "data"} <= document.keys():
        table = document.get("dataframe_split", document)
        columns = list(zip(*table["data"], strict=True))
        return {str(name): list(values) for name, values in zip(table["columns"], columns, strict=True)}
    rows = document.get("instances", document.get("dataframe_records"))
    if isinstance(rows, list):
        if rows and all(isinstance(row, dict) and set(row) != {"b64"} for row in rows):
            return {str(name): [row[name] for row in rows] for name in rows[0]}
        return {BARE: rows}
    if "inputs" in document and set(document) <= {"inputs", "signature_name", "modelSpec", "model_spec", "params"}:
        found = document["inputs"]
        if not isinstance(found, dict) or set(found) == {"b64"}:
            return {BARE: found}
        return {name: _tensor(value) for name, value in found.items()}
    return document


def _tensor(value: Any) -> Any:
    """The values of a TensorProto in proto3's JSON; anything else as it is."""
    if not isinstance(value, dict) or "dtype" not in value:
        return value
    import numpy as np

    shape = tuple(int(dim.get("size", 0)) for dim in value.get("tensorShape", {}).get("dim", ()))
    if "stringVal" in value:
        return _nested([{"b64": one} for one in value["stringVal"]], shape)
    for name in ("floatVal", "doubleVal", "intVal", "int64Val", "boolVal", "uint32Val", "uint64Val"):
        if name in value:
            return _nested([int(one) if isinstance(one, str) and one.lstrip("-").isdigit() else float(one)
                            if isinstance(one, str) else one for one in value[name]], shape)  # fmt: skip
    content = base64.b64decode(value.get("tensorContent", ""))
    return np.frombuffer(content, np.uint8).reshape(-1), shape


def _nested(flat: list[Any], shape: tuple[int, ...]) -> Any:
    if not shape:
        return flat[0] if flat else []
    size = len(flat) // shape[0] if shape[0] else 0
    return [_nested(flat[k * size : (k + 1) * size], shape[1:]) for k in range(shape[0])]


def array_of(value: Any, dtype: str) -> Any:
    """The values as numpy has the dtype. Raises ValueError where they are of another kind."""
    import numpy as np

    from smanalyze.model.dtypes import numpy_dtype

    if isinstance(value, tuple):  # raw bytes of a TensorProto, and its shape
        return value[0].view(numpy_dtype(dtype)).reshape(value[1])
    if isinstance(value, np.ndarray):
        return _as_declared(value, dtype)
    if dtype == "string":
        return _string_array(value)
    found = np.array(value)
    wanted = numpy_dtype(dtype)
    if found.dtype.kind not in "biufc" and found.size:
        raise ValueError(f"it holds {found.dtype} where {dtype} is declared")
    if (dtype == "bool") != (found.dtype.kind == "b") and found.size:
        raise ValueError(f"it holds {found.dtype} where {dtype} is declared")
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

    def shape_of(one: Any) -> tuple[int, ...]:
        if isinstance(one, list | tuple):
            inner = [shape_of(item) for item in one]
            if len(set(inner)) > 1:
                raise ValueError("its rows have different sizes")
            return (len(one), *(inner[0] if inner else ()))
        flat.append(_bytes_of(one))
        return ()

    shape = shape_of(value)
    found = np.empty(len(flat), object)
    found[:] = flat
    return found.reshape(shape)


def _bytes_of(value: Any) -> bytes:
    if isinstance(value, dict) and set(value) == {"b64"}:
        try:
            return base64.b64decode(value["b64"])
        except (binascii.Error, TypeError) as error:
            raise ValueError(f"a b64 value is no base64: {error}") from error
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return value.encode()
    raise ValueError(f"it holds a {type(value).__name__} where string is declared")
