"""A diff as text for a terminal."""

from __future__ import annotations

from smanalyze.render.diff_words import (
    MARKS,
    VERDICT_STYLES,
    audience_text,
    change_text,
    concerned,
    confidence_text,
    hash_mark,
    loudest,
    ops_text,
    side_facts,
    side_text,
    verdict_text,
    version_text,
    weight_line,
)
from smanalyze.render.text_page import Page
from smanalyze.render.units import plural
from smanalyze.render.words import cut, joined
from smanalyze.report.diff import DiffFinding, DiffReport, SignatureDiff, WeightsDiff

_FINDINGS = 60
_WEIGHTS = 10
_NAMES = 6
_EVIDENCE = 8
_TENSORS = 30


def render_diff_text(report: DiffReport, *, width: int = 80, color: bool = False) -> str:
    """The whole answer. The same diff gives the same text."""
    page = Page(width, color)
    _draw_head(page, report)
    if report.verdict == "identical":
        return page.text()
    if report.findings:
        _draw_findings(page, report)
    changed = [one for one in report.signatures if one.status != "equal"]
    if changed:
        _draw_signatures(page, changed, len(report.signatures) - len(changed))
    _draw_weights(page, report.weights)
    _draw_rest(page, report)
    return page.text()


def _draw_head(page: Page, report: DiffReport) -> None:
    page.flow([(side_text(report.old), "title"), ("→", "dim"), (side_text(report.new), "title")])
    verdict = (verdict_text(report).upper(), VERDICT_STYLES[report.verdict])
    security = [("· security review", "error")] if report.security_review else []
    page.flow([verdict, *security])
    page.flow([(report.summary, "")])
    if report.verdict == "identical":
        return
    page.blank()
    page.fact("old", (side_facts(report.old), "dim"))
    page.fact("new", (side_facts(report.new), "dim"))
    for row in report.audiences:
        style = "error" if row.error else "warning" if row.warning else "dim"
        page.fact(row.audience, (audience_text(row), style), *([] if row.in_force else [("(not judged for)", "dim")]))
    marks = "  ".join(f"{pair.name} {hash_mark(pair)}" for pair in report.hashes)
    page.fact("hashes", (marks, ""))
    page.fact("version", (version_text(report), ""))


def _draw_findings(page: Page, report: DiffReport) -> None:
    page.heading("Findings", (plural(len(report.findings), "finding"), "dim"))
    shown, hidden = cut(report.findings, _FINDINGS)
    for finding in shown:
        _draw_finding(page, finding)
    page.more(hidden, "finding")


def _draw_finding(page: Page, finding: DiffFinding) -> None:
    worst = loudest(finding)
    label = (f"{worst:<8}", worst)
    page.flow([(finding.rule, "key"), (finding.where.text(), "name"), (f"[{concerned(finding)}]", "dim")], 2, 11, label)
    page.flow([(finding.message, "")], 11)
    change = change_text(finding)
    if (
        change
        and finding.old
        and finding.new
        and not (finding.old in finding.message and finding.new in finding.message)
    ):
        page.flow([(change, "")], 11, 13)
    told, hidden = cut(finding.evidence, _EVIDENCE)
    for line in told:
        page.flow([(f"- {line}", "dim")], 11, 13)
    if hidden:
        page.flow([(f"- … {plural(hidden, 'more line')}", "dim")], 11, 13)
    if worst != "note":
        page.flow([("why", "dim"), (finding.why, "dim")], 11, 15)
        page.flow([("fix", "dim"), (finding.fix, "dim")], 11, 15)
    if finding.reach:
        page.flow([("reach", "dim"), (joined(finding.reach, _NAMES), "name")], 11, 15)
    tail = ", ".join(part for part in (f"id {finding.id}", confidence_text(finding)) if part)
    page.flow([(tail, "dim")], 11, 15)


def _draw_signatures(page: Page, changed: list[SignatureDiff], equal: int) -> None:
    page.heading("Signatures", (f"{len(changed)} changed, {equal} equal", "dim"))
    for one in changed:
        name = one.old_key if one.status != "renamed" else f"{one.old_key} → {one.new_key}"
        page.flow([(MARKS[one.status], ""), (name or one.new_key, "name")], 2)
        shown, hidden = cut(one.tensors, _TENSORS)
        for tensor in shown:
            label = tensor.old_name if tensor.status != "renamed" else f"{tensor.old_name} → {tensor.new_name}"
            texts = f"{tensor.old} → {tensor.new}" if tensor.status == "changed" else tensor.old or tensor.new
            style = {"equal": "dim", "added": "good", "removed": "error"}.get(tensor.status, "warning")
            mark = f"{MARKS[tensor.status]} {tensor.kind}"
            page.flow([(mark, style), (label or tensor.new_name, style), (texts, style)], 4, 8)
        page.more(hidden, "tensor")


def _draw_weights(page: Page, weights: WeightsDiff) -> None:
    page.heading("Weights")
    for sentence in weights.says or ("There are no variables on both sides.",):
        page.flow([(sentence, "")], 2)
    changed = [row for row in weights.tensors if row.status == "changed"]
    shown, hidden = cut(changed, _WEIGHTS)
    for row in shown:
        page.flow([(row.name, "name"), (f"{row.dtype} {row.shape}", "dim")], 2, 4)
        page.flow([(weight_line(row), "")], 4, 6)
    page.more(hidden, "variable")


def _draw_rest(page: Page, report: DiffReport) -> None:
    if report.functions:
        page.heading("Functions", (plural(len(report.functions), "changed body", "changed bodies"), "dim"))
        shown, hidden = cut(report.functions, _FINDINGS // 4)
        for function in shown:
            told = ops_text(function) or "attrs or constants only"
            page.flow([(function.stem or "main graph", "name"), (told, "")], 2, 4)
        page.more(hidden, "function")
    if report.normalised:
        page.heading("Normalised", ("differences that mean nothing", "dim"))
        said = ", ".join(f"{one.count:,} {one.what}" for one in report.normalised)
        page.flow([(said, "dim")], 2)
    if report.not_compared:
        page.heading("Not compared")
        shown_parts, hidden = cut(report.not_compared, _NAMES * 2)
        for part in shown_parts:
            page.flow([(part.part, "name"), (part.reason, "dim")], 2, 4)
        page.more(hidden, "part")
