"""What Keras needs to make a model of it again: an endpoint, or metadata; layers; the optimizer's state."""

from __future__ import annotations

from collections.abc import Iterator

from smanalyze.checks.change import Changed, change
from smanalyze.checks.changes import MetaGraphChange, TwoModels
from smanalyze.checks.evidence import count_of, listed, named
from smanalyze.checks.python_words import ENDPOINT, METADATA, endpoint_gone, endpoint_new, shortened
from smanalyze.checks.rule import ERROR, NOTE, WARNING
from smanalyze.report.changes import VariablePair
from smanalyze.report.diff import Severities
from smanalyze.report.findings import Location
from smanalyze.report.python_changes import LayerFact, LayerPair

AREA = "python"

_FUNCTION_GONE = Severities(python=ERROR, keras=ERROR)
"""The endpoint was a function of the loaded object, which Python calls as well: as bad as any function that is gone."""


@change("keras-endpoint-removed", python=WARNING, keras=ERROR)
def endpoint_removed(meta_graph: MetaGraphChange) -> Iterator[Changed]:
    """There is nothing called `serve` any more.

    Why: `TFSMLayer` of Keras 3 calls the function, or else the signature, `serve` unless it is told otherwise, and
    stops where there is neither.
    Fix: export it again (`model.export`, or `ExportArchive.add_endpoint(name="serve", …)`), or name another one as
    `call_endpoint`.
    """
    if endpoint_gone(meta_graph) and meta_graph.models.graphs_are_whole:
        function = any(ENDPOINT in one.lost for one in meta_graph.pair.callables)
        left = meta_graph.pair.keras.endpoints[1]
        yield Changed(
            meta_graph.place(object_path=ENDPOINT), f"There is no function or signature {ENDPOINT} any more.",
            meta_graph.subject(ENDPOINT), ENDPOINT, "", (f"Left are: {named(left, 10) or 'none'}.",),
            severities=_FUNCTION_GONE if function else None,
        )  # fmt: skip


@change("keras-endpoint-added", python=NOTE, keras=NOTE)
def endpoint_added(meta_graph: MetaGraphChange) -> Iterator[Changed]:
    """`TFSMLayer` finds `serve` now.

    Why: Keras 3 loads the model as a layer without being told an endpoint.
    Fix: nothing, if it was meant.
    """
    if endpoint_new(meta_graph) and meta_graph.models.graphs_are_whole:
        message = f"There is a function or signature {ENDPOINT} now."
        yield Changed(meta_graph.place(object_path=ENDPOINT), message, meta_graph.subject(ENDPOINT), "", ENDPOINT)


# Metadata -------------------------------------------------------------------------------------------------------------


@change("keras-metadata-removed", python=NOTE, keras=ERROR, security=NOTE)
def metadata_removed(meta_graph: MetaGraphChange) -> Iterator[Changed]:
    """The metadata of Keras is gone.

    Why: `tf_keras.models.load_model` makes layers and models of it; without it the model loads through
    `tf.saved_model.load` or `TFSMLayer` alone.
    Fix: save with `model.save` of Keras 2 (tf_keras), or move the readers.
    """
    if _metadata(meta_graph) == (True, False):
        message = "The new model has no metadata of Keras: load_model cannot make a Keras model of it."
        yield Changed(Location(file=METADATA), message, meta_graph.subject(), "Keras metadata", "none")


@change("keras-metadata-added", python=NOTE, keras=NOTE, security=NOTE)
def metadata_added(meta_graph: MetaGraphChange) -> Iterator[Changed]:
    """There is metadata of Keras now.

    Why: `tf_keras.models.load_model` can make a Keras model of it; what was possible before still is.
    Fix: nothing, if it was meant.
    """
    if _metadata(meta_graph) == (False, True):
        message = "The new model has metadata of Keras."
        yield Changed(Location(file=METADATA), message, meta_graph.subject(), "none", "Keras metadata")


def _metadata(meta_graph: MetaGraphChange) -> tuple[bool, bool] | None:
    """Whether each side has any; None where that is not known, or a side has no objects to describe."""
    old, new = meta_graph.pair.keras.sources
    known = old is not None and new is not None and meta_graph.models.graphs_are_whole
    objects = all(one is not None and one.objects is not None for one in meta_graph.definitions)
    return (bool(old), bool(new)) if known and objects else None


# Layers ---------------------------------------------------------------------------------------------------------------


@change("keras-layer-config-changed", python=NOTE, keras=WARNING, security=NOTE)
def layer_config_changed(meta_graph: MetaGraphChange) -> Iterator[Changed]:
    """A Keras layer has another class or other settings.

    Why: `load_model` makes the layer of these settings: it is trained, copied and saved again with them.
    Fix: nothing, if it was meant.
    """
    groups: dict[tuple[object, ...], list[LayerPair]] = {}
    for pair in meta_graph.pair.layers if meta_graph.models.graphs_are_whole else ():
        if pair.changed and pair.old is not None:
            groups.setdefault((pair.old.class_name, pair.changed), []).append(pair)
    for pairs in groups.values():
        yield _settings(meta_graph, pairs)


def _settings(meta_graph: MetaGraphChange, pairs: list[LayerPair]) -> Changed:
    names = [pair.old.path for pair in pairs if pair.old is not None]
    changed = pairs[0].changed
    what = "; ".join(f"{key} {shortened(old)} → {shortened(new)}" for key, old, new in changed[:3])
    more = f" and {count_of(len(changed) - 3, 'other setting')}" if len(changed) > 3 else ""
    old, new = ("; ".join(f"{change[0]} {shortened(change[side])}" for change in changed) for side in (1, 2))
    word = "layer" if len(names) == 1 else "layers"
    return Changed(
        meta_graph.place(object_path=names[0]), f"The {word} {named(names)} changed: {what}{more}.",
        meta_graph.subject(*names), old, new, listed(names), confidence=min(pair.confidence for pair in pairs),
    )  # fmt: skip


@change("keras-layer-removed", python=NOTE, keras=WARNING)
def layer_removed(meta_graph: MetaGraphChange) -> Iterator[Changed]:
    """Layers of the Keras model are gone.

    Why: code that takes a layer by its name (`model.get_layer`), or loads weights by layers, does not find it.
    Fix: move such code with the model.
    """
    gone = [pair.old for pair in meta_graph.pair.layers if pair.old is not None and pair.new is None and not pair.told]
    if gone and meta_graph.models.graphs_are_whole:
        message = f"{_these(gone)} {'is' if len(gone) == 1 else 'are'} gone."
        yield _presence(meta_graph, gone, message, "-")


@change("keras-layer-added", keras=NOTE)
def layer_added(meta_graph: MetaGraphChange) -> Iterator[Changed]:
    """The Keras model has more layers.

    Why: code that takes layers by their number, or loads weights in their order, finds another one there.
    Fix: nothing, if it was meant.
    """
    new = [pair.new for pair in meta_graph.pair.layers if pair.new is not None and pair.old is None and not pair.told]
    if new and meta_graph.models.graphs_are_whole:
        yield _presence(meta_graph, new, f"{_these(new)} {'is' if len(new) == 1 else 'are'} new.", "+")


def _these(layers: list[LayerFact]) -> str:
    words = [f"{layer.path} ({layer.class_name})" for layer in layers]
    return f"The layer{'s' * (len(layers) != 1)} {named(words)}"


def _presence(meta_graph: MetaGraphChange, layers: list[LayerFact], message: str, sign: str) -> Changed:
    paths = [layer.path for layer in layers]
    return Changed(
        meta_graph.place(object_path=paths[0]), message, meta_graph.subject(*sorted(paths)),
        ", ".join(paths) if sign == "-" else "", ", ".join(paths) if sign == "+" else "",
        listed(f"{sign} {layer.path} ({layer.class_name})" for layer in layers),
    )  # fmt: skip


@change("keras-layer-renamed", keras=WARNING)
def layer_renamed(meta_graph: MetaGraphChange) -> Iterator[Changed]:
    """Layers of the Keras model have other names.

    Why: code that takes a layer by its name (`model.get_layer`), or loads weights by names, does not find it.
    Fix: keep the names, or move such code with the model.
    """
    found = [(pair.old.path, pair.new.path, pair.confidence) for pair in meta_graph.pair.layers
             if pair.stage == "config" and not pair.told and pair.old is not None and pair.new is not None]  # fmt: skip
    if found and meta_graph.models.graphs_are_whole:
        message = f"The layer {found[0][0]} is called {found[0][1]} now."
        if len(found) > 1:
            message = f"{len(found):,} layers have other names; {found[0][0]} is called {found[0][1]} now."
        yield Changed(
            meta_graph.place(object_path=found[0][0]), message, meta_graph.subject(*(old for old, _, _ in found)),
            ", ".join(old for old, _, _ in found), ", ".join(new for _, new, _ in found),
            listed(f"{old} → {new}" for old, new, _ in found), confidence=found[0][2],
        )  # fmt: skip


# The optimizer --------------------------------------------------------------------------------------------------------


@change("keras-optimizer-state-removed", python=WARNING, keras=WARNING)
def optimizer_state_removed(models: TwoModels) -> Iterator[Changed]:
    """The state of the optimizer is gone.

    Why: training cannot be resumed where it stopped: moments, rates and step counts start anew.
    Fix: save with the optimizer (`include_optimizer=True`), or keep a training checkpoint beside the model.
    """
    old = [pair for pair in models.changes.variables if pair.old is not None and pair.old.role == "optimizer"]
    if old and not any(pair.new is not None and pair.new.role == "optimizer" for pair in models.changes.variables):
        yield from _state(models, old, gone=True)


@change("keras-optimizer-state-added", python=NOTE, keras=NOTE)
def optimizer_state_added(models: TwoModels) -> Iterator[Changed]:
    """The model carries the state of an optimizer now.

    Why: training can be resumed; for serving it is dead weight.
    Fix: save without the optimizer (`include_optimizer=False`) what is only served.
    """
    new = [pair for pair in models.changes.variables if pair.new is not None and pair.new.role == "optimizer"]
    if new and not any(pair.old is not None and pair.old.role == "optimizer" for pair in models.changes.variables):
        yield from _state(models, new, gone=False)


def _state(models: TwoModels, pairs: list[VariablePair], *, gone: bool) -> Iterator[Changed]:
    """One finding for all variables of an optimizer; a model that lost or got its objects is told by these."""
    objects = [any(graph.meta_graph.objects is not None for graph in side.graphs) for side in (models.old, models.new)]
    if not models.graphs_are_whole or objects[0] != objects[1]:
        return
    rows = [row for pair in pairs if (row := pair.old if gone else pair.new) is not None]
    count = count_of(len(rows), "variable")
    message = f"The {count} of the optimizer {'is' if len(rows) == 1 else 'are'} gone."
    if not gone:
        message = f"There {'is' if len(rows) == 1 else 'are'} {count} of an optimizer now."
    sign = "-" if gone else "+"
    yield Changed(
        Location(), message, (), count if gone else "", "" if gone else count,
        listed(f"{sign} {name}" for name in sorted(row.name for row in rows)),
    )  # fmt: skip
