"""What two signatures do not share: outputs of one side only, and inputs and outputs under other names."""

from __future__ import annotations

from collections.abc import Iterator

from smanalyze.report.against import OutputAgainst
from smanalyze.report.changes import SignaturePair


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
        for one in tensors:
            if one.old is None or one.new is None:
                continue
            if one.old.name != one.new.name:
                yield f"The {word} {one.old.name} is called {one.new.name} in the new model"
            if word == "input" and one.old.dtype != one.new.dtype:
                yield (
                    f"The input {one.new.name} was {one.old.dtype}, and is {one.new.dtype}: each model is fed in its "
                    "own dtype, with values that both hold"
                )
    for one in pair.inputs:
        if one.old is None and one.new is not None:
            yield f"Only the new model has the input {one.new.name}"
        elif one.old is not None and one.new is None:
            yield f"Only the old model has the input {one.old.name}"
    for one in pair.outputs:
        if one.old is None and one.new is not None:
            yield f"Only the new model gives the output {one.new.name}"
