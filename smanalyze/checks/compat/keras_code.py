"""Code that a Keras model asks of its readers, or brings along: classes of its own, and Lambdas."""

from __future__ import annotations

from collections.abc import Iterator

from smanalyze.checks.change import Changed, change
from smanalyze.checks.changes import MetaGraphChange
from smanalyze.checks.evidence import listed, named
from smanalyze.checks.python_words import METADATA
from smanalyze.checks.rule import ERROR, NOTE, WARNING
from smanalyze.report.diff import Severities
from smanalyze.report.python_changes import LambdaPair

AREA = "python"

_ONLY_A_NAME = Severities(python=WARNING, keras=WARNING, security=WARNING)
"""A Lambda that names a function, which the reader has to bring along: no code is in the model."""

_MARSHALLED = "marshalled Python code"


@change("keras-custom-object-added", python=WARNING, keras=ERROR, security=WARNING)
def custom_object_added(meta_graph: MetaGraphChange) -> Iterator[Changed]:
    """The Keras model needs a class or function that Keras does not have.

    Why: `load_model` looks it up by its name. Where nobody has registered it, a layer comes back without its own
    methods, or loading stops; whoever registers it runs that code.
    Fix: pass it as `custom_objects`, or register it (`keras.utils.register_keras_serializable`) in every reader.
    """
    new = _custom(meta_graph, 1)
    if new:
        message = f"load_model needs {named(new)} from its reader."
        yield Changed(meta_graph.place(file=METADATA), message, meta_graph.subject(*new), "", ", ".join(new),
                      listed(f"+ {name}" for name in new))  # fmt: skip


@change("keras-custom-object-removed", python=NOTE, keras=NOTE)
def custom_object_removed(meta_graph: MetaGraphChange) -> Iterator[Changed]:
    """The Keras model no longer needs a class or function of its own.

    Why: whoever loads it need not bring it along.
    Fix: nothing, if it was meant.
    """
    gone = _custom(meta_graph, 0)
    if gone:
        message = f"load_model no longer needs {named(gone)} from its reader."
        yield Changed(meta_graph.place(file=METADATA), message, meta_graph.subject(*gone), ", ".join(gone), "",
                      listed(f"- {name}" for name in gone))  # fmt: skip


def _custom(meta_graph: MetaGraphChange, side: int) -> list[str]:
    """What only one side needs, where both have metadata."""
    keras = meta_graph.pair.keras
    if not keras.on_both_sides or not meta_graph.models.graphs_are_whole:
        return []
    return [name for name in keras.custom[side] if name not in keras.custom[1 - side]]


@change("keras-lambda-added", python=WARNING, keras=WARNING, security=ERROR)
def lambda_added(meta_graph: MetaGraphChange) -> Iterator[Changed]:
    """The Keras model has a new Lambda.

    Why: a Lambda keeps its function as marshalled Python code in the metadata. `load_model` unmarshals it, and it runs
    with the rights of the reader; it also needs the Python version that it was compiled with.
    Fix: use a layer of Keras, or a class of your own with `get_config`; until the code is reviewed, load with
    `tf.saved_model.load`, which runs the traced graph and unmarshals nothing.
    """
    yield from _lambdas(meta_graph, "added")


@change("keras-lambda-changed", keras=WARNING, security=ERROR)
def lambda_changed(meta_graph: MetaGraphChange) -> Iterator[Changed]:
    """The code of a Lambda is other code.

    Why: what `load_model` unmarshals and runs has other bytes than what was reviewed. The name of the source file is
    among them, so that the same function from another place differs, too.
    Fix: review it as new code.
    """
    yield from _lambdas(meta_graph, "changed")


@change("keras-lambda-removed", python=NOTE, keras=NOTE, security=NOTE)
def lambda_removed(meta_graph: MetaGraphChange) -> Iterator[Changed]:
    """A Lambda of the Keras model is gone.

    Why: there is that much less code that a reader has to trust.
    Fix: nothing, if it was meant.
    """
    yield from _lambdas(meta_graph, "removed")


def _lambdas(meta_graph: MetaGraphChange, how: str) -> Iterator[Changed]:
    """One finding for all Lambdas that carry code, and one for those that only name a function."""
    old, new = meta_graph.pair.keras.sources
    if old is None or new is None or (how == "removed" and not new):
        return  # not known, or told by keras-metadata-removed
    for code in (True, False):
        found = [one for one in meta_graph.pair.keras.lambdas if _how(one) == how and one.code == code]
        if found:
            names = [one.name or "(nameless)" for one in found]
            what = _MARSHALLED if code else "the name of a function"
            message = f"{named(names)} {_SAYS[how]} {what}."
            yield Changed(
                meta_graph.place(file=METADATA), message, meta_graph.subject(*names),
                "" if how == "added" else what, "" if how == "removed" else what,
                listed(f"{one.name or '(nameless)'}: {one.old or 'none'} → {one.new or 'none'}" for one in found),
                severities=None if code or how == "removed" else _ONLY_A_NAME,
            )  # fmt: skip


_SAYS = {"added": "brings", "changed": "has other", "removed": "is gone, and with it"}


def _how(one: LambdaPair) -> str:
    if one.old is None or one.new is None:
        return "added" if one.old is None else "removed"
    return "changed"
