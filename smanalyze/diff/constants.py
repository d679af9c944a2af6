"""Constants that only one side has: large ones, and strings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import blake2b
from typing import NamedTuple

from smanalyze.diff.running import Running
from smanalyze.facts.function_names import stem_of
from smanalyze.graph.body import BodyIndex
from smanalyze.graph.savers import is_saver_body
from smanalyze.report.program_changes import ConstantChange, StringConstant

LARGE_BYTES = 1 << 20
"""From this size on a constant is told by itself."""

MAX_STRINGS = 100_000
"""Strings that are looked at on each side."""


class _Place(NamedTuple):
    function: str
    number: int


def constant_changes(old: Running, new: Running) -> tuple[ConstantChange, ...]:
    """Large constants that are on one side only; two of one name in one function are one that changed."""
    there = _large(old), _large(new)
    left = {key: place for key, place in there[0].items() if key not in there[1]}
    right = {key: place for key, place in there[1].items() if key not in there[0]}
    named = {_name(old, place): place for place in left.values()}
    found = []
    for place in right.values():
        before = named.pop(_name(new, place), None)
        found.append(_change(old, before, new, place))
    found += [_change(old, place, new, None) for place in named.values()]
    return tuple(found)


def _large(side: Running) -> dict[bytes, _Place]:
    """Large constants by what they hold; of several that hold the same, the first."""
    found: dict[bytes, _Place] = {}
    for function, index in _bodies(side):
        for number, size in index.constants:
            if size >= LARGE_BYTES:
                digest = blake2b(index.attr_keys[number], digest_size=16).digest()
                found.setdefault(digest, _Place(function, number))
    return found


def _bodies(side: Running) -> Iterator[tuple[str, BodyIndex]]:
    library = side.program.library
    yield "", library.main
    for name in library.functions:
        yield name, library.index(name)


def _index(side: Running, function: str) -> BodyIndex:
    return side.program.library.index(function) if function else side.program.library.main


def _name(side: Running, place: _Place) -> tuple[str, str]:
    return stem_of(place.function), _index(side, place.function).names[place.number]


def _change(old: Running, before: _Place | None, new: Running, after: _Place | None) -> ConstantChange:
    side, place = (new, after) if after is not None else (old, before)
    assert place is not None
    sizes = (_size(old, before), _size(new, after))
    texts = (_text(old, before), _text(new, after))
    name = _index(side, place.function).names[place.number]
    return ConstantChange(place.function, name, *texts, *sizes, side.of(place.function))


def _text(side: Running, place: _Place | None) -> str:
    if place is None:
        return ""
    tensor = _index(side, place.function).node(place.number).attr_tensor("value")
    if tensor is None:
        return ""
    shape = "unknown rank" if tensor.shape is None else list(tensor.shape)
    return f"{tensor.dtype} {shape}"


def _size(side: Running, place: _Place | None) -> int:
    if place is None:
        return 0
    tensor = _index(side, place.function).node(place.number).attr_tensor("value")
    return tensor.size if tensor is not None else 0


# Strings --------------------------------------------------------------------------------------------------------------


def new_strings(old: Running, new: Running) -> tuple[StringConstant, ...]:
    """Constant strings in what runs that the old model has nowhere. Functions that are the same on both sides are not
    looked at, nor are those that save and restore, and what a loader replaces."""
    values = _digests(old), _digests(new)
    found: dict[str, StringConstant] = {}
    for function, node, text in _limited(_strings(new, values[0], only_running=True)):
        if text and text not in found:
            found[text] = StringConstant(text, function, node, new.of(function) if function else ())
    if found:
        for _, _, text in _strings(old, values[1]):
            found.pop(text, None)
    if found:
        for _, _, text in _strings(old, frozenset()):
            found.pop(text, None)
    return tuple(found.values())


def _digests(side: Running) -> frozenset[bytes]:
    return frozenset(side.program.merkle.function(name).value for name in side.program.library.functions)


def _limited(found: Iterable[tuple[str, str, str]]) -> Iterator[tuple[str, str, str]]:
    for count, item in enumerate(found):
        if count >= MAX_STRINGS:
            return
        yield item


def _strings(side: Running, known: frozenset[bytes], *, only_running: bool = False) -> Iterator[tuple[str, str, str]]:
    """(function, node, text) of every string constant outside functions whose digest is ``known``."""
    merkle = side.program.merkle
    for function, index in _bodies(side):
        if function and (merkle.function(function).value in known or side.roles.get(function) == "saver"):
            continue
        if function and (is_saver_body(index) or (only_running and function not in side.functions)):
            continue
        left_out = _fed(side) if not function else frozenset()
        for number, _ in index.constants:
            if number in left_out or (only_running and not function and number not in side.main_running):
                continue
            node = index.node(number)
            tensor = node.attr_tensor("value") if node.attr_type("dtype") == "string" else None
            for data in tensor.strings if tensor is not None else ():
                yield function, index.names[number], data.decode("utf-8", "backslashreplace")


def _fed(side: Running) -> frozenset[int]:
    """Main-graph constants that a loader replaces, and those that only the saver takes."""
    meta_graph, main = side.program.graph.meta_graph, side.program.library.main
    names = [asset.tensor_name for asset in meta_graph.assets]
    names += [meta_graph.saver.filename_tensor] if meta_graph.saver else []
    found = {number for name in names if name and (number := main.producer(name)) is not None}
    saver = meta_graph.saver
    ends = [end for end in (saver.save_tensor, saver.restore_op) if end] if saver else []
    return frozenset(found | (main.slice_before(ends) - side.main_running))
