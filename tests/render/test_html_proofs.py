"""Badges of a verification on the page of a report."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from smanalyze.render.html import render_html
from smanalyze.render.html_proofs import Proofs
from smanalyze.report.findings import Location
from smanalyze.report.verify import Check, VerifyReport
from smanalyze.verify.answer import build_report
from tests.models import report_of
from tests.verify.observed import stored

BADGE = re.compile(r'<span class="badge \w+" title="([^"]*)">([✓✗○]) (V\d+)</span>')
NAME = "tables_and_assets"


def verified(name: str = NAME) -> VerifyReport:
    """What was seen of a model when testdata/observed was made."""
    return build_report(report_of(name), stored(name), (), "quick", frozenset())


@pytest.mark.parametrize("name", [NAME, "module_several_signatures", "nested_arguments", "names_japanese"])
def test_each_check_has_its_badge(name: str) -> None:
    """Where its row is on the page: these have one MetaGraph and are short."""
    proof = verified(name)
    page = render_html(report_of(name), proof)
    shown = [(code, mark) for _, mark, code in BADGE.findall(page)]
    marks = {"confirmed": "✓", "contradicted": "✗", "not tested": "○"}
    assert sorted(shown) == sorted((check.code, marks[check.status]) for check in proof.checks)


def test_a_meta_graph_without_tags_has_its_badges() -> None:
    check = Check("V101", Location(tag_set=""), "loads", "confirmed", "yes", "", "")
    assert Proofs(replace(verified(), checks=(check,))).of("graph", "", ()) == (check,)


def test_a_page_without_a_verification_has_none() -> None:
    assert not BADGE.search(render_html(report_of(NAME)))


def test_a_contradiction_says_both_sides() -> None:
    name = "module_one_signature"
    seen = stored(name)
    (load,) = seen.loads
    values = tuple(replace(one, crc32c="00000000") for one in load.values)
    proof = build_report(
        report_of(name), replace(seen, loads=(replace(load, values=values),)), (), "quick", frozenset()
    )
    titles = [title for title, mark, _ in BADGE.findall(render_html(report_of(name), proof)) if mark == "✗"]
    assert titles
    assert all(re.search(r"The report says \w{8}, TensorFlow has 00000000", title) for title in titles)
