"""The report as terminal text: the first lines say it all, the rest says why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from smanalyze.render.text_contents import (
    draw_assets,
    draw_checkpoint,
    draw_layers,
    draw_ops,
    draw_other_entries,
    draw_reuse,
    draw_tables,
    draw_variables,
)  # fmt: skip
from smanalyze.render.text_model import draw_findings, draw_model, draw_not_read, draw_title
from smanalyze.render.text_page import Page
from smanalyze.render.text_signatures import draw_callables, draw_library, draw_signatures, graph_title
from smanalyze.report.document import MetaGraphReport, Report


@dataclass(frozen=True, slots=True)
class _Limits:
    """How many rows of each list are shown."""

    findings: int = 30
    signatures: int = 12
    callables: int = 10
    functions: int = 12
    layers: int = 40
    variables: int = 24
    other_entries: int = 6
    assets: int = 20
    ops: int = 40
    not_read: int = 20


_ALL = _Limits(*[5000] * 10)


def render_text(report: Report, *, width: int, color: bool) -> str:
    """The report in lines of at most ``width`` cells; a report of one section is shown in full."""
    page = Page(width, color)
    only = len(report.sections) == 1
    limits = _ALL if only else _Limits()
    draw_title(page, report.model)
    if "model" in report.sections:
        draw_model(page, report)
    if "findings" in report.sections and (only or report.findings):
        draw_findings(page, report.findings, limits.findings, only)
    _draw_graph_sections(page, report, limits, only)
    if "reuse" in report.sections and (only or report.reuse.answers):
        page.heading("Reuse")
        draw_reuse(page, report.reuse)
    if "not_read" in report.sections and (only or report.not_read):
        page.heading("Not read")
        draw_not_read(page, report.not_read, limits.not_read)
    return page.text()


def _draw_graph_sections(page: Page, report: Report, limits: _Limits, only: bool) -> None:
    counts = report.model.counts
    if "signatures" in report.sections:
        page.heading("Signatures", (f"({counts.signatures:,})", "dim"))
        for graph in _graphs(page, report):
            draw_signatures(page, graph, limits.signatures, only)
        if counts.signatures and not only:
            page.blank()
            page.flow([("Ready code to call them: --only signatures, or html.", "dim")], 2)
    if "functions" in report.sections and (only or counts.callables or counts.library_functions):
        page.heading("Functions", (f"({counts.callables:,} that Python can call)", "dim"))
        for graph in _graphs(page, report):
            draw_callables(page, graph, limits.callables, only)
            draw_library(page, graph.functions, limits.functions)
    if "layers" in report.sections and (only or report.meta_graphs):
        page.heading("Layers")
        for graph in _graphs(page, report):
            draw_layers(page, graph.layers, limits.layers)
    if "variables" in report.sections:
        page.heading("Variables", (f"({counts.variables:,})", "dim"))
        draw_checkpoint(page, report.checkpoint, limits.other_entries)
        draw_variables(page, report.variables, limits.variables)
        draw_other_entries(page, report.checkpoint, limits.other_entries, only)
    if "assets" in report.sections and (only or counts.assets or counts.tables or report.assets):
        page.heading("Assets and tables")
        draw_assets(page, report, limits.assets)
        for graph in report.meta_graphs:
            if report.assets and graph.tables:
                page.blank()
            draw_tables(page, graph.tables, limits.assets)
    if "ops" in report.sections and (only or report.meta_graphs):
        page.heading("Ops")
        for graph in _graphs(page, report):
            draw_ops(page, graph.ops, limits.ops)


def _graphs(page: Page, report: Report) -> Iterator[MetaGraphReport]:
    """Each MetaGraph, below its own title where there are several."""
    if not report.meta_graphs:
        page.flow([("No MetaGraph was read.", "warning")], 2)
    for i, graph in enumerate(report.meta_graphs):
        if i:
            page.blank()
        if len(report.meta_graphs) > 1:
            graph_title(page, graph)
        yield graph
