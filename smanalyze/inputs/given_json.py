"""Values that somebody gives as JSON, in one of the forms that people keep requests in.

``{input: values}``; the same below signature keys; the body of a REST request (``inputs`` or ``instances``); a
PredictRequest of gRPC (proto3's JSON); an input example of MLflow (``columns`` and ``data``, ``dataframe_split``,
``dataframe_records``, ``inputs``, or bare values). Bytes are ``{"b64": "..."}``.
"""

from __future__ import annotations

import base64
import json
from typing import Any, NamedTuple

BARE = ""
"""The name of values that stand alone, for a signature of one input."""

ANY = ""
"""The signature key of values that name no signature."""

Named = dict[str, Any]


def json_given(text: bytes) -> dict[str, Named]:
    """What JSON gives. Raises ValueError for a form that is not known, RecursionError for one that is too deep."""
    document = json.loads(text)
    if not isinstance(document, dict):
        return {ANY: {BARE: document}}
    if isinstance(document.get("signatures"), dict):
        return {key: _inputs(value) for key, value in document["signatures"].items()}
    spec = _dict(document.get("modelSpec") or document.get("model_spec") or {}, "modelSpec")
    key = document.get("signature_name") or spec.get("signatureName") or spec.get("signature_name") or ANY
    if not isinstance(key, str):
        raise ValueError(f"the signature's name is {kind_of(key)}")
    return {key: _inputs(document)}


_OF_REQUESTS = frozenset({"inputs", "signature_name", "modelSpec", "model_spec", "params"})


def _inputs(document: Any) -> Named:
    if not isinstance(document, dict):
        return {BARE: document}
    if "dataframe_split" in document or {"columns", "data"} <= document.keys():
        return _table(_dict(document.get("dataframe_split", document), "dataframe_split"))
    place = "instances" if "instances" in document else "dataframe_records"
    rows = document.get(place)
    if isinstance(rows, list):
        if not rows or not all(isinstance(row, dict) and set(row) != {"b64"} for row in rows):
            return {BARE: rows}
        odd = next((number for number, row in enumerate(rows) if row.keys() != rows[0].keys()), None)
        if odd is not None:
            raise ValueError(f"{place}[{odd}] has other names than {place}[0]")
        return {name: [row[name] for row in rows] for name in rows[0]}
    if "inputs" in document and document.keys() <= _OF_REQUESTS:
        found = document["inputs"]
        if not isinstance(found, dict) or set(found) == {"b64"}:
            return {BARE: found}
        return {name: _tensor(value, f"inputs.{name}") for name, value in found.items()}
    return document


def _dict(value: Any, place: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{place} is {kind_of(value)}, where an object is expected")
    return value


def _list(value: Any, place: str) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError(f"{place} is {kind_of(value)}, where a list is expected")
    return value


def kind_of(value: Any) -> str:
    """What a value of JSON is, for people."""
    kinds = {dict: "an object", list: "a list", str: "a string", bool: "a boolean", int: "a number", float: "a number"}
    return "null" if value is None else kinds.get(type(value), f"a {type(value).__name__}")


def _table(table: dict[str, Any]) -> Named:
    names = _list(table.get("columns"), "columns")
    rows = [_list(row, f"data[{number}]") for number, row in enumerate(_list(table.get("data"), "data"))]
    for number, row in enumerate(rows):
        if len(row) != len(names):
            raise ValueError(f"data[{number}] has {len(row)} values for {len(names)} columns")
    return {str(name): [row[place] for row in rows] for place, name in enumerate(names)}


class Flat(NamedTuple):
    """The values of a TensorProto in proto3's JSON: its list, or its bytes, and its shape."""

    values: list[Any] | bytes
    shape: tuple[int, ...]


_LISTS = ("floatVal", "doubleVal", "intVal", "int64Val", "boolVal", "uint32Val", "uint64Val")


def _tensor(value: Any, place: str) -> Any:
    """The values of a TensorProto in proto3's JSON; anything else as it is."""
    if not isinstance(value, dict) or "dtype" not in value:
        return value
    dims = _list(_dict(value.get("tensorShape", {}), f"{place}.tensorShape").get("dim", []), f"{place}.tensorShape.dim")
    shape = tuple(_size(_dict(dim, f"{place}.tensorShape.dim[{k}]"), f"{place}.tensorShape.dim[{k}]")
                  for k, dim in enumerate(dims))  # fmt: skip
    if "stringVal" in value:
        return Flat([{"b64": one} for one in _list(value["stringVal"], f"{place}.stringVal")], shape)
    for name in _LISTS:
        if name in value:
            return Flat([_number(one, f"{place}.{name}") for one in _list(value[name], f"{place}.{name}")], shape)
    return Flat(bytes_of({"b64": value.get("tensorContent", "")}), shape)


def _size(dim: dict[str, Any], place: str) -> int:
    size = dim.get("size", 0)
    text = str(size)
    if isinstance(size, bool) or not (text.isascii() and text.isdecimal()) or len(text) > _DIGITS:
        raise ValueError(f"{place}.size is {text[:40]!r}, where a number of elements is expected")
    return int(text)


_DIGITS = 18
"""No size has more."""


def _number(value: Any, place: str) -> Any:
    """A number, which proto3's JSON may write as a string."""
    if not isinstance(value, str):
        return value
    if value.removeprefix("-").isdecimal():
        return int(value)
    try:
        return float(value)
    except ValueError:
        raise ValueError(f"{place} holds {value[:40]!r}, which is no number") from None


def bytes_of(value: Any) -> bytes:
    """A string of JSON, or base64. Raises ValueError for anything else."""
    if isinstance(value, dict) and set(value) == {"b64"}:
        try:
            return base64.b64decode(value["b64"])
        except (ValueError, TypeError) as error:
            raise ValueError(f"a b64 value is no base64: {error}") from error
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return value.encode()
    raise ValueError(f"it holds {kind_of(value)} where string is declared")
