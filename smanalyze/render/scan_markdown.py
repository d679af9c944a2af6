"""The scan as GitHub-flavoured Markdown, for a comment or a step summary: the verdict above, the proof folded below."""

from __future__ import annotations

from smanalyze.render.markdown import SIGNS, add_explanations, add_not_read
from smanalyze.render.markdown_escape import cell_code, cell_prose, code, prose
from smanalyze.render.markdown_sheet import Sheet
from smanalyze.render.scan_words import (
    NOT_FOLLOWED,
    act_text,
    allowed_text,
    caller_text,
    evidence_lines,
    expected_text,
    looked_text,
    operand_lines,
    steps,
    title_text,
    when_text,
)  # fmt: skip
from smanalyze.render.units import plural
from smanalyze.report.scan import AllowedFinding, ScanFinding, ScanReport, UnknownPart

_FINDINGS = 40
_PROVEN = 20
_EXPLAINED = 15
_ROWS = 40
_EVIDENCE = 8
_BADGES = {"acts-at-load": "❌", "unknown-code": "❌", "acts-when-called": "⚠️", "clean": "✅"}


def render_scan_markdown(report: ScanReport) -> str:
    """The scan as Markdown of less than 60,000 characters; what does not fit is left out and said to be."""
    sheet = Sheet()
    sheet.add(f"# {code(title_text(report))}")
    sheet.add(f"{_BADGES[report.verdict]} **{report.verdict}.** {prose(report.summary)}")
    if report.findings:
        _add_findings(sheet, report.findings)
    if report.unknown:
        sheet.add("## Not followed")
        sheet.add(NOT_FOLLOWED)
        sheet.table(("Part", "Where", "Reason"), report.unknown, _unknown_row, _ROWS, "part")
    add_not_read(sheet, report.not_read)
    if report.allowed:
        sheet.add(f"## Allowed ({len(report.allowed):,})")
        titles = ("Severity", "Rule", "Where", "Message", "Accepted", "Id")
        sheet.table(titles, report.allowed, _allowed_row, _ROWS, "finding")
    sheet.add("\n".join(f"- {prose(remark)}" for remark in report.allow_remarks))
    sheet.add(prose(looked_text(report)))
    if report.expected:
        sheet.add(f"Expected, and no finding: {prose(expected_text(report.expected))}.")
    return sheet.text()


def _add_findings(sheet: Sheet, findings: tuple[ScanFinding, ...]) -> None:
    sheet.add("## Findings")
    titles = ("Severity", "Rule", "Op", "Runs", "Message")
    sheet.table(titles, findings, _finding_row, _FINDINGS, "finding")
    with sheet.details("Proof", plural(len(findings), "finding")):
        for finding in findings[:_PROVEN]:
            sheet.add(_proof(finding))
        hidden = len(findings) - _PROVEN
        if hidden > 0:
            sheet.add(f"*… {hidden:,} more*")
    add_explanations(sheet, findings, _explained, _EXPLAINED)


def _finding_row(finding: ScanFinding) -> tuple[str, ...]:
    return (
        SIGNS[finding.severity],
        cell_code(finding.rule),
        cell_prose(act_text(finding)),
        cell_prose(when_text(finding.when)),
        cell_prose(finding.message),
    )


def _proof(finding: ScanFinding) -> str:
    """What it works on, and the way from what starts it to the node."""
    lines = [f"- Works on: {code(value)}{' ' * bool(value)}{prose(note)}" for value, note in operand_lines(finding)]
    lines += [f"- Caller: {prose(caller_text(finding))}"] if caller_text(finding) else []
    way = " → ".join(prose(step) for _, step in steps(finding.path))
    lines += [f"- Path: {way}"] if way else []
    evidence = evidence_lines(finding)
    lines += [f"- Evidence: {prose(line)}" for line in evidence[:_EVIDENCE]]
    hidden = len(evidence) - _EVIDENCE
    lines += [f"- … {hidden:,} more"] if hidden > 0 else []
    where = finding.where.text()
    head = f"{code(finding.id)} {code(finding.rule)}{f': {prose(where)}' if where else ''}"
    return "\n".join([head, "", *lines]) if lines else head


def _explained(finding: ScanFinding) -> str:
    lines = [f"- {word}: {prose(text)}" for word, text in (("Why", finding.why), ("Fix", finding.fix)) if text]
    return "\n".join([code(finding.rule), "", *lines]) if lines else code(finding.rule)


def _unknown_row(part: UnknownPart) -> tuple[str, ...]:
    return cell_prose(part.what), cell_prose(part.where.text()), cell_prose(part.reason)


def _allowed_row(one: AllowedFinding) -> tuple[str, ...]:
    finding = one.finding
    return (
        finding.severity,
        cell_code(finding.rule),
        cell_prose(finding.where.text()),
        cell_prose(finding.message),
        cell_prose(allowed_text(one)),
        cell_code(finding.id),
    )
