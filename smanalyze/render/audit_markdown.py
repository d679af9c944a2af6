"""The audit as GitHub-flavoured Markdown, for a comment or a step summary: the verdict above, its grounds below."""

from __future__ import annotations

from smanalyze.render.audit_words import (
    NOT_SEEN,
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
    status_text,
    telling,
    title_text,
    total_text,
    waste_kind,
    weight_status,
)  # fmt: skip
from smanalyze.render.markdown import add_findings, add_not_read
from smanalyze.render.markdown_escape import cell_code, cell_prose, code, codes, prose
from smanalyze.render.markdown_sheet import Sheet
from smanalyze.render.units import bytes_text, percent_text, plural, shape_text
from smanalyze.render.words import hashes_text
from smanalyze.report.audit import (
    AuditReport,
    CheckFailure,
    CheckpointAudit,
    Contents,
    FileAudit,
    FingerprintAudit,
    FingerprintField,
    KeyComparison,
    ManifestAudit,
    TensorStatistics,
    WasteRow,
    WeightRow,
    WeightsAudit,
    WeightsMatch,
)  # fmt: skip
from smanalyze.report.document import CanonicalHashes

_ROWS = 100
_NAMES = 20
_SIGNS = {"damaged": "❌", "incomplete": "⚠️", "modified": "❌", "no-fingerprint": "📝", "intact": "✅"}


def render_audit_markdown(report: AuditReport) -> str:
    """The audit as Markdown of less than 60,000 characters; what does not fit is left out and said to be."""
    sheet = Sheet()
    sheet.add(f"# {code(title_text(report))}")
    sheet.add(f"{_SIGNS[report.verdict]} **{report.verdict}.** {prose(report.summary)}")
    if report.findings:
        add_findings(sheet, report.findings)
    if report.contents is not None:
        _add_contents(sheet, report.contents)
    else:
        _add_fingerprint(sheet, report.fingerprint, report.hashes)
    if title := checkpoint_title(report):
        _add_checkpoint(sheet, report.checkpoint, report.keys, title)
    for manifest in report.manifests:
        _add_manifest(sheet, manifest)
    if report.weights is not None:
        _add_weights(sheet, report.weights)
    _add_files(sheet, report)
    if report.waste:
        with sheet.details("Waste", plural(len(report.waste), "row")):
            sheet.add(prose(needed_text(report)))
            sheet.table((">Bytes", ">Share", "Kind", "Name", "Why"), report.waste, _waste_row, _ROWS, "row")
    if report.checkpoint.statistics:
        _add_statistics(sheet, report.checkpoint)
    add_not_read(sheet, report.not_read)
    return sheet.text()


def _add_fingerprint(sheet: Sheet, fingerprint: FingerprintAudit, hashes: CanonicalHashes | None) -> None:
    sheet.add("## Fingerprint")
    sheet.add(f"{prose(fingerprint_text(fingerprint))}")
    sheet.add("\n".join(f"- {prose(sentence)}" for sentence in fingerprint.says))
    titles = ("Hash", "Status", ">Stored", "Algorithm", "")
    sheet.table(titles, fingerprint.fields, _field_row, _ROWS, "hash", "hashes")
    for how, singleprint in singleprints(fingerprint):
        sheet.add(f"Singleprint {code(singleprint)} ({how})")
    if hashes is not None:
        sheet.add(f"Canonical hashes: {prose(hashes_text(hashes))}")


def _field_row(field: FingerprintField) -> tuple[str, ...]:
    said = cell_prose(field_text(field))
    return cell_code(field.name), status_text(field), cell_code(field.stored), cell_prose(field.algorithm), said


def _add_contents(sheet: Sheet, contents: Contents) -> None:
    sheet.add("## Contents")
    sheet.add(prose(contents_text(contents)))
    sheet.facts(tuple((cell_prose(role_text(total.role)), total_text(total)) for total in contents.totals))
    if not contents.tensors:
        sheet.add("There are no tensors.")
    titles = ("Tensor", "Name", "dtype", "Shape", ">Size", "Role")
    sheet.table(titles, contents.tensors, _tensor_row, _ROWS, "tensor")


def _tensor_row(row: WeightRow) -> tuple[str, ...]:
    return (
        cell_code(key_text(row.key)),
        cell_code(owner_text(row)),
        cell_prose(row.dtype),
        cell_prose(shape_text(row.shape)),
        bytes_text(row.size),
        cell_prose(role_text(row.role)),
    )


def _add_checkpoint(sheet: Sheet, checkpoint: CheckpointAudit, keys: KeyComparison | None, title: str) -> None:
    sheet.add(f"## {title}")
    sheet.add(prose(checkpoint_text(checkpoint)))
    sheet.table(("Fault", "Tensor", "Where", "Message"), checkpoint.failures, _failure_row, _ROWS, "failure")
    if checkpoint.presence == "present" and not checkpoint.failures:
        sheet.add("No fault was found.")
    sheet.facts([(label, codes(names, _NAMES)) for label, names in key_lines(keys)])


def _failure_row(failure: CheckFailure) -> tuple[str, ...]:
    tensor = cell_code(failure.tensor) or "the file"
    return cell_prose(failure.kind), tensor, cell_prose(place_text(failure)), cell_prose(failure.message)


def _add_manifest(sheet: Sheet, manifest: ManifestAudit) -> None:
    sheet.add(f"## Against {code(manifest.file)}")
    sheet.add("\n".join(f"- {prose(sentence)}" for sentence in manifest.says))
    groups = (("Changed", manifest.changed), ("Missing", manifest.missing), ("Added", manifest.added))
    verdict = (("Verdict", cell_prose(spaced(manifest.verdict))), ("Kind", cell_prose(manifest.kind)))
    sheet.facts((*verdict, *((word, codes(paths, _NAMES)) for word, paths in groups)))


def _add_weights(sheet: Sheet, weights: WeightsAudit) -> None:
    sheet.add(f"## Against {code(weights.file)}")
    sheet.add("\n".join(f"- {prose(sentence)}" for sentence in weights.says))
    sheet.add(f"{plural(weights.same, 'tensor')} the same, {weights.differing:,} different.")
    titles = ("Tensor", "Status", "In the model", "Found by", "Message")
    sheet.table(titles, telling(weights.rows), _weight_row, _ROWS, "tensor")


def _weight_row(row: WeightsMatch) -> tuple[str, ...]:
    status = cell_prose(weight_status(row))
    return (
        cell_code(row.name),
        status,
        cell_code(key_text(row.key)),
        cell_prose(row.matched_by),
        cell_prose(row.message),
    )


def _add_files(sheet: Sheet, report: AuditReport) -> None:
    sheet.add("## Coverage")
    if report.uncovered:
        sheet.add(f"{NOT_SEEN}: {codes(report.uncovered, _NAMES)}.")
    titles = ("File", ">Size", "State", "A change is seen by", "SHA-256")
    sheet.table(titles, report.files, _file_row, _ROWS, "file")
    with sheet.details("What each hash covers"):
        sheet.add("\n".join(f"- {code(name)}: {prose(words)}" for name, words in legend(report)))


def _file_row(row: FileAudit) -> tuple[str, ...]:
    covered = cell_prose(covered_text(row))
    return cell_code(row.path), bytes_text(row.size), cell_prose(state_text(row)), covered, cell_code(row.sha256 or "")


def _waste_row(row: WasteRow) -> tuple[str, ...]:
    kind = cell_prose(waste_kind(row))
    return bytes_text(row.bytes), percent_text(row.share), kind, cell_code(row.name), cell_prose(row.reason)


def _add_statistics(sheet: Sheet, checkpoint: CheckpointAudit) -> None:
    with sheet.details("Statistics", plural(len(checkpoint.statistics), "tensor")):
        titles = (
            "Tensor", "dtype", "Shape", ">Min", ">Max", ">Mean", ">Std", ">Zeros", "Values", "Oddities",
        )  # fmt: skip
        sheet.table(titles, checkpoint.statistics, _statistics_row, _ROWS, "tensor")


def _statistics_row(row: TensorStatistics) -> tuple[str, ...]:
    figures = map(figure_text, (row.minimum, row.maximum, row.mean, row.std))
    zeros = "" if row.sparsity is None else percent_text(row.sparsity)
    shape = cell_prose(shape_text(row.shape))
    return (
        cell_code(key_text(row.key)),
        cell_prose(row.dtype),
        shape,
        *figures,
        zeros,
        spark_text(row),
        oddities_text(row),
    )
