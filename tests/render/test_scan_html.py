"""The scan as a page."""

from __future__ import annotations

import html
import re

import pytest

from smanalyze.render.scan_html import TITLES, render_scan_html
from smanalyze.report.scan import ScanReport
from smanalyze.report.serialize import from_dict, to_dict
from tests.render.sample import HOSTILE
from tests.render.scan_sample import CLEAN, FULL, WORDS, hostile


def test_every_section_is_there() -> None:
    page = render_scan_html(FULL)
    for section, title in TITLES.items():
        assert f'id="{section}"' in page
        assert f'<a href="#{section}">{title}' in page
    plain = html.unescape(page)
    for words in (*WORDS, "Entry 1 (finding 999999999999) fits no finding."):
        assert words in plain, words
    assert '<span class="badge error">acts-at-load</span> Loading it writes a file.' in page


def test_every_finding_can_be_linked_to() -> None:
    page = render_scan_html(FULL)
    for anchor in ("finding:0123456789ab", "finding:fedcba987654", "allowed:111111111111", "allowed:222222222222"):
        assert page.count(f'id="{anchor}"') == 1


def test_the_path_goes_in_step_by_step() -> None:
    page = render_scan_html(FULL)
    assert '<li class="d0">the init op of tags serve</li><li class="d1">node PartitionedCall</li>' in page


def test_a_clean_page_says_so() -> None:
    page = render_scan_html(CLEAN)
    assert '<span class="badge fine">clean</span>' in page
    assert "Nothing to report" in page
    for section in ("unknown", "not_read", "allowed"):
        assert f'id="{section}"' not in page


def test_json_draws_the_same_page() -> None:
    assert render_scan_html(from_dict(ScanReport, to_dict(FULL))) == render_scan_html(FULL)


@pytest.mark.parametrize("name", HOSTILE)
def test_nothing_of_a_name_acts(name: str) -> None:
    page = re.sub(r"<(style|script)>.*?</\1>", "", render_scan_html(hostile(name)), flags=re.DOTALL)
    assert "<script" not in page and "<img" not in page
    assert not re.search(r"[\x00-\x08\x1b\u202e\u2066\ud800-\udfff]", page)
    assert not re.search(r"\sstyle=|\son\w+=\"", page)
