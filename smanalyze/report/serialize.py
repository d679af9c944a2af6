"""Reports as plain JSON values and back, and the JSON Schema of both, all from the dataclasses' own types.

A field of a report is a str, int, float, bool, None, Literal, tuple or frozen dataclass; nothing else.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin

from smanalyze.errors import FormatError

JsonValue = Any


@cache
def _fields(cls: type) -> tuple[tuple[str, Any], ...]:
    hints = typing.get_type_hints(cls)
    return tuple((field.name, hints[field.name]) for field in dataclasses.fields(cls))


@cache
def _names(cls: Any) -> tuple[str, ...] | None:
    return tuple(field.name for field in dataclasses.fields(cls)) if dataclasses.is_dataclass(cls) else None


def to_dict(value: Any) -> JsonValue:
    """A report, or any part of one, as dicts, lists and scalars in the order of the fields."""
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, tuple):
        return [to_dict(item) for item in value]
    kind: Any = type(value)
    names = _names(kind)
    if names is None:
        raise TypeError(f"a report cannot hold a {type(value).__name__}")
    return {name: to_dict(getattr(value, name)) for name in names}


def from_dict(cls: type, data: JsonValue, path: str = "$") -> Any:
    """The dataclass ``cls`` from what ``to_dict`` gave.

    Missing keys take the field's default; unknown keys are left out, so that newer minor versions can be read.
    Raises FormatError naming the place where the document does not fit.
    """
    if not isinstance(data, dict):
        raise FormatError(f"{path} should be an object, not {_kind(data)}")
    values = {name: _value(hint, data[name], f"{path}.{name}") for name, hint in _fields(cls) if name in data}
    try:
        return cls(**values)
    except TypeError as error:
        missing = [name for name in _required(cls) if name not in data]
        raise FormatError(f"{path} lacks {', '.join(missing)}") from error


@cache
def _required(cls: type) -> tuple[str, ...]:
    return tuple(
        field.name
        for field in dataclasses.fields(cls)
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    )


def _kind(data: Any) -> str:
    return {dict: "an object", list: "a list", str: "a string", type(None): "null"}.get(type(data), type(data).__name__)


def _value(hint: Any, data: Any, path: str) -> Any:
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        return _union(get_args(hint), data, path)
    if origin is tuple:
        return _tuple(get_args(hint), data, path)
    if origin is Literal:
        if data not in get_args(hint):
            raise FormatError(f"{path} should be one of {', '.join(map(str, get_args(hint)))}")
        return data
    if dataclasses.is_dataclass(hint):
        return from_dict(typing.cast(type, hint), data, path)
    if hint is float and type(data) is int:
        return float(data)
    if type(data) is not hint:
        raise FormatError(f"{path} should be {_JSON_NAMES[hint]}, not {_kind(data)}")
    return data


def _tuple(arguments: tuple[Any, ...], data: Any, path: str) -> tuple[Any, ...]:
    if not isinstance(data, list):
        raise FormatError(f"{path} should be a list, not {_kind(data)}")
    hints = [arguments[0]] * len(data) if arguments[-1] is Ellipsis else list(arguments)
    if len(hints) != len(data):
        raise FormatError(f"{path} should have {len(hints)} items, not {len(data)}")
    return tuple(_value(hint, item, f"{path}[{i}]") for i, (hint, item) in enumerate(zip(hints, data, strict=True)))


def _union(arguments: tuple[Any, ...], data: Any, path: str) -> Any:
    if data is None and type(None) in arguments:
        return None
    for hint in arguments:
        if hint is type(data):
            return data
    last = FormatError(f"{path} should not be {_kind(data)}")
    for hint in arguments:
        if hint is not type(None):
            try:
                return _value(hint, data, path)
            except FormatError as error:
                last = error
    raise last


_JSON_NAMES: dict[Any, str] = {str: "string", int: "integer", float: "number", bool: "boolean", type(None): "null"}


def json_schema(cls: type, title: str) -> dict[str, Any]:
    """The JSON Schema (2020-12) of the document that ``to_dict`` gives for ``cls``."""
    definitions: dict[str, Any] = {}
    root = _schema(cls, definitions)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        **root,
        "$defs": dict(sorted(definitions.items())),
    }


def _schema(hint: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        return _union_schema(get_args(hint), definitions)
    if origin is tuple:
        arguments = get_args(hint)
        if arguments[-1] is Ellipsis:
            return {"type": "array", "items": _schema(arguments[0], definitions)}
        items = [_schema(item, definitions) for item in arguments]
        return {"type": "array", "prefixItems": items, "items": False, "minItems": len(items)}
    if origin is Literal:
        return {"enum": list(get_args(hint))}
    if dataclasses.is_dataclass(hint):
        return _object_schema(typing.cast(type, hint), definitions)
    return {"type": _JSON_NAMES[hint]}


def _union_schema(arguments: tuple[Any, ...], definitions: dict[str, Any]) -> dict[str, Any]:
    options = [_schema(item, definitions) for item in arguments]
    if all(set(option) == {"type"} and isinstance(option["type"], str) for option in options):
        return {"type": sorted({option["type"] for option in options})}
    return {"anyOf": options}


def _object_schema(cls: type, definitions: dict[str, Any]) -> dict[str, Any]:
    name = cls.__name__
    if name not in definitions:
        definitions[name] = {}  # taken now, so that a recursive type finds itself
        definitions[name] = {
            "type": "object",
            "description": " ".join((cls.__doc__ or "").split()),
            "properties": {field: _schema(hint, definitions) for field, hint in _fields(cls)},
            "required": [field for field, _ in _fields(cls)],
        }
    return {"$ref": f"#/$defs/{name}"}
