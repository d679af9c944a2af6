"""Every variable once: what it is, where it is stored, who uses it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import prod
from typing import Any

from smanalyze.facts.checkpoint import entry_presence
from smanalyze.facts.names import Names
from smanalyze.facts.stored import StoredKeys, build_stored_keys
from smanalyze.facts.tf1_variables import GraphVariable, build_graph_variables, metric_names
from smanalyze.facts.variable_roles import copies_of, object_role, weight_role
from smanalyze.graph.model_graph import Key, ModelGraph
from smanalyze.model.bundle import BundleEntry, TensorSlice
from smanalyze.model.checkpoint import Checkpoint
from smanalyze.model.dtypes import item_size
from smanalyze.model.objects import SavedObject
from smanalyze.model.parts import Presence
from smanalyze.model.saved_model import SavedModel
from smanalyze.model.tensors import Shape
from smanalyze.report.sections import Callable, SliceRow, VariableRow


def build_variables(
    model: SavedModel,
    graphs: tuple[ModelGraph, ...],
    names: tuple[Names, ...],
    callables: tuple[tuple[Callable, ...], ...],
) -> tuple[VariableRow, ...]:
    """All variables of all MetaGraphs; one that several MetaGraphs share (same checkpoint key) stands once.

    Sorted by role (weights first), then in the order of the graphs.
    """
    rows: dict[tuple[str, ...], VariableRow] = {}
    for number, (graph, name_table, functions) in enumerate(zip(graphs, names, callables, strict=True)):
        for row in _of_meta_graph(model, number, graph, name_table, functions):
            identity = row.checkpoint_keys or ("", row.name, str(number), *row.object_paths)
            if row.slices and identity in rows and rows[identity].meta_graphs == row.meta_graphs:
                identity = (*identity, row.name)
            known = rows.get(identity)
            rows[identity] = row if known is None else _merged(known, row)
    return copies_of(tuple(rows.values()))


def _merged(known: VariableRow, row: VariableRow) -> VariableRow:
    better = row if known.role == "unused" and row.role != "unused" else known
    return replace(
        better,
        used_by=tuple(dict.fromkeys(known.used_by + row.used_by)),
        written_by=tuple(dict.fromkeys(known.written_by + row.written_by)),
        used_by_functions=known.used_by_functions + row.used_by_functions,
        meta_graphs=tuple(sorted({*known.meta_graphs, *row.meta_graphs})),
        trainable=known.trainable if known.trainable is not None else row.trainable,
    )


def _of_meta_graph(
    model: SavedModel, number: int, graph: ModelGraph, names: Names, callables: tuple[Callable, ...]
) -> list[VariableRow]:
    users = _Users(graph, callables)
    if names.paths is None:
        entries = {entry.key: entry for entry in model.checkpoint.entries}
        metrics = metric_names(graph.meta_graph)
        return _partitions_joined([
            _graph_row(model.checkpoint, entries, variable, number, users, variable.name in metrics)
            for variable in build_graph_variables(graph)
        ])  # fmt: skip
    stored = build_stored_keys(names.paths, model.checkpoint, model.checkpoint_objects)
    return [
        _object_row(model.checkpoint, node, number, names, stored, users)
        for node in names.paths.graph.nodes
        if node.kind == "variable"
    ]


class _Users:
    """Who uses and who writes each variable of one MetaGraph."""

    def __init__(self, graph: ModelGraph, callables: tuple[Callable, ...]) -> None:
        self.signatures: dict[Key, list[str]] = {}
        self.writers: dict[Key, list[str]] = {}
        self.callables: dict[Key, list[str]] = {}
        self.functions: dict[Key, int] = {}
        self.any_signature = bool(graph.meta_graph.signatures)
        for signature in graph.meta_graph.signatures:
            start = Key("signature", signature.key)
            self._add(graph, [start, *_below(graph, start)], signature.key, self.signatures, self.writers)
        for callable_ in callables:
            if callable_.kind in ("saver", "resource"):
                continue
            below = dict.fromkeys(name for trace in callable_.traces for name in trace.reach.function_names)
            self._add(graph, [Key("function", name) for name in below], callable_.path, self.callables, None)
        for key in graph.edges:
            if key.kind == "variable":
                self.functions[key] = len(graph.sources(key, "captures"))

    @staticmethod
    def _add(
        graph: ModelGraph,
        actors: list[Key],
        name: str,
        users: dict[Key, list[str]],
        writers: dict[Key, list[str]] | None,
    ) -> None:
        captured: dict[Key, None] = {}
        written: dict[Key, None] = {}
        for actor in actors:
            if actor in graph.edges:
                captured.update(dict.fromkeys(graph.targets(actor, "captures", "variable")))
                if writers is not None:
                    written.update(dict.fromkeys(graph.targets(actor, "writes", "variable")))
        for key in captured:
            users.setdefault(key, []).append(name)
        if writers is not None:
            for key in written:
                writers.setdefault(key, []).append(name)

    def used_by(self, key: Key) -> tuple[str, ...]:
        """Signatures that bind the variable; callables where the MetaGraph has no signature."""
        users = self.signatures if self.any_signature else self.callables
        return tuple(users.get(key, ()))

    def bound(self, key: Key) -> bool:
        """Whether any signature or callable binds it."""
        return key in self.signatures or key in self.callables


def _below(graph: ModelGraph, start: Key) -> list[Key]:
    return [Key("function", name) for name in graph.functions_below([start])]


# Rows ---------------------------------------------------------------------------------------------------------------


def _object_row(
    checkpoint: Checkpoint, node: SavedObject, number: int, names: Names, stored: StoredKeys, users: _Users
) -> VariableRow:
    assert node.variable is not None and names.paths is not None
    variable = node.variable
    key = Key("variable", node.id)
    keys = stored.keys.get(node.id, ())
    entry = next((stored.entries[k] for k in keys if k in stored.entries), None)
    path = names.paths.python_path(node.id)
    slot = stored.slots.get(node.id)
    slot_of = names.of(Key("variable", slot.original)) if slot and 0 <= slot.original < len(names.paths.names) else None
    role = object_role(node, names.paths, slot is not None) or weight_role(
        users.bound(key), users.bound(key), variable.dtype, variable.shape, variable.name
    )
    return VariableRow(
        name=variable.name or path or f"object {node.id}",
        checkpoint_keys=keys,
        object_paths=(path,) if path else (),
        dtype=variable.dtype,
        shape=variable.shape if variable.shape is not None or entry is None else entry.shape,
        trainable=variable.trainable,
        role=role,
        device=variable.device,
        distribution=tuple(f"{name} on {device}" if device else name for name, device in variable.components),
        used_by=users.used_by(key),
        used_by_functions=users.functions.get(key, 0),
        written_by=tuple(users.writers.get(key, ())),
        copy_of=None,
        slot_of=slot_of,
        layer=_layer(variable.name or path),
        meta_graphs=(number,),
        **_stored_fields(checkpoint, entry, variable.dtype, variable.shape),
    )


def _graph_row(
    checkpoint: Checkpoint, entries: Mapping[str, BundleEntry], variable: GraphVariable, number: int, users: _Users,
    is_metric: bool,
) -> VariableRow:  # fmt: skip
    key = Key("variable", variable.name)
    entry = entries.get(variable.key)
    definition = variable.definition
    # A graph without signatures (a training MetaGraph) is run by node names; then nothing says what is used.
    bound = users.bound(key) or not users.any_signature
    role = "metric" if is_metric else weight_role(
        bound, users.bound(key), variable.dtype, variable.shape, variable.name
    )  # fmt: skip
    return VariableRow(
        name=variable.name,
        checkpoint_keys=(variable.key,) if entry is not None or checkpoint.presence != "present" else (),
        object_paths=(),
        dtype=variable.dtype,
        shape=entry.shape if entry is not None and entry.slices else variable.shape,
        trainable=definition.trainable if definition else None,
        role=role,
        device=variable.device,
        distribution=(),
        used_by=users.used_by(key),
        used_by_functions=0,
        written_by=tuple(users.writers.get(key, ())),
        copy_of=None,
        slot_of=None,
        layer=_layer(variable.name),
        meta_graphs=(number,),
        **_stored_fields(checkpoint, entry, variable.dtype, variable.shape),
    )


def _partitions_joined(rows: list[VariableRow]) -> list[VariableRow]:
    """Partitions of one stored tensor as one row, with the whole tensor's name and shape."""
    by_key: dict[tuple[str, ...], list[VariableRow]] = {}
    for position, row in enumerate(rows):
        by_key.setdefault(row.checkpoint_keys if row.slices else ("", str(position)), []).append(row)
    joined = []
    for group in by_key.values():
        row = group[0]
        for other in group[1:]:
            row = _merged(row, other)
        if row.slices:
            row = replace(row, name=row.checkpoint_keys[0])
        joined.append(row)
    return joined


def _stored_fields(checkpoint: Checkpoint, entry: BundleEntry | None, dtype: str, shape: Shape) -> dict[str, Any]:
    """The fields that the checkpoint decides; sizes from dtype and shape where there is no entry."""
    if entry is None:
        known = shape is not None and None not in shape
        elements = prod(size or 0 for size in shape or ()) if known else 0
        presence: Presence = "absent" if checkpoint.presence == "present" else checkpoint.presence
        return {
            "elements": elements, "size": elements * item_size(dtype), "presence": presence, "shard": None,
            "slices": (), "crc32c": None,
        }  # fmt: skip
    return {
        "elements": entry.elements,
        "size": entry.size,
        "presence": entry_presence(checkpoint, entry),
        "shard": entry.shard,
        "slices": tuple(_slice_row(entry, piece) for piece in entry.slices),
        "crc32c": f"{entry.crc32c:08x}" if entry.crc32c is not None else None,
    }


def _slice_row(entry: BundleEntry, piece: TensorSlice) -> SliceRow:
    extents = (
        f"{start}:{start + length}" if length is not None else ":"
        for start, length in zip(piece.starts, piece.lengths, strict=True)
    )
    return SliceRow(", ".join(extents), piece.shard, piece.offset, piece.size)


def _layer(name: str) -> str:
    """The name scope that a variable belongs to; "" for a name without one."""
    return name.rpartition("/")[0]
