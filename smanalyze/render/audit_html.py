"""An audit as one HTML file, with the style, the script and the policy of a report's page."""

from __future__ import annotations

from collections.abc import Iterator

from smanalyze.render.audit_words import NOT_SEEN, checkpoint_title
from smanalyze.render.html import fill_page
from smanalyze.render.html_page import Rows
from smanalyze.report.audit import AuditReport

TITLES = {
    "findings": "Findings", "contents": "Contents", "fingerprint": "Fingerprint", "checkpoint": "Checkpoint",
    "manifests": "Manifests", "weights": "Weights", "files": "Coverage", "waste": "Waste", "statistics": "Statistics",
    "not_read": "Not read",
}  # fmt: skip
"""In the order of the page. A template of the same name draws each."""


def render_audit_html(report: AuditReport) -> str:
    """The whole page as text. The same audit gives the same text."""
    return fill_page(
        "html/audit/page.html.j2",
        report=report,
        page=Rows(),
        sections=tuple(_sections(report)),
        folder="html/audit/",
        titles=TITLES | {"checkpoint": checkpoint_title(report)},
        not_seen=NOT_SEEN,
    )


def _sections(report: AuditReport) -> Iterator[str]:
    """Those that have something to say."""
    asked = {
        "contents": report.contents is not None, "fingerprint": report.contents is None,
        "checkpoint": checkpoint_title(report),
        "manifests": report.manifests, "weights": report.weights is not None, "waste": report.waste,
        "statistics": report.checkpoint.statistics, "not_read": report.not_read,
    }  # fmt: skip
    yield from (section for section in TITLES if asked.get(section, True))
