"""What the canonical hash of the objects is made of, side by side: where it moved."""

from __future__ import annotations

import json
from ast import literal_eval
from collections.abc import Iterable, Iterator
from itertools import zip_longest
from typing import Any

from smanalyze.diff.side import Side
from smanalyze.report.python_changes import DescriptionPair

_OF_ALL = ("kind", "identifier", "registered_name", "device", "saveables")
_OF_VARIABLES = ("dtype", "shape", "flags", "components")
_OF_FUNCTIONS = ("argument_keywords", "allowed_positional_arguments", "concrete_functions")
_SPEC = ("args", "defaults", "varargs", "varkw", "kwonlyargs", "input_signature", "jit_compile")
_LONG = ("defaults", "input_signature")
"""Fields whose texts are for comparing, and not for reading."""

ObjectPart = tuple[str, tuple[Any, ...]]
"""The kind of a line, and what it says."""

_MAX_KEYS = 20
_MAX_DEPTH = 20
_MAX_TEXT = 60


def compare_descriptions(old: Side, new: Side, before: int, after: int) -> tuple[DescriptionPair, ...]:
    """Everything in which the objects of two MetaGraphs, by their numbers, are written differently."""
    if old.hashes.objects == new.hashes.objects:
        return ()
    sides = [dict.fromkeys(_lines(side, number, before == after)) for side, number in ((old, before), (new, after))]
    groups: dict[tuple[str, tuple[Any, ...]], tuple[list[ObjectPart], list[ObjectPart]]] = {}
    for side in (0, 1):
        for line in sides[side]:
            if line not in sides[1 - side]:
                found = line[0], literal_eval(line[1].partition(" ")[2])
                groups.setdefault((found[0], _key(found)), ([], []))[side].append(found)
    rows = dict.fromkeys(
        row for (kind, _), both in groups.items()
        for one, other in zip_longest(*both) for row in _rows(kind, one and one[1], other and other[1])
    )  # fmt: skip
    alone = {row.path for row in rows if row.what == "object"}
    told = [row for row in rows if row.path not in alone or row.what in ("object", "keras")]
    return tuple(sorted(told, key=lambda row: (row.path, row.kind, row.what, row.old, row.new)))


def _lines(side: Side, number: int, same: bool) -> Iterable[tuple[str, str]]:
    """The lines of one MetaGraph; where the other side's has another number, without it."""
    lines = side.object_lines.get(number, ())
    return lines if same else ((kind, f" {line.partition(' ')[2]}") for kind, line in lines)


def _key(found: ObjectPart) -> tuple[Any, ...]:
    """What tells which part of the other side is the same one."""
    kind, part = found
    return {"listed": part[1:2], "collection": part[1:2], "aliases": (), "child": part[:2], "slot": part[:3]}.get(
        kind, part[:1]
    )


def _rows(kind: str, old: tuple[Any, ...] | None, new: tuple[Any, ...] | None) -> Iterator[DescriptionPair]:
    part = old or new or ()
    if kind in ("listed", "collection"):
        skipped = 3 if old and new and old[2] == new[2] else 2
        yield DescriptionPair(kind, str(part[1]), kind, _plain(old and old[skipped:]), _plain(new and new[skipped:]))
    elif kind == "aliases":
        yield DescriptionPair(kind, "", kind, _plain(old and old[1]), _plain(new and new[1]))
    elif kind == "child":
        path = f"{_path(part[0])}.{part[1]}".lstrip(".")
        yield DescriptionPair(kind, path, kind, _path(old[2]) if old else "", _path(new[2]) if new else "")
    elif kind == "slot":
        path = f"{_path(part[1])} {part[2]}"
        yield DescriptionPair(kind, path, kind, _path(old[3]) if old else "", _path(new[3]) if new else "")
    else:
        for what, before, after in _fields(kind, old, new):
            yield DescriptionPair(kind, _path(part[0]), what, before, after)


def _path(identity: str) -> str:
    """The path of an object, the name of a variable: an identity without its kind."""
    return identity.partition(" ")[2]


def _fields(kind: str, old: tuple[Any, ...] | None, new: tuple[Any, ...] | None) -> Iterator[tuple[str, str, str]]:
    """(what, old, new) of one object; texts that only machines read are left out."""
    if old is None or new is None:
        words = [("" if one is None else one[1][0] if kind == "object" else "there") for one in (old, new)]
        yield kind, words[0], words[1]
    elif kind == "object":
        yield from _object_fields(old[1], new[1])
    elif kind == "keras":
        yield from _metadata_fields(old[2], new[2])
    else:
        for what, before, after in (("inputs", old[1], new[1]), ("outputs", old[2], new[2])):
            if before != after:
                yield what, "", ""


def _object_fields(old: tuple[Any, ...], new: tuple[Any, ...]) -> Iterator[tuple[str, str, str]]:
    if old[0] != new[0]:
        yield "kind", old[0], new[0]
        return
    named = (*_OF_ALL, *(_OF_VARIABLES if old[0] == "variable" else _OF_FUNCTIONS))
    for what, before, after in zip(named, old, new, strict=False):
        if before != after:
            yield what, _plain(before), _plain(after)
    specs = old[len(named) :], new[len(named) :]
    if specs[0] and specs[1]:
        for what, before, after in zip(_SPEC, *specs, strict=True):
            if before != after:
                yield what, *(("", "") if what in _LONG else (_plain(before), _plain(after)))
    elif specs[0] or specs[1]:
        yield "FunctionSpec", "there" if specs[0] else "", "there" if specs[1] else ""


def _metadata_fields(old: str, new: str) -> Iterator[tuple[str, str, str]]:
    """The keys of Keras metadata that say something else, the first of them."""
    try:
        found = list(_keys("", json.loads(old), json.loads(new), 0))
    except (ValueError, RecursionError):
        found = [("metadata", "", "")]
    yield from found[:_MAX_KEYS]


def _keys(key: str, old: object, new: object, depth: int) -> Iterator[tuple[str, str, str]]:
    if isinstance(old, dict) and isinstance(new, dict) and depth < _MAX_DEPTH:
        for name in sorted({*old, *new}):
            if old.get(name) != new.get(name):
                yield from _keys(f"{key}.{name}" if key else str(name), old.get(name), new.get(name), depth + 1)
    elif isinstance(old, (dict, list)) or isinstance(new, (dict, list)):
        yield key or "metadata", "", ""
    else:
        yield key, _plain(old), _plain(new)


def _plain(value: object) -> str:
    """A value in few words; "" for none."""
    if value is None or value in ("", (), []):
        return ""
    if isinstance(value, (tuple, list)):
        value = ", ".join(_plain(one) or "-" for one in value)
    text = str(value)
    return text if len(text) <= _MAX_TEXT else f"{text[:_MAX_TEXT]}…"
