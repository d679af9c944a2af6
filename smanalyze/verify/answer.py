"""From what was seen to the report of a verification. The same observation and report give the same answer."""

from __future__ import annotations

from typing import Literal

from smanalyze.report.document import Report
from smanalyze.report.findings import Location
from smanalyze.report.verify import (
    VERIFY_SCHEMA_VERSION,
    Check,
    CheckCounts,
    CodeCount,
    RefusedPart,
    SignatureVerified,
    VerifyReport,
    VerifyVerdict,
)
from smanalyze.verify.claims import not_listed
from smanalyze.verify.compare_load import compare_load
from smanalyze.verify.compare_parts import compare_assets, compare_fingerprint, compare_tables, compare_variables
from smanalyze.verify.compare_runs import compare_runs, remarks
from smanalyze.verify.observed import Observed

CODES = {
    "V101": "each MetaGraph loads, or does not, as the report says",
    "V104": "ops that TensorFlow does not know",
    "V110": "keys of signatures",
    "V111": "inputs of signatures",
    "V112": "outputs of signatures, as declared",
    "V114": "what functions capture",
    "V120": "functions of the object tree, their arguments and what they return",
    "V201": "names, dtypes and shapes of variables, and which are trainable",
    "V202": "values of variables, by CRC-32C",
    "V301": "assets",
    "V302": "lookup tables",
    "V401": "signatures run",
    "V402": "outputs of calls, as they came out",
    "V404": "the same inputs give the same outputs, where nothing random is claimed",
    "V405": "the same inputs give the same outputs in another process",
    "V407": "inputs that nothing uses",
    "V408": "outputs that are the same for every input",
    "V410": "which variables a call changes",
    "V901": "the stored fingerprint",
    "V902": "the fingerprint as recomputed",
    "V904": "the stored fingerprint is that of the model",
}
"""What each kind of check tests; a code keeps its meaning for good. V401 is confirmed or not tested, and never
contradicted: no report claims that a call works, and one that does not may have been given what no caller gives."""

REMARKS = {
    "V105": "MetaGraphs that were not asked for",
    "V403": "outputs that are no numbers",
    "V406": "rows that depend on the batch",
    "V413": "calls that should be refused",
    "V414": "batches that are refused",
    "V415": "how far TensorFlow's own threads and arithmetic lead away",
    "V801": "files that the model wrote",
    "V804": "files of the model itself that changed meanwhile",
}
"""What each kind of remark is about, none of which is a claim; no code is that of a check as well."""


def build_report(
    report: Report, observed: Observed, refused: tuple[RefusedPart, ...], profile: str, permit: frozenset[str]
) -> VerifyReport:
    """What was seen against what the report says."""
    checks = tuple(sorted(compare(report, observed), key=lambda one: (one.code, one.where.text(), one.claim)))
    counts = _counts(checks)
    signatures = tuple(_signatures(report, observed))
    verdict = judge(checks, observed)
    return VerifyReport(
        schema_version=VERIFY_SCHEMA_VERSION,
        path_name=report.model.path_name,
        profile=profile,
        verdict=verdict,
        summary=_summary(verdict, counts, checks, signatures, observed),
        counts=counts,
        environment=observed.environment,
        permitted=tuple(sorted(permit)),
        unchanged=observed.unchanged,
        hashes=report.hashes,
        signatures=signatures,
        codes=_codes(checks),
        checks=checks,
        runs=observed.runs,
        deaths=observed.deaths,
        refused=refused,
        remarks=tuple(dict.fromkeys(remarks(observed))),
        again=observed.again,
        probes=observed.probes,
    )


def refused_report(
    report: Report, profile: str, permit: frozenset[str], refused: tuple[RefusedPart, ...]
) -> VerifyReport:
    """The answer where nothing was loaded; of the report it needs what the model is."""
    return VerifyReport(
        schema_version=VERIFY_SCHEMA_VERSION,
        path_name=report.model.path_name,
        profile=profile,
        verdict="REFUSED",
        summary=f"Not loaded: {refused[0].message}",
        counts=CheckCounts(0, 0, 0),
        environment=None,
        permitted=tuple(sorted(permit)),
        unchanged=True,
        hashes=report.hashes,
        signatures=(),
        codes=(),
        checks=(),
        runs=(),
        deaths=(),
        refused=refused,
        remarks=(),
    )


def compare(report: Report, observed: Observed) -> list[Check]:
    """Every claim that can be tested, with what came of it."""
    found: list[Check] = []
    loads = {load.tags: load for load in observed.loads}
    for number, said in enumerate(report.meta_graphs):
        load = loads.get(said.tags)
        found += compare_load(report, said, load, observed)
        if load is None:
            continue
        found += compare_runs(report, number, said, observed)
        if load.outcome != "ok":
            continue
        found += compare_variables(report, number, load)
        found += compare_assets(report, number, load)
        found += compare_tables(said, load)
    found += compare_fingerprint(report, observed)
    said_tags = (",".join(said.tags) for said in report.meta_graphs)
    found += not_listed("V101", Location(), "tags", (",".join(tags) for tags in loads), said_tags)
    return found


def judge(checks: tuple[Check, ...], observed: Observed) -> VerifyVerdict:
    """A wrong claim weighs most; then a child that died; then a MetaGraph or signature that was not run."""
    if any(check.status == "contradicted" for check in checks):
        return "CONTRADICTED"
    if observed.deaths:
        return "CRASHED"
    if observed.not_run or not observed.complete or any(load.outcome != "ok" for load in observed.loads):
        return "PARTIAL"
    return "CONFIRMED" if observed.loads else "PARTIAL"


def _signatures(report: Report, observed: Observed) -> list[SignatureVerified]:
    found = []
    not_run = {(one.tags, one.signature): one for one in observed.not_run}
    for graph in report.meta_graphs:
        for signature in graph.signatures:
            place = (graph.tags, signature.key)
            runs = [run for run in observed.runs if (run.tags, run.signature) == place]
            done = [run for run in runs if run.outcome == "ok"]
            peak = max((run.peak_bytes for run in runs), default=0)
            source = runs[0].source if runs else ""
            if done:
                batches, first = tuple(run.batch for run in done if run.batch is not None), done[0]
                times = first.first_ms, first.again_ms
                found.append(SignatureVerified(*place, "ran", "", source, batches, *times, peak))
            else:
                why = not_run.get(place)
                status: Literal["refused", "not run"] = "refused" if why is not None and why.refused else "not run"
                reason = why.reason if why is not None else ""
                found.append(SignatureVerified(*place, status, reason, source, (), 0.0, 0.0, peak))
    return found


def _counts(checks: tuple[Check, ...]) -> CheckCounts:
    number = {status: sum(check.status == status for check in checks) for status in ("confirmed", "contradicted")}
    return CheckCounts(**number, not_tested=len(checks) - sum(number.values()))


def _codes(checks: tuple[Check, ...]) -> tuple[CodeCount, ...]:
    found = []
    for code in sorted({check.code for check in checks}):
        counts = _counts(tuple(check for check in checks if check.code == code))
        found.append(CodeCount(code, CODES[code], counts.confirmed, counts.contradicted, counts.not_tested))
    return tuple(found)


def _summary(
    verdict: VerifyVerdict, counts: CheckCounts, checks: tuple[Check, ...], signatures: tuple[SignatureVerified, ...],
    observed: Observed,
) -> str:  # fmt: skip
    """One line: the verdict's reason first."""
    claims = f"{counts.confirmed:,} claims confirmed"
    if verdict == "CONTRADICTED":
        first = next(check for check in checks if check.status == "contradicted")
        return f"{counts.contradicted:,} claims contradicted, the first: {first.where.text()}, {first.claim}; {claims}."
    if verdict == "CRASHED":
        death = observed.deaths[0]
        place = death.where.signature or death.where.tag_set or ""
        return f"The child died ({death.kind}) at {death.step} {place}".rstrip() + f"; {claims}."
    ran = sum(one.status == "ran" for one in signatures)
    return f"{claims}, {counts.not_tested:,} not tested; {ran:,} of {len(signatures):,} signatures ran."
