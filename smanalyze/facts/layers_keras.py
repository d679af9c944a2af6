"""The layer table of a Keras 2 model: what ``model.summary()`` shows, from the metadata and the object graph.

A layer's object has the children ``variables`` and ``trainable_variables`` (lists of variables, sublayers' included)
and ``keras_api``, whose ``layers`` lists the sublayers in Keras's own order. Output shapes come from the forward pass,
else from the metadata: an input layer's shape, or the ``build_input_shape`` of a layer that reads only this one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from smanalyze.facts.layers_forward import Forward
from smanalyze.facts.layers_metadata import (
    LAYER_KINDS,
    KerasMetadata,
    dtype_text,
    items,
    mapping,
    shape,
    text,
)  # fmt: skip
from smanalyze.facts.layers_objects import ObjectTree
from smanalyze.facts.layers_scopes import ScopeTree
from smanalyze.model.tensors import Shape
from smanalyze.report.sections import Layer, LayerTable

MAX_LEVELS = 8
_CELL_OWNER = "_tf_keras_rnn_layer"


@dataclass(slots=True)
class _Row:
    object_id: int
    parent: int
    depth: int
    name: str
    path: str
    scope: int = -1


def build_keras_table(metadata: KerasMetadata, tree: ObjectTree, forward: Forward | None) -> LayerTable:
    """The table of all Keras models in the object graph; the model at the root if it is one."""
    roots = _roots(metadata, tree)
    rows = _rows(metadata, tree, roots)
    scopes = ScopeTree(forward) if forward else None
    shapes = _shapes(metadata, rows, roots, scopes)
    counted = tree.weights_of(roots[0]) if len(roots) == 1 else tree.weights_of_all(roots)
    trained = tree.trained_of(roots[0]) if len(roots) == 1 else tuple(w for w in counted if w.trainable)
    sources = _Inbound(metadata)
    layers = tuple(_layer(metadata, tree, row, shapes[number], sources, scopes) for number, row in enumerate(rows))
    root = metadata.of(roots[0]) if len(roots) == 1 else {}
    return LayerTable(
        source=metadata.source,
        model_class=_class_name(root),
        model_name=_name(root),
        rows=layers,
        parameters=sum(weight.elements for weight in counted),
        trainable_parameters=sum(weight.elements for weight in trained),
        notes=_notes(metadata, layers, len(roots), forward),
    )


def _roots(metadata: KerasMetadata, tree: ObjectTree) -> list[int]:
    """The root if Keras describes it; else the first Keras objects met on the way down from it."""
    if metadata.kinds.get(0) in LAYER_KINDS:
        return [0]
    found: list[int] = []
    seen = {0}
    queue = [0]
    for current in queue:
        for _, child in tree.children(current):
            if child in seen:
                continue
            seen.add(child)
            if metadata.kinds.get(child) in LAYER_KINDS:
                found.append(child)
            else:
                queue.append(child)
    return found or list(metadata.layers())[:1]


def _rows(metadata: KerasMetadata, tree: ObjectTree, roots: list[int]) -> list[_Row]:
    """A row for each place of a layer, in Keras's order; a layer met again is not opened again."""
    rows: list[_Row] = []
    opened: set[int] = set()
    first = sublayers(metadata, tree, roots[0]) if len(roots) == 1 else roots
    opened.update(roots if len(roots) == 1 else ())
    stack = [(layer, -1) for layer in reversed(first or roots)]
    while stack:
        layer, parent = stack.pop()
        said = metadata.of(layer)
        name = _name(said) or tree.name_of(layer)
        above = rows[parent].path + "/" if parent >= 0 else ""
        depth = rows[parent].depth + 1 if parent >= 0 else 0
        rows.append(_Row(layer, parent, depth, name, above + name))
        if layer in opened or depth + 1 >= MAX_LEVELS or metadata.kinds.get(layer) == _CELL_OWNER:
            continue
        opened.add(layer)
        number = len(rows) - 1
        stack.extend((child, number) for child in reversed(sublayers(metadata, tree, layer)))
    return rows


def sublayers(metadata: KerasMetadata, tree: ObjectTree, object_id: int) -> list[int]:
    """The layers an object lists as its own, in Keras's order."""
    api = tree.child(object_id, "keras_api")
    listed = tree.child(api, "layers") if api is not None else None
    found = [child for _, child in tree.children(listed)] if listed is not None else []
    if not found:  # saved without traces, or by an early release: the attributes layer-0, layer-1 …
        numbered = ((name[6:], child) for name, child in tree.children(object_id) if name.startswith("layer-"))
        found = [child for _, child in sorted((int(n), c) for n, c in numbered if n.isdecimal() and len(n) < 10)]
    if not found:
        found = _attributes(metadata, tree, object_id)
    return [child for child in dict.fromkeys(found) if metadata.kinds.get(child) in LAYER_KINDS and child != object_id]


def _attributes(metadata: KerasMetadata, tree: ObjectTree, object_id: int) -> list[int]:
    """The layers among an object's attributes and the lists they hold."""
    found: list[int] = []
    for _, child in tree.children(object_id):
        if metadata.kinds.get(child) in LAYER_KINDS:
            found.append(child)
        elif tree.is_list(child):
            found.extend(below for _, below in tree.children(child))
    return found


def _name(said: dict[str, Any]) -> str:
    return text(said.get("name")) or text(mapping(said.get("config")).get("name"))


def _class_name(said: dict[str, Any]) -> str:
    return text(said.get("class_name"))


def _layer(
    metadata: KerasMetadata, tree: ObjectTree, row: _Row, shapes: tuple[Shape, ...], sources: _Inbound,
    scopes: ScopeTree | None,
) -> Layer:  # fmt: skip
    said = metadata.of(row.object_id)
    weights, trained = tree.weights_of(row.object_id), tree.trained_of(row.object_id)
    trainable = said.get("trainable")
    return Layer(
        path=row.path,
        name=row.name,
        class_name=_class_name(said),
        depth=row.depth,
        output_shapes=shapes,
        dtype=dtype_text(said.get("dtype")),
        parameters=sum(weight.elements for weight in weights),
        trainable_parameters=sum(weight.elements for weight in trained),
        trainable=trainable if isinstance(trainable, bool) else None,
        variables=tuple(weight.name for weight in weights),
        nodes=scopes.nodes_below(row.scope) if scopes and row.scope > 0 else 0,
        inbound=sources.of(row.object_id),
    )


# Output shapes ------------------------------------------------------------------------------------------------------


def _shapes(
    metadata: KerasMetadata, rows: list[_Row], roots: list[int], scopes: ScopeTree | None
) -> list[tuple[Shape, ...]]:
    found: list[tuple[Shape, ...]] = [()] * len(rows)
    if scopes is not None:
        _place(metadata, rows, roots, scopes)
        chosen: dict[int, int] = {}
        for number, row in enumerate(rows):
            if row.scope > 0:
                chosen.setdefault(row.scope, number)
        found = scopes.output_shapes(scopes.rows_by_scope(chosen), [row.parent for row in rows])
    consumed = _consumed_shapes(metadata, rows, roots[0] if len(roots) == 1 else -1)
    for number, row in enumerate(rows):
        found[number] = _of_one_call(found[number], metadata.of(row.object_id))
        if not found[number]:
            known = _declared(metadata.of(row.object_id)) or consumed.get((row.parent, row.name))
            found[number] = (known,) if known is not None else ()
    return found


def _of_one_call(shapes: tuple[Shape, ...], said: dict[str, Any]) -> tuple[Shape, ...]:
    """The outputs of one call, where a layer is called several times and puts out the same shapes each time."""
    calls = len(items(said.get("inbound_nodes")))
    if calls < 2 or len(shapes) % calls:
        return shapes
    once = shapes[: len(shapes) // calls]
    return once if once * calls == shapes else shapes


def _place(metadata: KerasMetadata, rows: list[_Row], roots: list[int], scopes: ScopeTree) -> None:
    """Finds each layer's scope: its name, below the scope of the model around it."""
    start = 0
    if len(roots) == 1:
        start = _child_scope(scopes, 0, _name(metadata.of(roots[0])))
        start = max(start, 0)
    for row in rows:
        around = rows[row.parent].scope if row.parent >= 0 else start
        if around >= 0:
            row.scope = _child_scope(scopes, around, row.name)


def _child_scope(scopes: ScopeTree, around: int, name: str) -> int:
    """The scope of that name, else the only one whose name TensorFlow made unique with a number; -1 for none."""
    found = scopes.child(around, name) if name else -1
    if found >= 0 or not name:
        return found
    numbered = [scope for scope in (scopes.child(around, f"{name}_{k}") for k in range(1, 4)) if scope >= 0]
    return numbered[0] if len(numbered) == 1 else -1


def _declared(said: dict[str, Any]) -> Shape:
    """An input layer's shape: it passes on what it is given."""
    if _class_name(said) != "InputLayer":
        return None
    config = mapping(said.get("config"))
    known = (said.get("batch_input_shape"), config.get("batch_input_shape"), config.get("batch_shape"))
    return next((found for found in map(shape, known) if found is not None), None)


def _consumed_shapes(metadata: KerasMetadata, rows: list[_Row], root: int) -> dict[tuple[int, str], Shape]:
    """What a layer's only input was built for, by (row around, name of the layer that gives it).

    In a Sequential that is the layer before."""
    found: dict[tuple[int, str], Shape] = {}
    before: dict[int, str] = {}
    for row in rows:
        said = metadata.of(row.object_id)
        sources = list(references(said.get("inbound_nodes")))
        around = rows[row.parent].object_id if row.parent >= 0 else root
        if metadata.kinds.get(around) == "_tf_keras_sequential" and row.parent in before:
            sources = [(before[row.parent], 0, 0)]
        before[row.parent] = row.name
        known = shape(said.get("build_input_shape"))
        if len(sources) == 1 and sources[0][1:] == (0, 0) and known is not None:
            found.setdefault((row.parent, sources[0][0]), known)
    return found


# Connections --------------------------------------------------------------------------------------------------------


def references(value: Any) -> Iterator[tuple[str, int, int]]:
    """(layer, node number, tensor number) of each tensor named in an ``inbound_nodes``, in order."""
    stack = [value]
    while stack:
        current = stack.pop()
        if isinstance(current, dict):
            stack.extend(reversed(items(current) or list(current.values())))
        elif isinstance(current, list):
            head = current[:3]
            if len(head) == 3 and isinstance(head[0], str) and type(head[1]) is int and type(head[2]) is int:
                yield head[0], head[1], head[2]
                stack.extend(reversed(current[3:]))
            else:
                stack.extend(reversed(current))


class _Inbound:
    """The layers each layer reads from: from its own metadata, else from the config of the model around it."""

    def __init__(self, metadata: KerasMetadata) -> None:
        self.metadata = metadata
        self._by_name: dict[str, Any] | None = None

    def of(self, object_id: int) -> tuple[str, ...]:
        said = self.metadata.of(object_id)
        nodes = said.get("inbound_nodes")
        if nodes is None:
            nodes = self._configured().get(_name(said))
        return tuple(dict.fromkeys(name for name, _, _ in references(nodes)))

    def _configured(self) -> dict[str, Any]:
        if self._by_name is None:
            self._by_name = {}
            for model in self.metadata.layers():
                if self.metadata.kinds[model] == "_tf_keras_network":
                    for entry in items(mapping(self.metadata.of(model).get("config")).get("layers")):
                        self._by_name.setdefault(text(mapping(entry).get("name")), mapping(entry).get("inbound_nodes"))
        return self._by_name


def _notes(metadata: KerasMetadata, layers: tuple[Layer, ...], roots: int, forward: Forward | None) -> tuple[str, ...]:
    notes = []
    if roots > 1:
        notes.append(f"The root is no Keras model; the table lists the {roots} Keras objects it holds.")
    if metadata.broken:
        shown = ", ".join(str(number) for number in list(metadata.broken)[:5])
        notes.append(f"The Keras metadata of {len(metadata.broken)} objects is no JSON object (object {shown}).")
    unknown = sum(not layer.output_shapes for layer in layers)
    if unknown:
        reason = "no function was traced" if forward is None else "they leave no trace in the forward function"
        notes.append(f"The output shapes of {unknown} of {len(layers)} layers are unknown: {reason}.")
    return tuple(notes)
