"""What the profile ``full`` adds: the same calls in another process and with TensorFlow's own threads, and calls that
must be refused. Each works with what ran before, and none of it changes the verdict of a sound model."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from smanalyze.inputs.records import Trial
from smanalyze.report.findings import Location
from smanalyze.report.verify import Again, Probe
from smanalyze.verify.calls import Done
from smanalyze.verify.exchange import relative, written
from smanalyze.verify.sandbox import Sandbox
from smanalyze.verify.steps import Wanted, Worker


def call_again(box: Sandbox, wanted: Wanted, done: list[Done], how: str, threads: int) -> Iterator[Again]:
    """Each call once more, in a child of its own with so many threads (0: TensorFlow's choice)."""
    worker = Worker(box, replace(wanted, threads=threads), lambda _: None)
    for one in done:
        loaded = worker.load(one.tags, [], anew=True)
        if loaded.kind != "ok":
            yield Again(one.tags, one.key, how, loaded.kind, (), 0.0)
            continue
        outcome = call_once(box, worker, one, one.trial)
        if outcome.kind != "ok":
            yield Again(one.tags, one.key, how, outcome.kind, (), 0.0)
            continue
        outputs = {output["name"]: output for output in outcome.result["outputs"]}
        different = tuple(name for name in sorted(outputs) if outputs[name]["digest"] != one.digests.get(name))
        files = {name: outputs[name]["file"] for name in different if outputs[name]["file"]}
        yield Again(one.tags, one.key, how, "ok", different, _largest(one.files, files))
    box.stop()


def probe(box: Sandbox, wanted: Wanted, done: list[Done]) -> Iterator[Probe]:
    """Calls with a wrong dtype, a missing input and a wrong rank, in a child that begins anew where one kills it."""
    worker = Worker(box, wanted, lambda _: None)
    for one in done:
        for name, trial in wrong(one.trial):
            loaded = worker.load(one.tags, [])
            outcome = call_once(box, worker, one, trial) if loaded.kind == "ok" else loaded
            message = f"{outcome.error}: {outcome.message}" if outcome.error else outcome.message
            yield Probe(one.tags, one.key, name, "accepted" if outcome.kind == "ok" else outcome.kind, message[:500])
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
    array = np.asarray(first.array)[np.newaxis, np.newaxis]
    yield "wrong rank", replace(trial, feeds=(replace(first, array=array, shape=(1, 1, *first.shape)), *rest))


def call_once(box: Sandbox, worker: Worker, one: Done, trial: Trial) -> Any:
    """One call without looking at variables."""
    folder = Path(tempfile.mkdtemp(dir=box.root / "arrays"))
    feeds = {feed.keyword: written(feed, folder)[0] for feed in trial.feeds}
    request = {"do": "call", "key": one.key, "repeat": 1, "watch": [], "keep": str(folder / "out"), "feeds": feeds}
    return worker.do("call", Location(tag_set=",".join(one.tags), signature=one.key), request)


def _largest(before: dict[str, str], after: dict[str, str]) -> float:
    """The largest difference of two files of numbers, relative to the largest number."""
    return max((relative(before[name], after[name]) for name in after if name in before), default=0.0)
