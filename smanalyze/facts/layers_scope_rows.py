"""Layers rebuilt from name scopes, for models whose exporter kept no layers.

Row names are the scopes' names, without the number that TensorFlow appended to all of them when it traced the model
once more (``model_1/dense_1`` is the layer that owns ``dense/kernel``). ``class_name`` shows the ops of the scope
(``MatMul+BiasAdd+Relu``), since no class was saved; it is empty for a scope that holds other rows.
"""

from __future__ import annotations

import re
from collections import Counter

from smanalyze.facts.layers_forward import Forward, Weight
from smanalyze.facts.layers_scope_owners import LayerScopes
from smanalyze.facts.layers_scopes import AUXILIARY, ScopeTree
from smanalyze.model.tensors import Shape
from smanalyze.report.sections import Layer, LayerTable

MAX_LEVELS = 4
"""Levels of rows; BERT's encoder/layer_0/attention/self needs four."""

UNOWNED_LEVELS = 2
"""Levels where no variable tells layers from other scopes."""

MAX_ROWS = 5_000
"""Rows of one table; large public Keras models have some thousand layers."""

_OPS_SHOWN = 4
_COUNTED = re.compile(r"_\d{1,9}$")
_SHAPING = frozenset({"Identity", "IdentityN", "Squeeze", "Reshape", "StridedSlice", "Pack", "ExpandDims"})
"""Ops that are shown only where a scope has no others."""


def build_scope_table(forward: Forward) -> LayerTable:
    """The table of one forward pass; without rows where its nodes stand in no scopes."""
    rows = _Rows(LayerScopes(ScopeTree(forward)))
    layers = rows.layers()
    weights = tuple(dict.fromkeys(forward.weights.values()))
    return LayerTable(
        source="name_scopes" if layers else "none",
        model_class="",
        model_name=rows.tree.name(rows.top),
        rows=layers,
        parameters=_count(weights),
        trainable_parameters=_count_trained(weights),
        notes=_notes(forward, rows, weights),
    )


class _Rows:
    """The scopes that become rows, in order of first use, a row before those in it; all lists are by row."""

    def __init__(self, scopes: LayerScopes) -> None:
        self.scopes = scopes
        self.tree = scopes.tree
        self.top = scopes.top()
        self.chosen: list[int] = []
        self.parents: list[int] = []
        self.depths: list[int] = []
        self.open: list[bool] = []
        self._choose(MAX_LEVELS if any(scopes.owners) else UNOWNED_LEVELS)
        self.row_of = self.tree.rows_by_scope({scope: row for row, scope in enumerate(self.chosen)})
        self.weights = self._weights()

    def _choose(self, levels: int) -> None:
        scopes = self.scopes
        self.left_out = False
        stack = [(iter(scopes.members(self.top)), -1)]
        while stack:
            members, parent = stack[-1]
            scope = next(members, None)
            if scope is None:
                stack.pop()
                continue
            if len(self.chosen) == MAX_ROWS:
                self.left_out = True
                return
            depth = len(stack) - 1
            opened = scope in scopes.containers and depth + 1 < levels
            self.chosen.append(scope)
            self.parents.append(parent)
            self.depths.append(depth)
            self.open.append(opened)
            if opened:
                stack.append((iter(scopes.members(scope)), len(self.chosen) - 1))

    def _weights(self) -> dict[int, dict[Weight, None]]:
        """The variables of each row that has some, those of the rows in it included."""
        found: dict[int, dict[Weight, None]] = {}
        for owner, weights in self.scopes.owners.items():
            if self.row_of[owner] >= 0:
                found.setdefault(self.row_of[owner], {}).update(dict.fromkeys(weights))
        for row in range(len(self.parents) - 1, -1, -1):
            if self.parents[row] >= 0 and row in found:
                found.setdefault(self.parents[row], {}).update(found[row])
        return found

    def _names(self) -> list[str]:
        """Names per group of siblings, so that the same is cut from all of them or from none."""
        groups: dict[int, list[int]] = {}
        for row, parent in enumerate(self.parents):
            groups.setdefault(parent, []).append(row)
        names = [""] * len(self.parents)
        for rows in groups.values():
            for row, name in zip(rows, self._group_names(rows), strict=True):
                names[row] = name
        return names

    def _group_names(self, rows: list[int]) -> list[str]:
        given = [self.tree.name(self.chosen[row]) for row in rows]
        own = [next(filter(None, self.scopes.owners.get(self.chosen[row], {}).values()), "") for row in rows]
        renumbered = any(own) and all(
            _COUNTED.sub("", name) == known for name, known in zip(given, own, strict=True) if known
        )
        if not renumbered:
            return given
        wanted = [_COUNTED.sub("", name) for name in given]
        taken = Counter(wanted)
        return [short if taken[short] == 1 else name for short, name in zip(wanted, given, strict=True)]

    def _ops(self) -> tuple[list[int], list[list[str]]]:
        """Per row the number of nodes, and the distinct ops of its own nodes in order of first use."""
        nodes = [0] * len(self.parents)
        found: list[list[str]] = [[] for _ in self.parents]
        ops = self.tree.forward.index.ops
        row_of = self.row_of
        for number, scope in enumerate(self.tree.scope_of):
            row = row_of[scope] if scope >= 0 else -1
            if row >= 0:
                nodes[row] += 1
                op = ops[number]
                if op not in AUXILIARY and len(found[row]) < 64 and op not in found[row]:
                    found[row].append(op)
        for row in range(len(nodes) - 1, -1, -1):
            if self.parents[row] >= 0:
                nodes[self.parents[row]] += nodes[row]
        return nodes, found

    def layers(self) -> tuple[Layer, ...]:
        """The finished rows."""
        names = self._names()
        nodes, ops = self._ops()
        shapes = self.tree.output_shapes(self.row_of, self.parents)
        paths: list[str] = []
        made = []
        for row, parent in enumerate(self.parents):
            paths.append(f"{paths[parent]}/{names[row]}" if parent >= 0 else names[row])
            class_name = "" if self.open[row] else _shown(ops[row])
            weights = tuple(self.weights.get(row, ()))
            made.append(_layer(paths[row], names[row], class_name, self.depths[row], shapes[row], weights, nodes[row]))
        return tuple(made)


def _shown(ops: list[str]) -> str:
    kept = [op for op in ops if op not in _SHAPING] or ops
    return "+".join(kept[:_OPS_SHOWN]) + ("+…" if len(kept) > _OPS_SHOWN else "")


def _layer(
    path: str,
    name: str,
    class_name: str,
    depth: int,
    shapes: tuple[Shape, ...],
    weights: tuple[Weight, ...],
    nodes: int,
) -> Layer:
    if not weights:
        return Layer(path, name, class_name, depth, shapes, "", 0, 0, None, (), nodes)
    flags = {weight.trainable for weight in weights}
    dtypes = {weight.dtype for weight in weights}
    return Layer(
        path=path,
        name=name,
        class_name=class_name,
        depth=depth,
        output_shapes=shapes,
        dtype=dtypes.pop() if len(dtypes) == 1 else "",
        parameters=_count(weights),
        trainable_parameters=_count_trained(weights),
        trainable=None if None in flags else True in flags,
        variables=tuple(dict.fromkeys(weight.name for weight in weights)),
        nodes=nodes,
    )


def _count(weights: tuple[Weight, ...]) -> int:
    return sum(weight.elements for weight in weights)


def _count_trained(weights: tuple[Weight, ...]) -> int:
    return sum(weight.elements for weight in weights if weight.trainable)


def _notes(forward: Forward, rows: _Rows, weights: tuple[Weight, ...]) -> tuple[str, ...]:
    where = f"function {forward.function}" if forward.function else "the main graph"
    if not rows.chosen:
        return (f"The nodes of {where} stand in no name scopes, so no layers can be told apart.",)
    notes = [
        f"Rebuilt from the name scopes in {where}, reached through {forward.source}; layers without operations are "
        "not seen, and the class column shows operations, since no classes were saved."
    ]
    if not forward.weights:
        notes.append("This function reads no variables: weights, if there are any, are constants in the graph.")
    placed = {weight for found in rows.weights.values() for weight in found}
    lost = tuple(weight for weight in weights if weight not in placed)
    if lost:
        notes.append(f"{len(lost)} variables with {_count(lost)} elements are read outside all rows.")
    if rows.left_out:
        notes.append(f"The table ends after {MAX_ROWS} rows; there are more scopes.")
    if any(weight.trainable is None for weight in weights):
        notes.append("Nothing says which variables are trainable.")
    return tuple(notes)
