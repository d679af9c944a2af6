"""Inputs that are numbered by their places."""

from __future__ import annotations

from collections.abc import Iterator

from smanalyze.checks.change import Changed, change
from smanalyze.checks.changes import SignatureChange
from smanalyze.checks.evidence import MAX_LINES, count_of, listed
from smanalyze.checks.rule import ERROR, NOTE
from smanalyze.checks.tensor_words import tensor_words
from smanalyze.report.changes import InputRun, TensorPair

AREA = "signatures"


@change("sig-inputs-shifted", serving=ERROR, python=ERROR, keras=ERROR, security=NOTE)
def shifted(signature: SignatureChange) -> Iterator[Changed]:
    """Inputs that are numbered by their places have other places.

    Why: an input came or went among `inputs`, `inputs_1`, `inputs_2` …, so that the later names mean other inputs. What
    clients send by the old name is refused where dtype or shape differ, and taken for something else where they do not.
    Fix: name the inputs (a dictionary with names, or names for `tf.keras.Input`), or add new ones at the end.
    """
    runs = signature.pair.shifted
    if not runs:
        return
    gone, come = (sum(len(names) for names in side) for side in zip(*map(_one_sided, runs), strict=True))
    counts = ((gone, "taken out"), (come, "put in"))
    words = [f"{count} {'was' if count == 1 else 'were'} {what}" for count, what in counts if count]
    first = (runs[0].new or runs[0].old)[0]
    moved = sum(len(run.new) for run in runs if run.same)
    message = f"The inputs from {first} on are others: {' and '.join(words)}, and {count_of(moved, 'input')} moved."
    names = dict.fromkeys(name for side in (0, 1) for run in runs for name in (run.old, run.new)[side])
    runs_told = list(map(_run_text, runs))[: MAX_LINES // 2]
    lines = [*runs_told, *_told(signature.pair.inputs, tuple(names))]
    yield Changed(signature.place(), message, signature.subject("inputs", *names), "", "", listed(lines), tuple(names))


def _one_sided(run: InputRun) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return ((), ()) if run.same else (run.old, run.new)


def _run_text(run: InputRun) -> str:
    """``inputs_21 … inputs_32 are inputs_17 … inputs_28 now``."""
    old, new = _range(run.old), _range(run.new)
    if run.same:
        return f"{old} {'is' if len(run.old) == 1 else 'are'} {new} now"
    if old and new:
        return f"{old} went, and {new} came"
    return f"{old} went" if old else f"{new} came"


def _range(names: tuple[str, ...]) -> str:
    return " … ".join(dict.fromkeys((names[0], names[-1]))) if names else ""


def _told(pairs: tuple[TensorPair, ...], names: tuple[str, ...]) -> Iterator[str]:
    """What clients see that go by the names."""
    there = {tensor.name: pair for pair in pairs for tensor in (pair.old, pair.new) if tensor is not None}
    for name in names:
        old, new = there[name].old, there[name].new
        if old is not None and new is None:
            yield f"{name} {tensor_words(old)} is gone"
        elif new is not None and old is None:
            yield f"{name} {tensor_words(new)} is new"
        elif old is not None and new is not None and tensor_words(old) != tensor_words(new):
            yield f"{name} was {tensor_words(old)}, and is {tensor_words(new)}"
