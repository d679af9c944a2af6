"""What could a model do beside computing, when, and what proves it?"""

from __future__ import annotations

from datetime import date

from smanalyze.api.allow import apply_allow
from smanalyze.api.facts import gather_files, not_read
from smanalyze.checks.engine import check_scan
from smanalyze.checks.evidence import count_of
from smanalyze.checks.scan_verdict import expected_acts, judge_scan, scan_finding
from smanalyze.checks.subject import FileFacts
from smanalyze.facts.unfollowed import unfollowed
from smanalyze.model.saved_model import SavedModel
from smanalyze.model.weights import WeightsFile
from smanalyze.report.allow import AllowEntry
from smanalyze.report.document import NotRead
from smanalyze.report.scan import SCAN_SCHEMA_VERSION, ScanReport, UnknownPart


def scan(
    model: SavedModel,
    *,
    allow: tuple[AllowEntry, ...] = (),
    deny: frozenset[str] = frozenset(),
    today: date | None = None,
) -> ScanReport:
    """What could the model do beside computing, when, and what proves it? Reads the graph and the configurations of
    Keras; no tensor, and nothing of the model runs.

    ``allow`` are findings that are accepted, as of ``today`` (the clock's, where it is None); ``deny`` names ops that
    are errors wherever they are. Never raises for what is in the model.
    """
    file = f"saved_model.{'pb' if model.file_kind == 'none' else model.file_kind}"
    return _report(gather_files(model, denied=deny), model.kind, file, allow, today)


def scan_weights(weights: WeightsFile, *, allow: tuple[AllowEntry, ...] = (), today: date | None = None) -> ScanReport:
    """The same of a file of weights without a SavedModel: what a Keras configuration in it brings along. A checkpoint
    holds nothing that runs. Never raises for what is in the file."""
    from smanalyze.facts.weights_file import KINDS, weights_as_model

    facts = gather_files(weights_as_model(weights), weights=weights)
    return _report(facts, KINDS[weights.kind], weights.path_name, allow, today)


def _looked_at(facts: FileFacts, nodes: int, functions: int) -> str:
    """What there was to look at; "" where a graph should be there and could not be read."""
    if facts.model.meta_graphs:
        return f"its {count_of(nodes, 'node')}" + (f" and {count_of(functions, 'function')}" if functions else "")
    return "" if facts.model.graph_unread else "it"


def _others_not_read(facts: FileFacts, unknown: tuple[UnknownPart, ...]) -> tuple[NotRead, ...]:
    """What was not read and holds no code; the rest is among ``unknown``."""
    told = {(part.what, part.reason) for part in unknown}
    return tuple(lost for lost in not_read(facts) if (lost.part, lost.reason) not in told)


def _report(facts: FileFacts, kind: str, file: str, allow: tuple[AllowEntry, ...], today: date | None) -> ScanReport:
    model = facts.model
    every = (scan_finding(finding, subject) for finding, subject in check_scan(facts))
    findings, allowed, remarks = apply_allow(every, allow, today or date.today())
    nodes = sum(sum(acts.library.op_counts.values()) for acts in facts.acts)
    functions = sum(len(acts.library.functions) for acts in facts.acts)
    unknown = unfollowed(model, facts.acts, facts.keras_acts)
    verdict, summary = judge_scan(findings, unknown, _looked_at(facts, nodes, functions), allowed=len(allowed))
    return ScanReport(
        schema_version=SCAN_SCHEMA_VERSION,
        path_name=model.found.path_name,
        kind=kind,
        version=model.found.chosen if model.found.given == "serving_base" else "",
        verdict=verdict,
        summary=summary,
        findings=findings,
        unknown=unknown,
        expected=expected_acts(facts),
        allowed=allowed,
        allow_remarks=remarks,
        nodes=nodes,
        functions=functions,
        not_read=_others_not_read(facts, unknown),
        file=file,
    )
