"""The keys of lookup tables: from their assets, their constants, or the checkpoint."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from smanalyze.errors import FormatError
from smanalyze.facts.names import Names
from smanalyze.graph.body import BodyIndex
from smanalyze.graph.keys import FILE_INITIALIZERS, Key
from smanalyze.graph.model_graph import ModelGraph
from smanalyze.model.bundle import BundleEntry
from smanalyze.model.objects import ConcreteFunction
from smanalyze.model.saved_model import SavedModel

MAX_WORDS = 1000
"""So many keys of a table are enough to choose from."""

MAX_STORED = 64 << 20
"""Keys in a checkpoint that take more bytes are not read."""

_CONSTANT = frozenset({"InitializeTable", "InitializeTableV2", "LookupTableImport", "LookupTableImportV2"})
_FILLING = FILE_INITIALIZERS | _CONSTANT
_LINE_NUMBER = -1
"""What ``key_index`` says beside a column; -2 is the whole line (tensorflow/core/kernels/lookup_util.h:
TextFileLineIterator)."""


class Tables:
    """The tables of one MetaGraph: made once for all its signatures, so that each file is read once."""

    def __init__(self, model: SavedModel, graph: ModelGraph, names: Names) -> None:
        self.model = model
        self.graph = graph
        self.names = names
        self._words: dict[Key, tuple[Any, ...]] = {}
        self._filling: dict[str, list[tuple[BodyIndex, int]]] = {}
        self._files: dict[str, list[bytes]] = {}

    def words(self, key: Key) -> tuple[Any, ...]:
        """Some keys of the table: bytes or integers, () where they cannot be known."""
        if key not in self._words:
            told = (self._of_initializer(key, index, number) for index, number in self._initializers(key))
            self._words[key] = next(filter(None, told), ()) or self._stored(key)
        return self._words[key]

    def _initializers(self, key: Key) -> list[tuple[BodyIndex, int]]:
        """The nodes that fill the table."""
        found = list(self._in_main.get(key, ()))
        starts = [start for start in self.graph.sources(key, "initializes") if start.kind == "function"]
        for name in self.graph.functions_below(starts):
            if name in self.graph.library.functions:
                if name not in self._filling:
                    index = self.graph.library.index(name)
                    self._filling[name] = [(index, number) for number, op in enumerate(index.ops) if op in _FILLING]
                found += self._filling[name]
        return found

    @cached_property
    def _in_main(self) -> dict[Key, list[tuple[BodyIndex, int]]]:
        """The nodes of the main graph that fill tables, by table."""
        found: dict[Key, list[tuple[BodyIndex, int]]] = {}
        main = self.graph.library.main
        for number, op in enumerate(main.ops):
            origin = main.input_origin(number, 0) if op in _FILLING else None
            key = self.graph.main_resource(origin) if origin is not None else None
            if key is not None:
                found.setdefault(key, []).append((main, number))
        return found

    def _of_initializer(self, key: Key, index: BodyIndex, number: int) -> tuple[Any, ...]:
        if index.ops[number] in _CONSTANT:
            origin = index.input_origin(number, 1)
            if origin is not None and origin >= 0 and index.ops[origin] == "Const":
                return self._of_constant(index, origin)
            return self._captured(index, origin)
        node = index.node(number)
        lines = self._lines(key)
        column = node.attr_int("key_index")
        delimiter = (node.attr_string("delimiter") or "\t").encode()
        if column == _LINE_NUMBER:
            return tuple(range(len(lines)))
        if column is not None and column >= 0:
            split = [line.split(delimiter) for line in lines]
            lines = [words[column] for words in split if column < len(words)]
        return _typed(lines, self._key_dtype(key))

    def _of_constant(self, index: BodyIndex, number: int) -> tuple[Any, ...]:
        try:
            values = self.graph.meta_graph.graph.const_value(index.node(number))
        except FormatError:
            return ()
        return _some(values)

    @cached_property
    def _concrete(self) -> dict[str, ConcreteFunction]:
        objects = self.graph.meta_graph.objects
        return {one.name: one for one in reversed(objects.concrete_functions)} if objects is not None else {}

    def _captured(self, index: BodyIndex, origin: int | None) -> tuple[Any, ...]:
        """Keys in a constant of the main graph that the initializer binds."""
        objects = self.graph.meta_graph.objects
        concrete = self._concrete.get(getattr(index.body, "name", ""))
        if objects is None or origin is None or origin >= 0 or concrete is None:
            return ()
        place = -1 - origin - (len(index.arguments) - len(concrete.bound_inputs))
        if not 0 <= place < len(concrete.bound_inputs):
            return ()
        main = self.graph.library.main
        number = main.producer(objects.nodes[concrete.bound_inputs[place]].constant or "")
        return self._of_constant(main, number) if number is not None and number >= 0 else ()

    def _lines(self, key: Key) -> list[bytes]:
        """The first lines of the table's asset."""
        for asset in self.graph.sources(key, "initializes"):
            if asset.kind == "asset":
                name = self.names.of(asset)
                path = f"assets/{self._filenames.get(name, name)}"
                if path not in self._files:
                    self._files[path] = self._first_lines(path)
                if self._files[path]:
                    return self._files[path]
        return []

    @cached_property
    def _filenames(self) -> dict[str, str]:
        """The assets' file names, by themselves and by the tensor."""
        assets = list(reversed(self.graph.meta_graph.assets))
        by_tensor = {asset.tensor_name.partition(":")[0]: asset.filename for asset in assets}
        return by_tensor | {asset.filename: asset.filename for asset in assets}

    def _first_lines(self, path: str) -> list[bytes]:
        try:
            pieces = self.model.file_pieces
            data = bytes(next(pieces(path), b"")) if pieces is not None else b""
        except FormatError:
            return []
        lines = data.split(b"\n")
        whole = any(file.path == path and file.size == len(data) for file in self.model.files)
        return [line.removesuffix(b"\r") for line in (lines if whole else lines[:-1])[:MAX_WORDS] if line]

    def _key_dtype(self, key: Key) -> str:
        from smanalyze.facts.assets import table_types

        return table_types(self.graph, key)[1]

    @cached_property
    def _saved(self) -> dict[int, BundleEntry]:
        """The keys that the checkpoint holds of tables which are saved with their rows, by object."""
        objects = self.model.checkpoint_objects
        if objects is None:
            return {}
        entries = {entry.key: entry for entry in self.model.checkpoint.entries if entry.key.endswith("-keys")}
        named = ((one.object_id, entries.get(f"{one.key}-keys")) for one in reversed(objects.attributes))
        return {number: entry for number, entry in named if entry is not None}

    def _stored(self, key: Key) -> tuple[Any, ...]:
        entry = self._saved.get(key.id) if isinstance(key.id, int) else None
        reader = self.model.checkpoint.reader
        if entry is None or reader is None or entry.size > MAX_STORED:
            return ()
        try:
            return _some(reader.read(entry))
        except FormatError:
            return ()


def _some(values: Any) -> tuple[Any, ...]:
    return tuple(one if isinstance(one, bytes) else int(one) for one in values.ravel()[:MAX_WORDS])


def _typed(lines: list[bytes], dtype: str) -> tuple[Any, ...]:
    if not dtype.startswith(("int", "uint")):
        return tuple(lines)
    return tuple(int(line) for line in lines if line.strip().lstrip(b"-").isdigit())
