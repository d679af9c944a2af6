"""Calls signatures with the inputs planned for them, and remembers each call."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Any

from smanalyze.inputs.records import SignatureInputs, Trial
from smanalyze.model.record import record
from smanalyze.report.document import Report
from smanalyze.report.findings import Location
from smanalyze.report.tensors import SignatureReport
from smanalyze.report.verify import InputSeen, OutputSeen, Run
from smanalyze.verify.child import Outcome
from smanalyze.verify.exchange import relative, written
from smanalyze.verify.observed import NotRun, RowsSeen, VariedSeen
from smanalyze.verify.outputs import read_kept
from smanalyze.verify.sandbox import Sandbox
from smanalyze.verify.save import Saver
from smanalyze.verify.steps import Worker
from smanalyze.verify.values import encoded
from smanalyze.verify.varied import claimed, variants

OTHER_BATCHES = (1, 3)
"""After the first batch, which is 2: with a batch of 1 a fault in broadcasting stays hidden."""

MAX_TRIALS = 32
"""Sets of inputs that are tried for one signature."""

MAX_WATCHED = 4096
"""Variables whose values are compared before and after a call."""

Place = tuple[tuple[str, ...], list[dict[str, Any]]]
"""The tags to load, and the objects to look at."""


@record
class Done:
    """A call that worked: with what, the digest of each output, and the files of those that are numbers. ``changes``:
    the model must be loaded anew before it is called."""

    tags: tuple[str, ...]
    key: str
    changes: bool
    trial: Trial
    digests: dict[str, str]
    files: dict[str, str]


class Caller:
    """Runs signatures one after the other; ``runs``, ``not_run`` and ``rows`` tell what came of it,
    ``done`` holds the calls that worked."""

    def __init__(self, box: Sandbox, worker: Worker, report: Report, saver: Saver | None = None) -> None:
        self.runs: list[Run] = []
        self.not_run: list[NotRun] = []
        self.rows: list[RowsSeen] = []
        self.done: list[Done] = []
        self.varied: list[VariedSeen] = []
        self._box = box
        self._worker = worker
        self._saver = saver
        self._report = report

    def call(self, signature: SignatureReport, inputs: SignatureInputs, objects: list[dict[str, Any]]) -> None:
        """Tries the sets of inputs in order until one runs; then other batches of it. A signature that changes the
        model's state gets it newly loaded each time."""
        place, anew = (inputs.tags, objects), bool(signature.reach.changes)
        last = inputs.reason or "there are no inputs for it"
        for trial in islice(inputs.trials, MAX_TRIALS):
            outcome, files = self._call(signature, inputs, trial, place, repeat=2, anew=anew)
            if outcome.kind == "ok":
                self._vary(signature, trial, place)
                self._other_batches(signature, inputs, trial, place, files)
                return
            last = f"{outcome.kind}: {outcome.error} {outcome.message}".replace(":  ", ": ").strip()
            if outcome.dead:
                break  # what kills the child once is not tried again
        self.not_run.append(NotRun(place[0], signature.key, last[:500], False))

    def _vary(self, signature: SignatureReport, trial: Trial, place: Place) -> None:
        """Calls with other values of some inputs, where the report claims that outputs do not depend on them."""
        tags, before = place[0], self.done[-1].digests
        for names, other in variants(trial, claimed(self._report, tags, signature)):
            loaded = self._worker.load(*place, anew=bool(signature.reach.changes))
            if loaded.kind != "ok":
                return
            outcome, _ = ask_call(self._box, self._worker, tags, signature.key, other)
            found = outcome.result["outputs"] if outcome.kind == "ok" else ()
            different = tuple(one["name"] for one in found if one["digest"] != before.get(one["name"]))
            self.varied.append(VariedSeen(tags, signature.key, names, outcome.kind, different))

    def _other_batches(
        self, signature: SignatureReport, inputs: SignatureInputs, trial: Trial, place: Place, files: dict[str, str]
    ) -> None:
        """The same inputs in batches of other sizes, where they have any."""
        if trial.batch is None:
            return
        kept: dict[int, tuple[Trial, dict[str, str]]] = {trial.batch: (trial, files)}
        shapes = [tuple(feed.shape for feed in trial.feeds)]
        for batch in OTHER_BATCHES:
            other = trial.with_batch(batch)
            shape = tuple(feed.shape for feed in other.feeds)
            if batch in kept or shape in shapes:
                continue
            shapes.append(shape)
            outcome, made = self._call(signature, inputs, other, place, repeat=1, anew=False)
            if outcome.dead:
                return
            if outcome.kind == "ok":
                kept[batch] = (other, made)
        if len(kept) > 1 and not signature.reach.changes and not signature.reach.random_ops:
            self._compare_rows(place[0], signature.key, kept[min(kept)], kept[max(kept)])

    def _call(
        self, signature: SignatureReport, inputs: SignatureInputs, trial: Trial, place: Place, *, repeat: int,
        anew: bool,
    ) -> tuple[Outcome, dict[str, str]]:  # fmt: skip
        """One set of inputs. A model whose state a call has changed is loaded ``anew`` before."""
        tags, objects = place
        loaded = self._worker.load(tags, objects, anew=anew)
        if loaded.kind != "ok":
            return loaded, {}
        watched = [one["path"] for one in loaded.result["objects"] if one["kind"] == "variable"][:MAX_WATCHED]
        outcome, seen = ask_call(self._box, self._worker, tags, signature.key, trial, repeat=repeat, watch=watched)
        self.runs.append(_run(tags, signature.key, inputs.source, trial, seen, outcome))
        found = outcome.result["outputs"] if outcome.kind == "ok" else ()
        if outcome.kind == "ok" and self._saver is not None:
            self._saver.keep(tags, signature.key, trial.feeds, {"outputs": _arrays(found)})
        if outcome.kind == "ok" and repeat > 1:
            changes = bool(signature.reach.changes)
            self.done.append(Done(tags, signature.key, changes, trial, {one["name"]: one["digest"] for one in found},
                                  {one["name"]: one["file"] for one in found if one["file"]}))  # fmt: skip
        return outcome, {one["name"]: one["file"] for one in found if one["file"]}

    def _compare_rows(
        self, tags: tuple[str, ...], key: str, small: tuple[Trial, dict[str, str]], large: tuple[Trial, dict[str, str]]
    ) -> None:
        """Rows of the larger batch beside those of the smaller, where both were fed the same rows."""
        few, many = small[0].batch, large[0].batch
        for one, other in zip(small[0].feeds, large[0].feeds, strict=True):
            if one.shape == other.shape:
                continue
            if (
                one.shape[:1] != (few,)
                or other.shape[:1] != (many,)
                or encoded(one.array) != encoded(other.array[:few])
            ):
                return
        for name in sorted(small[1].keys() & large[1].keys()):
            self.rows.append(RowsSeen(tags, key, name, relative(small[1][name], large[1][name], few)))


def _arrays(found: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """The values of outputs that the worker kept."""
    read = {one["name"]: read_kept(one, tuple(one["shape"])) for one in found if one["file"] or one["raw"]}
    return {name: array for name, array in read.items() if array is not None}


def ask_call(
    box: Sandbox, worker: Worker, tags: tuple[str, ...], key: str, trial: Trial, *, repeat: int = 1,
    watch: list[str] | None = None,
) -> tuple[Outcome, tuple[InputSeen, ...]]:  # fmt: skip
    """Calls a signature of what is loaded, and says what it was fed; ``watch`` are variables to look at before and
    after."""
    folder = Path(tempfile.mkdtemp(dir=box.root / "arrays"))
    feeds = {one.keyword: written(one, folder) for one in trial.feeds}
    request = {
        "do": "call", "key": key, "repeat": repeat, "watch": watch or [], "keep": str(folder / "out"),
        "feeds": {name: feed for name, (feed, _) in feeds.items()},
    }  # fmt: skip
    outcome = worker.do("call", Location(tag_set=",".join(tags), signature=key), request)
    seen = tuple(
        InputSeen(name, one.dtype, one.shape, digest, one.why)
        for (name, (_, digest)), one in zip(feeds.items(), trial.feeds, strict=True)
    )
    return outcome, seen


def _run(
    tags: tuple[str, ...], key: str, source: str, trial: Trial, inputs: tuple[InputSeen, ...], outcome: Outcome
) -> Run:
    found = outcome.result or {"outputs": (), "seconds": (0.0, 0.0), "different": (), "changed": ()}
    outputs = tuple(
        OutputSeen(one["name"], one["dtype"], tuple(one["shape"]), one["finite"]) for one in found["outputs"]
    )
    first, again = (round(seconds * 1000, 3) for seconds in found["seconds"])
    return Run(
        tags, key, source, trial.name, trial.batch, inputs, outcome.kind, outcome.told[:1000], outputs,
        tuple(found["different"]), tuple(found["changed"]), first, again, outcome.peak,
    )  # fmt: skip
