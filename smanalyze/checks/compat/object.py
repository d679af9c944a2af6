"""Objects of the loaded model: attributes, tables and assets that Python reaches by their paths."""

from __future__ import annotations

from collections.abc import Iterator

from smanalyze.checks.change import Changed, change
from smanalyze.checks.changes import MetaGraphChange, ObjectChange
from smanalyze.checks.evidence import count_of, listed
from smanalyze.checks.rule import ERROR, NOTE, WARNING
from smanalyze.report.diff import Severities
from smanalyze.report.python_changes import ObjectPair, ObjectRow

AREA = "python"

_WITH_FUNCTIONS = Severities(python=ERROR, keras=WARNING)
"""An object that could be called, or had functions, and is no layer inside a Keras model or place in a list: its
functions are gone with it, which is what api-callable-removed calls an error."""

_CALLABLE_NEW = Severities(python=NOTE, keras=NOTE, security=WARNING)
"""Functions came with it, which security looks at as at any new function."""

_LAYERS = "_tf_keras_"
_TENSORFLOWS_OWN = "tf."
_PLAIN = frozenset({"trackable_list_wrapper", "trackable_dict_wrapper", "trackable_tuple_wrapper"})


@change("api-object-path-removed", python=WARNING, keras=WARNING)
def path_removed(one: ObjectChange) -> Iterator[Changed]:
    """An object of the loaded model is gone.

    Why: code that reaches for it, or for what hung below it, stops with an AttributeError.
    Fix: keep the attribute, or move its users first.
    """
    row = one.pair.old
    if row is not None and one.pair.new is None and one.meta_graph.models.graphs_are_whole:
        message = f"There is no {row.path} any more{_with(row)}."
        worse = _WITH_FUNCTIONS if row.functions and not row.aside else None
        yield Changed(
            one.meta_graph.place(object_path=row.path), message, one.meta_graph.subject(row.path), row.path, "",
            listed(f"- {path}" for path in (*row.functions, *row.below)), severities=worse,
        )  # fmt: skip


@change("api-object-path-added", python=NOTE, keras=NOTE)
def path_added(one: ObjectChange) -> Iterator[Changed]:
    """The loaded model has another object.

    Why: nothing is taken from anybody.
    Fix: nothing, if it was meant.
    """
    row = one.pair.new
    if row is not None and one.pair.old is None and one.meta_graph.models.graphs_are_whole:
        message = f"There is a new object {row.path}{_with(row)}."
        yield Changed(
            one.meta_graph.place(object_path=row.path), message, one.meta_graph.subject(row.path), "", row.path,
            listed(f"+ {path}" for path in (*row.functions, *row.below)),
            severities=_CALLABLE_NEW if row.functions and not row.aside else None,
        )  # fmt: skip


@change("api-object-moved", python=WARNING, keras=WARNING)
def moved(one: ObjectChange) -> Iterator[Changed]:
    """An object of the loaded model hangs elsewhere.

    Why: it holds the same variables and functions, but code that reaches for it by the old path stops with an
    AttributeError.
    Fix: keep the old attribute as well, or move its users first.
    """
    old, new = one.pair.old, one.pair.new
    if old is not None and new is not None and old.path != new.path and one.meta_graph.models.graphs_are_whole:
        message = f"{old.path} is called {new.path} now{_with(old)}."
        worse = _WITH_FUNCTIONS if old.functions and not old.aside else None
        yield Changed(
            one.meta_graph.place(object_path=old.path), message, one.meta_graph.subject(old.path), old.path, new.path,
            listed(f"- {path}" for path in (*old.functions, *old.below)), (), worse, one.pair.confidence,
        )  # fmt: skip


def _with(row: ObjectRow) -> str:
    """What hangs below it, for a sentence."""
    told = [count_of(len(row.functions), "function")] * bool(row.functions)
    told += [count_of(len(row.below), "object")] * bool(row.below)
    return f", with {' and '.join(told)} below it" if told else ""


# Classes --------------------------------------------------------------------------------------------------------------


@change("api-object-class-changed", python=WARNING, keras=ERROR, security=NOTE)
def class_changed(meta_graph: MetaGraphChange) -> Iterator[Changed]:
    """An object is of another class.

    Why: a loader revives an object by the class that it is registered under, and by the range of versions that may do
    so. Where it finds none, the object comes back without its methods, or not at all.
    Fix: register the class where the model is loaded, or keep the one that it was saved with.
    """
    if not meta_graph.models.graphs_are_whole:
        return
    groups: dict[tuple[str, str], list[str]] = {}
    for pair in meta_graph.pair.objects:
        words = _classes(meta_graph, pair)
        if words is not None and pair.old is not None:
            groups.setdefault(words, []).append(pair.old.path)
    for (before, after), paths in groups.items():
        first = paths[0] or "The loaded object"
        more = f" and {count_of(len(paths) - 1, 'other object')}" if len(paths) > 1 else ""
        message = f"{first}{more} was {before}, and is {after}."
        if more:
            message = f"{first}{more} were {before}, and are {after}."
        yield Changed(
            meta_graph.place(object_path=paths[0] or None), message, meta_graph.subject(*paths), before, after,
            listed(path or "(the loaded object)" for path in paths),
        )  # fmt: skip


def _classes(meta_graph: MetaGraphChange, pair: ObjectPair) -> tuple[str, str] | None:
    """What an object was and is, where that differs and is told by nothing else.

    A place in a list may be another object now; which layers Keras has is told by its metadata; plain containers and
    the names that TensorFlow itself registers change with its releases.
    """
    old, new = pair.old, pair.new
    if old is None or new is None or pair.stage != "path" or old.aside == "list":
        return None
    keras = [row.identifier.startswith(_LAYERS) for row in (old, new)]
    told = meta_graph.pair.keras.on_both_sides if all(keras) else _metadata_moved(meta_graph) and any(keras)
    if (told and old.version == new.version) or _PLAIN.issuperset((old.identifier, new.identifier)):
        return None
    words = _class(old), _class(new)
    return words if words[0] != words[1] else None


def _metadata_moved(meta_graph: MetaGraphChange) -> bool:
    """Whether all metadata of Keras went or came, which a rule of its own says."""
    old, new = (bool(source) for source in meta_graph.pair.keras.sources)
    return old != new


def _class(row: ObjectRow) -> str:
    own = "" if row.registered_name.startswith(_TENSORFLOWS_OWN) else row.registered_name
    version = f" (for versions {row.version})" if row.version else ""
    kind = row.kind if row.kind != "user_object" else ""
    return f"{own or row.identifier or kind}{version}"
