"""What Keras 2 writes about its layers."""

from __future__ import annotations

from collections.abc import Iterator

from smanalyze.checks.evidence import count_of, listed
from smanalyze.checks.rule import WARNING, Found, rule
from smanalyze.checks.subject import OneMetaGraph, OneModel
from smanalyze.facts.layers_metadata import KerasMetadata
from smanalyze.report.findings import Location


@rule("broken-keras-metadata", WARNING)
def broken_keras_metadata(meta_graph: OneMetaGraph) -> Iterator[Found]:
    """A layer's Keras metadata is no JSON.

    Why: tf.keras.models.load_model parses it and stops. tf.saved_model.load does not read it.
    Fix: export the model again; a tool that edits the metadata must write JSON.
    """
    metadata = KerasMetadata(meta_graph.facts.model, meta_graph.graph.meta_graph)
    for number in (*metadata.layers(), *metadata.metrics()):
        metadata.of(number)
    paths = meta_graph.names.paths
    if metadata.broken and paths is not None:
        names = {number: paths.python_path(number) for number in metadata.broken}
        source = "keras_metadata.pb" if metadata.source == "keras_metadata" else None
        yield Found(
            meta_graph.place(file=source, object_path=next(iter(names.values())) or None),
            f"The metadata of {count_of(len(names), 'object')} cannot be parsed.",
            tuple(sorted(names.values())),
            listed(f"{name or 'the root object'}: a {metadata.kinds[number]}" for number, name in names.items()),
        )


@rule("traces-not-saved", WARNING)
def traces_not_saved(model: OneModel) -> Iterator[Found]:
    """The layers were saved without their functions.

    Why: with `save_traces=False` only Keras 2, with the Python classes of all custom layers at hand, can rebuild the
    model. What tf.saved_model.load gives cannot be called, and nothing can be served.
    Fix: save with `save_traces=True` (the default), or keep the model in Keras's own format.
    """
    reuse = model.facts.reuse
    signatures = any(graph.signatures for graph in model.facts.meta_graphs)
    if reuse.save_traces is False and not signatures and model.facts.graph_is_whole:
        classes = [f"custom class {name}" for name in reuse.custom_classes]
        yield Found(
            Location(),
            "No layer has a call function and there is no signature: the model was saved with save_traces=False.",
            (),
            listed([f"optimizer {reuse.optimizer or 'none'}, loss {reuse.loss or 'none'}", *classes]),
        )
