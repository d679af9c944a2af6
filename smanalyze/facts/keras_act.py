"""What a Keras configuration can bring along, as records; and whether a model has any configuration at all."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Literal

from smanalyze.model.record import record
from smanalyze.model.weights import KERAS_SUFFIXES

if TYPE_CHECKING:
    from smanalyze.model.saved_model import SavedModel
    from smanalyze.report.findings import Location
    from smanalyze.report.scan import Act

KerasActKind = Literal[
    "lambda-code", "lambda-name", "foreign-reference", "gadget", "vocabulary-path", "custom-class", "unreadable"
]
"""lambda-code: Python bytecode. lambda-name: the name of a function that the reader must have. foreign-reference: a
module that no model comes from. gadget: a name of Keras's or TensorFlow's own that is no part of a model.
vocabulary-path: a file outside the model. custom-class: a class that the reader must have. unreadable: unknown."""


@record
class Payload:
    """Code in a configuration: its size and hash once decoded, and the strings in it. ``telling`` are the names that
    say most, ``strong`` those among them that no computation of tensors needs; ``places`` look like paths, addresses or
    commands; ``names`` are the rest. ``problem`` is set where it was not decoded."""

    size: int
    sha256: str
    telling: tuple[str, ...]
    strong: tuple[str, ...]
    places: tuple[str, ...]
    names: tuple[str, ...]
    problem: str = ""


@record
class KerasAct:
    """What a place in a Keras configuration brings along. ``name`` is the layer's, "" where it has none; ``does`` a
    word of ``graph.op_risk.RISK_CLASSES``, "" where nothing is known; ``code`` is set for bytecode and pickles;
    ``places`` counts where the same was found, ``names`` are the layers there. ``in_metadata`` tells the SavedModel's
    own metadata from files."""

    act: Act
    where: Location
    kind: KerasActKind
    name: str
    does: str
    evidence: tuple[str, ...]
    code: Payload | None = None
    places: int = 1
    names: tuple[str, ...] = ()
    in_metadata: bool = False


def has_keras_configs(model: SavedModel) -> bool:
    """Whether anything in the model may hold a Keras configuration. Most have none, and need not be looked into."""
    if model.keras_nodes or any(os.path.splitext(file.path)[1].lower() in KERAS_SUFFIXES for file in model.files):
        return True
    graphs = (meta_graph.objects for meta_graph in model.meta_graphs)
    return any(node.metadata for objects in graphs if objects is not None for node in objects.nodes)
