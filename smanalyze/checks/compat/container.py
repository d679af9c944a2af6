"""The file as a whole and its MetaGraphs: what has to load before anything can be called."""

from __future__ import annotations

from collections.abc import Iterator

from smanalyze.checks.change import Changed, change
from smanalyze.checks.changes import MetaGraphChange, TwoModels
from smanalyze.checks.evidence import listed, named
from smanalyze.checks.rule import ERROR, NOTE, WARNING
from smanalyze.graph.ops import graph_versions
from smanalyze.model.saved_model import SavedModel
from smanalyze.report.diff import Severities
from smanalyze.report.findings import Location

AREA = "container"


@change("meta-tagset-removed", serving=ERROR, python=ERROR, keras=ERROR, security=NOTE)
def tagset_removed(meta_graph: MetaGraphChange) -> Iterator[Changed]:
    """A MetaGraph is gone.

    Why: a loader asks for a MetaGraph by its tags (TensorFlow Serving for `serve`), and fails where there is none.
    Fix: export with the same tags, or tell every loader the new ones.
    """
    if meta_graph.pair.new is None and meta_graph.models.graphs_are_whole:
        tags = ",".join(meta_graph.tags) or "(none)"
        yield Changed(Location(tag_set=tags), f"No MetaGraph has the tags {tags} any more.", meta_graph.subject(), tags)


@change("meta-tagset-added", serving=NOTE, python=WARNING, keras=WARNING, security=WARNING)
def tagset_added(meta_graph: MetaGraphChange) -> Iterator[Changed]:
    """A MetaGraph is new.

    Why: it is one more graph that a loader can choose. `tf.saved_model.load` without tags works on a model of one
    MetaGraph only, so that a TF1 model which gets a second one no longer loads that way.
    Fix: name the tags when loading, or leave the MetaGraph out.
    """
    if meta_graph.pair.old is None and meta_graph.models.graphs_are_whole:
        tags = ",".join(meta_graph.tags) or "(none)"
        first = len(meta_graph.models.old.meta_graphs) == 1
        objects = any(graph.meta_graph.objects is not None for graph in meta_graph.models.new.graphs)
        worse = Severities(NOTE, ERROR, WARNING, WARNING) if first and not objects else None
        message = f"There is a new MetaGraph with the tags {tags}."
        yield Changed(Location(tag_set=tags), message, meta_graph.subject(), "", tags, severities=worse)


@change("meta-tags-changed", serving=ERROR, python=ERROR, keras=ERROR, security=NOTE)
def tags_changed(meta_graph: MetaGraphChange) -> Iterator[Changed]:
    """The MetaGraph has other tags.

    Why: loaders find a MetaGraph by exactly its tags; `serve` and `serve,gpu` are two different ones. Only
    `tf.saved_model.load` without tags takes the one MetaGraph that there is: for python a warning then.
    Fix: export with the tags that loaders ask for.
    """
    old, new = meta_graph.pair.old, meta_graph.pair.new
    if old is not None and new is not None and sorted(old.tags) != sorted(new.tags):
        before, after = (",".join(sorted(one.tags)) or "(none)" for one in (old, new))
        message = f"The tags were {before}, and are {after}."
        models = meta_graph.models
        lone = all(len(side.model.meta_graphs) == 1 for side in (models.old, models.new))
        spared = Severities(ERROR, WARNING, ERROR, NOTE) if lone else None
        yield Changed(Location(tag_set=before), message, meta_graph.subject(), before, after, severities=spared)


@change("meta-graph-unreadable", serving=ERROR, python=ERROR, keras=ERROR, security=WARNING)
def graph_unreadable(models: TwoModels) -> Iterator[Changed]:
    """The new model's graph cannot be read.

    Why: it could be read in the old model; what is damaged or missing does not load, and was not compared.
    Fix: fetch the model again; `smanalyze audit` says what is wrong with the file.
    """
    if models.old.graph_is_whole and not models.new.graph_is_whole:
        yield _unreadable(models.new.model, "new", "The graph of the new model cannot be read as a whole")


@change("meta-graph-readable", serving=NOTE, python=NOTE, keras=NOTE, security=NOTE)
def graph_readable(models: TwoModels) -> Iterator[Changed]:
    """The old model's graph cannot be read.

    Why: that of the new model can; what it was before is not known, and was not compared.
    Fix: name an old model that is whole.
    """
    if models.new.graph_is_whole and not models.old.graph_is_whole:
        yield _unreadable(models.old.model, "old", "The graph of the old model cannot be read as a whole")


def _unreadable(model: SavedModel, side: str, sentence: str) -> Changed:
    lost = [one for one in model.unreadable if one.part == "graph"]
    reason = f": {lost[0].message}" if lost else "."
    file = lost[0].file if lost else None
    return Changed(Location(file=file), f"{sentence}{reason}", (side,), evidence=tuple(one.message for one in lost))


def _has_objects(models: TwoModels) -> tuple[bool, bool]:
    old, new = (any(g.meta_graph.objects is not None for g in side.graphs) for side in (models.old, models.new))
    return old, new


@change("meta-objectgraph-removed", serving=NOTE, python=ERROR, keras=ERROR, security=NOTE)
def objectgraph_removed(models: TwoModels) -> Iterator[Changed]:
    """The model has no objects any more.

    Why: the old model was exported by TensorFlow 2 and restored as an object with functions and variables; the new one
    has a plain graph as TF1 wrote it: only its signatures can be called.
    Fix: export with `tf.saved_model.save`, or load through the signatures alone.
    """
    if models.graphs_are_whole and _has_objects(models) == (True, False):
        yield Changed(Location(), "The object graph is gone.", (), "TensorFlow 2 objects", "a TF1 graph")


@change("meta-objectgraph-added", serving=NOTE, python=NOTE, keras=NOTE, security=NOTE)
def objectgraph_added(models: TwoModels) -> Iterator[Changed]:
    """The model has objects now.

    Why: it was a plain graph as TF1 writes it, and is an object with functions and variables now, which loads in
    another way; its signatures are called as before.
    Fix: nothing, if it was meant.
    """
    if models.graphs_are_whole and _has_objects(models) == (False, True):
        yield Changed(Location(), "There is an object graph now.", (), "a TF1 graph", "TensorFlow 2 objects")


@change("meta-container-changed", serving=WARNING, python=WARNING, keras=WARNING, security=NOTE)
def container_changed(models: TwoModels) -> Iterator[Changed]:
    """The model file has another form.

    Why: not every reader takes every form: split models (.cpb) need TensorFlow 2.16 or newer, and some tools know
    saved_model.pb alone.
    Fix: export in the form that the readers know.
    """
    old, new = models.old.model.file_kind, models.new.model.file_kind
    if old != new and "none" not in (old, new):
        message = f"The model file was saved_model.{old}, and is saved_model.{new}."
        yield Changed(Location(file=f"saved_model.{new}"), message, (), f".{old}", f".{new}")


@change("meta-min-consumer-raised", serving=WARNING, python=WARNING, keras=WARNING)
def min_consumer_raised(meta_graph: MetaGraphChange) -> Iterator[Changed]:
    """The graph asks for a newer TensorFlow.

    Why: a TensorFlow whose graph version is below the graph's `min_consumer` refuses to load it. A version that is no
    newer than the TensorFlow that wrote the old model is a note.
    Fix: export with the TensorFlow that has to run it, or bring the runtime up to date.
    """
    before, after = meta_graph.definitions
    old, new = (one.graph.min_consumer if one else 0 for one in (before, after))
    if meta_graph.in_both and old < new:
        message = f"Graph version {new} is needed, and was {old}."
        runtime = _runtime_number(meta_graph.models)
        written = before.graph.producer if before else 0
        refused = Severities(ERROR, ERROR, ERROR) if runtime is not None and runtime < new else None
        if refused is None and new <= written:
            refused = Severities(NOTE, NOTE, NOTE)
        yield Changed(meta_graph.place(), message, meta_graph.subject(), str(old), str(new), severities=refused)


def _runtime_number(models: TwoModels) -> int | None:
    """The newest graph version of the release that has to run the model; None where it was not said."""
    numbers = graph_versions(models.runtime_tf) if models.runtime_tf else ()
    return max(numbers, default=None)


@change("meta-bad-consumers-changed", serving=WARNING, python=WARNING, keras=WARNING)
def bad_consumers_changed(meta_graph: MetaGraphChange) -> Iterator[Changed]:
    """The graph refuses other TensorFlows.

    Why: a TensorFlow whose graph version is in the graph's list of bad consumers refuses to load it.
    Fix: export with the TensorFlow that has to run it, or bring the runtime up to date.
    """
    old, new = (sorted(one.graph.bad_consumers) if one else [] for one in meta_graph.definitions)
    if meta_graph.in_both and old != new:
        before, after = (", ".join(map(str, side)) or "none" for side in (old, new))
        message = f"Graph versions that must not run it: {after} (was: {before})."
        yield Changed(meta_graph.place(), message, meta_graph.subject(), before, after)


@change("meta-producer-raised", serving=NOTE, python=NOTE, keras=NOTE, security=NOTE)
def producer_changed(meta_graph: MetaGraphChange) -> Iterator[Changed]:
    """Another TensorFlow wrote the model.

    Why: releases export ops, defaults and object graphs differently; what follows from it is told apart.
    Fix: nothing, if it was meant.
    """
    old, new = meta_graph.definitions
    if old is None or new is None or _only_version(meta_graph.models):
        return
    before, after = (one.tensorflow_version or f"graph version {one.graph.producer}" for one in (old, new))
    if before != after:
        message = f"The old model was written by {_writer(before)}, the new one by {_writer(after)}."
        yield Changed(meta_graph.place(), message, meta_graph.subject(), before, after)


def _writer(version: str) -> str:
    return f"TensorFlow {version}" if version[:1].isdigit() else f"a TensorFlow of {version}"


@change("meta-stripped-defaults-lost", serving=WARNING, python=WARNING, keras=WARNING)
def stripped_defaults_lost(meta_graph: MetaGraphChange) -> Iterator[Changed]:
    """Attrs that have their default values are written out now.

    Why: the export no longer strips them, and an older TensorFlow refuses a node with an attr that it does not know,
    even where its value is the default.
    Fix: export with `strip_default_attrs=True`, as `tf.saved_model.save` does by itself.
    """
    flags = _stripped(meta_graph)
    if flags == (True, False):
        message = "The old model leaves default attrs out, the new one writes them."
        yield Changed(meta_graph.place(), message, meta_graph.subject(), "stripped", "not stripped")


@change("meta-stripped-defaults-gained", serving=NOTE, python=NOTE, keras=NOTE)
def stripped_defaults_gained(meta_graph: MetaGraphChange) -> Iterator[Changed]:
    """Attrs that have their default values are left out now.

    Why: older TensorFlows can load such a model more often; nothing is lost.
    Fix: nothing.
    """
    if _stripped(meta_graph) == (False, True):
        message = "The new model leaves default attrs out."
        yield Changed(meta_graph.place(), message, meta_graph.subject(), "not stripped", "stripped")


def _stripped(meta_graph: MetaGraphChange) -> tuple[bool, bool] | None:
    old, new = meta_graph.definitions
    return None if old is None or new is None else (old.stripped_default_attrs, new.stripped_default_attrs)


@change("meta-function-aliases-changed", serving=NOTE, python=WARNING, keras=NOTE)
def function_aliases_changed(meta_graph: MetaGraphChange) -> Iterator[Changed]:
    """The aliases of functions changed.

    Why: an alias is the name under which a converter or optimizer finds a function; under another it is not found.
    Fix: export with the same `function_aliases`.
    """
    aliases = [sorted({alias for _, alias in one.function_aliases}) if one else [] for one in meta_graph.definitions]
    if meta_graph.in_both and aliases[0] != aliases[1]:
        gone = [name for name in aliases[0] if name not in aliases[1]]
        new = [name for name in aliases[1] if name not in aliases[0]]
        said = [f"gone: {named(gone)}"] * bool(gone) + [f"new: {named(new)}"] * bool(new)
        yield Changed(
            meta_graph.place(), f"Aliases of functions changed ({'; '.join(said)}).", meta_graph.subject(),
            ", ".join(aliases[0]), ", ".join(aliases[1]),
        )  # fmt: skip


_VARIABLES = frozenset({
    "variables", "trainable_variables", "global_variables", "local_variables", "model_variables",
    "moving_average_variables", "concatenated_variables",
})  # fmt: skip
"""Collections of variables, which are told as such."""


@change("meta-collections-changed", serving=NOTE, python=NOTE, keras=NOTE, security=NOTE)
def collections_changed(meta_graph: MetaGraphChange) -> Iterator[Changed]:
    """Collections of a TF1 graph changed.

    Why: code of TensorFlow 1 finds parts of the graph by them, such as what fills tables, losses and summaries. What
    signatures compute does not depend on them.
    Fix: nothing, unless code reads the collection.
    """
    if not meta_graph.in_both or not meta_graph.models.graphs_are_whole:
        return
    counts = [
        {c.name: (c.kind, len(c.values)) for c in one.collections} if one else {} for one in meta_graph.definitions
    ]
    changed = [
        name for name in sorted({*counts[0], *counts[1]})
        if name not in _VARIABLES and counts[0].get(name) != counts[1].get(name)
    ]  # fmt: skip
    if changed:
        sizes = [[one[name][1] if name in one else None for one in counts] for name in changed]
        lines = [
            f"{name}: {' → '.join('(none)' if size is None else str(size) for size in both)}"
            for name, both in zip(changed, sizes, strict=True)
        ]
        message = f"The graph has other collections: {named(changed)}."
        yield Changed(meta_graph.place(), message, meta_graph.subject(*changed), "", "", listed(lines))


@change("meta-only-version-strings", serving=NOTE, python=NOTE, keras=NOTE, security=NOTE)
def only_version_strings(models: TwoModels) -> Iterator[Changed]:
    """Nothing but the release that wrote the model changed.

    Why: it is the same model, exported by another TensorFlow.
    Fix: nothing.
    """
    if _only_version(models):
        old, new = models.old.summary.tensorflow_version, models.new.summary.tensorflow_version
        if old != new:
            message = f"It was written by TensorFlow {old or '(unknown)'}, and is by {new or '(unknown)'}."
            yield Changed(Location(), message, (), old, new)


def _only_version(models: TwoModels) -> bool:
    return models.hashes is not None and models.hashes.all_equal
