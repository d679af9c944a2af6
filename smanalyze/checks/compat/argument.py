"""Arguments of functions of the loaded object, as they are defined: what callers write between the parentheses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from smanalyze.checks.change import Changed, change
from smanalyze.checks.changes import CallableChange
from smanalyze.checks.evidence import listed, named
from smanalyze.checks.python_words import is_judged, shortened
from smanalyze.checks.rule import ERROR, NOTE, WARNING
from smanalyze.report.diff import Severities
from smanalyze.report.python_changes import ArgumentPair
from smanalyze.report.tensors import Argument

AREA = "python"

_TRAINING = "training"
_UNUSED = Severities(python=WARNING, keras=WARNING)
"""An argument that no trace took another value for than its default: only calls that spell it out notice."""

_NEVER_TRACED = Severities(python=ERROR, keras=ERROR, security=WARNING)
"""A new default that no trace takes: every call that leaves the argument out fails."""

Sides = tuple[Argument, Argument]


def _pairs(callable_: CallableChange) -> tuple[ArgumentPair, ...]:
    return callable_.pair.arguments if is_judged(callable_) else ()


def _both(callable_: CallableChange) -> Iterator[tuple[ArgumentPair, Argument, Argument]]:
    for pair in _pairs(callable_):
        if pair.old is not None and pair.new is not None:
            yield pair, pair.old, pair.new


def _gone(callable_: CallableChange) -> Iterator[tuple[ArgumentPair, Argument]]:
    return ((pair, pair.old) for pair in _pairs(callable_) if pair.old is not None and pair.new is None)


def _new(callable_: CallableChange) -> Iterator[tuple[ArgumentPair, Argument]]:
    return ((pair, pair.new) for pair in _pairs(callable_) if pair.new is not None and pair.old is None)


def _found(
    callable_: CallableChange, message: str, names: Iterable[str], old: str, new: str,
    evidence: Iterable[str] = (), severities: Severities | None = None, confidence: float = 1.0,
) -> Changed:  # fmt: skip
    """One finding for all arguments of a function that changed in one way."""
    place = callable_.meta_graph.place(object_path=callable_.path)
    subject = callable_.meta_graph.subject(callable_.path, *names)
    return Changed(place, message, subject, old, new, listed(evidence), (), severities, confidence)


def _words(argument: Argument) -> str:
    return argument.name if argument.default is None else f"{argument.name}={shortened(argument.default)}"


@change("api-arg-added-required", python=ERROR, keras=ERROR)
def added_required(callable_: CallableChange) -> Iterator[Changed]:
    """A function wants another argument.

    Why: a call that does not pass it stops with a TypeError.
    Fix: give the argument a default, and trace the function with it.
    """
    names = [new.name for _, new in _new(callable_) if new.default is None]
    if names:
        message = f"{callable_.path} wants {named(names)}, too."
        yield _found(callable_, message, names, "", ", ".join(names))


@change("api-arg-added-optional", python=NOTE, keras=NOTE)
def added_optional(callable_: CallableChange) -> Iterator[Changed]:
    """A function takes another argument, which may be left out.

    Why: it has a default; calls that do not know it work as before.
    Fix: nothing, if it was meant.
    """
    found = [new for pair, new in _new(callable_)
             if new.default is not None and new.name != _TRAINING and not pair.pushes]  # fmt: skip
    if found:
        words = ", ".join(map(_words, found))
        yield _found(callable_, f"{callable_.path} takes {words}, too.", [one.name for one in found], "", words)


@change("api-arg-removed", python=ERROR, keras=ERROR)
def removed(callable_: CallableChange) -> Iterator[Changed]:
    """A function no longer takes an argument.

    Why: a call that passes it stops with a TypeError.
    Fix: keep the argument, even where it changes nothing any more.
    """
    found = [(pair, old) for pair, old in _gone(callable_) if old.name != _TRAINING]
    if found:
        names = [old.name for _, old in found]
        milder = None if any(pair.given for pair, _ in found) else _UNUSED
        message = f"{callable_.path} no longer takes {named(names)}."
        yield _found(callable_, message, names, ", ".join(_words(old) for _, old in found), "", (), milder)


@change("api-training-arg-removed", python=ERROR, keras=ERROR)
def training_removed(callable_: CallableChange) -> Iterator[Changed]:
    """A function no longer takes `training`.

    Why: `hub.KerasLayer(trainable=True)` and training loops switch dropout and batch normalisation with it. A call that
    passes it stops with a TypeError; `hub.KerasLayer` leaves it out then, and trains with what inference does.
    Fix: keep the argument, and trace the function with True and False.
    """
    for pair, old in _gone(callable_):
        if old.name == _TRAINING:
            message = f"{callable_.path} no longer takes {_TRAINING}."
            milder = None if pair.given else _UNUSED
            yield _found(callable_, message, [_TRAINING], _words(old), "", (), milder)


@change("api-training-arg-added", python=NOTE, keras=NOTE)
def training_added(callable_: CallableChange) -> Iterator[Changed]:
    """A function takes `training` now.

    Why: `hub.KerasLayer` passes it as soon as it is there: training and inference may differ from now on.
    Fix: see that the function was traced with True and False.
    """
    for _, new in _new(callable_):
        if new.name == _TRAINING and new.default is not None:
            yield _found(callable_, f"{callable_.path} takes {_words(new)} now.", [_TRAINING], "", _words(new))


@change("api-arg-renamed", python=ERROR, keras=WARNING)
def renamed(callable_: CallableChange) -> Iterator[Changed]:
    """An argument has another name.

    Why: a call that passes it by the old name stops with a TypeError; calls by position work as before.
    Fix: keep the name, or move the callers with the model.
    """
    found = [(old.name, new.name) for pair, old, new in _both(callable_) if pair.stage == "position"]
    if found:
        old, new = (", ".join(names) for names in zip(*found, strict=True))
        message = f"{callable_.path} calls its argument {found[0][0]} {found[0][1]} now."
        if len(found) > 1:
            message = f"{callable_.path} has other names for {len(found)} arguments."
        evidence = (f"{before} → {after}" for before, after in found)
        yield _found(callable_, message, [name for name, _ in found], old, new, evidence, confidence=0.9)


@change("api-arg-reordered", python=ERROR, keras=WARNING)
def reordered(callable_: CallableChange) -> Iterator[Changed]:
    """Arguments stand in another order.

    Why: a call that passes them by position passes them as something else, and may not even fail.
    Fix: keep the order; put new arguments at the end.
    """
    before, after = callable_.pair.reordered
    if before and is_judged(callable_):
        old, new = (", ".join(side) for side in (before, after))
        message = f"{callable_.path} took ({old}), and takes ({new})."
        yield _found(callable_, message, before, old, new)


@change("api-arg-keyword-only", python=ERROR, keras=WARNING)
def keyword_only(callable_: CallableChange) -> Iterator[Changed]:
    """An argument can no longer be passed by position.

    Why: a call that does so stops with a TypeError; calls that name it work as before.
    Fix: keep the argument before the `*`.
    """
    names = [
        old.name for pair, old, _ in _both(callable_) if pair.old_position is not None and pair.new_position is None
    ]
    if names:
        message = f"{callable_.path} takes {named(names)} by keyword only."
        yield _found(callable_, message, names, "by position", "by keyword only")


@change("api-arg-positional", python=NOTE, keras=NOTE)
def positional(callable_: CallableChange) -> Iterator[Changed]:
    """An argument that had to be named can be passed by position now.

    Why: calls that name it work as before.
    Fix: nothing, if it was meant.
    """
    names = [
        old.name for pair, old, _ in _both(callable_) if pair.old_position is None and pair.new_position is not None
    ]
    if names:
        message = f"{callable_.path} takes {named(names)} by position, too."
        yield _found(callable_, message, names, "by keyword only", "by position")


@change("api-arg-default-changed", python=WARNING, keras=WARNING, security=WARNING)
def default_changed(callable_: CallableChange) -> Iterator[Changed]:
    """An argument has another default.

    Why: calls that leave it out do something else from now on, and nothing tells them. Where the function was not
    traced for the new default, they fail.
    Fix: keep the default, or let callers pass the value.
    """
    found = [
        (pair, old, new) for pair, old, new in _both(callable_)
        if None not in (old.default, new.default) and old.default != new.default
    ]  # fmt: skip
    if found:
        before, after = (", ".join(map(_words, side)) for side in ([o for _, o, _ in found], [n for _, _, n in found]))
        untraced = [new.name for pair, _, new in found if not pair.default_traced]
        more = f", for which it was not traced ({named(untraced)})" if untraced else ""
        message = f"{callable_.path} had {before}, and has {after}{more}."
        yield _found(callable_, message, [old.name for _, old, _ in found], before, after,
                     severities=_NEVER_TRACED if untraced else None)  # fmt: skip


@change("api-arg-default-removed", python=ERROR, keras=ERROR)
def default_removed(callable_: CallableChange) -> Iterator[Changed]:
    """An argument that could be left out must be passed now.

    Why: a call that leaves it out stops with a TypeError.
    Fix: keep the default.
    """
    found = [old for _, old, new in _both(callable_) if old.default is not None and new.default is None]
    if found:
        names = [old.name for old in found]
        message = f"{callable_.path} has no default for {named(names)} any more."
        yield _found(callable_, message, names, ", ".join(map(_words, found)), ", ".join(names))


@change("api-arg-default-added", python=NOTE, keras=NOTE)
def default_added(callable_: CallableChange) -> Iterator[Changed]:
    """An argument that had to be passed may be left out now.

    Why: calls that pass it work as before.
    Fix: nothing, if it was meant.
    """
    found = [new for _, old, new in _both(callable_) if old.default is None and new.default is not None]
    if found:
        names = [new.name for new in found]
        words = ", ".join(map(_words, found))
        yield _found(callable_, f"{callable_.path} has defaults now: {words}.", names, ", ".join(names), words)
