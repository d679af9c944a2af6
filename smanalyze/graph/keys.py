"""The nodes of a model's graph: their kinds and keys, and the ops that make variables and tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

from smanalyze.model.tensors import TensorInfo

KeyKind = Literal["signature", "init", "function", "variable", "table", "asset", "constant", "object", "resource"]
EdgeKind = Literal["contains", "calls", "captures", "reads", "writes", "initializes", "gradient"]


class Key(NamedTuple):
    """A node of the graph: its kind, and its signature key, function name, object id or main-graph node name."""

    kind: KeyKind
    id: str | int


VARIABLE_OPS = frozenset({"VarHandleOp", "VariableV2", "Variable", "TemporaryVariable", "AutoReloadVariable"})
TABLE_OPS = frozenset({
    "HashTable", "HashTableV2", "MutableHashTable", "MutableHashTableV2", "MutableDenseHashTable",
    "MutableDenseHashTableV2", "MutableHashTableOfTensors", "MutableHashTableOfTensorsV2", "AnonymousHashTable",
    "AnonymousMutableHashTable", "AnonymousMutableDenseHashTable", "AnonymousMutableHashTableOfTensors",
})  # fmt: skip
PLACEHOLDERS = frozenset({"Placeholder", "PlaceholderV2", "PlaceholderWithDefault"})
FILE_INITIALIZERS = frozenset({"InitializeTableFromTextFile", "InitializeTableFromTextFileV2"})


def tensor_names(ends: Iterable[TensorInfo]) -> Iterator[str]:
    """Every tensor that inputs or outputs of a signature name, those of components included."""
    for one in ends:
        yield from filter(None, (one.tensor_name, *(component.tensor_name for component in one.components)))
