"""Phrases of a verification, for the terminal and the HTML page alike. Nothing is escaped here."""

from __future__ import annotations

from dataclasses import replace

from smanalyze.render.words import badge_class
from smanalyze.report.findings import Location
from smanalyze.report.verify import Network, SignatureVerified, VerifyReport

VERDICT_STYLES = {
    "CONFIRMED": "good", "PARTIAL": "warning", "CONTRADICTED": "error", "CRASHED": "error", "REFUSED": "warning",
}  # fmt: skip

STATUS_STYLES = {"confirmed": "good", "contradicted": "error", "not tested": "warning"}

_NETWORK: dict[Network, str] = {
    "namespace": "no network",
    "blocked": "no network",
    "permitted": "with the network, as permitted",
    "open": "network not blocked",
}


def verdict_tone(report: VerifyReport) -> str:
    """The class of the verdict's badge."""
    return badge_class(VERDICT_STYLES[report.verdict])


def environment_text(report: VerifyReport) -> str:
    """``TensorFlow 2.21.0 on Python 3.12.3, no network; profile quick.``"""
    where = report.environment
    if where is None:
        return ""
    said = (
        f"TensorFlow {where.tensorflow} on Python {where.python}, {_NETWORK[where.network]}; profile {report.profile}."
    )
    unchanged = "The model's files are as they were." if report.unchanged else "The model's files have changed!"
    return " ".join((said, unchanged, *where.notes))


def where_text(where: Location) -> str:
    """The place, without the tags where something below them is named."""
    below = where.signature or where.function or where.variable or where.object_path or where.file
    plain = replace(where, file=None, tag_set=None if below else where.tag_set)
    return plain.text() or (where.file or "")


def signature_name(report: VerifyReport, row: SignatureVerified) -> str:
    """The key, with the tags where there are several MetaGraphs."""
    several = len({one.tags for one in report.signatures}) > 1
    return f"{row.key} [{','.join(row.tags)}]" if several else row.key


def batches_text(row: SignatureVerified) -> str:
    """``2, 1, 3``."""
    return ", ".join(map(str, row.batches))


def milliseconds_text(row: SignatureVerified, value: float) -> str:
    """``12.3 ms``; nothing where it did not run."""
    return f"{value:,.1f} ms" if row.status == "ran" else ""
