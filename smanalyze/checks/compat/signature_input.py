"""Inputs of signatures that both models have: requests that worked, and no longer do."""

from __future__ import annotations

from collections.abc import Iterator

from smanalyze.checks.change import Changed, change
from smanalyze.checks.changes import InputChange, SignatureChange
from smanalyze.checks.evidence import named
from smanalyze.checks.rule import ERROR, NOTE, WARNING
from smanalyze.checks.tensor_words import (
    closed,
    dense,
    dtypes_words,
    fixed_batch,
    found,
    moved,
    one_sided,
    opened,
    other_rank,
    resized,
    shapes_words,
    tensor_words,
)
from smanalyze.report.diff import Severities

AREA = "signatures"


@change("sig-input-added", serving=ERROR, python=ERROR, keras=ERROR, security=NOTE)
def added(signature: SignatureChange) -> Iterator[Changed]:
    """A signature wants another input.

    Why: a request that does not send it is an error.
    Fix: give it a default (`SignatureDef.defaults`), or publish under a new signature key.
    """
    new = [pair.new for pair in signature.inputs if pair.old is None and pair.new is not None]
    wanted = [tensor for tensor in new if tensor.default is None]
    if len(wanted) == 1:
        message = f"The input {wanted[0].name} must be sent, too ({tensor_words(wanted[0])})."
    else:
        message = f"{len(wanted)} more inputs must be sent: {named([one.name for one in wanted])}."
    yield from one_sided(signature, "input", wanted, message, gone=False)


@change("sig-input-added-optional", serving=NOTE, python=NOTE, keras=NOTE, security=NOTE)
def added_optional(one: InputChange) -> Iterator[Changed]:
    """A signature takes another input, which may be left out.

    Why: it has a default that TensorFlow Serving uses where the input is not sent.
    Fix: nothing, if it was meant.
    """
    new = one.pair.new
    if one.pair.old is None and new is not None and new.default is not None:
        message = f"The input {new.name} can be sent, too ({tensor_words(new)}; default {new.default})."
        yield found(one, message, "", tensor_words(new))


@change("sig-input-removed", serving=ERROR, python=ERROR, keras=ERROR, security=NOTE)
def removed(signature: SignatureChange) -> Iterator[Changed]:
    """A signature input is gone.

    Why: TensorFlow Serving refuses a request that sends more than the signature names.
    Fix: keep the input, or publish under a new signature key; `--rename input:OLD=NEW` where it has another name now.
    """
    gone = [pair.old for pair in signature.inputs if pair.new is None and pair.old is not None]
    names = named([one.name for one in gone])
    message = f"The input {names} is gone." if len(gone) == 1 else f"The inputs {names} are gone."
    yield from one_sided(signature, "input", gone, message, gone=True)


@change("sig-input-renamed", serving=ERROR, python=ERROR, keras=ERROR, security=NOTE)
def renamed(one: InputChange) -> Iterator[Changed]:
    """A signature input has another name.

    Why: a request that sends it by the old name is an error; over REST only the single input of a signature may go
    without its name.
    Fix: keep the name, or move the callers with the model.
    """
    pair = one.both
    if pair is not None and pair[0].name != pair[1].name:
        declared = Severities(NOTE, NOTE, NOTE, NOTE) if one.pair.stage == "declared" else None
        message = f"The input {pair[0].name} is called {pair[1].name} now."
        yield found(one, message, pair[0].name, pair[1].name, declared)


@change("sig-input-default-removed", serving=ERROR, python=WARNING, keras=NOTE)
def default_removed(one: InputChange) -> Iterator[Changed]:
    """An input that could be left out must be sent now.

    Why: a request that leaves it out was filled in with the default, and is an error now.
    Fix: keep the default.
    """
    pair = one.both
    if pair is not None and pair[0].default is not None and pair[1].default is None:
        yield found(one, f"{one.name} has no default any more (was {pair[0].default}).", pair[0].default, "")


@change("sig-input-default-added", serving=NOTE, python=NOTE, keras=NOTE)
def default_added(one: InputChange) -> Iterator[Changed]:
    """An input that had to be sent may be left out now.

    Why: TensorFlow Serving fills in the default where a request does not send it.
    Fix: nothing, if it was meant.
    """
    pair = one.both
    if pair is not None and pair[0].default is None and pair[1].default is not None:
        yield found(one, f"{one.name} has a default now: {pair[1].default}.", "", pair[1].default)


@change("sig-input-default-changed", serving=WARNING, python=WARNING, keras=NOTE, security=WARNING)
def default_changed(one: InputChange) -> Iterator[Changed]:
    """The default of an input changed.

    Why: a request that leaves the input out gets another answer, and nobody is told.
    Fix: keep the default, or tell those who rely on it.
    """
    pair = one.both
    if pair is not None and None not in (pair[0].default, pair[1].default) and pair[0].default != pair[1].default:
        old, new = pair[0].default or "", pair[1].default or ""
        yield found(one, f"The default of {one.name} was {old}, and is {new}.", old, new)


@change("sig-input-dtype-changed", serving=ERROR, python=ERROR, keras=ERROR, security=NOTE)
def dtype_changed(one: InputChange) -> Iterator[Changed]:
    """An input has another dtype.

    Why: TensorFlow converts nothing: what clients send has the old dtype, and is refused.
    Fix: cast inside the model, and keep the dtype of the signature.
    """
    pair = one.both
    if pair is not None and pair[0].dtype != pair[1].dtype and pair[0].encoding == pair[1].encoding:
        yield moved(one, *dtypes_words(pair))


@change("sig-input-encoding-changed", serving=ERROR, python=ERROR, keras=ERROR, security=NOTE)
def encoding_changed(one: InputChange) -> Iterator[Changed]:
    """An input is encoded in another way.

    Why: a sparse or ragged tensor is sent as several tensors, a dense one as one; old requests do not fit.
    Fix: convert inside the model, and keep the encoding of the signature.
    """
    pair = one.both
    if pair is not None and (pair[0].encoding, pair[0].type_spec) != (pair[1].encoding, pair[1].type_spec):
        yield moved(one, tensor_words(pair[0]), tensor_words(pair[1]))


@change("sig-input-rank-changed", serving=ERROR, python=ERROR, keras=ERROR, security=NOTE)
def rank_changed(one: InputChange) -> Iterator[Changed]:
    """An input has another rank.

    Why: what clients send has the old number of dimensions, and is refused.
    Fix: reshape inside the model, and keep the shape of the signature.
    """
    pair = dense(one)
    if pair is not None and other_rank(pair):
        yield moved(one, *shapes_words(pair))


@change("sig-input-dim-narrowed", serving=ERROR, python=ERROR, keras=ERROR)
def dim_narrowed(one: InputChange) -> Iterator[Changed]:
    """An input takes fewer sizes than it did.

    Why: a dimension that could be anything is fixed now; requests of another size are refused.
    Fix: keep the dimension open, or tell clients the size.
    """
    pair = dense(one)
    if pair is not None and closed(pair):
        yield moved(one, *shapes_words(pair))


@change("sig-input-batch-fixed", serving=ERROR, python=WARNING, keras=WARNING)
def batch_fixed(one: InputChange) -> Iterator[Changed]:
    """The first dimension of an input is fixed now.

    Why: it most often counts the examples: batching in TensorFlow Serving, and every request of another number of
    examples, break.
    Fix: leave the first dimension open (None) in the input signature.
    """
    pair = dense(one)
    size = fixed_batch(pair) if pair is not None else None
    if pair is not None and size is not None:
        yield found(one, f"The batch of {one.name} is fixed to {size}.", *shapes_words(pair))


@change("sig-input-dim-changed", serving=ERROR, python=ERROR, keras=ERROR)
def dim_changed(one: InputChange) -> Iterator[Changed]:
    """An input has another size.

    Why: what clients send has the old size, and is refused.
    Fix: resize or pad inside the model, and keep the shape of the signature.
    """
    pair = dense(one)
    if pair is not None and resized(pair):
        yield moved(one, *shapes_words(pair))


@change("sig-input-dim-widened", serving=NOTE, python=NOTE, keras=NOTE)
def dim_widened(one: InputChange) -> Iterator[Changed]:
    """An input takes more sizes than it did.

    Why: nothing that was sent is refused.
    Fix: nothing, if it was meant.
    """
    pair = dense(one)
    if pair is not None and opened(pair):
        yield moved(one, *shapes_words(pair))


@change("sig-input-bytes-suffix-changed", serving=ERROR, python=NOTE, keras=NOTE, security=NOTE)
def bytes_suffix_changed(one: InputChange) -> Iterator[Changed]:
    """A string input gained or lost the ending `_bytes`.

    Why: over REST TensorFlow Serving decodes base64 in string tensors whose name ends in `_bytes`, and in no other.
    Fix: keep the ending, or change the requests with the model.
    """
    pair = one.both
    if pair is not None and pair[0].dtype == pair[1].dtype == "string":
        ends = pair[0].name.endswith("_bytes"), pair[1].name.endswith("_bytes")
        if ends[0] != ends[1]:
            message = f"{pair[1].name} {'is' if ends[1] else 'is not'} sent as base64 over REST now."
            yield found(one, message, pair[0].name, pair[1].name)
