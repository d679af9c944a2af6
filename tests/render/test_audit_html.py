"""The audit as a page."""

from __future__ import annotations

import re

import pytest

from smanalyze.render.audit_html import TITLES, render_audit_html
from smanalyze.report.audit import AuditReport
from smanalyze.report.serialize import from_dict, to_dict
from tests.render.audit_sample import FULL, hostile
from tests.render.sample import HOSTILE


def test_every_section_is_there() -> None:
    page = render_audit_html(FULL)
    for section, title in TITLES.items():
        assert f'id="{section}"' in page
        assert f'<a href="#{section}">{title}' in page
    for words in ("the model has 21", "Two have one number.", "data at byte 12, 24 bytes", "stored twice", "list.json",
                  "weights.h5", "A change of these would not be noticed", "not computable", "ab" * 32):  # fmt: skip
        assert words in page


def test_sections_with_nothing_to_say_are_left_out() -> None:
    data = to_dict(FULL) | {"weights": None, "manifests": [], "waste": [], "not_read": []}
    page = render_audit_html(from_dict(AuditReport, data))
    for section in ("weights", "manifests", "waste", "not_read"):
        assert f'id="{section}"' not in page


def test_json_draws_the_same_page() -> None:
    assert render_audit_html(from_dict(AuditReport, to_dict(FULL))) == render_audit_html(FULL)


@pytest.mark.parametrize("name", HOSTILE)
def test_nothing_of_a_name_acts(name: str) -> None:
    page = re.sub(r"<(style|script)>.*?</\1>", "", render_audit_html(hostile(name)), flags=re.DOTALL)
    assert "<script" not in page and "<img" not in page
    assert not re.search(r"[\x00-\x08\x1b\u202e\u2066\ud800-\udfff]", page)
    assert not re.search(r"\sstyle=|\son\w+=\"", page)
