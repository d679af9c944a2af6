"""The nodes of a model's graph: their kinds and keys, and the ops that make variables and tables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

from smanalyze.model.saved_model import Signature

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
FILE_INITIALIZERS = frozenset({"InitializeTableFromTextFile", "InitializeTableFromTextFileV2"})


def tensor_names(signature: Signature) -> Iterator[str]:
    """Every tensor that a signature's outputs name, those of components included."""
    for output in signature.outputs:
        if output.tensor_name:
            yield output.tensor_name
        for component in output.components:
            if component.tensor_name:
                yield component.tensor_name
