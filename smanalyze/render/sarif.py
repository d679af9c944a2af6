"""Scans as SARIF 2.1.0, which code scanning services and editors read: one run, and the results of all models in it.

Reference: the OASIS standard "Static Analysis Results Interchange Format (SARIF) Version 2.1.0".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote

from smanalyze.render.json import dump
from smanalyze.render.scan_words import allowed_text, title_text
from smanalyze.render.visible import shorten, visible
from smanalyze.report.document import NotRead
from smanalyze.report.findings import Location, RuleInfo
from smanalyze.report.scan import AllowedFinding, ScanFinding, ScanReport, UnknownPart
from smanalyze.report.serialize import to_dict

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
FINGERPRINT = "smanalyzeFindingId/v1"

_TEXT_LIMIT = 2_000

_Object = dict[str, Any]


def render_sarif(reports: Sequence[ScanReport], rules: Sequence[RuleInfo], *, version: str) -> str:
    """One log with one run. ``version`` is the program's. ``rules`` is the catalogue: what a rule says that has results
    here is copied from it; of a rule that it does not know (in a document of another version) what its first finding
    says."""
    named: dict[str, int] = {}
    results = [result for base, report in _based(reports) for result in _results(report, base, named)]
    findings = [finding for report in reports for finding in _every(report)]
    catalogue = {rule.id: rule for rule in rules}
    described = [_rule(rule, catalogue, findings) for rule in named]
    program = {"name": "smanalyze", "fullName": f"smanalyze {version}", "semanticVersion": version}
    run = {
        "tool": {"driver": {**program, "rules": described}},
        "invocations": [{"executionSuccessful": True, "toolExecutionNotifications": list(_notifications(reports))}],
        "originalUriBaseIds": {base: {"description": _message(title_text(report))} for base, report in _based(reports)},
        "columnKind": "unicodeCodePoints",
        "results": results,
        "properties": {"models": [_model(report) for report in reports]},
    }
    return dump({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]})


def _based(reports: Sequence[ScanReport]) -> Iterator[tuple[str, ScanReport]]:
    """Each with the name of the folder or file that its locations are relative to. Where it lies is not told."""
    for number, report in enumerate(reports, 1):
        yield (f"MODEL{number}" if len(reports) > 1 else "MODEL"), report


def _every(report: ScanReport) -> list[ScanFinding]:
    return [*report.findings, *(one.finding for one in report.allowed)]


def _results(report: ScanReport, base: str, named: dict[str, int]) -> Iterator[_Object]:
    """The findings, then those that are allowed, which SARIF calls suppressed."""
    for finding in report.findings:
        yield _result(finding, report, base, named)
    for one in report.allowed:
        yield {**_result(one.finding, report, base, named), "suppressions": [_suppression(one)]}


def _result(finding: ScanFinding, report: ScanReport, base: str, named: dict[str, int]) -> _Object:
    result = {
        "ruleId": finding.rule,
        "ruleIndex": named.setdefault(finding.rule, len(named)),
        "level": finding.severity,
        "message": _message(finding.message),
        "locations": [_location(finding.where, report, base)],
        "partialFingerprints": {FINGERPRINT: finding.id},
        "properties": {
            "op": finding.op,
            "risk_class": finding.risk_class,
            "when": list(finding.when),
            "operands": to_dict(finding.operands),
            "caller_controlled": finding.caller_controlled,
            "evidence": list(finding.evidence),
        },
    }
    if finding.path:
        steps = [{"location": _step(step, finding.where, report, base)} for step in finding.path]
        result["codeFlows"] = [{"threadFlows": [{"locations": steps}]}]
    return result


def _location(where: Location, report: ScanReport, base: str) -> _Object:
    """The file inside the model, and the names of what in it."""
    logical = list(_logical(where))
    return {**_place(where, report, base), **({"logicalLocations": logical} if logical else {})}


def _place(where: Location, report: ScanReport, base: str) -> _Object:
    file = quote((where.file or report.file).encode("utf-8", "surrogatepass"))
    place: _Object = {"physicalLocation": {"artifactLocation": {"uri": file, "uriBaseId": base}}}
    if where.file and where.offset is not None:  # no region: code scanning services refuse one without a line
        place["properties"] = {"byte_offset": where.offset}
    return place


def _logical(where: Location) -> Iterator[_Object]:
    """What has a name in a SavedModel, and lies in no line of a file."""
    inner = {"tensor": where.signature, "node": where.function}
    names = (
        ("signature", where.signature), ("tensor", where.tensor), ("function", where.function), ("node", where.node),
        ("object", where.object_path), ("variable", where.variable),
    )  # fmt: skip
    for kind, name in names:
        if name is not None:
            around = inner.get(kind)
            full = visible(name) if around is None else f"{visible(around)}::{visible(name)}"
            yield {"name": visible(name), "fullyQualifiedName": full, "kind": kind}


def _step(step: str, where: Location, report: ScanReport, base: str) -> _Object:
    """A step of the path that proves a finding: all of them are in the file of the finding."""
    return {**_place(Location(file=where.file), report, base), "message": _message(step)}


def _suppression(one: AllowedFinding) -> _Object:
    return {
        "kind": "external",
        "status": "accepted",
        "justification": _shown(allowed_text(one)),
        "properties": {"reason": one.reason, "by": one.by, "expires": one.expires, "entry": one.entry},
    }


def _rule(rule: str, catalogue: dict[str, RuleInfo], findings: Sequence[ScanFinding]) -> _Object:
    known = catalogue.get(rule)
    first = next(finding for finding in findings if finding.rule == rule)
    title, why, fix = (known.title, known.why, known.fix) if known else ("", first.why, first.fix)
    says = " ".join(f"{word}: {text}" for word, text in (("Why", why), ("Fix", fix)) if text)
    described: _Object = {
        "id": rule,
        "name": "".join(word.capitalize() for word in rule.split("-")),
        "shortDescription": _message(title or rule),
        "fullDescription": _message(why or title or rule),
        "help": _message(says or title or rule),
        "properties": {"tags": ["security"]},
    }
    if known:
        described["defaultConfiguration"] = {"level": known.severity}
    return described


def _notifications(reports: Sequence[ScanReport]) -> Iterator[_Object]:
    """What the scan does not speak for, and what is to be said of the list of accepted findings."""
    for base, report in _based(reports):
        for part in report.unknown:
            yield _notification(f"{part.what} was not followed: {part.reason}", _of(part, report, base))
        for left in report.not_read:
            yield _notification(f"{left.part} was not read: {left.reason}", _of(left, report, base))
        for remark in report.allow_remarks:
            yield {"level": "note", "message": _message(remark)}


def _of(part: UnknownPart | NotRead, report: ScanReport, base: str) -> _Object:
    where = part.where if isinstance(part, UnknownPart) else Location(file=part.file, offset=part.offset)
    return _location(where, report, base)


def _notification(text: str, location: _Object) -> _Object:
    return {"level": "warning", "message": _message(text), "locations": [location]}


def _model(report: ScanReport) -> _Object:
    return {
        "path_name": report.path_name,
        "version": report.version,
        "kind": report.kind,
        "verdict": report.verdict,
        "summary": report.summary,
        "unknown": len(report.unknown),
        "not_read": len(report.not_read),
        "nodes": report.nodes,
        "functions": report.functions,
    }


def _message(text: str) -> _Object:
    """Text that stays text: braces would be placeholders (3.11.5), brackets before parentheses a link (3.11.6)."""
    shown = _shown(text)
    if "](" in shown:
        shown = shown.replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]")
    return {"text": shown.replace("{", "{{").replace("}", "}}")}


def _shown(text: str) -> str:
    return visible(shorten(text, _TEXT_LIMIT))
