"""Bodies of functions, and of the main graph: what is computed."""

from __future__ import annotations

from collections.abc import Iterator

from smanalyze.checks.body_words import (
    body_delta,
    body_lines,
    body_name,
    body_place,
    body_severities,
    body_subject,
    capital,
    confidence_of,
    is_told,
    ops_text,
)
from smanalyze.checks.change import Changed, change
from smanalyze.checks.changes import BodyChange, FunctionPresence
from smanalyze.checks.evidence import count_of, listed, named
from smanalyze.checks.rule import NOTE, WARNING
from smanalyze.facts.function_names import stem_of
from smanalyze.report.changes import FunctionChange, NodeChange
from smanalyze.report.diff import Severities
from smanalyze.report.program_changes import FunctionRow

AREA = "program"

_NOTES = Severities(NOTE, NOTE, NOTE, NOTE)
_OF_OTHERS = ("initializer", "gradient")
"""Roles of functions that graph-init-changed and fn-gradient-changed tell."""


def _computing(one: FunctionChange) -> list[NodeChange]:
    """The changed nodes that compute something else."""
    return [node for node in one.nodes if node.kind not in ("device", "control", "gradient")]


def _number(one: FunctionChange) -> int:
    return one.changed_nodes - one.devices - one.controls - one.gradients - one.passing


def _is_judged(body: BodyChange) -> bool:
    return is_told(body.meta_graph) and body.first.role not in _OF_OTHERS


@change("fn-body-changed", serving=WARNING, python=WARNING, keras=WARNING, security=WARNING)
def body_changed(body: BodyChange) -> Iterator[Changed]:
    """A function computes something else.

    Why: the same input may give another answer. What calls the function is as it was and shows the change with it.
    Fix: compare the outputs of both models on inputs that matter, and publish the change with the model.
    """
    one = body.first
    if not _is_judged(body) or one.only_constants or not _number(one):
        return
    nodes = _computing(one)
    old, new = ops_text(one.ops_removed), ops_text(one.ops_added)
    alone = not one.ops_added and not one.ops_removed and len(nodes) == 1
    if alone:
        old, new = nodes[0].old, nodes[0].new
    place = body_place(body, nodes[0] if len(nodes) == 1 else None)
    yield Changed(
        place, _body_message(one, nodes), body_subject(body), old, new, body_lines(one, [] if alone else nodes),
        one.reach, body_severities(one), confidence_of(one),
    )  # fmt: skip


def _body_message(one: FunctionChange, nodes: list[NodeChange]) -> str:
    name = body_name(one)
    delta = body_delta(one)
    if delta:
        return f"{capital(name)} computes something else: {delta}."
    count = _number(one)
    if one.only_attrs:
        if count == 1:
            return f"The node {nodes[0].name} ({nodes[0].op}) of {name} has other attrs."
        return f"{count:,} nodes of {name} have other attrs."
    if count == 1:
        return f"The node {nodes[0].name} ({nodes[0].op}) of {name} takes its inputs from elsewhere."
    return f"{count:,} nodes of {name} compute something else: they have other attrs, or take other inputs."


@change("fn-constants-changed", serving=WARNING, python=WARNING, keras=WARNING, security=WARNING)
def constants_changed(body: BodyChange) -> Iterator[Changed]:
    """Constants in a function have other values.

    Why: the graph computes in the same way with other numbers (a scale, a threshold, a vocabulary), so the same input
    may give another answer.
    Fix: check that each new value was meant; what should change with training belongs in a variable.
    """
    one = body.first
    if not _is_judged(body) or not one.only_constants:
        return
    nodes = _computing(one)
    kinds = [node.kind for node in nodes]
    count = max(1, _number(one) - min(kinds.count("added"), kinds.count("removed")))
    if count == len(nodes) == 1 and nodes[0].old != nodes[0].new:
        message = f"The constant {nodes[0].name} of {body_name(one)} was {nodes[0].old}, and is {nodes[0].new}."
    elif count == 1:
        message = f"The constant {nodes[0].name} of {body_name(one)} has another value."
    else:
        message = f"{count:,} constants of {body_name(one)} have other values."
    old, new = (nodes[0].old, nodes[0].new) if len(nodes) == 1 else ("", "")
    yield Changed(
        body_place(body, nodes[0] if len(nodes) == 1 else None), message, body_subject(body), old, new,
        body_lines(one, nodes), one.reach, body_severities(one), confidence_of(one),
    )  # fmt: skip


@change("fn-order-changed", serving=WARNING, python=WARNING, keras=WARNING, security=WARNING)
def order_changed(body: BodyChange) -> Iterator[Changed]:
    """Nodes of a function run in another order.

    Why: control edges say what must run before what: whether a variable is read before or after it is assigned decides
    the answer. Where no node of the function changes any state, this is a note: releases of TensorFlow differ in the
    control edges that they write.
    Fix: compare the outputs of both models over several calls.
    """
    one = body.first
    if _is_judged(body) and one.controls == one.changed_nodes - one.passing > 0:
        message = f"{count_of(one.controls, 'node')} of {body_name(one)} must run after other nodes than before."
        severities = _NOTES if one.only_controls else body_severities(one)
        lines = body_lines(one, one.nodes)
        yield Changed(body_place(body), message, body_subject(body), "", "", lines, one.reach, severities)


@change("fn-pass-through-changed", serving=NOTE, python=NOTE, keras=NOTE, security=NOTE)
def pass_through_changed(body: BodyChange) -> Iterator[Changed]:
    """Values are handed on by more nodes, or by fewer.

    Why: a node `Identity` gives what it takes. One that waits for no other node, on the device where its input is,
    changes nothing of what is computed; who asks a session for a tensor by its name may no longer find it.
    Fix: nothing, if it was meant.
    """
    one = body.first
    if _is_judged(body) and one.passing:
        message = f"{capital(body_name(one))} computes the same, and hands values on otherwise: {body_delta(one)}."
        old, new = ops_text(one.ops_removed), ops_text(one.ops_added)
        nodes = [node for node in one.nodes if node.kind in ("added", "removed")]
        yield Changed(body_place(body), message, body_subject(body), old, new, body_lines(one, nodes), one.reach)


@change("fn-gradient-changed", python=WARNING, keras=WARNING)
def gradient_changed(body: BodyChange) -> Iterator[Changed]:
    """A custom gradient is gone, new, or another.

    Why: answers are the same, and fine-tuning goes another way: the gradient of these nodes is what the author wrote
    (`tf.custom_gradient`), or what TensorFlow derives.
    Fix: train a few steps with both models before relying on the new one; nothing to do where nobody trains.
    """
    one = body.first
    nodes = [node for node in one.nodes if node.kind == "gradient"]
    if is_told(body.meta_graph) and nodes:
        message = f"{count_of(one.gradients, 'node has', 'nodes have')} another custom gradient in {body_name(one)}."
        place, subject = body_place(body, nodes[0]), body_subject(body)
        yield Changed(place, message, subject, nodes[0].old, nodes[0].new, body_lines(one, nodes), one.reach)


_ATTR_TEXTS = {"2801": "true", "2800": "false", "": "not set"}


@change("fn-attrs-changed", serving=WARNING, python=NOTE, keras=NOTE, security=NOTE)
def attrs_changed(body: BodyChange) -> Iterator[Changed]:
    """A function has other attributes.

    Why: they say how it is run: compiled by XLA and nothing else (`_XlaMustCompile`), never inlined (`_noinline`), or
    replaced by a kernel (`api_implements`). Speed, memory, and the last digits of the answers may differ.
    Fix: measure the new model where it will run; a server without XLA cannot run what must be compiled.
    """
    one = body.first
    if not is_told(body.meta_graph) or not one.attributes:
        return
    lines = [f"{name}: {_attr(old)} → {_attr(new)}" for name, old, new in one.attributes]
    names = [name for name, _, _ in one.attributes]
    message = f"{capital(body_name(one))} has other attributes: {named(names)}."
    served = None if one.served else Severities(None, NOTE, NOTE, NOTE)
    subject = body.meta_graph.subject(one.stem, *names)
    yield Changed(body_place(body), message, subject, lines[0], "", listed(lines), one.reach, served)


def _attr(text: str) -> str:
    return _ATTR_TEXTS.get(text, text)


# Which functions there are --------------------------------------------------------------------------------------------


def _found(presence: FunctionPresence, message: str, old: str, new: str, severities: Severities | None) -> Changed:
    row = presence.row
    name = row.new or row.old
    members = tuple(dict.fromkeys(map(stem_of, row.members)))
    subject = presence.meta_graph.subject(stem_of(name), *sorted(members))
    place = presence.meta_graph.place(function=name)
    return Changed(place, message, subject, old, new, listed(members), row.reach, severities)


def _functions(row: FunctionRow, word: str) -> str:
    """``a new function: f (3 nodes)``, ``3 functions that nothing runs: f, g, h (12 nodes)``."""
    names = list(dict.fromkeys(map(stem_of, row.members)))[:3]
    one = f"{word} function".strip()
    count = f"a {one}" if len(row.members) == 1 else f"{len(row.members)} {one}s"
    runs = "" if row.reachable else " that nothing runs"
    more = f" and {len(row.members) - len(names):,} more" if len(row.members) > len(names) else ""
    return f"{count}{runs}: {', '.join(names)}{more} ({count_of(row.nodes, 'node')})"


@change("fn-added", serving=NOTE, python=NOTE, keras=NOTE, security=NOTE)
def added(presence: FunctionPresence) -> Iterator[Changed]:
    """There is a new function.

    Why: it is one more piece of code in the model. One that a changed function calls, or that stands behind a new
    signature, is told with that.
    Fix: nothing, if it was meant; what nothing runs only takes space.
    """
    row = presence.row
    if not row.old and not row.echo_of and is_told(presence.meta_graph):
        yield _found(presence, f"{capital(_functions(row, 'new'))}.", "", stem_of(row.new), None)


@change("fn-removed", serving=NOTE, python=NOTE, keras=NOTE, security=NOTE)
def removed(presence: FunctionPresence) -> Iterator[Changed]:
    """A function is gone.

    Why: nothing that both models offer ran it; what a changed function called, or a signature that is gone, is told
    with that.
    Fix: nothing, if it was meant.
    """
    row = presence.row
    if not row.new and not row.echo_of and is_told(presence.meta_graph):
        yield _found(presence, f"Gone: {_functions(row, '')}.", stem_of(row.old), "", None)


@change("fn-renamed", python=NOTE, keras=NOTE)
def renamed(presence: FunctionPresence) -> Iterator[Changed]:
    """A function has another name, and the same body.

    Why: functions of the library are called by nodes, not by people: only code that looks for them by their names
    notices. In Keras 2 their names are those of the layers.
    Fix: nothing, if it was meant.
    """
    row = presence.row
    old, new = stem_of(row.old), stem_of(row.new)
    if row.old and row.new and old != new:
        more = f", and {len(row.members) - 1:,} more of its layer likewise" if len(row.members) > 1 else ""
        yield _found(presence, f"The function {old} is called {new} now{more}.", old, new, None)


@change("fn-renumbered")
def renumbered(presence: FunctionPresence) -> Iterator[Changed]:
    """Only the number in a function's name is another.

    Why: TensorFlow counts functions while it traces, so the numbers differ in every export. It is told only where
    `--rename function:OLD=NEW` named the function.
    Fix: nothing; the declaration is not needed.
    """
    row = presence.row
    if row.stage == "declared" and row.old != row.new and stem_of(row.old) == stem_of(row.new):
        name = stem_of(row.new)
        message = f"The function {name} has another number in its name, and needs no declaration."
        yield _found(presence, message, name, name, Severities(python=NOTE))
