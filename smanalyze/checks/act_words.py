"""How rules speak of what a model does: one sentence, the way to it, and what it works on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from smanalyze.checks.act_severity import severity_of
from smanalyze.checks.evidence import count_of, listed, named
from smanalyze.checks.rule import Found
from smanalyze.checks.subject import OneAct
from smanalyze.facts.acts import UNKNOWN_WHEN, place_of, stems
from smanalyze.facts.starts import LOAD, NEVER, SAVER
from smanalyze.report.scan import Act, Operand

_ORIGINS = {
    "asset": "the path of one of the model's assets",
    "caller": "whoever calls decides about it",
    "loader": "given by whoever loads or saves the model",
    "stored": "kept outside the graph",
    "computed": "computed in the graph",
    "constant": "stands in the graph",
}


def act_found(one: OneAct, classes: Sequence[str]) -> Iterator[Found]:
    """What is to be told of an act of one of the classes; nothing where it is expected."""
    act = one.act
    if act.risk_class not in classes:
        return
    severity = severity_of(act, offers=one.offers, outside=one.facts.assets_outside)
    if severity is None:
        return
    function, node = place_of(act)
    yield Found(
        one.place(function=function or None, node=node),
        sentence(act, offers=one.offers),
        (*one.identity, act.op, act.risk_class, worst_time(act), *stems(act), *(one.text for one in act.operands)),
        listed(evidence(act)),
        severity,
    )


def worst_time(act: Act) -> str:
    """Loading, a call, or neither: what was accepted as never run is not accepted once it runs."""
    kinds = {word.partition(":")[0] for word in act.when}
    return "load" if kinds & {LOAD, SAVER, UNKNOWN_WHEN, "keras-load"} else "never" if kinds == {NEVER} else "called"


def sentence(act: Act, *, offers: bool = True) -> str:
    """What happens, and when: ``WriteFile writes a file, and the folders above it, here /tmp/x. It runs when the model
    is loaded.``"""
    shown = [one.text if len(one.text) <= _SHOWN else f"{one.text[:_SHOWN]}…" for one in act.operands]
    works_on = f", here {named(shown)}" if shown else ""
    return f"{act.op} {act.reason}{works_on}. {times(act.when, offers=offers)}."


def times(when: Sequence[str], *, offers: bool = True) -> str:
    """When it happens, as a sentence without its full stop. ``offers``: the model has something to call."""
    if tuple(when) == (NEVER,):
        nothing = "The model has no signature and no function: it runs for whoever fetches the node by its name"
        return "Nothing that the model offers runs it" if offers else nothing
    kinds: dict[str, list[str]] = {}
    for word in when:
        kind, _, name = word.partition(":")
        kinds.setdefault(kind, []).append(name)
    words = [_TIMES[kind] for kind in kinds if kind in _TIMES]
    called = [f"the {kind} {named(kinds[kind], 2)}" for kind in ("signature", "function") if kind in kinds]
    if called:
        words.append(f"when {' or '.join(called)} is called")
    return f"It runs {', and '.join(words)}"


_SHOWN = 200
_TIMES = {
    UNKNOWN_WHEN: "at a time that is not known, since not every way was followed",
    LOAD: "when the model is loaded",
    "keras-load": "when Keras loads the model",
    SAVER: "while the model is saved or restored",
}


def evidence(act: Act) -> Iterator[str]:
    """The way to it, what it works on, and how often it is there."""
    yield " → ".join(act.path)
    for operand in act.operands:
        yield f"{operand.text!r}: {_operand_words(operand)}"
    if act.nodes > 1:
        yield f"{count_of(act.nodes, 'node')} in {count_of(len(act.functions), 'body', 'bodies')}"


def _operand_words(operand: Operand) -> str:
    words = _ORIGINS[operand.origin]
    if operand.origin == "asset" and operand.inside_model is None:
        words = "computed from the path of one of the model's assets"
    return words
