"""Makes one call in the child: as Python does after tf.saved_model.load, or, where that cannot load the model, in a
session of TensorFlow 1, which needs nothing but the graph."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

from smanalyze.inputs.records import Feed
from smanalyze.model.record import record
from smanalyze.report.findings import Location
from smanalyze.verify.child import Outcome
from smanalyze.verify.exchange import written
from smanalyze.verify.outputs import LARGEST
from smanalyze.verify.plan_call import Call
from smanalyze.verify.sandbox import Sandbox
from smanalyze.verify.steps import Worker
from smanalyze.verify.target import Target, fetched

Loader = Literal["load", "session"]


@record
class Ended:
    """How it ended: the call that ran, or the last that was tried. ``loader`` says how the model was loaded, None where
    it could not be; ``remark`` why not by tf.saved_model.load."""

    call: Call | None
    outcome: Outcome
    loader: Loader | None
    remark: str = ""


def first_that_runs(box: Sandbox, worker: Worker, target: Target, calls: Iterable[Call]) -> Ended:
    """Tries the calls in order. What kills the child once is not tried again."""
    place = {"path": target.path or "", "steps": [list(step) for step in target.steps]}
    ended = Ended(None, Outcome("exception", error="UsageError", message="there are no inputs for it"), None)
    why = ""
    for number, call in enumerate(calls):
        loaded = Outcome("exception") if why else worker.load(target.tags, [place], anew=number > 0)
        if loaded.kind == "ok":
            ended = Ended(call, _call(box, worker, target, call), "load")
        elif loaded.dead or target.signature is None:
            return Ended(call, loaded, None)
        else:
            why = why or f"{loaded.error}: {loaded.message}"
            ended = _in_session(box, worker, target, call, why)
        if ended.loader is None or ended.outcome.kind == "ok" or ended.outcome.dead:
            break
    return ended


def _call(box: Sandbox, worker: Worker, target: Target, call: Call) -> Outcome:
    folder = Path(tempfile.mkdtemp(dir=box.root / "arrays"))
    request = {
        "do": "apply", "key": target.key, "path": target.path, "keep": str(folder / "out"), "largest": LARGEST,
        "arguments": _shipped(list(call.values.arguments), folder), "keywords": _shipped(call.values.keywords, folder),
    }  # fmt: skip
    return worker.do("call", _where(target), request)


def _in_session(box: Sandbox, worker: Worker, target: Target, call: Call, why: str) -> Ended:
    """The same by the names of tensors, as saved_model_cli does it. ``why`` is why the model was not loaded."""
    folder = Path(tempfile.mkdtemp(dir=box.root / "arrays"))
    request = {
        "do": "session", "model": str(box.model), "tags": list(target.tags), "keep": str(folder / "out"),
        "feeds": {feed.tensor_name: written(feed, folder)[0] for feed in call.values.feeds},
        "fetches": [{"output": output, "role": role, "tensor": tensor} for output, role, tensor in fetched(target)],
        "largest": LARGEST,
    }  # fmt: skip
    limits = box.limits
    outcome = worker.do("call", _where(target), request, limits.load + limits.step)
    refused = outcome.result.get("not_loaded") if outcome.kind == "ok" else None
    if refused is not None:
        refused = worker.plain(refused)
        message = why if refused == why else f"{why}; in a session of TensorFlow 1: {refused}"
        return Ended(call, Outcome("exception", message=message), None)
    return Ended(call, outcome, "session", f"tf.saved_model.load cannot load the model: {why}")


def _where(target: Target) -> Location:
    return Location(tag_set=",".join(target.tags), signature=target.key, object_path=target.path)


def _shipped(tree: Any, folder: Path) -> Any:
    """A tree with files in the place of Feeds."""
    if isinstance(tree, Feed):
        return written(tree, folder)[0]
    if isinstance(tree, dict):
        return {key: _shipped(inner, folder) for key, inner in tree.items()}
    return [_shipped(inner, folder) for inner in tree] if isinstance(tree, list | tuple) else tree
