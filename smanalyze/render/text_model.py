"""The head of the text report, its findings, and what was not read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from smanalyze.render.text_columns import Column, draw_table
from smanalyze.render.text_page import Page, Span
from smanalyze.render.units import count_text, plural
from smanalyze.render.words import (
    PRESENCE,
    contents_text,
    cut,
    found_text,
    graph_unread,
    hashes_text,
    init_ops_text,
    joined,
    missing_text,
    parameters_text,
    size_text,
    stored_text,
    tags_text,
    tensorflow_text,
    warmup_text,
)  # fmt: skip
from smanalyze.report.document import ModelSummary, NotRead, Report
from smanalyze.report.evidence import cut_lines
from smanalyze.report.findings import Finding, Severity, count_by_severity

_SIGNATURES_IN_HEAD = 4
_ERRORS_IN_HEAD = 2


class _OfRule(Protocol):
    @property
    def rule(self) -> str: ...


Told = TypeVar("Told", bound=_OfRule)
"""A finding of a report, a scan or a diff."""


def draw_title(page: Page, model: ModelSummary) -> None:
    """The name and what it is, also above a report of one section."""
    page.flow([(model.path_name, "title"), ("·", "dim"), (model.kind, "dim")])


def draw_model(page: Page, report: Report) -> None:
    """Who wrote it, how big it is, what it offers and how bad it looks; then the details."""
    model = report.model
    page.flow([(model.headline, "")])
    page.blank()
    page.fact("TensorFlow", (tensorflow_text(model), ""))
    page.fact("written by", (model.writer.name, ""))
    page.fact("size", (size_text(model), ""))
    page.fact("parameters", (parameters_text(model), ""))
    page.fact("incomplete", (missing_text(model), "warning"))
    _draw_signature_lines(page, report)
    if "findings" in report.sections:
        page.fact("findings", *finding_counts(report.findings))
        errors = [finding.message for finding in report.findings if finding.severity == "error"]
        for message in cut(errors, _ERRORS_IN_HEAD)[0]:
            page.fact("", (message, "error"))
    _draw_details(page, report)


def _draw_signature_lines(page: Page, report: Report) -> None:
    if "signatures" not in report.sections:
        return
    signatures = [(graph, signature) for graph in report.meta_graphs for signature in graph.signatures]
    shown, hidden = cut(signatures, _SIGNATURES_IN_HEAD)
    label = "signatures"
    for graph, signature in shown:
        tags: Span = (f"[{','.join(graph.tags)}]" if len(report.meta_graphs) > 1 else "", "dim")
        inputs = joined([tensor.name for tensor in signature.inputs], 3)
        outputs = joined([tensor.name for tensor in signature.outputs], 3)
        page.fact(label, (signature.key, "key"), (f"({inputs}) → {outputs or 'nothing'}", ""), tags)
        label = ""
    if hidden:
        page.fact("", (f"… {hidden} more, below", "dim"))
    if not signatures:
        page.fact("signatures", ("not known" if graph_unread(report.model) else "none", ""))


def finding_counts(findings: tuple[Finding, ...]) -> list[Span]:
    """``1 error, 2 warnings``, each in its colour."""
    counts = count_by_severity(findings)
    if not counts:
        return [("none", "good")]
    last = len(counts) - 1
    return [
        (plural(number, severity) + ("," if i < last else ""), severity) for i, (severity, number) in enumerate(counts)
    ]


def _draw_details(page: Page, report: Report) -> None:
    model = report.model
    page.blank()
    page.fact("found", (found_text(model), ""))
    page.fact("tags", ("; ".join(map(tags_text, model.tags)), ""))
    page.fact("init op", (init_ops_text(report.meta_graphs), ""))
    page.fact("contains", (contents_text(model), ""))
    page.fact("stored", (stored_text(model.parameters), ""))
    page.fact("fingerprint", (_fingerprint(report), ""))
    page.fact("hashes", (hashes_text(report.hashes), "dim"))
    page.fact("warmup", ("; ".join(map(warmup_text, model.warmup)), ""))
    page.fact("debug info", (plural(model.debug_files, "file") if model.debug_files else "", ""))
    for i, sentence in enumerate(model.writer.evidence):
        page.fact("" if i else "evidence", (sentence, "dim"))


def _fingerprint(report: Report) -> str:
    fingerprint = report.fingerprint
    if fingerprint.presence != "present":
        return f"{PRESENCE[fingerprint.presence]}"
    return f"program {fingerprint.graph_def_program_hash}, checkpoint {fingerprint.checkpoint_hash}"


def draw_findings(page: Page, findings: tuple[Finding, ...], limit: int, only: bool) -> None:
    """Worst first, as the report has them. Why and fix stand with the first finding of a rule."""
    page.heading("Findings", *finding_counts(findings))
    draw_each(page, findings, limit, lambda page, finding, explain: _draw_finding(page, finding, explain, only))


def draw_each(page: Page, findings: Sequence[Told], limit: int, draw: Callable[[Page, Told, bool], None]) -> None:
    """Findings of any command one below the other, and how many more there are. ``draw`` gets one and whether it is the
    first of its rule, which is where to explain."""
    shown, hidden = cut(findings, limit)
    explained: set[str] = set()
    for i, finding in enumerate(shown):
        if i:
            page.blank()
        draw(page, finding, finding.rule not in explained)
        explained.add(finding.rule)
    page.more(hidden, "finding")


_EVIDENCE = 4


def _draw_finding(page: Page, finding: Finding, explain: bool, only: bool) -> None:
    severity: Severity = finding.severity
    where = finding.where.text()
    title: list[Span] = [(finding.rule, "title"), ("·" if where else "", "dim"), (where, "dim")]
    page.flow(title, 2, 11, (severity, severity))
    page.flow([(finding.message, "")], 11)
    shown, hidden = cut_lines(finding.evidence, len(finding.evidence) if only else _EVIDENCE)
    for line in shown:
        page.flow([("-", "dim"), (line, "dim")], 11, 13)
    if hidden:
        page.flow([(f"… {hidden} more", "dim")], 13)
    if explain and (only or severity != "note"):
        page.fact("why", (finding.why, ""), indent=11, column=16)
    if explain:
        page.fact("fix", (finding.fix, ""), indent=11, column=16)
    if only:
        page.fact("id", (finding.id, "dim"), indent=11, column=16)


def draw_not_read(page: Page, parts: tuple[NotRead, ...], limit: int) -> None:
    """What is missing from this report."""
    if not parts:
        page.flow([("Everything was read.", "good")], 2)
        return
    columns = (
        Column("part", give="fold"), Column("state"), Column("reason", give="fold", floor=24),
        Column("file", give="fold", drop=2), Column("byte", right=True, drop=1),
    )  # fmt: skip
    shown, hidden = cut(parts, limit)
    rows = [
        (part.part, (PRESENCE[part.presence], "warning"), part.reason, part.file or "",
         "" if part.offset is None else count_text(part.offset))
        for part in shown
    ]  # fmt: skip
    draw_table(page, columns, rows)
    page.more(hidden, "part")
