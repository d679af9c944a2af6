"""What Keras 2 writes about its layers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from smanalyze.checks.evidence import count_of, listed, named
from smanalyze.checks.rule import WARNING, Found, rule
from smanalyze.checks.subject import OneMetaGraph, OneModel
from smanalyze.facts.layers_metadata import KerasMetadata, mapping, text
from smanalyze.report.findings import Location

_FUNCTIONS = ("function", "output_shape", "mask")


@rule("lambda-layer", WARNING)
def lambda_layer(meta_graph: OneMetaGraph) -> Iterator[Found]:
    """The Keras metadata holds Python bytecode.

    Why: a Lambda layer was saved with its function's bytecode. tf.keras.models.load_model runs it: that is code from
    the model file, and it works only on the Python version that wrote it. tf.saved_model.load does not touch it.
    Fix: replace the Lambda by a layer class, or by Keras's own layers.
    """
    metadata = KerasMetadata(meta_graph.facts.model, meta_graph.graph.meta_graph)
    found = {}
    for number in metadata.layers():
        said = metadata.of(number)
        fields = _bytecode_fields(mapping(said.get("config"))) if text(said.get("class_name")) == "Lambda" else []
        if fields:
            found[text(said.get("name")) or f"object {number}"] = fields
    if found:
        source = "keras_metadata.pb" if metadata.source == "keras_metadata" else None
        yield Found(
            meta_graph.place(file=source),
            f"{count_of(len(found), 'Lambda layer carries', 'Lambda layers carry')} bytecode: {named(list(found))}.",
            tuple(sorted(found)),
            listed(f"layer {name}: bytecode in {', '.join(fields)}" for name, fields in found.items()),
        )


def _bytecode_fields(config: dict[str, Any]) -> list[str]:
    """Fields of a Lambda's config that hold marshalled code rather than a function's name
    (keras/layers/core/lambda_layer.py: _serialize_function_to_config). It is never decoded here."""
    return [
        name for name in _FUNCTIONS
        if config.get(f"{name}_type") == "lambda" or mapping(config.get(name)).get("class_name") == "__lambda__"
    ]  # fmt: skip


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
