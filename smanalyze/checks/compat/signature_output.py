"""Outputs of signatures that both models have: answers that clients understood, and no longer do."""

from __future__ import annotations

from collections.abc import Iterator

from smanalyze.checks.change import Changed, change
from smanalyze.checks.changes import OutputChange, SignatureChange
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


@change("sig-output-removed", serving=ERROR, python=ERROR, keras=ERROR, security=NOTE)
def removed(signature: SignatureChange) -> Iterator[Changed]:
    """A signature output is gone.

    Why: clients read it by its name and find nothing; a request that filters for it is an error.
    Fix: keep the output, or publish under a new signature key; `--rename output:OLD=NEW` where it has another name now.
    """
    gone = [pair.old for pair in signature.pair.outputs if pair.new is None and pair.old is not None]
    names = named([one.name for one in gone])
    message = f"The output {names} is gone." if len(gone) == 1 else f"The outputs {names} are gone."
    yield from one_sided(signature, "output", gone, message, gone=True)


@change("sig-output-added", serving=NOTE, python=NOTE, keras=NOTE, security=NOTE)
def added(signature: SignatureChange) -> Iterator[Changed]:
    """A signature gives another output.

    Why: every answer carries it, and is larger by that much; a client that reads by names does not notice.
    Fix: nothing, if it was meant.
    """
    new = [pair.new for pair in signature.pair.outputs if pair.old is None and pair.new is not None]
    names = named([one.name for one in new])
    message = f"There are {len(new)} new outputs: {names}."
    if len(new) == 1:
        message = f"There is a new output {names} ({tensor_words(new[0])})."
    yield from one_sided(signature, "output", new, message, gone=False)


@change("sig-output-renamed", serving=ERROR, python=ERROR, keras=ERROR, security=NOTE)
def renamed(one: OutputChange) -> Iterator[Changed]:
    """A signature output has another name.

    Why: clients read it by the old name and find nothing; over REST only the single output of a signature comes
    without its name.
    Fix: keep the name, or move the clients with the model.
    """
    pair = one.both
    if pair is not None and pair[0].name != pair[1].name:
        declared = Severities(NOTE, NOTE, NOTE, NOTE) if one.pair.stage == "declared" else None
        message = f"The output {pair[0].name} is called {pair[1].name} now."
        yield found(one, message, pair[0].name, pair[1].name, declared)


@change("sig-output-dtype-changed", serving=ERROR, python=ERROR, keras=ERROR, security=NOTE)
def dtype_changed(one: OutputChange) -> Iterator[Changed]:
    """An output has another dtype.

    Why: clients decode the bytes they get as the dtype they know.
    Fix: cast inside the model, and keep the dtype of the signature.
    """
    pair = one.both
    if pair is not None and pair[0].dtype != pair[1].dtype and pair[0].encoding == pair[1].encoding:
        yield moved(one, *dtypes_words(pair))


@change("sig-output-encoding-changed", serving=ERROR, python=ERROR, keras=ERROR, security=NOTE)
def encoding_changed(one: OutputChange) -> Iterator[Changed]:
    """An output is encoded in another way.

    Why: a sparse or ragged tensor comes as several tensors, a dense one as one; clients read what they know.
    Fix: convert inside the model, and keep the encoding of the signature.
    """
    pair = one.both
    if pair is not None and (pair[0].encoding, pair[0].type_spec) != (pair[1].encoding, pair[1].type_spec):
        yield moved(one, tensor_words(pair[0]), tensor_words(pair[1]))


@change("sig-output-rank-changed", serving=ERROR, python=ERROR, keras=ERROR)
def rank_changed(one: OutputChange) -> Iterator[Changed]:
    """An output has another rank.

    Why: clients index what they get by the dimensions they know.
    Fix: reshape inside the model, and keep the shape of the signature.
    """
    pair = dense(one)
    if pair is not None and other_rank(pair):
        yield moved(one, *shapes_words(pair))


@change("sig-output-dim-changed", serving=ERROR, python=ERROR, keras=ERROR)
def dim_changed(one: OutputChange) -> Iterator[Changed]:
    """An output has another size.

    Why: it is most often the number of classes: a client that knows them by their places reads the wrong label.
    Fix: move the clients with the model, or publish under a new signature key.
    """
    pair = dense(one)
    if pair is not None and resized(pair):
        yield moved(one, *shapes_words(pair))


@change("sig-output-dim-widened", serving=WARNING, python=WARNING, keras=WARNING)
def dim_widened(one: OutputChange) -> Iterator[Changed]:
    """An output no longer promises its size.

    Why: a dimension that was known can be anything now; a client that relied on it has to look.
    Fix: keep the static shape (`tf.ensure_shape`), or tell clients.
    """
    pair = dense(one)
    if pair is not None and opened(pair):
        yield moved(one, *shapes_words(pair))


@change("sig-output-dim-narrowed", serving=NOTE, python=NOTE, keras=NOTE)
def dim_narrowed(one: OutputChange) -> Iterator[Changed]:
    """An output promises its size now.

    Why: a dimension that could be anything is known.
    Fix: nothing, if it was meant.
    """
    pair = dense(one)
    if pair is not None and closed(pair):
        yield moved(one, *shapes_words(pair))


@change("sig-output-batch-lost", serving=WARNING, python=WARNING, keras=WARNING)
def batch_lost(one: OutputChange) -> Iterator[Changed]:
    """The first dimension of an output no longer follows the batch.

    Why: it was open, as the batch is, and is fixed now: with several examples in a request, answers can no longer be
    told apart, and batching in TensorFlow Serving fails.
    Fix: compute an answer for each example.
    """
    pair = dense(one)
    size = fixed_batch(pair) if pair is not None else None
    if pair is not None and size is not None:
        yield found(one, f"The first dimension of {one.name} is {size} now.", *shapes_words(pair))


@change("sig-output-bytes-suffix-changed", serving=ERROR, python=NOTE, keras=NOTE, security=NOTE)
def bytes_suffix_changed(one: OutputChange) -> Iterator[Changed]:
    """A string output gained or lost the ending `_bytes`.

    Why: over REST TensorFlow Serving encodes string tensors whose name ends in `_bytes` as base64, and no others.
    Fix: keep the ending, or change the clients with the model.
    """
    pair = one.both
    if pair is not None and pair[0].dtype == pair[1].dtype == "string":
        ends = pair[0].name.endswith("_bytes"), pair[1].name.endswith("_bytes")
        if ends[0] != ends[1]:
            message = f"{pair[1].name} {'comes' if ends[1] else 'does not come'} as base64 over REST now."
            yield found(one, message, pair[0].name, pair[1].name)


@change("sig-tensor-name-changed")
def tensor_name_changed(one: OutputChange) -> Iterator[Changed]:
    """The tensor behind an output has another name in the graph.

    Why: only code that feeds and fetches tensors of a TF1 graph by their names in a Session notices.
    Fix: call the signature by its key.
    """
    pair = one.both
    old, new = one.signature.meta_graph.definitions
    session = old is not None and new is not None and old.objects is None and new.objects is None
    if pair is not None and session and pair[0].tensor_name != pair[1].tensor_name:
        names = pair[0].tensor_name, pair[1].tensor_name
        told = Severities(python=NOTE) if all(names) else None
        yield found(one, f"{one.name} was the tensor {names[0]}, and is {names[1]}.", names[0], names[1], told)
