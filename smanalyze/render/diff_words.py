"""Phrases of a diff, for the terminal, the Markdown and the HTML page alike. Nothing is escaped here."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

from smanalyze.render.units import bytes_text, plural
from smanalyze.render.words import badge_class
from smanalyze.report.changes import FunctionChange
from smanalyze.report.diff import (
    AUDIENCES,
    Audience,
    AudienceCount,
    DiffFinding,
    DiffReport,
    HashPair,
    SideReport,
)
from smanalyze.report.findings import SEVERITIES, Severity
from smanalyze.report.noise import noise_words

VERDICTS = {
    "identical": "identical", "re-exported": "same model, re-exported", "metadata": "metadata only",
    "weights-only": "weights only", "behaviour": "behaviour", "compatible": "compatible", "breaking": "breaking",
}  # fmt: skip

VERDICT_STYLES = {
    "identical": "good", "re-exported": "good", "metadata": "good", "weights-only": "note", "behaviour": "warning",
    "compatible": "note", "breaking": "error",
}  # fmt: skip
"""Names of severities, "good" besides."""

SECURITY_REVIEW = "needs security review"

UNUSED_RENAMES = "Declared renames that nothing was found for"


# The sides ------------------------------------------------------------------------------------------------------------


def side_text(side: SideReport) -> str:
    """One of the models in a few words."""
    version = f" (version {side.version})" if side.version else ""
    return f"{side.path_name}{version}"


def title_text(report: DiffReport) -> str:
    """Both of them."""
    return f"{side_text(report.old)} → {side_text(report.new)}"


def side_facts(side: SideReport) -> str:
    """Who wrote it, how large it is."""
    written = f"TensorFlow {side.tensorflow_version}" if side.tensorflow_version else ""
    parts = [side.writer, written, bytes_text(side.size_bytes)]
    if side.parameters:
        parts.append(plural(side.parameters, "parameter"))
    return ", ".join(part for part in parts if part)


# The answer -----------------------------------------------------------------------------------------------------------


def verdict_text(report: DiffReport) -> str:
    """The verdict, and for whom it is one."""
    word = VERDICTS[report.verdict]
    return f"{word} for {' and '.join(report.breaks)}" if report.verdict == "breaking" and report.breaks else word


def verdict_badge(verdict: str) -> str:
    """The class of the verdict's badge on a page."""
    return badge_class(VERDICT_STYLES[verdict])


def is_same(report: DiffReport) -> bool:
    """Whether one line says it all: the same model, and nothing to say of it."""
    same = report.verdict in ("identical", "re-exported")
    lone = any(file.old is None or file.new is None for file in report.files)
    return same and not lone and not (report.findings or report.not_compared or report.unused_renames)


def audience_text(row: AudienceCount) -> str:
    """``2 errors, 1 warning``; ``none`` where nothing concerns the audience."""
    counts = ((row.error, "error"), (row.warning, "warning"), (row.note, "note"))
    return ", ".join(plural(number, word) for number, word in counts if number) or "none"


def audience_style(row: AudienceCount) -> str:
    """The worst severity, "" where nothing concerns the audience."""
    return "error" if row.error else "warning" if row.warning else "note" if row.note else ""


def audience_badge(row: AudienceCount) -> str:
    """The class of its badge on a page."""
    return audience_style(row) or "plain"


def audience_rows(report: DiffReport) -> tuple[tuple[Audience, AudienceCount], ...]:
    """(audience, its counts) of all of them."""
    return report.audiences.rows()


def hash_rows(report: DiffReport) -> tuple[tuple[str, HashPair], ...]:
    """(name, pair) of the canonical hashes."""
    return report.hashes.rows()


def hash_badge(pair: HashPair) -> str:
    """The class of a hash's badge on a page: equal ones are grey."""
    return "warning" if pair.equal is False else "plain"


def hash_mark(pair: HashPair) -> str:
    """``=``, ``≠``, or ``?`` where one could not be computed."""
    return "?" if pair.equal is None else "=" if pair.equal else "≠"


def hash_word(pair: HashPair) -> str:
    """The same in a word."""
    return "not known" if pair.equal is None else "equal" if pair.equal else "changed"


def hash_groups(report: DiffReport) -> tuple[tuple[str, str], ...]:
    """(``changed``, names), (``equal``, names), (``not known``, names) of the canonical hashes, where there are any."""
    told = [(hash_word(pair), name) for name, pair in report.hashes.rows()]
    groups = (
        (word, ", ".join(name for one, name in told if one == word)) for word in ("changed", "equal", "not known")
    )
    return tuple(group for group in groups if group[1])


def version_text(report: DiffReport) -> str:
    """How the version should move, and why."""
    return f"{report.version.bump}: {report.version.reason}"


def weights_text(report: DiffReport) -> str:
    """What is said of the weights together; "" where there are none."""
    return f"weights: {' '.join(report.weights.says)}" if report.weights.says else ""


def normalised_text(report: DiffReport) -> str:
    """What differs and means nothing; "" where nothing does."""
    return ", ".join(noise_words(report.normalised))


# Findings -------------------------------------------------------------------------------------------------------------


class Group(NamedTuple):
    """Findings that are as bad as each other, of one area."""

    severity: Severity
    area: str
    findings: tuple[DiffFinding, ...]


def told_to(finding: DiffFinding) -> tuple[tuple[str, Severity], ...]:
    """(audience, severity) of those whom it concerns."""
    pairs = ((audience, finding.severities.of(audience)) for audience in AUDIENCES)
    return tuple((audience, severity) for audience, severity in pairs if severity is not None)


def concerned(finding: DiffFinding) -> str:
    """``serving, python``: those for whom it is as bad as it is told; where it was judged for nobody whom it concerns,
    those whom it would be, with how bad."""
    told = told_to(finding)
    whom = [audience for audience, severity in told if severity == finding.loudest]
    return ", ".join(whom or [f"{severity} for {audience}" for audience, severity in told])


def grouped(findings: Sequence[DiffFinding]) -> tuple[Group, ...]:
    """The findings, which come by severity and area, with a head for each."""
    runs = groupby(findings, key=lambda finding: (finding.loudest, finding.area))
    return tuple(Group(severity, area, tuple(found)) for (severity, area), found in runs)


def counted(findings: Sequence[DiffFinding]) -> tuple[tuple[Severity, int], ...]:
    """(severity, number) of what is shown under each, worst first."""
    told = [finding.loudest for finding in findings]
    return tuple((severity, told.count(severity)) for severity in SEVERITIES if severity in told)


def change_text(finding: DiffFinding) -> str:
    """``old → new`` in one line; "" where there is neither, or the message has said it."""
    old, new = finding.old, finding.new
    if not (old or new) or (old in finding.message and new in finding.message):
        return ""
    return f"{old or '(nothing)'} → {new or '(nothing)'}"


def confidence_text(matched: DiffFinding | FunctionChange) -> str:
    """How sure the match is, where it is not."""
    return "" if matched.confidence >= 1 else f"matched with confidence {matched.confidence:.2f}"
