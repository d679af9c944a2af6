"""V4xx and V8xx: what came out of the calls, and what else they did."""

from __future__ import annotations

from collections.abc import Iterator

from smanalyze.report.document import MetaGraphReport, Report
from smanalyze.report.findings import Location
from smanalyze.report.tensors import SignatureReport
from smanalyze.report.verify import Check, Remark, Run
from smanalyze.verify.claims import compared, fits, not_listed, tensor_words, untested
from smanalyze.verify.compare_load import outputs_of
from smanalyze.verify.compare_varied import compare_varied
from smanalyze.verify.observed import Observed

ROWS_DIFFER = 1e-3
"""Relative; rows of two batches may differ by the order in which numbers are added."""


def compare_runs(report: Report, number: int, said: MetaGraphReport, observed: Observed) -> Iterator[Check]:
    """Every signature of one MetaGraph."""
    names = {path: row.name for row in report.variables if number in row.meta_graphs for path in row.object_paths}
    for signature in said.signatures:
        where = Location(tag_set=",".join(said.tags), signature=signature.key)
        runs = [run for run in observed.runs if run.tags == said.tags and run.signature == signature.key]
        done = [run for run in runs if run.outcome == "ok"]
        if not done:
            yield untested("V401", where, "runs", _why_not(said, signature, observed))
            continue
        yield compared("V401", where, "runs", "runs", "runs")
        yield from _outputs(signature, done, where)
        yield _determinism(signature, done, where)
        yield _changes(signature, done, names, where)
        yield from _elsewhere(signature, said, observed, where)
        yield from compare_varied(report, said.tags, signature, observed.varied, _chancy(signature, done))


def _why_not(said: MetaGraphReport, signature: SignatureReport, observed: Observed) -> str:
    reasons = [one for one in observed.not_run if one.tags == said.tags and one.signature == signature.key]
    return reasons[0].reason if reasons else "it was not run"


def _outputs(signature: SignatureReport, runs: list[Run], place: Location) -> Iterator[Check]:
    """V402: keys, dtypes and shapes; where an output has unknown sizes, those of all batches must fit."""
    claimed = {}
    for tensor in signature.outputs:
        for name, dtype, shape, told in outputs_of(tensor):
            claimed[name] = (dtype, shape, told)
    for name, (dtype, shape, told) in claimed.items():
        where = Location(tag_set=place.tag_set, signature=place.signature, tensor=f"output {told}")
        seen = [one for run in runs for one in run.outputs if one.name == name]
        wrong = [one for one in seen if one.dtype != dtype or not fits(shape, one.shape)]
        expected = tensor_words(dtype, shape)
        actual = tensor_words(wrong[0].dtype, wrong[0].shape) if wrong else expected if seen else ""
        yield compared("V402", where, "output", expected, actual)
    there = {one.name for run in runs for one in run.outputs}
    yield from not_listed("V402", place, "outputs", there, claimed)


def _determinism(signature: SignatureReport, runs: list[Run], where: Location) -> Check:
    """V404: the same inputs twice, against the random ops that the report finds."""
    random = signature.reach.random_ops
    claim = f"random: {', '.join(random)}" if random else "the same answer each time"
    different = sorted({name for run in runs for name in run.different})
    if random and different:
        return compared("V404", where, "determinism", claim, claim)
    if random:
        return untested("V404", where, "determinism", "both calls gave the same", claim)
    if different and signature.reach.changes:
        return untested("V404", where, "determinism", "it changes state on which its answer depends", claim)
    return compared("V404", where, "determinism", claim, f"differs: {', '.join(different)}" if different else claim)


def _chancy(signature: SignatureReport, runs: list[Run]) -> frozenset[str]:
    """Outputs that may differ whatever is fed."""
    every = signature.outputs if signature.reach.random_ops else ()
    return frozenset((*(one.name for one in every), *(name for run in runs for name in run.different)))


def _elsewhere(
    signature: SignatureReport, said: MetaGraphReport, observed: Observed, where: Location
) -> Iterator[Check]:
    """V405: the same inputs in another process, against the random ops that the report finds."""
    for one in observed.again:
        if (one.tags, one.signature, one.how) != (said.tags, signature.key, "process"):
            continue
        random = ", ".join(signature.reach.random_ops)
        claim = f"random: {random}" if random else "the same answer"
        if one.outcome != "ok":
            yield untested("V405", where, "in another process", one.outcome, claim)
        elif random and not one.different:
            yield untested("V405", where, "in another process", "both calls gave the same", claim)
        else:
            differs = bool(one.different) and not random
            actual = f"differs: {', '.join(one.different)}" if differs else claim
            yield compared("V405", where, "in another process", claim, actual)


def _changes(signature: SignatureReport, runs: list[Run], names: dict[str, str], where: Location) -> Check:
    """V410: which variables have other values after a call, against those that the report says it writes."""
    claimed = set(signature.reach.changes)
    changed = {names.get(path, path.removesuffix(":0")) for run in runs for path in run.changed}
    expected = ", ".join(sorted(claimed)) or "changes nothing"
    if changed - claimed:
        return compared("V410", where, "changes", expected, ", ".join(sorted(changed)))
    if claimed - changed:
        return untested("V410", where, "changes", "these calls did not change all of it", expected)
    return compared("V410", where, "changes", expected, expected)


def remarks(observed: Observed) -> Iterator[Remark]:
    """What no claim is about: values that are no numbers, rows that depend on the batch, files that were written."""
    if not observed.complete:
        yield Remark("V105", "note", Location(), "The model has other MetaGraphs, which were not asked for.")
    for run in observed.runs:
        place = Location(tag_set=",".join(run.tags), signature=run.signature)
        wrong = [one.name for one in run.outputs if not one.finite]
        if wrong:
            words = f"{', '.join(wrong)} of {run.trial}" + (f", batch {run.batch}" if run.batch is not None else "")
            yield Remark("V403", "warning", place, f"NaN or infinity comes out: {words}.")
        if run.outcome == "exception" and any(_same(run, other) for other in observed.runs):
            yield Remark("V414", "note", place, f"A batch of {run.batch} is refused: {run.message}")
    for rows in observed.rows:
        if rows.difference > ROWS_DIFFER:
            place = Location(tag_set=",".join(rows.tags), signature=rows.signature, tensor=f"output {rows.output}")
            yield Remark(
                "V406", "note", place, f"Its rows depend on the batch: relative difference {rows.difference:.1e}."
            )
    yield from _remarks_of_full(observed)
    for path in observed.written:
        yield Remark("V801", "warning", Location(file=path), "The model wrote this file, or changed or removed it.")
    if not observed.unchanged:
        yield Remark("V804", "error", Location(), "Files of the model itself have changed meanwhile.")


def _remarks_of_full(observed: Observed) -> Iterator[Remark]:
    """How far TensorFlow's own threads and arithmetic lead away, and mistakes that are not refused as they should."""
    for one in observed.again:
        place = Location(tag_set=",".join(one.tags), signature=one.signature)
        if one.how == "threads" and one.outcome == "ok" and one.different:
            words = f"{', '.join(one.different)} differ by {one.difference:.1e}, relative"
            yield Remark("V415", "note", place, f"With TensorFlow's own threads and arithmetic, {words}.")
    for probe in observed.probes:
        place = Location(tag_set=",".join(probe.tags), signature=probe.signature)
        if probe.outcome == "accepted":
            yield Remark("V413", "note", place, f"A {probe.probe} is accepted.")
        elif probe.outcome != "exception":
            yield Remark(
                "V413", "warning", place, f"A {probe.probe} ends the process: {probe.outcome}. {probe.message}"
            )


def _same(run: Run, other: Run) -> bool:
    """Whether ``other`` ran with the same kind of inputs as ``run``."""
    return (run.tags, run.signature, run.trial) == (other.tags, other.signature, other.trial) and other.outcome == "ok"
