"""What two signatures do not share: outputs of one side only, and inputs and outputs under other names."""

from __future__ import annotations

from collections.abc import Iterator

from smanalyze.report.against import OutputAgainst
from smanalyze.report.changes import SignaturePair

MAX_TOLD = 4
"""Inputs or outputs that are named in one sentence."""


def gone_outputs(pair: SignaturePair) -> tuple[OutputAgainst, ...]:
    """Outputs that only the old model gives: who asks the new one for them gets an error."""
    return tuple(
        OutputAgainst(
            one.old.name, one.old.name, one.old.dtype, "incomparable", "the new model does not give it",
            tolerance=None, noise=None, max_abs=None, mean_abs=None, p99_abs=None, max_rel=None, needed_rtol=None,
            ulp=None, cosine=None, argmax=None, worst=None,
        )
        for one in pair.outputs
        if one.old is not None and one.new is None
    )  # fmt: skip


def pairing_notes(pair: SignaturePair) -> Iterator[str]:
    """How inputs and outputs were brought together, where callers of the old model have to know."""
    for word, tensors in (("input", pair.inputs), ("output", pair.outputs)):
        both = [(one.old, one.new) for one in tensors if one.old is not None and one.new is not None]
        named = [f"{old.name} is called {new.name}" for old, new in both if old.name != new.name]
        if named:
            yield f"In the new model the {_some(named, word)}"
        if word == "input":  # the row of an output says so itself
            typed = [f"{new.name} was {old.dtype}, and is {new.dtype}" for old, new in both if old.dtype != new.dtype]
            if typed:
                yield f"The {_some(typed, word)}"
        gone = [one.old.name for one in tensors if one.old is not None and one.new is None]
        come = [one.new.name for one in tensors if one.new is not None and one.old is None]
        if gone and word == "input":
            yield f"Only the old model has the {_some(gone, word, ', ')}"
        if come:
            yield f"Only the new model has the {_some(come, word, ', ')}"


def _some(texts: list[str], word: str, between: str = "; ") -> str:
    """``inputs a, b and 3 more``."""
    more = f" and {len(texts) - MAX_TOLD} more" if len(texts) > MAX_TOLD else ""
    return f"{word}{'s' if len(texts) > 1 else ''} {between.join(texts[:MAX_TOLD])}{more}"
