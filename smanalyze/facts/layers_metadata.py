"""Keras 2's own description of a model: one JSON text for each layer, model and metric object.

It stands in keras_metadata.pb (TensorFlow 2.5 and later) or in the ``metadata`` of the objects themselves (2.0 to 2.5).
Source: keras/saving/legacy/saved_model/{save,load,base_serialization,model_serialization}.py.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from smanalyze.model.objects import SavedObject
from smanalyze.model.saved_model import MetaGraph, SavedModel
from smanalyze.model.tensors import Shape

LAYER_KINDS = frozenset({
    "_tf_keras_layer", "_tf_keras_input_layer", "_tf_keras_rnn_layer", "_tf_keras_network", "_tf_keras_model",
    "_tf_keras_sequential",
})  # fmt: skip
METRIC_KIND = "_tf_keras_metric"


class KerasMetadata:
    """The Keras descriptions of one MetaGraph by object id, parsed when first asked for.

    ``source`` is ``keras_metadata``, ``object_metadata``, or "" where there is none; ``kinds`` the Keras identifier of
    each described object; ``broken`` the ids whose JSON could not be read so far.
    """

    def __init__(self, model: SavedModel, meta_graph: MetaGraph) -> None:
        self.nodes: tuple[SavedObject, ...] = meta_graph.objects.nodes if meta_graph.objects else ()
        self._parsed: dict[int, dict[str, Any]] = {}
        self.broken: dict[int, None] = {}
        held = {node.id: (node.identifier, node.metadata) for node in self.nodes if _is_keras(node.identifier)}
        self.source = "object_metadata" if any(text for _, text in held.values()) else ""
        described = [entry for entry in model.keras_nodes if 0 <= entry.object_id < len(self.nodes)]
        if described:
            self.source = "keras_metadata"
            held.update({entry.object_id: (entry.identifier, entry.metadata) for entry in described})
        self._texts = {number: text for number, (_, text) in held.items()}
        self.kinds = {number: kind for number, (kind, _) in held.items()}

    def of(self, object_id: int) -> dict[str, Any]:
        """What is said of one object; {} where nothing is, or it is no JSON object."""
        known = self._parsed.get(object_id)
        if known is None:
            known = self._parsed[object_id] = self._parse(object_id)
        return known

    def _parse(self, object_id: int) -> dict[str, Any]:
        text = self._texts.get(object_id, "")
        if not text:
            return {}
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            value = None
        if isinstance(value, dict):
            return value
        self.broken[object_id] = None
        return {}

    def layers(self) -> Iterator[int]:
        """Ids of all layer and model objects, in order."""
        return (number for number in sorted(self.kinds) if self.kinds[number] in LAYER_KINDS)

    def metrics(self) -> Iterator[int]:
        """Ids of all metric objects, in order."""
        return (number for number in sorted(self.kinds) if self.kinds[number] == METRIC_KIND)


def _is_keras(identifier: str) -> bool:
    return identifier in LAYER_KINDS or identifier == METRIC_KIND


def text(value: Any) -> str:
    """The value if it is a string, else ""."""
    return value if isinstance(value, str) else ""


def mapping(value: Any) -> dict[str, Any]:
    """The value if it is a JSON object, else {}."""
    return value if isinstance(value, dict) else {}


def items(value: Any) -> list[Any]:
    """The members of a JSON list, or of Keras's way to write a tuple or TensorShape; [] for anything else."""
    if isinstance(value, dict) and value.get("class_name") in ("__tuple__", "TensorShape"):
        value = value.get("items")
    return value if isinstance(value, list) else []


def shape(value: Any) -> Shape:
    """A shape as Keras writes one; None where it is no list of sizes (then nothing is known, not even the rank)."""
    if not isinstance(value, list) and not (isinstance(value, dict) and isinstance(value.get("items"), list)):
        return None
    sizes = items(value)
    if not all(size is None or (type(size) is int and size >= 0) for size in sizes):
        return None
    return tuple(sizes)


def dtype_text(value: Any) -> str:
    """A layer's dtype: a name, or the name of its mixed-precision policy."""
    return text(value) or text(mapping(mapping(value).get("config")).get("name"))
