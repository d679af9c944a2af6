"""Rows of the layer table made from the object graph: objects that own variables, as Python held them.

Row names are attribute names (``encoder``, ``blocks[0]``); below the lists in which Keras 3 keeps its layers they are
taken from the variables (``trained_model/hidden/kernel`` belongs to ``hidden``). The object graph does not say what a
layer puts out, and for most objects not of which class it is.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from smanalyze.facts.layers_forward import Weight, object_weight
from smanalyze.facts.layers_objects import ObjectTree
from smanalyze.report.sections import Layer, LayerTable

MAX_LEVELS = 4
_PASSED = frozenset({"_functional", "_operations", "_layers", "_tracked", "layers"})
"""Attributes of Keras 3 that hold layers and say nothing themselves."""

_SKIPPED = frozenset({
    "signatures", "keras_api", "optimizer", "_optimizer", "metrics", "_metrics", "_seed_generators", "save_counter",
    "variables", "trainable_variables", "non_trainable_variables", "_all_variables", "_variables", "weights",
    "_trainable_variables", "_non_trainable_variables", "model_variables", "_loss_tracker",
})  # fmt: skip
"""Attributes that hold what other objects own, or what is no part of the forward pass."""


@dataclass(slots=True)
class _Row:
    object_id: int
    parent: int
    name: str
    weights: dict[Weight, None] = field(default_factory=dict)


def build_object_table(tree: ObjectTree) -> LayerTable | None:
    """The table of the objects below the root that own variables; None where there is no such object."""
    rows = _rows(tree)
    for row in reversed(rows[1:]):
        rows[row.parent].weights.update(row.weights)
    kept = [number for number in range(1, len(rows)) if rows[number].weights]
    if not kept:
        return None
    layers = _layers(tree, rows, kept)
    weights = rows[0].weights
    return LayerTable(
        source="object_graph",
        model_class="",
        model_name="",
        rows=layers,
        parameters=sum(weight.elements for weight in weights),
        trainable_parameters=sum(weight.elements for weight in weights if weight.trainable),
        notes=_notes(tree, weights),
    )


def _rows(tree: ObjectTree) -> list[_Row]:
    """A row for the root and each object below it, in the order of the attributes, each object once; deep ones are
    part of the row around them."""
    rows = [_Row(0, -1, "")]
    depths = [0]
    seen = {0}
    stack = [(0, 0, "")]  # object, its row, how its children are called
    while stack:
        current, row, prefix = stack.pop()
        below: list[tuple[int, int, str]] = []
        for name, child in tree.children(current):
            weight = object_weight(tree.nodes[child])
            if name in _SKIPPED or (weight is None and (child in seen or tree.nodes[child].kind != "user_object")):
                continue
            if weight is not None:
                rows[row].weights[weight] = None
                continue
            seen.add(child)
            if name in _PASSED or tree.is_list(child):
                below.append((child, row, "" if name in _PASSED else f"{prefix}{name}"))
            elif depths[row] < MAX_LEVELS:
                named = f"{prefix}[{name}]" if prefix else _attribute(tree, child, name)
                rows.append(_Row(child, row, named))
                depths.append(depths[row] + 1)
                below.append((child, len(rows) - 1, ""))
            else:
                below.append((child, row, ""))
        stack.extend(reversed(below))
    return rows


def _attribute(tree: ObjectTree, child: int, name: str) -> str:
    return tree.name_of(child) if name.isdecimal() else name


def _layers(tree: ObjectTree, rows: list[_Row], kept: list[int]) -> tuple[Layer, ...]:
    paths: dict[int, str] = {0: ""}
    depth: dict[int, int] = {0: -1}
    layers = []
    for number in kept:
        row = rows[number]
        paths[number] = f"{paths[row.parent]}/{row.name}".removeprefix("/")
        depth[number] = depth[row.parent] + 1
        weights = tuple(row.weights)
        dtypes = {weight.dtype for weight in weights}
        layers.append(
            Layer(
                path=paths[number],
                name=row.name,
                class_name=tree.nodes[row.object_id].registered_name,
                depth=depth[number],
                output_shapes=(),
                dtype=dtypes.pop() if len(dtypes) == 1 else "",
                parameters=sum(weight.elements for weight in weights),
                trainable_parameters=sum(weight.elements for weight in weights if weight.trainable),
                trainable=any(weight.trainable for weight in weights),
                variables=tuple(weight.name for weight in weights),
                nodes=0,
            )
        )
    return tuple(layers)


def _notes(tree: ObjectTree, weights: dict[Weight, None]) -> tuple[str, ...]:
    notes = ["Rebuilt from the objects that own variables; the object graph tells neither classes nor output shapes."]
    own = [weight for weight in tree.held(0) if weight in weights]
    if own:
        notes.append(f"{len(own)} variables with {sum(w.elements for w in own)} elements belong to the root itself.")
    return tuple(notes)
