"""Two models side by side as terminal text: the verdict, a line for each signature, then what differs and why."""

from __future__ import annotations

from smanalyze.render.against_words import (
    LEVEL_STYLES,
    cause_text,
    gate_text,
    level_text,
    lone_lines,
    milliseconds_text,
    output_lines,
    probes_text,
    signature_lines,
    tags_text,
)
from smanalyze.render.text_columns import Column, draw_table
from smanalyze.render.text_page import Page
from smanalyze.render.units import plural
from smanalyze.render.words import cut
from smanalyze.report.against import AgainstReport, SignatureAgainst

_ROWS = 40
_OUTPUTS = 20


def draw_against(page: Page, report: AgainstReport) -> None:
    """The section of a verification that compares with another model."""
    page.heading(f"Against {report.old_path_name}", (report.level or "not compared", _style(report.level)))
    page.flow([(report.summary, "")], 2)
    page.flow([(gate_text(report), "dim")], 2)
    for line in lone_lines(report):
        page.flow([(line, "")], 2)
    columns = (
        Column("signature", give="fold", style="name", floor=16), Column("outputs"), Column("inputs", drop=2),
        Column("old", right=True, drop=1), Column("new", right=True, drop=1), Column("what makes it", give="fold"),
    )  # fmt: skip
    shown, hidden = cut(report.signatures, _ROWS)
    if shown:
        draw_table(page, columns, [
            (_name(row, report), (level_text(row), _style(row.level)), probes_text(row), _milliseconds(row, row.old_ms),
             _milliseconds(row, row.new_ms), cause_text(row))
            for row in shown
        ])  # fmt: skip
    page.more(hidden, "signature")
    for row in shown:
        _draw_signature(page, row, report)


def _draw_signature(page: Page, row: SignatureAgainst, report: AgainstReport) -> None:
    lines = list(signature_lines(row, report.summary))
    told = [output for output in row.outputs if output.level != "bitwise"]
    if not lines and not told:
        return
    page.blank()
    page.flow([(_name(row, report), "name"), (level_text(row), _style(row.level))], 2)
    for line in lines:
        page.flow([(line, "")], 4, 6)
    shown, hidden = cut(told, _OUTPUTS)
    for output in shown:
        was = f" (was {output.old_name})" if output.old_name != output.name else ""
        page.flow([(f"{output.name}{was}", "name"), (output.dtype, ""), (output.level, _style(output.level))], 4, 6)
        for line in output_lines(output):
            page.flow([(line, "dim")], 6, 8)
    page.more(hidden, "output")
    same = len(row.outputs) - len(told)
    if told and same:
        page.flow([(f"{plural(same, 'other output')} the same, bit by bit.", "dim")], 4)


def _name(row: SignatureAgainst, report: AgainstReport) -> str:
    tags = tags_text(row, report)
    name = f"{row.key} of {tags}" if tags else row.key
    return name if row.key == row.old_key else f"{name} (was {row.old_key})"


def _milliseconds(row: SignatureAgainst, value: float) -> str:
    return milliseconds_text(value) if row.probes else ""


def _style(level: str | None) -> str:
    return LEVEL_STYLES[level] if level is not None else "warning"
