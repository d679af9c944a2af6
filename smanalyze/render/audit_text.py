"""The audit as terminal text: the verdict in one line, then what it rests on."""

from __future__ import annotations

from smanalyze.render.audit_words import (
    NOT_SEEN,
    VERDICT_STYLES,
    checkpoint_text,
    checkpoint_title,
    contents_text,
    covered_text,
    field_text,
    figure_text,
    fingerprint_text,
    key_lines,
    key_text,
    legend,
    needed_text,
    oddities_text,
    owner_text,
    place_text,
    role_text,
    singleprints,
    spaced,
    spark_text,
    state_text,
    status_style,
    status_text,
    telling,
    title_text,
    total_text,
    waste_kind,
    weight_status,
)  # fmt: skip
from smanalyze.render.text_columns import Column, draw_table
from smanalyze.render.text_model import draw_findings, draw_not_read
from smanalyze.render.text_page import Page
from smanalyze.render.units import bytes_text, percent_text, plural, shape_text
from smanalyze.render.visible import visible
from smanalyze.render.words import cut, hashes_text, joined
from smanalyze.report.audit import (
    AuditReport,
    CheckpointAudit,
    Contents,
    FingerprintAudit,
    KeyComparison,
    ManifestAudit,
    WeightsAudit,
)  # fmt: skip
from smanalyze.report.document import CanonicalHashes

_FINDINGS = 30
_ROWS = 40
_NAMES = 20
_LONGEST_HASH = 21
"""Digits of 64 bits, and a slash."""
_STYLES = {"matches": "good", "differs": "error", "not-read": "warning"}


def render_audit_text(report: AuditReport, *, width: int, color: bool) -> str:
    """The audit in lines of at most ``width`` cells."""
    page = Page(width, color)
    style = VERDICT_STYLES[report.verdict]
    page.flow([(f"{title_text(report)}:", "title"), (f"{report.verdict}.", style), (report.summary, "")])
    if report.findings:
        draw_findings(page, report.findings, _FINDINGS, only=False)
    if report.contents is not None:
        _draw_contents(page, report.contents)
    else:
        _draw_fingerprint(page, report.fingerprint, report.hashes)
    if title := checkpoint_title(report):
        _draw_checkpoint(page, report.checkpoint, report.keys, title)
    for manifest in report.manifests:
        _draw_manifest(page, manifest)
    if report.weights is not None:
        _draw_weights(page, report.weights)
    _draw_files(page, report)
    _draw_waste(page, report)
    _draw_statistics(page, report.checkpoint)
    if report.not_read:
        page.heading("Not read")
        draw_not_read(page, report.not_read, _ROWS)
    return page.text()


def _draw_fingerprint(page: Page, fingerprint: FingerprintAudit, hashes: CanonicalHashes | None) -> None:
    page.heading("Fingerprint", (fingerprint_text(fingerprint), "dim"))
    for sentence in fingerprint.says:
        page.flow([(sentence, "")], 2)
    if fingerprint.fields:
        page.blank()
        columns = (
            Column("hash", give="fold"), Column("status", give="fold"), Column("stored", right=True),
            Column("algorithm", give="fold", drop=1, style="dim"),
            Column("", give="below", style="warning"),
        )  # fmt: skip
        rows = [
            (
                field.name,
                (status_text(field), status_style(field)),
                field.stored,
                field.algorithm,
                field_text(field),
            )
            for field in fingerprint.fields
        ]
        draw_table(page, columns, rows)
    for how, singleprint in singleprints(fingerprint):
        beside = page.width >= 27 + _LONGEST_HASH  # else below its label, so that it is folded at its slashes alone
        page.fact(f"singleprint, {how}", (singleprint, "dim"), column=27 if beside else 4)
    page.fact("canonical hashes", (hashes_text(hashes), "dim"), column=27)


def _draw_contents(page: Page, contents: Contents) -> None:
    page.heading("Contents", (contents_text(contents), "dim"))
    for total in contents.totals:
        page.fact(visible(role_text(total.role)), (total_text(total), ""), column=20)
    if not contents.tensors:
        page.flow([("There are no tensors.", "dim")], 2)
        return
    page.blank()
    columns = (
        Column("tensor", give="fold", style="name", floor=16), Column("name", give="fold", drop=2), Column("dtype"),
        Column("shape", give="fold"), Column("size", right=True), Column("role", drop=1),
    )  # fmt: skip
    shown, hidden = cut(contents.tensors, _ROWS)
    rows = [
        (key_text(row.key), owner_text(row), row.dtype, shape_text(row.shape), bytes_text(row.size),
         role_text(row.role))
        for row in shown
    ]  # fmt: skip
    draw_table(page, columns, rows)
    page.more(hidden, "tensor")


def _draw_checkpoint(page: Page, checkpoint: CheckpointAudit, keys: KeyComparison | None, title: str) -> None:
    page.heading(title)
    page.flow([(checkpoint_text(checkpoint), "")], 2)
    shown, hidden = cut(checkpoint.failures, _ROWS)
    for failure in shown:
        page.flow([(failure.kind, "error"), (failure.tensor or "the file", "name")], 2, 4)
        page.flow([(place_text(failure), "dim")], 4)
        page.flow([(failure.message, "")], 4)
    page.more(hidden, "failure")
    if checkpoint.presence == "present" and not checkpoint.failures:
        page.flow([("No fault was found.", "good")], 2)
    for label, names in key_lines(keys):
        page.fact(label.lower(), (joined(names, _NAMES), "dim"), column=22)


def _draw_manifest(page: Page, manifest: ManifestAudit) -> None:
    page.heading(f"Against {manifest.file}", (manifest.kind, "dim"))
    page.fact("verdict", (spaced(manifest.verdict), _STYLES.get(manifest.verdict, "")))
    for sentence in manifest.says:
        page.flow([(sentence, "")], 2)
    groups = (("changed", manifest.changed), ("missing", manifest.missing), ("added", manifest.added))
    for word, paths in groups:
        page.fact(word, (joined(paths, _NAMES), "error"))


def _draw_weights(page: Page, weights: WeightsAudit) -> None:
    page.heading(f"Against {weights.file}", (weights.kind, "dim"))
    for sentence in weights.says:
        page.flow([(sentence, "")], 2)
    page.flow([(f"{plural(weights.same, 'tensor')} the same, {weights.differing:,} different.", "")], 2)
    shown, hidden = cut(telling(weights.rows), _ROWS)
    columns = (
        Column("tensor", give="fold", style="name"), Column("status"), Column("in the model", give="fold"),
        Column("found by"), Column("", give="below"),
    )  # fmt: skip
    rows = [
        (row.name, (weight_status(row), "error" if row.status == "differs" else "warning"), key_text(row.key),
         row.matched_by, row.message)
        for row in shown
    ]  # fmt: skip
    if rows:
        draw_table(page, columns, rows)
    page.more(hidden, "tensor")


def _draw_files(page: Page, report: AuditReport) -> None:
    page.heading("Coverage", (plural(len(report.files), "file"), "dim"))
    shown, hidden = cut(report.files, _ROWS)
    columns = (
        Column("file", give="fold", style="name", floor=20), Column("size", right=True), Column("state"),
        Column("a change is seen by", give="fold", floor=24),
    )  # fmt: skip
    rows = [
        (row.path, bytes_text(row.size), (state_text(row), "warning"),
         (covered_text(row), "" if row.covered_by else "warning"))
        for row in shown
    ]  # fmt: skip
    if rows:
        draw_table(page, columns, rows)
    page.more(hidden, "file")
    for name, covered in legend(report):
        page.fact(visible(name), (covered, "dim"), column=27)
    if report.uncovered:
        page.flow([(f"{NOT_SEEN}: {joined(report.uncovered, _NAMES)}.", "warning")], 2)
    if any(row.sha256 for row in shown):
        page.heading("SHA-256")
        for row in shown:
            page.flow([(row.sha256 or "not read", "dim"), (row.path, "name")], 2, 4)


def _draw_waste(page: Page, report: AuditReport) -> None:
    if not report.waste:
        return
    page.heading("Waste", (plural(len(report.waste), "row"), "dim"))
    page.flow([(needed_text(report), "")], 2)
    shown, hidden = cut(report.waste, _ROWS)
    columns = (
        Column("bytes", right=True), Column("share", right=True), Column("kind"),
        Column("name", give="fold", style="name"), Column("why", give="fold", floor=28, drop=1, style="dim"),
    )  # fmt: skip
    rows = [
        (bytes_text(row.bytes), percent_text(row.share), waste_kind(row), row.name, row.reason)
        for row in shown
    ]  # fmt: skip
    draw_table(page, columns, rows)
    page.more(hidden, "row")


def _draw_statistics(page: Page, checkpoint: CheckpointAudit) -> None:
    if not checkpoint.statistics:
        return
    page.heading("Statistics", (plural(len(checkpoint.statistics), "tensor"), "dim"))
    columns = (
        Column("tensor", give="fold", style="name", floor=16), Column("dtype", drop=5), Column("shape", drop=4),
        Column("min", right=True), Column("max", right=True), Column("mean", right=True, drop=1),
        Column("std", right=True, drop=2), Column("zeros", right=True, drop=3), Column("values", drop=6),
        Column("", style="warning", give="fold"),
    )  # fmt: skip
    shown, hidden = cut(checkpoint.statistics, _ROWS)
    rows = [
        (key_text(row.key), row.dtype, shape_text(row.shape), figure_text(row.minimum), figure_text(row.maximum),
         figure_text(row.mean), figure_text(row.std), "" if row.sparsity is None else percent_text(row.sparsity),
         spark_text(row), oddities_text(row))
        for row in shown
    ]  # fmt: skip
    draw_table(page, columns, rows)
    page.more(hidden, "tensor")
