"""Phrases of a diff, for the terminal, the Markdown and the HTML page alike. Nothing is escaped here."""

from __future__ import annotations

from smanalyze.render.units import bytes_text, count_text, percent_text, plural
from smanalyze.report.changes import FunctionChange, WeightDelta
from smanalyze.report.diff import AudienceCount, DiffFinding, DiffReport, HashPair, SideReport, WeightRow

VERDICTS = {
    "identical": "identical", "re-exported": "same model, re-exported", "metadata": "metadata only",
    "weights-only": "weights only", "behaviour": "behaviour", "compatible": "compatible", "breaking": "breaking",
}  # fmt: skip

VERDICT_STYLES = {
    "identical": "good", "re-exported": "good", "metadata": "good", "weights-only": "note", "behaviour": "warning",
    "compatible": "note", "breaking": "error",
}  # fmt: skip
"""Names of severities, "good" besides."""

MARKS = {"equal": " ", "changed": "~", "added": "+", "removed": "-", "renamed": ">"}


def side_text(side: SideReport) -> str:
    """One of the models in a few words."""
    version = f" (version {side.version})" if side.version else ""
    return f"{side.path_name}{version}"


def side_facts(side: SideReport) -> str:
    """Who wrote it, how large it is."""
    written = f"TensorFlow {side.tensorflow_version}" if side.tensorflow_version else ""
    parts = [side.writer, written, bytes_text(side.size_bytes)]
    if side.parameters:
        parts.append(f"{count_text(side.parameters)} parameters")
    return ", ".join(part for part in parts if part)


def verdict_text(report: DiffReport) -> str:
    """The verdict, and for whom it is one."""
    word = VERDICTS[report.verdict]
    if report.verdict == "breaking":
        word += f" for {' and '.join(row.audience for row in report.audiences if row.in_force)}"
    return word


def audience_text(row: AudienceCount) -> str:
    """``2 errors, 1 warning``; a dash where nothing concerns the audience."""
    counts = ((row.error, "error"), (row.warning, "warning"), (row.note, "note"))
    return ", ".join(plural(number, word) for number, word in counts if number) or "-"


def hash_mark(pair: HashPair) -> str:
    """``=``, ``≠``, or ``?`` where one could not be computed."""
    return "?" if pair.equal is None else "=" if pair.equal else "≠"


def hash_word(pair: HashPair) -> str:
    """The same in a word."""
    return "not known" if pair.equal is None else "equal" if pair.equal else "changed"


def concerned(finding: DiffFinding) -> str:
    """``serving, python``: whom it concerns as badly as the finding says; all of them where it is a note."""
    told = [name for name in ("serving", "python", "keras", "security") if getattr(finding.severities, name)]
    worst = [name for name in told if getattr(finding.severities, name) == loudest(finding)]
    return ", ".join(worst or told)


def loudest(finding: DiffFinding) -> str:
    """The worst severity for anybody."""
    told = {getattr(finding.severities, name) for name in ("serving", "python", "keras", "security")}
    return next((word for word in ("error", "warning", "note") if word in told), finding.severity)


def change_text(finding: DiffFinding) -> str:
    """``old → new`` in one line; "" where there is neither."""
    if not finding.old and not finding.new:
        return ""
    return f"{finding.old or '(nothing)'} → {finding.new or '(nothing)'}"


def confidence_text(finding: DiffFinding) -> str:
    """How sure the match is, where it is not."""
    return "" if finding.confidence >= 1 else f"matched with confidence {finding.confidence:.2f}"


def ops_text(function: FunctionChange) -> str:
    """``- Relu  + Mul x3  + Neg``."""
    added = [f"+ {row.op}{_times(row.count)}" for row in function.ops_added]
    return "  ".join([*(f"- {row.op}{_times(row.count)}" for row in function.ops_removed), *added])


def _times(count: int) -> str:
    return f" x{count:,}" if count > 1 else ""


def weight_line(row: WeightRow) -> str:
    """What is known of how one variable changed."""
    if row.status != "changed":
        return {"not-fetched": "not fetched", "not-compared": "not compared"}.get(row.status, row.status)
    return delta_text(row.delta) if row.delta is not None else "changed (values not read)"


def delta_text(delta: WeightDelta) -> str:
    """``fine-tuned, 12 % of the elements, ‖Δ‖/‖w‖ 0.031, cos 0.9995``."""
    parts = [delta.kind]
    if delta.elements:
        parts.append(f"{percent_text(delta.changed / delta.elements)} of the elements")
    if delta.max_abs is not None:
        parts.append(f"max |Δ| {delta.max_abs:.3g}")
    if delta.relative is not None:
        parts.append(f"‖Δ‖/‖w‖ {delta.relative:.3g}")
    if delta.cosine is not None:
        parts.append(f"cos {delta.cosine:.5g}")
    return ", ".join(parts)


def figure(value: float | None) -> str:
    """A number with three digits, a dash for none."""
    return "-" if value is None else f"{value:.3g}"


def version_text(report: DiffReport) -> str:
    """How the version should move, and why."""
    return f"{report.version.bump}: {report.version.reason}"
