"""The verb: calls one signature, or one function of the object tree, in a sandbox, and gives what comes out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from smanalyze.api.inputs_written import values_text
from smanalyze.api.scan import scan
from smanalyze.errors import UsageError
from smanalyze.facts.manifest import digest_files
from smanalyze.model.record import record
from smanalyze.model.saved_model import SavedModel
from smanalyze.report.inputs import FedTensor
from smanalyze.report.run import RUN_SCHEMA_VERSION, RunReport, RunStatus
from smanalyze.report.verify import RefusedPart
from smanalyze.verify.call_once import Ended, first_that_runs
from smanalyze.verify.gate import permitted_classes, refusals, refused_call, refuses_load
from smanalyze.verify.observe import check_version
from smanalyze.verify.outputs import read_outputs
from smanalyze.verify.plan_call import Call, plan_calls
from smanalyze.verify.sandbox import Sandbox, check_numbers, find_interpreter, limits_for
from smanalyze.verify.steps import Wanted, Worker
from smanalyze.verify.target import Target, find_target


@record
class Ran:
    """What a call gave: the report of it, and the arrays by the names of its outputs (strings as objects of bytes);
    none where it did not run."""

    report: RunReport
    arrays: dict[str, Any]


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
    check_numbers(seed, timeout, memory)
    target = find_target(model, tags, signature, function)
    calls = plan_calls(model, target, inputs, seed)
    interpreter = find_interpreter(python)
    refused = refused_parts(model, target, permitted)
    if refused:
        return _answer(model, target, permit, "refused", refused[0].permit, refused=refused)
    with Sandbox(interpreter, limits_for(model, memory, timeout), permitted) as box:
        worker = Worker(box, Wanted(libraries, seed, 1, ()), tell or (lambda _: None))
        worker.begin()
        digests = box.copy(model)
        if not worker.ready():
            raise UsageError(f"TensorFlow cannot be used: {worker.could_not_start}")
        check_version((worker.started or {})["tensorflow"])
        ended = first_that_runs(box, worker, target, calls)
        seen: dict[str, Any] = {
            "ended": ended, "deaths": tuple(worker.deaths), "environment": worker.environment(permitted),
            "unchanged": digests == digest_files(model, model.files),
        }  # fmt: skip
        outcome = ended.outcome
        if outcome.kind == "ok":
            return _answer(model, target, permit, "ran", "", result=outcome.result, **seen)
    status: RunStatus = "crashed" if outcome.dead else "exception" if ended.loader else "not-loaded"
    message = f"{outcome.error}: {outcome.message}" if outcome.error else outcome.message
    message = f"{outcome.kind}: {message}" if outcome.dead else message
    return _answer(model, target, permit, status, message, **seen)


def refused_parts(model: SavedModel, target: Target, permitted: frozenset[str]) -> tuple[RefusedPart, ...]:
    """What forbids the call: something that acts while the target's MetaGraph is loaded, the only one that is, or when
    the target is called."""
    found = scan(model)
    loading = [part for part in refusals(found, permitted) if refuses_load([part])]
    calling = refused_call(found, permitted, target.key, target.path)
    own = [[one for one in parts if one.where.tag_set in (None, ",".join(target.tags))] for parts in (loading, calling)]
    return tuple(own[0] or own[1])


def _inputs(call: Call | None) -> tuple[FedTensor, ...]:
    if call is None:
        return ()
    fed = (FedTensor(one.keyword, one.dtype, one.shape, values_text(one.array), one.why) for one in call.values.feeds)
    return (*fed, *(FedTensor(name, "", (), text, "") for name, text in call.values.literals))


def _answer(
    model: SavedModel, target: Target, permit: frozenset[str], status: RunStatus, message: str, *,
    ended: Ended | None = None, result: Any = None, refused: tuple[RefusedPart, ...] = (), deaths: Any = (),
    environment: Any = None, unchanged: bool = True,
) -> Ran:  # fmt: skip
    call = ended.call if ended is not None else None
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
        loader=ended.loader if ended is not None else None,
        remarks=(ended.remark,) if ended is not None and ended.remark else (),
    )
    return Ran(report, arrays)
