"""One of two models that are run side by side: a private copy, a child, and what its signatures gave."""

from __future__ import annotations

import itertools
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any

from smanalyze.diff.side import Side
from smanalyze.inputs.records import Feed, Trial
from smanalyze.model.saved_model import SavedModel
from smanalyze.report.findings import Location
from smanalyze.verify.calls import ask_call
from smanalyze.verify.child import Outcome
from smanalyze.verify.exchange import written
from smanalyze.verify.judge import Kept
from smanalyze.verify.outputs import read_kept
from smanalyze.verify.places import places
from smanalyze.verify.sandbox import Sandbox
from smanalyze.verify.steps import Tell, Wanted, Worker

Outputs = Mapping[str, Kept]


class SideRun:
    """``with SideRun(...) as run``: calls signatures of one MetaGraph after the other, in a child that is there until
    another one is asked for. ``stale`` says that what is loaded has been changed by a call."""

    def __init__(self, side: Side, box: Sandbox, wanted: Wanted, tell: Tell) -> None:
        self.side = side
        self._box = box
        self._wanted = wanted
        self._tell = tell
        self._worker: Worker | None = None
        self._number = 0
        self.stale = False

    def __enter__(self) -> SideRun:
        self._box.__enter__()
        self.worker.begin()  # TensorFlow is imported meanwhile
        self._box.copy(self.side.model)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._box.__exit__(kind, error, at)

    def begin(self, threads: int = 1) -> None:
        """A new child, once it has something to do, with so many threads (0: TensorFlow's own choice, and its own
        arithmetic)."""
        self._box.stop()
        self._worker = Worker(self._box, replace(self._wanted, threads=threads), self._tell)

    @property
    def could_not_start(self) -> str:
        """Why there is no TensorFlow; "" where there is."""
        if self._worker is None:
            self.begin()
        assert self._worker is not None
        return "" if self._worker.ready() else self._worker.could_not_start

    def load(self, number: int, *, anew: bool = False) -> Outcome:
        """Loads a MetaGraph, unless it is there as it was stored and need not be new."""
        self._number = number
        anew, self.stale = anew or self.stale, False
        return self.worker.load(self._tags, places(self._meta_graph, self.side.meta_graphs[number]), anew=anew)

    def call(self, key: str, trial: Trial) -> tuple[Outcome, Outputs]:
        """One call of a signature of the MetaGraph that was loaded last."""
        outcome, _ = ask_call(self._box, self.worker, self._tags, key, trial)
        found = outcome.result["outputs"] if outcome.kind == "ok" else ()
        return outcome, {one["name"]: _kept(one) for one in found}

    def look(self, key: str, trial: Trial, chain: tuple[str, ...], nodes: list[str]) -> tuple[Outcome, Outputs]:
        """What some nodes of a signature's function compute, or of what calls lead to: samples, by tensor."""
        folder = self._folder()
        request = {
            "do": "look", "key": key, "chain": list(chain), "nodes": nodes, "keep": str(folder / "out"),
            "feeds": {one.keyword: written(one, folder)[0] for one in trial.feeds},
        }  # fmt: skip
        outcome = self.worker.do("look inside", self._where(key), request)
        found = outcome.result["tensors"] if outcome.kind == "ok" else ()
        return outcome, {one["name"]: _kept(one) for one in found}

    def assign(self, values: Iterator[tuple[str, str, Any]]) -> str:
        """Gives variables other values, (path, dtype, array) one after the other; why one does not take them, or ""."""
        for path, dtype, array in values:
            folder = self._folder()
            feed, _ = written(Feed("", "", "", dtype, tuple(array.shape), array), folder)
            asked = {"do": "assign", "path": path, "value": feed}
            outcome = self.worker.do("set a variable", self._where(""), asked)
            shutil.rmtree(folder, ignore_errors=True)
            if outcome.kind != "ok":
                return f"{path}: {outcome.told}"
        return ""

    def with_files(self, files: Mapping[str, bytes], weights: SavedModel | None = None) -> None:
        """Other bytes in the place of assets, and the checkpoint of another model; a child begins anew. Without
        either it is the model's own again."""
        self._box.stop()
        self._box.copy(self.side.model, weights)
        for name, content in files.items():
            (self._box.model / "assets" / name).write_bytes(content)
        self.begin()

    @property
    def worker(self) -> Worker:
        """The one that works now."""
        if self._worker is None:
            self.begin()
        assert self._worker is not None
        return self._worker

    @property
    def _meta_graph(self) -> Any:
        return self.side.model.meta_graphs[self._number]

    @property
    def _tags(self) -> tuple[str, ...]:
        return tuple(self._meta_graph.tags)

    def _where(self, key: str) -> Location:
        return Location(tag_set=",".join(self._tags), signature=key or None)

    def _folder(self) -> Path:
        return Path(tempfile.mkdtemp(dir=self._box.root / "arrays"))


def _kept(one: dict[str, Any]) -> Kept:
    shape = tuple(one["shape"])
    there = one["file"] or one["raw"]
    kept = tuple(one.get("sample", shape))
    return Kept(one["dtype"], shape, one["digest"], (lambda: read_kept(one, kept)) if there else None)


def interleaved(*trials: Iterator[Any]) -> Iterator[Any]:
    """The first of each, then the second of each, and so on."""
    for row in itertools.zip_longest(*trials):
        yield from (one for one in row if one is not None)
