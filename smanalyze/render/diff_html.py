"""A diff as one HTML file, with the style, the script and the policy of a report's page."""

from __future__ import annotations

from collections.abc import Iterator

from smanalyze.render.diff_part_words import changed_signatures, equal_signatures, signature_key
from smanalyze.render.diff_words import SECURITY_REVIEW, UNUSED_RENAMES, grouped, is_same, normalised_text
from smanalyze.render.html import fill_page
from smanalyze.render.html_page import Rows, anchor
from smanalyze.report.diff import DiffReport

TITLES = {
    "findings": "Findings", "signatures": "Signatures", "functions": "Functions", "weights": "Weights",
    "files": "Files", "not_compared": "Not compared", "normalised": "Normalised", "sides": "Old and new",
}  # fmt: skip
"""In the order of the page. A template of the same name draws each."""


class DiffPage(Rows):
    """The page of a diff. A finding has an address that a comment elsewhere may link to: ``#f-9c41e07d52ab``."""

    def __init__(self, report: DiffReport) -> None:
        """Settle the findings that are drawn before the first link to one is written."""
        super().__init__()
        self.groups = grouped(report.findings)
        for group in self.groups:
            for finding in self._settle("finding", group.findings):
                self._targets.setdefault(("f-", "", finding.id), anchor("f-", "", finding.id))
        self.changed, self.equal = changed_signatures(report), equal_signatures(report)
        for one in (*self._settle("signature", self.changed), *self._settle("long", self.equal)):
            name = signature_key(one)
            self._targets.setdefault(("signature", "", name), anchor("signature", "", name))


def render_diff_html(report: DiffReport) -> str:
    """The whole page as text. The same diff gives the same text."""
    return fill_page(
        "html/diff/page.html.j2",
        report=report,
        page=DiffPage(report),
        sections=tuple(_sections(report)),
        folder="html/diff/",
        titles=TITLES,
        same=is_same(report),
        security_review=SECURITY_REVIEW,
        unused_renames=UNUSED_RENAMES,
    )


def _sections(report: DiffReport) -> Iterator[str]:
    """Those that have something to say."""
    asked = {
        "findings": not is_same(report), "signatures": not is_same(report) and report.signatures,
        "functions": report.functions, "weights": report.weights.tensors,
        "files": report.files, "not_compared": report.not_compared or report.unused_renames,
        "normalised": normalised_text(report),
    }  # fmt: skip
    yield from (section for section in TITLES if asked.get(section, True))
