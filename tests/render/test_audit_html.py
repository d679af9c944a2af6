"""The audit as a page."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from smanalyze.render.audit_html import TITLES, render_audit_html
from smanalyze.report.audit import AuditReport
from smanalyze.report.serialize import from_dict, to_dict
from tests.render.audit_sample import CONTENT_WORDS, FULL, WEIGHTS, hostile
from tests.render.sample import HOSTILE


def test_every_section_is_there() -> None:
    page = render_audit_html(FULL)
    for section, title in TITLES.items():
        if section == "contents":
            continue
        assert f'id="{section}"' in page
        assert f'<a href="#{section}">{title}' in page
    for words in ("the model has 21", "Two have one number.", "data at byte 12, 24 bytes", "stored twice", "list.json",
                  "weights.h5", "A change of these would not be noticed", "not computable", "ab" * 32,
                  "every chunk but the first", "Singleprint, recomputed", "Singleprint, stored",
                  '<span class="badge fine">matches', '<span class="badge error">differs',
                  '<span class="badge warning">not computable'):  # fmt: skip
        assert words in page


def test_a_hash_without_another_is_not_red() -> None:
    fields = tuple(replace(field, status="not-computable", stored="") for field in FULL.fingerprint.fields[:1])
    page = render_audit_html(replace(FULL, fingerprint=replace(FULL.fingerprint, fields=fields)))
    assert '<span class="badge plain">nothing to compare with</span>' in page and "not computable" not in page


def test_sections_with_nothing_to_say_are_left_out() -> None:
    data = to_dict(FULL) | {"weights": None, "manifests": [], "waste": [], "not_read": []}
    page = render_audit_html(from_dict(AuditReport, data))
    for section in ("weights", "manifests", "waste", "not_read"):
        assert f'id="{section}"' not in page


def test_json_draws_the_same_page() -> None:
    assert render_audit_html(from_dict(AuditReport, to_dict(FULL))) == render_audit_html(FULL)


def test_contents_of_a_file_of_weights() -> None:
    page = render_audit_html(WEIGHTS)
    assert 'id="contents"' in page and 'id="fingerprint"' not in page
    for words in CONTENT_WORDS:
        assert words in page
    assert 'id="contents"' not in render_audit_html(FULL)


@pytest.mark.parametrize("audit", [FULL, WEIGHTS], ids=["model", "weights"])
@pytest.mark.parametrize("name", HOSTILE)
def test_nothing_of_a_name_acts(name: str, audit: AuditReport) -> None:
    page = re.sub(r"<(style|script)>.*?</\1>", "", render_audit_html(hostile(name, audit)), flags=re.DOTALL)
    assert "<script" not in page and "<img" not in page
    assert not re.search(r"[\x00-\x08\x1b\u202e\u2066\ud800-\udfff]", page)
    assert not re.search(r"\sstyle=|\son\w+=\"", page)
