"""Functions of the loaded object: what Python calls, what it may pass, what it gets back."""

from __future__ import annotations

from collections.abc import Iterator

from smanalyze.checks.change import Changed, change
from smanalyze.checks.changes import CallableChange, MetaGraphChange
from smanalyze.checks.evidence import count_of, listed, named
from smanalyze.checks.python_words import ENDPOINT, MAX_LINE, endpoint_gone, endpoint_new, is_judged, shortened
from smanalyze.checks.rule import ERROR, NOTE, WARNING
from smanalyze.report.diff import Severities
from smanalyze.report.python_changes import ListPair, ReturnChange

AREA = "python"

_NOTES = Severities(python=NOTE, keras=NOTE)
"""For what was declared, and for what was gained and takes nothing from anybody."""

_OF_RESULTS = {"keys": _NOTES, "narrowed": _NOTES, "widened": Severities(python=WARNING, keras=WARNING)}
"""More keys in a dict and a size that is known now hurt nobody; a size that is no longer known may. All else is as the
rule says."""

_REGULARIZERS = "regularization_losses"
_LOST_REGULARIZERS = Severities(python=WARNING, keras=WARNING)
"""Without them training runs, and only the loss differs; without the lists of variables nothing is trained."""


@change("api-callable-removed", python=ERROR, keras=ERROR, security=NOTE)
def removed(callable_: CallableChange) -> Iterator[Changed]:
    """A function of the loaded object is gone.

    Why: code that calls it stops with an AttributeError, or, for `__call__`, because the object is not callable.
    Fix: keep the function (`tf.function`, traced before saving), or move its callers first;
    `--rename function:OLD=NEW` where it has another name now.
    """
    old, lost = callable_.pair.old, callable_.pair.lost
    if old is None or callable_.pair.new is not None or not old.traces or not is_judged(callable_):
        return
    if ENDPOINT in lost and endpoint_gone(callable_.meta_graph):
        return  # told by keras-endpoint-removed
    place = callable_.meta_graph.place(object_path=lost[0])
    message = f"There is no function {named(lost)} any more."
    yield Changed(place, message, callable_.meta_graph.subject(*lost), lost[0], "", (f"It was called as {old.call}.",))


@change("api-callable-added", python=NOTE, keras=NOTE, security=WARNING)
def added(callable_: CallableChange) -> Iterator[Changed]:
    """The loaded object has another function.

    Why: nothing is taken from anybody; it is one more piece of code that can be called.
    Fix: nothing, if it was meant.
    """
    new, gained = callable_.pair.new, callable_.pair.gained
    if new is None or callable_.pair.old is not None or not new.traces or not is_judged(callable_):
        return
    if ENDPOINT in gained and endpoint_new(callable_.meta_graph):
        return  # told by keras-endpoint-added
    place = callable_.meta_graph.place(object_path=gained[0])
    message = f"There is a new function {named(gained)}."
    yield Changed(place, message, callable_.meta_graph.subject(*gained), "", gained[0], (f"Call it as {new.call}.",))


@change("api-callable-renamed", python=ERROR, keras=ERROR)
def renamed(callable_: CallableChange) -> Iterator[Changed]:
    """A function of the loaded object has another name.

    Why: it takes and computes what it did, but code that calls it by the old name stops with an AttributeError.
    Fix: keep the old name as well (`module.old = module.new` before saving), or move its callers first.
    """
    pair = callable_.pair
    if pair.old is None or pair.new is None or not pair.lost or not is_judged(callable_):
        return
    now = pair.gained or (pair.new.path,)
    place = callable_.meta_graph.place(object_path=pair.lost[0])
    declared = _NOTES if pair.stage == "declared" else None
    message = f"The function {named(pair.lost)} is called {named(now)} now."
    if not pair.gained:
        message = f"The function {pair.new.path} is no longer called {named(pair.lost)}, too."
    yield Changed(
        place, message, callable_.meta_graph.subject(*pair.lost), pair.lost[0], now[0], severities=declared,
        confidence=pair.confidence,
    )  # fmt: skip


@change("api-overload-removed", python=ERROR, keras=ERROR)
def overload_removed(callable_: CallableChange) -> Iterator[Changed]:
    """A function no longer takes what it took.

    Why: a loaded function runs only what was traced before saving: a call that fits no trace stops with "Could not
    find matching concrete function to call", or with a TypeError where there is an `input_signature`.
    Fix: call the function once for each kind of arguments before saving, or give it an `input_signature` that is wide
    enough.
    """
    pair = callable_.pair
    gone = [trace.takes for trace in pair.traces if trace.new is None]
    if pair.old is None or pair.new is None or not gone or not is_judged(callable_):
        return
    new = [trace.takes for trace in pair.traces if trace.old is None]
    message = f"{callable_.path} no longer takes {_few(gone)}."
    if not pair.new.traces:
        message = f"{callable_.path} was not traced: it cannot be called."
    evidence = [shortened(line, MAX_LINE) for trace in pair.traces for line in trace.misses]
    evidence += [f"- {takes}" for takes in map(_words, gone)] + [f"+ {takes}" for takes in map(_words, new)]
    place = callable_.meta_graph.place(object_path=callable_.path)
    yield Changed(
        place, message, callable_.meta_graph.subject(callable_.path, *sorted(gone)), _few(gone), _few(new),
        listed(evidence),
    )  # fmt: skip


@change("api-overload-added", python=NOTE, keras=NOTE)
def overload_added(callable_: CallableChange) -> Iterator[Changed]:
    """A function takes what it did not.

    Why: it was traced for more kinds of arguments; calls that worked are not touched by it.
    Fix: nothing, if it was meant.
    """
    pair = callable_.pair
    more = [trace.takes for trace in pair.traces if trace.old is None]
    more += [f"more than {_words(trace.takes)}" for trace in pair.traces if trace.wider]
    if pair.old is None or pair.new is None or not more or not is_judged(callable_):
        return
    place = callable_.meta_graph.place(object_path=callable_.path)
    message = f"{callable_.path} takes {_few(more)} now."
    evidence = listed(f"+ {takes}" for takes in map(_words, more))
    subject = callable_.meta_graph.subject(callable_.path, *sorted(more))
    yield Changed(place, message, subject, "", _few(more), evidence)


def _words(takes: str) -> str:
    return shortened(takes, MAX_LINE) or "no arguments"


def _few(takes: list[str]) -> str:
    """The first of several lists of arguments, and how many more there are."""
    if not takes:
        return ""
    more = f" and {count_of(len(takes) - 1, 'other kind')} of arguments" if len(takes) > 1 else ""
    return f"({shortened(_words(takes[0]))}){more}"


# Results --------------------------------------------------------------------------------------------------------------


@change("api-output-structure-changed", python=ERROR, keras=ERROR)
def output_structure_changed(callable_: CallableChange) -> Iterator[Changed]:
    """A function returns another structure.

    Why: code that takes the result apart (a key of a dict, a place in a list, a bare tensor) fails, or takes another
    part.
    Fix: return what callers know, and offer the new structure under another name.
    """
    yield from _results(callable_, ("structure", "keys"))


@change("api-output-tensor-changed", python=ERROR, keras=ERROR)
def output_tensor_changed(callable_: CallableChange) -> Iterator[Changed]:
    """A function returns tensors of another dtype or shape.

    Why: code behind it was written for the dtype and sizes that it knew; no signature tells of this change.
    Fix: cast or reshape inside the function, or move its callers first.
    """
    yield from _results(callable_, ("spec", "widened", "narrowed"))


def _results(callable_: CallableChange, kinds: tuple[str, ...]) -> Iterator[Changed]:
    """One finding for what a function returns, over all its traces, as bad as the worst of it."""
    every = (found for trace in callable_.pair.traces for found in trace.returns)
    found = [one for one in dict.fromkeys(every) if one.kind in kinds and not one.told]
    if not found or not is_judged(callable_):
        return
    found.sort(key=lambda one: (kinds.index(one.kind) if one.kind in _OF_RESULTS else -1, one.place))
    first = found[0]
    place = callable_.meta_graph.place(object_path=callable_.path)
    message = f"{callable_.path} returned {shortened(first.old)}{_at(first)}, and returns {shortened(first.new)}."
    yield Changed(
        place, message, callable_.meta_graph.subject(callable_.path, first.place), first.old, first.new,
        listed(shortened(f"{one.place or 'result'}: {one.old} → {one.new}", MAX_LINE) for one in found),
        severities=_OF_RESULTS.get(first.kind),
    )  # fmt: skip


def _at(one: ReturnChange) -> str:
    return f" at {one.place}" if one.place else ""


# Lists ----------------------------------------------------------------------------------------------------------------


@change("api-trainable-list-changed", python=ERROR, keras=WARNING)
def trainable_list_changed(meta_graph: MetaGraphChange) -> Iterator[Changed]:
    """A list that trainers use has other members.

    Why: `hub.KerasLayer` and hand-written training loops take `trainable_variables`, `variables` and
    `regularization_losses` from the loaded object: what is not listed there is not trained, and nobody is told.
    Fix: set these attributes before saving, as the interface of reusable SavedModels asks for.
    """
    lost = [one for one in meta_graph.pair.lists if _is_poorer(one)]
    gained = [one for one in meta_graph.pair.lists if not lost and _is_richer(one)]
    if lost and meta_graph.models.graphs_are_whole:
        only = all(one.name == _REGULARIZERS for one in lost)
        yield _list_change(meta_graph, lost, "lost", _LOST_REGULARIZERS if only else None)
    elif gained and meta_graph.models.graphs_are_whole:
        yield _list_change(meta_graph, gained, "gained", _NOTES)


def _is_poorer(one: ListPair) -> bool:
    """Whether it lacks what the model still has: variables that are gone are told by themselves."""
    emptied = bool(one.old) and not one.new and (one.variables[1] or one.name == _REGULARIZERS)
    return emptied or bool(one.lost)


def _is_richer(one: ListPair) -> bool:
    filled = bool(one.new) and not one.old and (one.variables[0] or one.name == _REGULARIZERS)
    return filled or bool(one.gained)


def _list_change(
    meta_graph: MetaGraphChange, lists: list[ListPair], word: str, severities: Severities | None
) -> Changed:
    names = [one.name for one in lists]
    counts = [(_count(one.old), _count(one.new)) for one in lists]
    moved = sorted({name for one in lists for name in (one.lost if word == "lost" else one.gained)})
    message = f"{names[0]} of the loaded object had {counts[0][0]}, and has {counts[0][1]}."
    if lists[0].old is None or lists[0].new is None:
        message = f"The loaded object has {'a' if lists[0].old is None else 'no'} list {names[0]} now."
    if len(lists) > 1:
        message = f"The lists {named(names)} of the loaded object have {word} members."
    elif moved and lists[0].old and lists[0].new:
        message = f"{names[0]} of the loaded object has {word} {named(moved)}, which both models have."
    sign = "-" if word == "lost" else "+"
    evidence = [f"{one.name}: {old} → {new}" for one, (old, new) in zip(lists, counts, strict=True)]
    return Changed(
        meta_graph.place(object_path=names[0]), message, meta_graph.subject(*names), counts[0][0], counts[0][1],
        listed([*evidence, *(f"{sign} {name}" for name in moved)]), severities=severities,
    )  # fmt: skip


def _count(members: int | None) -> str:
    return "no such list" if members is None else count_of(members, "member")
