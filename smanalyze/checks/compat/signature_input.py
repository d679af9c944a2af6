"""Inputs of signatures that both models have: requests that worked, and no longer do."""

from __future__ import annotations

from collections.abc import Iterator

from smanalyze.checks.change import Changed, change
from smanalyze.checks.changes import InputChange
from smanalyze.checks.rule import ERROR, NOTE, WARNING
from smanalyze.checks.tensor_words import comparable, dimensions, tensor_words
from smanalyze.report.changes import shape_words
from smanalyze.report.diff import Severities
from smanalyze.report.findings import Location
from smanalyze.report.tensors import Tensor

AREA = "signatures"


def _place(one: InputChange) -> Location:
    return one.signature.place(tensor=f"input {one.name}")


def _pair(one: InputChange) -> tuple[Tensor, Tensor] | None:
    """Both sides, where both have it."""
    old, new = one.pair.old, one.pair.new
    return None if old is None or new is None else (old, new)


def _found(one: InputChange, message: str, old: str, new: str, severities: Severities | None = None) -> Changed:
    subject = one.signature.subject("input", one.name)
    return Changed(_place(one), message, subject, old, new, severities=severities, confidence=one.pair.confidence)


@change("sig-input-added", serving=ERROR, python=ERROR, keras=ERROR, security=NOTE)
def added(one: InputChange) -> Iterator[Changed]:
    """A signature wants another input.

    Why: a request that does not send it is an error.
    Fix: give it a default (`SignatureDef.defaults`), or publish under a new signature key.
    """
    new = one.pair.new
    if one.pair.old is None and new is not None and new.default is None:
        yield _found(one, f"The input {new.name} must be sent, too ({tensor_words(new)}).", "", tensor_words(new))


@change("sig-input-added-optional", serving=NOTE, python=NOTE, keras=NOTE, security=NOTE)
def added_optional(one: InputChange) -> Iterator[Changed]:
    """A signature takes another input, which may be left out.

    Why: it has a default that TensorFlow Serving uses where the input is not sent.
    Fix: nothing, if it was meant.
    """
    new = one.pair.new
    if one.pair.old is None and new is not None and new.default is not None:
        message = f"The input {new.name} can be sent, too ({tensor_words(new)}; default {new.default})."
        yield _found(one, message, "", tensor_words(new))


@change("sig-input-removed", serving=ERROR, python=ERROR, keras=ERROR, security=NOTE)
def removed(one: InputChange) -> Iterator[Changed]:
    """A signature input is gone.

    Why: TensorFlow Serving refuses a request that sends more than the signature names.
    Fix: keep the input, or publish under a new signature key; `--rename input:OLD=NEW` where it has another name now.
    """
    old = one.pair.old
    if one.pair.new is None and old is not None:
        yield _found(one, f"The input {old.name} is gone.", tensor_words(old), "")


@change("sig-input-renamed", serving=ERROR, python=ERROR, keras=ERROR, security=NOTE)
def renamed(one: InputChange) -> Iterator[Changed]:
    """A signature input has another name.

    Why: a request that sends it by the old name is an error; over REST only the single input of a signature may go
    without its name.
    Fix: keep the name, or move the callers with the model.
    """
    pair = _pair(one)
    if pair is not None and pair[0].name != pair[1].name:
        declared = Severities(NOTE, NOTE, NOTE, NOTE) if one.pair.stage == "declared" else None
        message = f"The input {pair[0].name} is called {pair[1].name} now."
        yield _found(one, message, pair[0].name, pair[1].name, declared)


@change("sig-input-default-removed", serving=ERROR, python=WARNING, keras=NOTE)
def default_removed(one: InputChange) -> Iterator[Changed]:
    """An input that could be left out must be sent now.

    Why: a request that leaves it out was filled in with the default, and is an error now.
    Fix: keep the default.
    """
    pair = _pair(one)
    if pair is not None and pair[0].default is not None and pair[1].default is None:
        yield _found(one, f"{one.name} has no default any more (was {pair[0].default}).", pair[0].default, "")


@change("sig-input-default-added", serving=NOTE, python=NOTE, keras=NOTE)
def default_added(one: InputChange) -> Iterator[Changed]:
    """An input that had to be sent may be left out now.

    Why: TensorFlow Serving fills in the default where a request does not send it.
    Fix: nothing, if it was meant.
    """
    pair = _pair(one)
    if pair is not None and pair[0].default is None and pair[1].default is not None:
        yield _found(one, f"{one.name} has a default now: {pair[1].default}.", "", pair[1].default)


@change("sig-input-default-changed", serving=WARNING, python=WARNING, keras=NOTE, security=WARNING)
def default_changed(one: InputChange) -> Iterator[Changed]:
    """The default of an input changed.

    Why: a request that leaves the input out gets another answer, and nobody is told.
    Fix: keep the default, or tell those who rely on it.
    """
    pair = _pair(one)
    if pair is not None and None not in (pair[0].default, pair[1].default) and pair[0].default != pair[1].default:
        old, new = pair[0].default or "", pair[1].default or ""
        yield _found(one, f"The default of {one.name} was {old}, and is {new}.", old, new)


@change("sig-input-dtype-changed", serving=ERROR, python=ERROR, keras=ERROR, security=NOTE)
def dtype_changed(one: InputChange) -> Iterator[Changed]:
    """An input has another dtype.

    Why: TensorFlow converts nothing: what clients send has the old dtype, and is refused.
    Fix: cast inside the model, and keep the dtype of the signature.
    """
    pair = _pair(one)
    if pair is not None and pair[0].dtype != pair[1].dtype and pair[0].encoding == pair[1].encoding:
        shapes = [f" {shape_words(side.shape)}" if pair[0].shape != pair[1].shape else "" for side in pair]
        old, new = (f"{side.dtype}{shape}" for side, shape in zip(pair, shapes, strict=True))
        yield _found(one, f"{one.name} was {old}, and is {new}.", old, new)


@change("sig-input-encoding-changed", serving=ERROR, python=ERROR, keras=ERROR, security=NOTE)
def encoding_changed(one: InputChange) -> Iterator[Changed]:
    """An input is encoded in another way.

    Why: a sparse or ragged tensor is sent as several tensors, a dense one as one; old requests do not fit.
    Fix: convert inside the model, and keep the encoding of the signature.
    """
    pair = _pair(one)
    if pair is not None and (pair[0].encoding, pair[0].type_spec) != (pair[1].encoding, pair[1].type_spec):
        old, new = tensor_words(pair[0]), tensor_words(pair[1])
        yield _found(one, f"{one.name} was {old}, and is {new}.", old, new)


@change("sig-input-rank-changed", serving=ERROR, python=ERROR, keras=ERROR, security=NOTE)
def rank_changed(one: InputChange) -> Iterator[Changed]:
    """An input has another rank.

    Why: what clients send has the old number of dimensions, and is refused.
    Fix: reshape inside the model, and keep the shape of the signature.
    """
    pair = _dense(one)
    if pair is not None and pair[0].shape is not None and pair[1].shape is not None:
        ranks = len(pair[0].shape), len(pair[1].shape)
        if ranks[0] != ranks[1]:
            old, new = shape_words(pair[0].shape), shape_words(pair[1].shape)
            yield _found(one, f"{one.name} was {old}, and is {new}.", old, new)


def _dense(one: InputChange) -> tuple[Tensor, Tensor] | None:
    pair = _pair(one)
    if pair is None or pair[0].dtype != pair[1].dtype:  # told by sig-input-dtype-changed, with both shapes
        return None
    return pair if comparable(pair[0]) and comparable(pair[1]) else None


@change("sig-input-dim-narrowed", serving=ERROR, python=ERROR, keras=ERROR)
def dim_narrowed(one: InputChange) -> Iterator[Changed]:
    """An input takes fewer sizes than it did.

    Why: a dimension that could be anything is fixed now; requests of another size are refused.
    Fix: keep the dimension open, or tell clients the size.
    """
    pair = _dense(one)
    if pair is None:
        return
    old, new = shape_words(pair[0].shape), shape_words(pair[1].shape)
    closed = [place for place, before, after in dimensions(pair[0].shape, pair[1].shape) if before is None and place]
    if closed or (pair[0].shape is None and pair[1].shape is not None):
        yield _found(one, f"{one.name} was {old}, and is {new}.", old, new)


@change("sig-input-batch-fixed", serving=ERROR, python=WARNING, keras=WARNING)
def batch_fixed(one: InputChange) -> Iterator[Changed]:
    """The first dimension of an input is fixed now.

    Why: it most often counts the examples: batching in TensorFlow Serving, and every request of another number of
    examples, break.
    Fix: leave the first dimension open (None) in the input signature.
    """
    pair = _dense(one)
    if pair is not None:
        for place, before, after in dimensions(pair[0].shape, pair[1].shape):
            if place == 0 and before is None:
                old, new = shape_words(pair[0].shape), shape_words(pair[1].shape)
                yield _found(one, f"The batch of {one.name} is fixed to {after}.", old, new)


@change("sig-input-dim-changed", serving=ERROR, python=ERROR, keras=ERROR)
def dim_changed(one: InputChange) -> Iterator[Changed]:
    """An input has another size.

    Why: what clients send has the old size, and is refused.
    Fix: resize or pad inside the model, and keep the shape of the signature.
    """
    pair = _dense(one)
    if pair is not None:
        moved = [d for d in dimensions(pair[0].shape, pair[1].shape) if d[1] is not None and d[2] is not None]
        if moved:
            old, new = shape_words(pair[0].shape), shape_words(pair[1].shape)
            yield _found(one, f"{one.name} was {old}, and is {new}.", old, new)


@change("sig-input-dim-widened", serving=NOTE, python=NOTE, keras=NOTE)
def dim_widened(one: InputChange) -> Iterator[Changed]:
    """An input takes more sizes than it did.

    Why: nothing that was sent is refused.
    Fix: nothing, if it was meant.
    """
    pair = _dense(one)
    if pair is not None:
        opened = any(after is None for _, _, after in dimensions(pair[0].shape, pair[1].shape))
        if opened or (pair[0].shape is not None and pair[1].shape is None):
            old, new = shape_words(pair[0].shape), shape_words(pair[1].shape)
            yield _found(one, f"{one.name} was {old}, and is {new}.", old, new)


@change("sig-input-bytes-suffix-changed", serving=ERROR, python=NOTE, keras=NOTE, security=NOTE)
def bytes_suffix_changed(one: InputChange) -> Iterator[Changed]:
    """A string input gained or lost the ending `_bytes`.

    Why: over REST TensorFlow Serving decodes base64 in string tensors whose name ends in `_bytes`, and in no other.
    Fix: keep the ending, or change the requests with the model.
    """
    pair = _pair(one)
    if pair is not None and pair[0].dtype == pair[1].dtype == "string":
        ends = pair[0].name.endswith("_bytes"), pair[1].name.endswith("_bytes")
        if ends[0] != ends[1]:
            message = f"{pair[1].name} {'is' if ends[1] else 'is not'} sent as base64 over REST now."
            yield _found(one, message, pair[0].name, pair[1].name)
