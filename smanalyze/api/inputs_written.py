"""The inputs of a model's signatures as something to send, to keep, or to read."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Any

from smanalyze.errors import UsageError
from smanalyze.facts.snippets_rest import served_name
from smanalyze.inputs import arrays, requests
from smanalyze.inputs.records import SignatureInputs, Trial
from smanalyze.model.saved_model import SavedModel
from smanalyze.report.inputs import FedSignature, FedTensor, InputsReport

ONE_REQUEST = {"rest": requests.rest_rows, "rest-columns": requests.rest_columns, "grpc-json": requests.grpc_json}
MAX_VALUES, MAX_TEXT = 6, 160
"""So much of a tensor is shown to people."""

MAX_WARMUP_RECORDS = 1000
"""TF Serving refuses a file with more (servables/tensorflow/saved_model_warmup_util.h: kMaxNumRecords)."""


def choose_trial(
    planned: SignatureInputs, number: int | None = None, batch: int | None = None, *, exactly: bool = False
) -> Trial | None:
    """The trial of that number, in that batch where it can be chosen; None for a signature that cannot be fed.

    Without a number it is the first that has nothing odd, which a server should take.

    Raises UsageError where there are fewer trials, or the batch is too large; ``exactly``: also where it cannot be
    chosen.
    """
    if planned.reason:
        return None
    if number is None:
        trial = next((trial for trial in planned.trials if not trial.odd), None)
    else:
        trial = next(islice(iter(planned.trials), number - 1, None), None)
    if trial is None and number is None:
        raise UsageError(f"No values can be made for the signature {planned.key!r}; they would be too large.")
    if trial is None:
        raise UsageError(f"Signature {planned.key!r} has fewer than {number} trials.")
    made = trial if batch is None else trial.with_batch(batch)
    if trial.batch is not None and made.batch == trial.batch != batch and batch is not None:
        raise UsageError(f"A batch of {batch:,} is too large for the signature {planned.key!r}.")
    if exactly and batch is not None and made.batch != batch:
        raise UsageError(
            f"The batch of {planned.key!r} cannot be chosen: its sizes are fixed, or its inputs share no rows."
        )
    return made


def written(
    model: SavedModel, planned: Sequence[SignatureInputs], trials: Sequence[Trial | None], form: str
) -> str | bytes:
    """The trials in one of the formats of ``smanalyze inputs`` but text: bytes of a file, or text.

    Raises UsageError where a signature cannot be fed, or has no such form.
    """
    pairs = []
    for one, trial in zip(planned, trials, strict=True):
        if trial is None:
            raise UsageError(f"Signature {one.key!r} cannot be fed. {one.reason}")
        pairs.append((one, trial))
    if len({one.key for one, _ in pairs}) < len(pairs):
        raise UsageError("Several MetaGraphs have a signature of the same key; choose one MetaGraph with --tag-set.")
    named = [(one.key, trial) for one, trial in pairs]
    if form == "npz":
        return arrays.npz(named)
    if form == "json":
        return arrays.plain_json(named)
    every = [requests.Request(served_name(model.found.path_name), one.key, _method(model, one), trial)
             for one, trial in pairs]  # fmt: skip
    if form == "curl":
        return "\n".join(map(requests.curl, every))
    if form == "warmup":
        from smanalyze.format.tfrecord import write_records

        if len(every) > MAX_WARMUP_RECORDS:
            raise UsageError(f"TF Serving takes {MAX_WARMUP_RECORDS} records; choose signatures.")
        return write_records(map(requests.prediction_log, every))
    if len(every) != 1:
        keys = ", ".join(one.key for one in every) or "none"
        raise UsageError(f"{form} holds one request; choose one with --signature-def. Signatures: {keys}.")
    return ONE_REQUEST[form](every[0])


def _method(model: SavedModel, planned: SignatureInputs) -> str:
    found = (s for graph in model.meta_graphs if graph.tags == planned.tags for s in graph.signatures)
    return next((signature.method_name for signature in found if signature.key == planned.key), "")


def inputs_report(
    model: SavedModel, planned: Sequence[SignatureInputs], trials: Sequence[Trial | None], seed: int
) -> InputsReport:
    """The same for people."""
    rows = tuple(
        FedSignature(
            one.tags, one.key, trial.origin if trial is not None else one.source,
            trial.name if trial is not None else "",
            trial.batch if trial is not None else None,
            tuple(FedTensor(feed.keyword, feed.dtype, feed.shape, values_text(feed.array), feed.why)
                  for feed in (trial.feeds if trial is not None else ())),
            one.reason,
        )
        for one, trial in zip(planned, trials, strict=True)
    )  # fmt: skip
    return InputsReport(model.found.path_name, seed, rows)


def values_text(array: Any) -> str:
    """The first values of an array."""
    flat = array.ravel()
    words = [_one(value) for value in flat[:MAX_VALUES]]
    text = ", ".join(words) + (", …" if flat.size > MAX_VALUES else "")
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1] + "…"


def _one(value: Any) -> str:
    if isinstance(value, bytes):
        return repr(value)[1:]
    if value.dtype.kind == "c":
        return f"{value:.4g}"
    return f"{float(value):.4g}" if value.dtype.kind not in "biu" else str(value)
