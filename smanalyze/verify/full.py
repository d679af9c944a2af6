"""What the profile ``full`` adds: the same calls in another process and with TensorFlow's own threads, and calls that
must be refused. Each works with what ran before, and none of it changes the verdict of a sound model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from smanalyze.inputs.records import Trial
from smanalyze.report.verify import Again, Probe
from smanalyze.verify.calls import Done, ask_call
from smanalyze.verify.exchange import relative
from smanalyze.verify.sandbox import Sandbox
from smanalyze.verify.steps import Wanted, Worker


def call_again(box: Sandbox, wanted: Wanted, done: list[Done], how: str, threads: int) -> Iterator[Again]:
    """Each call once more, in a child of its own with so many threads (0: TensorFlow's choice)."""
    worker = Worker(box, replace(wanted, threads=threads), lambda _: None)
    for one in done:
        outcome = worker.load(one.tags, [], anew=one.changes)
        if outcome.kind == "ok":
            outcome, _ = ask_call(box, worker, one.tags, one.key, one.trial)
        if outcome.kind != "ok":
            yield Again(one.tags, one.key, how, outcome.kind, (), 0.0)
            continue
        outputs = {output["name"]: output for output in outcome.result["outputs"]}
        different = tuple(name for name in sorted(outputs) if outputs[name]["digest"] != one.digests.get(name))
        files = {name: outputs[name]["file"] for name in different if outputs[name]["file"]}
        yield Again(one.tags, one.key, how, "ok", different, _largest(one.files, files))
    box.stop()


def probe(box: Sandbox, wanted: Wanted, done: list[Done]) -> Iterator[Probe]:
    """Calls with a wrong dtype, a missing input and a wrong rank, each in a child of its own, with the arithmetic of a
    server: what that does not refuse may end the process."""
    for one in done:
        for name, trial in wrong(one.trial):
            box.stop()
            worker = Worker(box, replace(wanted, threads=0), lambda _: None)
            outcome = worker.load(one.tags, [])
            if outcome.kind == "ok":
                outcome, _ = ask_call(box, worker, one.tags, one.key, trial)
            ended = "accepted" if outcome.kind == "ok" else outcome.kind
            yield Probe(one.tags, one.key, name, ended, outcome.told[:500])
    box.stop()


def wrong(trial: Trial) -> Iterator[tuple[str, Trial]]:
    """What a client might send by mistake; nothing where there are no inputs."""
    if not trial.feeds:
        return
    import numpy as np

    first, rest = trial.feeds[0], trial.feeds[1:]
    text = np.full(first.shape, b"smanalyze", dtype=object)
    other = (text, "string") if first.dtype != "string" else (np.zeros(first.shape, np.float32), "float32")
    yield "wrong dtype", replace(trial, feeds=(replace(first, array=other[0], dtype=other[1]), *rest))
    yield "missing input", replace(trial, feeds=rest)
    whole = np.asarray(first.array)
    array = whole[0] if whole.ndim and len(whole) else whole[np.newaxis]  # whoever sends one row forgets that it is one
    yield "wrong rank", replace(trial, feeds=(replace(first, array=array, shape=array.shape), *rest))


def _largest(before: dict[str, str], after: dict[str, str]) -> float:
    """The largest difference of two files of numbers, relative to the largest number."""
    return max((relative(before[name], after[name]) for name in after if name in before), default=0.0)
