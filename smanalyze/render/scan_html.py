"""A scan as one HTML file, with the style, the script and the policy of a report's page."""

from __future__ import annotations

from smanalyze.render.html import fill_page
from smanalyze.render.html_page import Rows
from smanalyze.render.scan_words import NOT_FOLLOWED
from smanalyze.report.scan import ScanReport

TITLES = {
    "findings": "Findings", "unknown": "Not followed", "not_read": "Not read", "allowed": "Allowed",
    "expected": "Expected",
}  # fmt: skip
"""In the order of the page. A template of the same name draws each."""


def render_scan_html(report: ScanReport) -> str:
    """The whole page as text. The same scan gives the same text."""
    asked = {
        "unknown": report.unknown, "not_read": report.not_read, "allowed": report.allowed or report.allow_remarks,
        "expected": report.expected,
    }  # fmt: skip
    return fill_page(
        "html/scan/page.html.j2",
        report=report,
        page=Rows(),
        sections=tuple(section for section in TITLES if asked.get(section, True)),
        folder="html/scan/",
        titles=TITLES,
        not_followed=NOT_FOLLOWED,
    )
