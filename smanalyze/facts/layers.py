"""The layers of a MetaGraph, from the best source there is."""

from __future__ import annotations

from smanalyze.facts.layers_forward import Forward, find_forward
from smanalyze.facts.layers_keras import build_keras_table
from smanalyze.facts.layers_metadata import KerasMetadata
from smanalyze.facts.layers_object_rows import build_object_table
from smanalyze.facts.layers_objects import ObjectTree
from smanalyze.facts.layers_scope_rows import build_scope_table
from smanalyze.graph.model_graph import ModelGraph
from smanalyze.model.saved_model import MetaGraph, SavedModel
from smanalyze.report.sections import LayerTable


def build_layer_table(model: SavedModel, meta_graph: MetaGraph, graph: ModelGraph) -> LayerTable:
    """The layer table: from Keras 2's metadata if there is any; else from name scopes or from the objects that own
    variables, whichever places more of the variables that the forward pass reads in rows (scopes where equal, since
    they also tell the output shapes)."""
    metadata = KerasMetadata(model, meta_graph)
    forward = find_forward(meta_graph, graph)
    tree = ObjectTree(meta_graph.objects)
    if metadata.source and next(metadata.layers(), None) is not None:
        return build_keras_table(metadata, tree, forward)
    scopes = build_scope_table(forward) if forward else None
    objects = build_object_table(tree)
    if objects is not None and (scopes is None or _placed(objects, forward) > _placed(scopes, forward)):
        return objects
    if scopes is not None:
        return scopes
    return LayerTable(
        "none", "", "", (), 0, 0, ("Nothing in this MetaGraph can be called, and no object owns variables.",)
    )


def _placed(table: LayerTable, forward: Forward | None) -> int:
    """How many of the forward pass's variables stand in a row; all that do, where there is no forward pass."""
    named = {name for row in table.rows for name in row.variables}
    read = {weight.name for weight in forward.weights.values()} if forward and forward.weights else named
    return len(named & read)
