"""The verb: calls one signature, or one function of the object tree, in a sandbox, and gives what comes out."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from smanalyze.api.inputs import plan_inputs, slots_of
from smanalyze.api.inputs_written import values_text
from smanalyze.api.scan import scan
from smanalyze.errors import UsageError
from smanalyze.inputs.call_arguments import Arguments, function_arguments
from smanalyze.inputs.called import called_trial, whole_of
from smanalyze.inputs.consumers import find_wanted
from smanalyze.inputs.defaults import default_arrays
from smanalyze.inputs.flags import Given
from smanalyze.inputs.records import Feed, Trial
from smanalyze.model.record import record
from smanalyze.model.saved_model import SavedModel, Signature
from smanalyze.report.findings import Location
from smanalyze.report.run import RUN_SCHEMA_VERSION, FedInput, RunReport, RunStatus
from smanalyze.report.verify import RefusedPart
from smanalyze.verify.calls import MAX_TRIALS
from smanalyze.verify.child import Outcome
from smanalyze.verify.exchange import written
from smanalyze.verify.gate import permitted_classes, refusals, refused_call, refuses_load
from smanalyze.verify.observe import check_version
from smanalyze.verify.outputs import LARGEST, read_outputs
from smanalyze.verify.sandbox import Sandbox, digests_of, find_interpreter, limits_for
from smanalyze.verify.steps import Wanted, Worker
from smanalyze.verify.target import Target, find_target


@record
class Ran:
    """What a call gave: the report of it, and the arrays by the names of its outputs (strings as objects of bytes);
    none where it did not run."""

    report: RunReport
    arrays: dict[str, Any]


@record
class Call:
    """One call: its arguments, where they come from, and which of the sets that were made they are."""

    values: Arguments
    source: str
    trial: str = ""


def run(
    model: SavedModel,
    *,
    tags: tuple[str, ...] | None = None,
    signature: str | None = None,
    function: str | None = None,
    inputs: Mapping[str, Any] | None = None,
    permit: frozenset[str] = frozenset(),
    libraries: tuple[str, ...] = (),
    python: str | None = None,
    seed: int = 0,
    timeout: float | None = None,
    memory: int | None = None,
    tell: Callable[[str], None] | None = None,
) -> Ran:
    """Calls a signature (by default ``serving_default``, or the only one) or an object's function (``function`` is its
    path) of a private copy of the model, in a child process without network, with limits of memory (bytes) and time
    (``timeout`` seconds).

    ``inputs`` are values by name: arrays, lists, or what ``inputs.flags`` reads; None lets them be made, as
    ``plan_inputs`` does, and the first that run are taken. The other options are those of ``verify``. Raises UsageError
    where the call cannot be made as asked; never for what the model does.
    """
    permitted = permitted_classes(permit, libraries)
    target = find_target(model, tags, signature, function)
    calls = plan_calls(model, target, inputs, seed)
    interpreter = find_interpreter(python)
    with Sandbox(interpreter, limits_for(model, memory, timeout), permitted) as box:
        refused = refused_parts(model, target, permitted)
        if refused:
            return _answer(model, target, permit, "refused", refused[0].permit, refused=refused)
        worker = Worker(box, Wanted(libraries, seed, 1, ()), tell or (lambda _: None))
        worker.begin()
        digests = box.copy(model)
        if not worker.ready():
            raise UsageError(f"TensorFlow cannot be used: {worker.could_not_start}")
        check_version((worker.started or {})["tensorflow"])
        call, outcome, loaded = _first_that_runs(box, worker, target, calls)
        seen: dict[str, Any] = {
            "call": call, "deaths": tuple(worker.deaths), "environment": worker.environment(permitted),
            "unchanged": digests == digests_of(model),
        }  # fmt: skip
        if outcome.kind == "ok":
            return _answer(model, target, permit, "ran", "", result=outcome.result, **seen)
    status: RunStatus = "crashed" if outcome.dead else "exception" if loaded else "not-loaded"
    message = f"{outcome.error}: {outcome.message}" if outcome.error else f"{outcome.kind}: {outcome.message}"
    return _answer(model, target, permit, status, message, **seen)


def refused_parts(model: SavedModel, target: Target, permitted: frozenset[str]) -> tuple[RefusedPart, ...]:
    """What forbids the call: something that acts while the model is loaded, or when the target is called."""
    found = scan(model)
    loading = tuple(part for part in refusals(found, permitted) if refuses_load([part]))
    tags = ",".join(target.tags)
    calling = refused_call(found, permitted, target.key, target.path)
    return loading or tuple(part for part in calling if part.where.tag_set in (None, tags))


def plan_calls(model: SavedModel, target: Target, inputs: Mapping[str, Any] | None, seed: int) -> Iterable[Call]:
    """The call with what was given; without, those with what can be made, the most telling first. Raises UsageError."""
    signature = target.signature
    given = {name: one if isinstance(one, Given) else as_given(one) for name, one in (inputs or {}).items()}
    if signature is None:
        assert target.function is not None
        values = function_arguments(target.function, given)
        return (Call(values, "given" if values.feeds or values.literals else "none"),)
    slots = slots_of(signature)
    if inputs is None and slots:
        (planned,) = plan_inputs(model, tags=target.tags, signatures=(signature.key,), seed=seed)
        if planned.reason:
            raise UsageError(f"No values can be made for the signature {signature.key!r}. {planned.reason}")
        made = islice(planned.trials, MAX_TRIALS)
        return (Call(_keywords(trial), planned.source, trial.name) for trial in made)
    wholes = tuple(
        whole_of(group.kind, tuple(slot for part in group.parts for slot in slots if slot.keyword == part.name))
        for group in (_groups(model, target, signature) if len(slots) > 1 else ())
    )
    trial = called_trial(signature.key, slots, wholes, given, default_arrays(signature))
    return (Call(_keywords(trial), "given" if slots else "none"),)


def _keywords(trial: Trial) -> Arguments:
    return Arguments((), {feed.keyword: {"tensor": feed} for feed in trial.feeds}, trial.feeds, ())


def _groups(model: SavedModel, target: Target, signature: Signature) -> tuple[Any, ...]:
    return find_wanted(model, target.graph, target.names, signature).groups


def as_given(value: Any) -> Given:
    """A value of Python's; an array's dtype is meant."""
    return Given(value, hasattr(value, "dtype"), "given")


def _first_that_runs(
    box: Sandbox, worker: Worker, target: Target, calls: Iterable[Call]
) -> tuple[Call | None, Outcome, bool]:
    """The first call that runs, or the last that was tried; and whether the model could be loaded. What kills the child
    once is not tried again."""
    place = {"path": target.path or "", "steps": [list(step) for step in target.steps]}
    call, outcome = None, Outcome("exception", error="UsageError", message="there are no inputs for it")
    for number, call in enumerate(calls):
        outcome = worker.load(target.tags, [place], anew=number > 0)
        if outcome.kind != "ok":
            return call, outcome, False
        outcome = _call(box, worker, target, call)
        if outcome.kind == "ok" or outcome.dead:
            break
    return call, outcome, True


def _call(box: Sandbox, worker: Worker, target: Target, call: Call) -> Outcome:
    folder = Path(tempfile.mkdtemp(dir=box.root / "arrays"))
    values = call.values
    request: dict[str, Any] = {
        "do": "apply", "key": target.key, "path": target.path, "arguments": _shipped(list(values.arguments), folder),
        "keywords": _shipped(values.keywords, folder),
        "keep": str(folder / "out"), "largest": LARGEST,
    }  # fmt: skip
    where = Location(tag_set=",".join(target.tags), signature=target.key, object_path=target.path)
    return worker.do("call", where, request)


def _shipped(tree: Any, folder: Path) -> Any:
    """A tree with files in the place of Feeds."""
    if isinstance(tree, Feed):
        return written(tree, folder)[0]
    if isinstance(tree, dict):
        return {key: _shipped(inner, folder) for key, inner in tree.items()}
    return [_shipped(inner, folder) for inner in tree] if isinstance(tree, list | tuple) else tree


def _inputs(call: Call | None) -> tuple[FedInput, ...]:
    if call is None:
        return ()
    fed = (FedInput(one.keyword, one.dtype, one.shape, values_text(one.array), one.why) for one in call.values.feeds)
    return (*fed, *(FedInput(name, "", (), text, "") for name, text in call.values.literals))


def _answer(
    model: SavedModel, target: Target, permit: frozenset[str], status: RunStatus, message: str, *,
    call: Call | None = None, result: Any = None, refused: tuple[RefusedPart, ...] = (), deaths: Any = (),
    environment: Any = None, unchanged: bool = True,
) -> Ran:  # fmt: skip
    outputs, arrays = read_outputs(result["outputs"]) if result is not None else ((), {})
    said = {
        "ran": f"{target.name} ran.", "exception": f"{target.name} raised an exception: {message}",
        "not-loaded": f"The model could not be loaded: {message}",
        "crashed": f"The child died at {deaths[0].step if deaths else 'the call'}, {target.name}: {message}",
        "refused": f"{target.name} is not run because of a risk: {message}.",
    }  # fmt: skip
    report = RunReport(
        schema_version=RUN_SCHEMA_VERSION,
        path_name=model.found.path_name,
        status=status,
        summary=said[status],
        tags=target.tags,
        signature=target.key,
        function=target.path,
        source=call.source if call is not None else "",
        trial=call.trial if call is not None else "",
        inputs=_inputs(call),
        outputs=outputs,
        milliseconds=round(result["seconds"] * 1000, 3) if result is not None else 0.0,
        environment=environment,
        permitted=tuple(sorted(permit)),
        unchanged=unchanged,
        refused=refused,
        deaths=deaths,
    )
    return Ran(report, arrays)
