"""The scan as terminal text: the verdict in one line, then each act with what proves it."""

from __future__ import annotations

from smanalyze.render.scan_words import (
    NOT_FOLLOWED,
    VERDICT_STYLES,
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
from smanalyze.render.text_model import draw_each, draw_not_read, finding_counts
from smanalyze.render.text_page import PROSE_WIDTH, Page
from smanalyze.render.units import plural
from smanalyze.render.words import cut
from smanalyze.report.scan import AllowedFinding, ScanFinding, ScanReport, UnknownPart

_FINDINGS = 40
_ROWS = 40
_EVIDENCE = 4
_INDENT = 11
_COLUMN = 17
_DEEPEST = 6
"""Steps of a path that are drawn no deeper than this many."""


def render_scan_text(report: ScanReport, *, width: int, color: bool) -> str:
    """The scan in lines of at most ``width`` cells."""
    page = Page(width, color)
    style = VERDICT_STYLES[report.verdict]
    page.flow([(f"{title_text(report)}:", "title"), (f"{report.verdict}.", style), (report.summary, "")])
    _draw_findings(page, report.findings)
    _draw_unknown(page, report.unknown)
    if report.not_read:
        page.heading("Not read")
        draw_not_read(page, report.not_read, _ROWS)
    _draw_allowed(page, report.allowed)
    _draw_rest(page, report)
    return page.text()


def _draw_findings(page: Page, findings: tuple[ScanFinding, ...]) -> None:
    if not findings:
        return
    page.heading("Findings", *finding_counts(tuple(finding.plain() for finding in findings)))
    draw_each(page, findings, _FINDINGS, _draw_finding)


def _draw_finding(page: Page, finding: ScanFinding, explain: bool) -> None:
    where = finding.where.text()
    page.flow(
        [(finding.rule, "title"), ("·" if where else "", "dim"), (where, "dim")],
        2, _INDENT, (finding.severity, finding.severity),
    )  # fmt: skip
    page.flow([(finding.message, "")], _INDENT)
    _fact(page, "op", act_text(finding))
    _fact(page, "runs", when_text(finding.when))
    for value, note in operand_lines(finding):
        page.fact("on", (value, "name"), (f"({note})" if value else note, "dim"), indent=_INDENT, column=_COLUMN)
    page.fact("", (caller_text(finding), "warning"), indent=_INDENT, column=_COLUMN)
    _draw_path(page, finding.path)
    shown, hidden = cut(evidence_lines(finding), _EVIDENCE)
    for line in shown:
        page.flow([("-", "dim"), (line, "dim")], _INDENT, _INDENT + 2)
    if hidden:
        page.flow([(f"… {hidden} more", "dim")], _INDENT + 2)
    if explain:
        if finding.severity != "note":
            _fact(page, "why", finding.why)
        _fact(page, "fix", finding.fix)
    page.fact("id", (finding.id, "dim"), indent=_INDENT, column=_COLUMN)


def _fact(page: Page, label: str, text: str) -> None:
    page.fact(label, (text, ""), indent=_INDENT, column=_COLUMN)


def _draw_path(page: Page, path: tuple[str, ...]) -> None:
    """What starts it, and below each step the one that it leads to, a little further in: as far as half the width."""
    room = max(min(page.width, PROSE_WIDTH) // 2 - _COLUMN - 2, 0)
    for depth, step in steps(path):
        if not depth:
            page.fact("path", (step, ""), indent=_INDENT, column=_COLUMN)
            continue
        edge = _COLUMN + min(2 * min(depth - 1, _DEEPEST), room)
        page.flow([(step, "")], edge, edge + 2, ("→", "dim"))


def _draw_unknown(page: Page, unknown: tuple[UnknownPart, ...]) -> None:
    if not unknown:
        return
    page.heading("Not followed", (plural(len(unknown), "part"), "warning"))
    page.flow([(NOT_FOLLOWED, "")], 2)
    shown, hidden = cut(unknown, _ROWS)
    for part in shown:
        where = part.where.text()
        page.flow([("-", "dim"), (part.what, "warning"), ("·" if where else "", "dim"), (where, "dim")], 2, 4)
        page.flow([(part.reason, "")], 4)
    page.more(hidden, "part")


def _draw_allowed(page: Page, allowed: tuple[AllowedFinding, ...]) -> None:
    if not allowed:
        return
    page.heading(f"Allowed ({len(allowed):,})")
    shown, hidden = cut(allowed, _ROWS)
    for one in shown:
        finding, where = one.finding, one.finding.where.text()
        page.flow(
            [(finding.rule, "title"), ("·" if where else "", "dim"), (where, "dim")], 2, _INDENT,
            (finding.severity, "dim"),
        )  # fmt: skip
        page.flow([(finding.message, "")], _INDENT)
        _fact(page, "runs", when_text(finding.when))
        page.flow([(allowed_text(one), "dim")], _INDENT, _COLUMN)
        page.fact("id", (finding.id, "dim"), indent=_INDENT, column=_COLUMN)
    page.more(hidden, "finding")


def _draw_rest(page: Page, report: ScanReport) -> None:
    """What is as it should be, and what the answer rests on."""
    looked, expected = looked_text(report), expected_text(report.expected)
    if (looked or expected) and (report.findings or report.unknown or report.not_read or report.allowed):
        page.blank()
    page.flow([(looked, "")])
    if expected:
        page.flow([(f"Expected, and no finding: {expected}.", "dim")])
