"""Can the model be reused, fine-tuned, reloaded as a Keras model, and through which call?

Of several MetaGraphs the one for serving is looked at. Sources of the claims:
tensorflow/python/saved_model/{load,load_v1_in_v2,function_deserialization}.py, tensorflow_hub/keras_layer.py,
keras/src/export/tfsm_layer.py and keras/saving/legacy/saved_model/load.py.
"""

from __future__ import annotations

from smanalyze.facts.layers_metadata import KerasMetadata
from smanalyze.facts.layers_objects import ObjectTree
from smanalyze.facts.reuse_answers import build_answers
from smanalyze.facts.reuse_keras import KerasFacts
from smanalyze.facts.reuse_loaded import Loaded, serving_graph
from smanalyze.graph.model_graph import ModelGraph
from smanalyze.model.saved_model import SavedModel
from smanalyze.report.sections import ReuseReport

NOTHING = ReuseReport("", "", (), (), None, False, False, False, "", "", ())


def build_reuse(model: SavedModel, graphs: tuple[ModelGraph, ...]) -> ReuseReport:
    """What a user who loads the model gets, and how to load it."""
    if not graphs:
        return NOTHING
    graph = serving_graph(graphs)
    tree = ObjectTree(graph.meta_graph.objects)
    keras = KerasFacts(KerasMetadata(model, graph.meta_graph), tree)
    loaded = Loaded(model, graphs, tree, keras)
    return ReuseReport(
        optimizer=keras.optimizer,
        loss=keras.loss,
        metrics=keras.metrics,
        custom_classes=keras.custom_classes,
        save_traces=keras.save_traces,
        has_variables=loaded.has_variables,
        has_trainable_variables=loaded.has_trainable_variables,
        has_regularization_losses=loaded.has_regularization_losses,
        training_argument=loaded.training_argument,
        gradients=loaded.gradients,
        answers=build_answers(loaded),
    )
