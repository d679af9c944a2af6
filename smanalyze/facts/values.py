"""One variable, constant or asset by its name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from smanalyze.errors import FormatError, UsageError
from smanalyze.facts.names import Names
from smanalyze.facts.stored import build_stored_keys
from smanalyze.graph.model_graph import ModelGraph
from smanalyze.model.bundle import BundleEntry
from smanalyze.model.checkpoint import Checkpoint
from smanalyze.model.saved_model import MetaGraph, SavedModel

MAX_NAMED = 8


@dataclass(frozen=True)
class Values:
    """What was found: ``value`` is a numpy array, or the bytes of an asset."""

    kind: Literal["variable", "constant", "asset"]
    name: str
    value: Any


def find_values(model: SavedModel, name: str) -> Values:
    """The variable, constant or asset called ``name``: exact names first (checkpoint key, variable, object path, node,
    ``function/node``, asset file).

    Raises UsageError where nothing has the name (naming near ones) or several variables have; FormatError where the
    values cannot be read.
    """
    entries = _variables(model, name)
    if len(entries) > 1:
        keys = ", ".join(entry.key for entry in entries[:MAX_NAMED])
        raise UsageError(f"{len(entries)} variables are called {name!r}; give one of their checkpoint keys: {keys}.")
    if entries:
        return Values("variable", entries[0].key, _read(model.checkpoint, entries[0]))
    for meta_graph in model.meta_graphs:
        constant = _constant(meta_graph, name)
        if constant is not None:
            return constant
    path = f"assets/{name.removeprefix('assets/')}"
    if model.read_file is not None and any(file.path == path for file in model.files):
        return Values("asset", name, model.read_file(path))
    if name in _variable_names(model):
        raise UsageError(f"The checkpoint holds no values for the variable {name!r}, or cannot be read.")
    raise UsageError(f"Nothing is called {name!r}.{_near(model, name)}")


def _read(checkpoint: Checkpoint, entry: BundleEntry) -> Any:
    if checkpoint.reader is None:
        raise UsageError("The checkpoint's values are not at hand.")
    try:
        return checkpoint.reader.read(entry)
    except FormatError as error:
        if error.file is not None:
            raise
        file = next((shard.file for shard in checkpoint.shards if shard.index == entry.shard), None)
        raise FormatError(f"{entry.key}: {error.message}", file=file, offset=error.offset) from error


def _variables(model: SavedModel, name: str) -> list[BundleEntry]:
    entries = {entry.key: entry for entry in model.checkpoint.entries}
    if name in entries:
        return [entries[name]]
    found: dict[str, BundleEntry] = {}
    for meta_graph in model.meta_graphs:
        if meta_graph.objects is None:
            continue
        names = Names(ModelGraph(meta_graph))
        assert names.paths is not None
        stored = build_stored_keys(names.paths, model.checkpoint, model.checkpoint_objects)
        for node in meta_graph.objects.nodes:
            if node.variable and name in (node.variable.name, names.paths.python_path(node.id)):
                found.update({key: entries[key] for key in stored.keys.get(node.id, ()) if key in entries})
    return _without_copies(list(found.values()))


def _without_copies(entries: list[BundleEntry]) -> list[BundleEntry]:
    """Several stored copies of the same bytes are one answer."""
    contents = {(entry.dtype, entry.shape, entry.size, entry.crc32c) for entry in entries}
    return entries[:1] if len(contents) == 1 else entries


def _constant(meta_graph: MetaGraph, name: str) -> Values | None:
    function_name, _, node_name = name.partition("/")
    bodies = [(meta_graph.graph, name)]
    if function_name in meta_graph.graph.functions:
        bodies.append((meta_graph.graph.functions[function_name], node_name))  # type: ignore[arg-type]
    for body, wanted in bodies:
        for node in body.nodes:
            if node.name == wanted and node.op == "Const":
                return Values("constant", name, meta_graph.graph.const_value(node))
    return None


def _variable_names(model: SavedModel) -> list[str]:
    graphs = [graph.objects for graph in model.meta_graphs if graph.objects]
    return [node.variable.name for objects in graphs for node in objects.nodes if node.variable]


def _near(model: SavedModel, name: str) -> str:
    known = [entry.key for entry in model.checkpoint.entries]
    known += _variable_names(model)
    known += [asset.filename for graph in model.meta_graphs for asset in graph.assets]
    near = [word for word in dict.fromkeys(known) if name.lower() in word.lower()][:MAX_NAMED]
    return f" Near: {', '.join(near)}." if near else " `smanalyze report --only variables,assets` lists the names."
