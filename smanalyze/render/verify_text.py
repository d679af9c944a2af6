"""A verification as terminal text: the verdict in one line, then what contradicts it, and what was run."""

from __future__ import annotations

from smanalyze.render.against_text import draw_against
from smanalyze.render.text_columns import Column, draw_table
from smanalyze.render.text_page import Page
from smanalyze.render.units import bytes_text, plural
from smanalyze.render.verify_words import (
    STATUS_STYLES,
    VERDICT_STYLES,
    batches_text,
    environment_text,
    milliseconds_text,
    signature_name,
    where_text,
)
from smanalyze.render.words import cut
from smanalyze.report.verify import Check, VerifyReport

_ROWS = 40
_CLAIMS = 20


def render_verify_text(report: VerifyReport, *, width: int, color: bool) -> str:
    """The verification in lines of at most ``width`` cells."""
    page = Page(width, color)
    style = VERDICT_STYLES[report.verdict]
    page.flow([(f"{report.path_name}:", "title"), (f"{report.verdict}.", style), (report.summary, "")])
    page.flow([(environment_text(report), "dim")])
    _draw_refused(page, report)
    _draw_claims(page, report, "contradicted", "Contradicted")
    if report.against is not None:
        draw_against(page, report.against)
    _draw_deaths(page, report)
    _draw_signatures(page, report)
    _draw_probes(page, report)
    _draw_remarks(page, report)
    _draw_claims(page, report, "not tested", "Not tested")
    _draw_codes(page, report)
    return page.text()


def _draw_refused(page: Page, report: VerifyReport) -> None:
    if not report.refused:
        return
    page.heading("Refused", (plural(len(report.refused), "part"), "dim"))
    shown, hidden = cut(report.refused, _ROWS)
    for part in shown:
        page.flow([(where_text(part.where) or "the whole model", "name"), (part.message, "")], 2, 4)
        page.flow([(" → ".join(part.path), "dim")], 4)
        page.flow([(f"--permit {part.permit} lets it run.", "")], 4)
    page.more(hidden, "part")


def _draw_claims(page: Page, report: VerifyReport, status: str, title: str) -> None:
    checks = [check for check in report.checks if check.status == status]
    if not checks:
        return
    page.heading(title, (plural(len(checks), "claim"), "dim"))
    shown, hidden = cut(checks, _CLAIMS)
    for check in shown:
        page.flow(
            [(check.code, STATUS_STYLES[check.status]), (where_text(check.where), "name"), (check.claim, "")], 2, 4
        )
        _draw_sides(page, check)
    page.more(hidden, "claim")


def _draw_sides(page: Page, check: Check) -> None:
    if check.status == "contradicted":
        page.flow([("the report says", "dim"), (check.expected or "nothing", "")], 4, 6)
        page.flow([("TensorFlow has", "dim"), (check.actual or "nothing", "")], 4, 6)
    if check.reason:
        page.flow([(check.reason, "dim")], 4)


def _draw_deaths(page: Page, report: VerifyReport) -> None:
    if not report.deaths:
        return
    page.heading("Deaths of the child", (plural(len(report.deaths), "death"), "dim"))
    for death in report.deaths:
        page.flow([(death.kind, "error"), (f"at {death.step}", ""), (where_text(death.where), "name")], 2, 4)
        page.flow([(death.message, "")], 4)
        for line in death.said.splitlines()[-3:]:
            page.flow([(line, "dim")], 4)


def _draw_signatures(page: Page, report: VerifyReport) -> None:
    if not report.signatures:
        return
    page.heading("Signatures", (plural(len(report.signatures), "signature"), "dim"))
    columns = (
        Column("signature", give="fold", style="name", floor=16), Column("status"), Column("batches", drop=1),
        Column("first call", right=True), Column("again", right=True), Column("memory", right=True, drop=2),
        Column("inputs", give="fold", drop=3, style="dim"),
    )  # fmt: skip
    shown, hidden = cut(report.signatures, _ROWS)
    rows = [
        (signature_name(report, row), (row.status, "good" if row.status == "ran" else "warning"), batches_text(row),
         milliseconds_text(row, row.first_ms), milliseconds_text(row, row.again_ms),
         bytes_text(row.peak_bytes) if row.peak_bytes else "", row.source)
        for row in shown
    ]  # fmt: skip
    draw_table(page, columns, rows)
    page.more(hidden, "signature")


def _draw_probes(page: Page, report: VerifyReport) -> None:
    if not report.probes:
        return
    page.heading("Calls that should be refused", (plural(len(report.probes), "call"), "dim"))
    columns = (
        Column("signature", give="fold", style="name", floor=16), Column("with"), Column("ended"),
        Column("message", give="fold", floor=20, drop=1, style="dim"),
    )  # fmt: skip
    shown, hidden = cut(report.probes, _ROWS)
    draw_table(page, columns, [(row.signature, row.probe, row.outcome, row.message) for row in shown])
    page.more(hidden, "call")


def _draw_remarks(page: Page, report: VerifyReport) -> None:
    if not report.remarks:
        return
    page.heading("Seen besides", (plural(len(report.remarks), "remark"), "dim"))
    shown, hidden = cut(report.remarks, _ROWS)
    for remark in shown:
        page.flow([(remark.code, remark.severity), (where_text(remark.where), "name"), (remark.message, "")], 2, 4)
    page.more(hidden, "remark")


def _draw_codes(page: Page, report: VerifyReport) -> None:
    if not report.codes:
        return
    page.heading("Claims", (plural(report.counts.confirmed, "claim") + " confirmed", "dim"))
    columns = (
        Column("code"), Column("confirmed", right=True), Column("contradicted", right=True),
        Column("not tested", right=True), Column("what is claimed", give="fold", floor=20, style="dim"),
    )  # fmt: skip
    rows = [
        (row.code, (str(row.confirmed), "good"), (str(row.contradicted or ""), "error"), str(row.not_tested or ""),
         row.title)
        for row in report.codes
    ]  # fmt: skip
    draw_table(page, columns, rows)
