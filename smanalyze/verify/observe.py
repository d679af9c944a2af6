"""Loads a model in a sandbox, looks at everything a report speaks of, and runs every signature that may run."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from smanalyze.errors import FormatError, UsageError
from smanalyze.facts.fingerprint import audit_fingerprint
from smanalyze.facts.manifest import digest_files
from smanalyze.inputs.records import SignatureInputs
from smanalyze.model.record import record
from smanalyze.model.saved_model import SavedModel
from smanalyze.report.document import MetaGraphReport, Report
from smanalyze.report.findings import Location
from smanalyze.report.verify import Again, Probe, RefusedPart
from smanalyze.verify.calls import Caller
from smanalyze.verify.full import call_again, probe
from smanalyze.verify.observed import (
    HashSeen,
    LoadSeen,
    NotRun,
    ObjectSeen,
    Observed,
    SignatureSeen,
    TableSeen,
    TensorSeen,
    TraceSeen,
    ValueSeen,
)
from smanalyze.verify.places import places, variables_of
from smanalyze.verify.sandbox import Sandbox
from smanalyze.verify.save import Saver
from smanalyze.verify.steps import Worker
from smanalyze.verify.values import Received, chosen, seen

OLDEST = [2, 12]
"""The first release that has what the worker asks of TensorFlow."""


@record
class Request:
    """What to call with what: a signature without a plan was not asked for. ``complete``: the model has no MetaGraph
    besides those of the report; ``seed`` chooses among variables that are too many. ``saver`` keeps the calls."""

    planned: tuple[SignatureInputs, ...]
    seed: int
    permitted: frozenset[str]
    complete: bool = True
    full: bool = False
    saver: Saver | None = None


def observe(
    model: SavedModel, report: Report, refused: tuple[RefusedPart, ...], box: Sandbox, worker: Worker, request: Request
) -> Observed:
    """Everything that is seen. Raises UsageError where TensorFlow cannot even be imported."""
    digests = box.copy(model)
    deaths = len(worker.deaths)
    if not worker.ready():
        raise UsageError(f"TensorFlow cannot be used: {worker.could_not_start}")
    check_version((worker.started or {})["tensorflow"])
    before = box.files()
    caller = Caller(box, worker, report, request.saver)
    loads = []
    for number, graph in enumerate(model.meta_graphs):
        said = report.meta_graphs[number]
        objects = places(graph, said)
        loads.append(_load(model, report, number, objects, worker, request.seed))
        if loads[-1].outcome == "ok":
            _call_all(said, objects, refused, caller, request)
        else:
            reason = f"not loaded: {loads[-1].outcome}"
            caller.not_run += [NotRun(graph.tags, one.key, reason, False) for one in graph.signatures]
    hashes, error = _fingerprint(model, box, worker)
    after = box.files()
    again: tuple[Again, ...] = ()
    probes: tuple[Probe, ...] = ()
    if request.full:
        wanted, done = worker.wanted, caller.done
        again = (*call_again(box, wanted, done, "process", 1), *call_again(box, wanted, done, "threads", 0))
        probes = tuple(probe(box, wanted, done))
    written = sorted(path for path in {*before, *after} if before.get(path) != after.get(path))
    return Observed(
        environment=worker.environment(request.permitted),
        complete=request.complete,
        loads=tuple(loads),
        runs=tuple(caller.runs),
        not_run=tuple(caller.not_run),
        rows=tuple(caller.rows),
        deaths=tuple(worker.deaths[deaths:]),
        fingerprint=hashes,
        fingerprint_error=error,
        unregistered=tuple((worker.started or {}).get("unregistered", ())),
        written=tuple(written),
        unchanged=digests == digest_files(model, model.files),
        again=again,
        probes=probes,
        varied=tuple(caller.varied),
    )


def check_version(version: str) -> None:
    """Raises UsageError for a TensorFlow that is too old for the worker."""
    parts = [int(part) for part in version.split(".")[:2] if part.isdecimal()]
    if parts < OLDEST:
        raise UsageError(f"TensorFlow {version} is too old to verify with; 2.12 or newer is needed.")


def _load(
    model: SavedModel, report: Report, number: int, wanted: list[dict[str, Any]], worker: Worker, seed: int
) -> LoadSeen:
    graph, said = model.meta_graphs[number], report.meta_graphs[number]
    outcome = worker.load(graph.tags, wanted, anew=True)
    if outcome.kind != "ok":
        return LoadSeen(graph.tags, outcome.kind, outcome.told, graph.objects is not None)
    found = outcome.result
    objects = tuple(_object(one, worker) for one in found["objects"])
    return LoadSeen(
        tags=graph.tags,
        outcome="ok",
        message="",
        by_path=graph.objects is not None,
        signatures=tuple(_signature(one) for one in found["signatures"]),
        objects=objects,
        values=_values(model, report, number, {one.path for one in objects}, worker, seed),
        tables=_tables(model, said, {one.path for one in objects}, worker),
    )


def _signature(found: dict[str, Any]) -> SignatureSeen:
    return SignatureSeen(found["key"], _tensors(found["inputs"]), _tensors(found["outputs"]))


def _tensors(found: list[dict[str, Any]]) -> tuple[TensorSeen, ...]:
    return tuple(TensorSeen(one["name"], one["dtype"], _shape(one["shape"])) for one in found)


def _shape(sizes: list[int | None] | None) -> tuple[int | None, ...] | None:
    return None if sizes is None else tuple(sizes)


def _object(found: dict[str, Any], worker: Worker) -> ObjectSeen:
    traces = (TraceSeen(tuple(one["texts"]), one["returns"], one["captures"]) for one in found.get("traces", ()))
    file = found.get("file", "")
    inside = worker.inside(file) if file else ""
    return ObjectSeen(
        found["path"], found["kind"], found.get("error", ""), found.get("name", ""), found.get("dtype", ""),
        _shape(found.get("shape")), found.get("trainable"), tuple(traces), inside,
    )  # fmt: skip


def _values(
    model: SavedModel, report: Report, number: int, there: set[str], worker: Worker, seed: int
) -> tuple[ValueSeen, ...]:
    """The checksums of the variables that are there."""
    graph = model.meta_graphs[number]
    known = variables_of(report.variables, number, objects=graph.objects is not None)
    rows = {path: row for path, row in known.items() if path in there}
    received = Received(rows)
    asked = {"do": "values", "paths": chosen(rows, seed)}
    outcome = worker.do("read variables", Location(tag_set=",".join(graph.tags)), asked, 60.0, received.take)
    return tuple(seen(model, rows, received)) if outcome.kind == "ok" else ()


def _tables(model: SavedModel, said: MetaGraphReport, there: set[str], worker: Worker) -> tuple[TableSeen, ...]:
    rows = {path: row for row in said.tables for path in row.object_paths if path in there and row.key_dtype}
    if not rows:
        return ()
    asked = [{"path": path, "keys": row.key_dtype, "values": row.value_dtype} for path, row in rows.items()]
    outcome = worker.do("read tables", Location(tag_set=",".join(said.tags)), {"do": "tables", "tables": asked})
    found = []
    for one in outcome.result["tables"] if outcome.kind == "ok" else ():
        row = rows[one["path"]]
        lines = _lines(model, row.assets)
        words = {word for line in lines or () for word in (line, *line.split("\t"), *line.split(","))}
        strange = (
            () if lines is None or row.key_dtype != "string" else (k for k in one.get("first", ()) if k not in words)
        )
        count = None if lines is None else len(lines)
        size = one.get("size", 0)
        found.append(TableSeen(one["path"], row.key_dtype, row.value_dtype, size, count, tuple(strange), one["error"]))
    return tuple(found)


def _lines(model: SavedModel, assets: tuple[str, ...]) -> list[str] | None:
    """The lines of a table's file, where it has one that can be read."""
    if len(assets) != 1 or model.read_file is None:
        return None
    try:
        text = model.read_file(f"assets/{assets[0]}").decode("utf-8", "replace")
    except FormatError:
        return None
    return text.removesuffix("\n").split("\n") if text else []


def _call_all(
    said: MetaGraphReport, objects: list[dict[str, Any]], refused: Iterable[RefusedPart], caller: Caller,
    request: Request,
) -> None:  # fmt: skip
    """Runs the signatures: those that change nothing first, so that each finds the values of the file."""
    tags = said.tags
    planned = {one.key: one for one in request.planned if one.tags == tags}
    parts = {part.where.signature: part for part in refused if part.where.tag_set in (None, ",".join(tags))}
    for signature in sorted(said.signatures, key=lambda one: bool(one.reach.changes)):
        part = parts.get(signature.key)
        if signature.key not in planned:
            caller.not_run.append(NotRun(tags, signature.key, "not asked for", False))
        elif part is not None:
            caller.not_run.append(NotRun(tags, signature.key, part.message, True))
        else:
            caller.call(signature, planned[signature.key], objects)


def _fingerprint(model: SavedModel, box: Sandbox, worker: Worker) -> tuple[tuple[HashSeen, ...], str]:
    """The hashes by TensorFlow's own code, on the copy, beside ours."""
    if model.fingerprint_presence != "present":
        return (), "there is no fingerprint.pb"
    ours = audit_fingerprint(model)
    names = [field.name for field in ours.fields]
    asked = {"do": "fingerprint", "model": str(box.model), "fields": names}
    outcome = worker.do("compute the fingerprint", Location(file="fingerprint.pb"), asked)
    if outcome.kind != "ok":
        return (), outcome.told
    stored, computed = outcome.result["stored"], outcome.result["computed"]
    return tuple(
        HashSeen(
            field.name, stored.get(field.name, ""), computed.get(field.name, ""), field.recomputed, field.algorithm
        )
        for field in ours.fields
    ), ""
