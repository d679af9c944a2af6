"""Which trial of each signature TensorFlow runs: python run_trials.py DIR ... prints a JSON line for each signature.

One process loads model by model; a load and the trials of a signature have a time limit each.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

os.environ.update(
    TF_NUM_INTRAOP_THREADS="1", TF_NUM_INTEROP_THREADS="1", TF_CPP_MIN_LOG_LEVEL="3", TF_ENABLE_ONEDNN_OPTS="0",
    CUDA_VISIBLE_DEVICES="-1",
)  # fmt: skip

import tensorflow as tf

import smanalyze
from smanalyze.inputs.records import SignatureInputs, Trial

SECONDS = 120


class LateError(BaseException):
    """The time is over; nothing of TensorFlow catches it."""


@contextmanager
def limited() -> Iterator[None]:
    """A time limit."""

    def late(*_: object) -> None:
        raise LateError("time is over")

    signal.signal(signal.SIGALRM, late)
    signal.alarm(SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)


def call(function: Any, trial: Trial) -> Any:
    """The signature, called with a trial."""
    return function(**{feed.keyword: tf.constant(feed.array, dtype=feed.dtype) for feed in trial.feeds})


def answer(function: Any, planned: SignatureInputs) -> dict[str, Any]:
    """Which trial ran, or the last error; and whether the batches 1 and 3 of it run, too."""
    tried, error = 0, planned.reason
    for trial in planned.trials:
        tried += 1
        try:
            call(function, trial)
        except Exception as failed:  # whatever TensorFlow raises
            error = f"{type(failed).__name__}: {' '.join(str(failed).split())[:300]}"
            continue
        found = {"ran": True, "tried": tried, "trial": trial.name, "error": error, "batches": {}}
        for batch in (1, 3) if trial.batch is not None else ():
            try:
                call(function, trial.with_batch(batch))
                found["batches"][batch] = "ok"
            except Exception as failed:
                found["batches"][batch] = f"{type(failed).__name__}: {' '.join(str(failed).split())[:200]}"
        return found
    return {"ran": False, "tried": tried, "error": error}


def lines(folder: Path) -> Iterator[dict[str, Any]]:
    """One for each signature, or one for a model that does not load."""
    model = smanalyze.load(folder)
    for meta_graph in model.meta_graphs:
        about = {"model": str(folder), "tags": meta_graph.tags}
        try:
            with limited():
                loaded = tf.saved_model.load(str(folder), tags=list(meta_graph.tags))
        except (Exception, LateError) as failed:
            yield {**about, "loads": f"{type(failed).__name__}: {' '.join(str(failed).split())[:200]}"}
            continue
        for planned in smanalyze.plan_inputs(model, tags=meta_graph.tags):
            try:
                with limited():
                    found = answer(loaded.signatures[planned.key], planned)
            except LateError as late:
                found = {"ran": False, "tried": 0, "error": str(late)}
            yield {**about, "loads": "ok", "key": planned.key, "source": planned.source, **found}


def main() -> None:
    """One line for each signature of each folder."""
    for text in sys.argv[1:]:
        for line in lines(Path(text)):
            sys.stdout.write(json.dumps(line) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
