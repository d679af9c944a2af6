"""The keys of a lookup table: from its asset, its constants, or the checkpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from smanalyze.errors import FormatError
from smanalyze.graph.body import BodyIndex
from smanalyze.graph.keys import FILE_INITIALIZERS, Key

if TYPE_CHECKING:
    from smanalyze.inputs.walk import Walk

MAX_WORDS = 1000
"""So many keys of a table are enough to choose from."""

_CONSTANT = frozenset({"InitializeTable", "InitializeTableV2", "LookupTableImport", "LookupTableImportV2"})
_WHOLE_LINE, _LINE_NUMBER = -2, -1
"""What ``key_index`` says beside a column (tensorflow/core/kernels/lookup_util.h: TextFileLineIterator)."""


def table_words(walk: Walk, key: Key) -> tuple[Any, ...]:
    """Some keys of the table: bytes or integers, () where they cannot be known."""
    for index, number in _initializers(walk, key):
        words = _of_initializer(walk, key, index, number)
        if words:
            return words
    return _stored(walk, key)


def _initializers(walk: Walk, key: Key) -> list[tuple[BodyIndex, int]]:
    """The nodes that fill the table."""
    library, wanted = walk.graph.library, FILE_INITIALIZERS | _CONSTANT
    main = library.main
    found = [
        (main, number)
        for number, op in enumerate(main.ops)
        if op in wanted and (at := main.input_origin(number, 0)) is not None and walk.graph.main_resource(at) == key
    ]
    starts = [start for start in walk.graph.sources(key, "initializes") if start.kind == "function"]
    for name in walk.graph.functions_below(starts):
        if name in library.functions:
            index = library.index(name)
            found += [(index, number) for number, op in enumerate(index.ops) if op in wanted]
    return found


def _of_initializer(walk: Walk, key: Key, index: BodyIndex, number: int) -> tuple[Any, ...]:
    if index.ops[number] in _CONSTANT:
        origin = index.input_origin(number, 1)
        if origin is not None and origin >= 0 and index.ops[origin] == "Const":
            return _of_constant(walk, index, origin)
        return _captured(walk, index, origin)
    node = index.node(number)
    lines = _lines(walk, key)
    column = node.attr_int("key_index")
    delimiter = (node.attr_string("delimiter") or "\t").encode()
    if column == _LINE_NUMBER:
        return tuple(range(len(lines)))
    if column is not None and column >= 0:
        split = [line.split(delimiter) for line in lines]
        lines = [words[column] for words in split if column < len(words)]
    return _typed(lines, _key_dtype(walk, key))


def _of_constant(walk: Walk, index: BodyIndex, number: int) -> tuple[Any, ...]:
    try:
        values = walk.graph.meta_graph.graph.const_value(index.node(number))
    except FormatError:
        return ()
    return tuple(one if isinstance(one, bytes) else int(one) for one in values.ravel()[:MAX_WORDS])


def _captured(walk: Walk, index: BodyIndex, origin: int | None) -> tuple[Any, ...]:
    """Keys in a constant of the main graph that the initializer binds."""
    objects = walk.graph.meta_graph.objects
    if objects is None or origin is None or origin >= 0:
        return ()
    name = getattr(index.body, "name", "")
    concrete = next((one for one in objects.concrete_functions if one.name == name), None)
    place = -1 - origin - (len(index.arguments) - len(concrete.bound_inputs)) if concrete is not None else -1
    if concrete is None or not 0 <= place < len(concrete.bound_inputs):
        return ()
    main = walk.graph.library.main
    number = main.producer(objects.nodes[concrete.bound_inputs[place]].constant or "")
    return _of_constant(walk, main, number) if number is not None and number >= 0 else ()


def _lines(walk: Walk, key: Key) -> list[bytes]:
    """The first lines of the table's asset."""
    assets = [start for start in walk.graph.sources(key, "initializes") if start.kind == "asset"]
    for asset in assets:
        name = walk.names.of(asset)
        filename = next((a.filename for a in walk.graph.meta_graph.assets
                         if name in (a.filename, a.tensor_name.partition(":")[0])), name)  # fmt: skip
        lines = _first_lines(walk, f"assets/{filename}")
        if lines:
            return lines
    return []


def _first_lines(walk: Walk, path: str) -> list[bytes]:
    try:
        pieces = walk.model.file_pieces
        data = bytes(next(pieces(path), b"")) if pieces is not None else b""
    except FormatError:
        return []
    lines = data.split(b"\n")
    whole = any(file.path == path and file.size == len(data) for file in walk.model.files)
    return [line.removesuffix(b"\r") for line in (lines if whole else lines[:-1])[:MAX_WORDS] if line]


def _key_dtype(walk: Walk, key: Key) -> str:
    from smanalyze.facts.assets import table_types

    return table_types(walk.graph, key)[1]


def _typed(lines: list[bytes], dtype: str) -> tuple[Any, ...]:
    if not dtype.startswith(("int", "uint")):
        return tuple(lines)
    return tuple(int(line) for line in lines if line.strip().lstrip(b"-").isdigit())


def _stored(walk: Walk, key: Key) -> tuple[Any, ...]:
    """The keys that the checkpoint holds of a table which is saved with its rows."""
    objects = walk.model.checkpoint_objects
    if objects is None or walk.model.checkpoint.reader is None:
        return ()
    wanted = {f"{attribute.key}-keys" for attribute in objects.attributes if attribute.object_id == key.id}
    entry = next((entry for entry in walk.model.checkpoint.entries if entry.key in wanted), None)
    if entry is None:
        return ()
    try:
        values = walk.model.checkpoint.reader.read(entry)
    except FormatError:
        return ()
    return tuple(one if isinstance(one, bytes) else int(one) for one in values.ravel()[:MAX_WORDS])
