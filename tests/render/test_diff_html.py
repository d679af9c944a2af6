"""The diff as a page."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from smanalyze.render.diff_html import TITLES, render_diff_html
from smanalyze.report.diff import DiffReport
from smanalyze.report.serialize import from_dict, to_dict
from tests.render.diff_sample import ENDS, FULL, SAME, SAMPLES, hostile
from tests.render.sample import HOSTILE
from tests.render.test_html import Reader

EVERY = {**SAMPLES, **{f"hostile {place}": hostile(text) for place, text in enumerate(HOSTILE)}}


def _plain(page: str) -> str:
    """The words of a page."""
    page = re.sub(r"<(style|script)>.*?</\1>", "", page, flags=re.DOTALL)
    text = re.sub(r"<[^>]+>", " ", page).replace("&#39;", "'").replace("&gt;", ">").replace("&lt;", "<")
    return " ".join(text.split())


def test_everything_is_told() -> None:
    page = render_diff_html(FULL)
    text = _plain(page)
    for section, title in TITLES.items():
        assert f'id="{section}"' in page
        assert f'<a href="#{section}">{title}' in page
    for words in ENDS:
        assert words in text or words in ("ranker (version 7)", "build")
    assert "ranker (version 7) → build" in text


def test_sections_with_nothing_to_say_are_left_out() -> None:
    page = render_diff_html(SAME)
    told = {section for section in TITLES if f'id="{section}"' in page}
    assert told == {"normalised", "sides"}
    assert "No findings" in page and SAME.summary.replace("'", "&#39;") in page


def test_json_draws_the_same_page() -> None:
    for report in (FULL, SAME):
        assert render_diff_html(from_dict(DiffReport, to_dict(report))) == render_diff_html(report)


def test_a_finding_has_an_address_that_stays() -> None:
    page = render_diff_html(FULL)
    for finding in FULL.findings:
        assert f'id="f-{finding.id}"' in page
    assert '<a href="#f-000000000001">Why</a>' in page  # what decides the version
    again = render_diff_html(replace(FULL, findings=FULL.findings[2:]))
    assert 'id="f-000000000003"' in again and '<a href="#f-000000000001">' not in again


def test_findings_stand_by_severity_and_area() -> None:
    text = _plain(render_diff_html(FULL))
    heads = re.findall(r"(?:signatures|program|container) \d+ (?:error|warning|note)s?", text)
    assert heads == ["signatures 2 errors", "program 1 error", "container 1 note"]


def test_the_switch_knows_whom_a_finding_concerns() -> None:
    page = render_diff_html(FULL)
    assert page.count('type="radio"') == 5
    classes = re.findall(r'<article class="finding ([^"]*)"', page)
    assert classes == [
        "error for-serving for-python for-keras", "error for-serving",
        "error for-serving for-python for-keras for-security", "note for-serving for-python for-keras for-security",
    ]  # fmt: skip
    for audience, row in FULL.audiences.rows():
        assert f'id="show-{audience}"' in page and (row.in_force or "not judged for" in page)


def test_colour_is_never_alone() -> None:
    text = _plain(render_diff_html(FULL))
    minus = "\N{MINUS SIGN}"
    for words in ("≠ interface changed", "= objects equal", "? weights not known", "+ added", f"{minus} removed",
                  "~ changed", "~ renamed", "~ fed by others", "? not compared", f"{minus} Relu"):  # fmt: skip
        assert words in text


def test_equal_nodes_are_one_line() -> None:
    text = _plain(render_diff_html(FULL))
    assert "… 31 equal nodes, 14 of them downstream of a change …" in text
    assert "6 more changed nodes, counted and not listed." in text
    assert "_XlaMustCompile (none) → true" in text


def test_figures_sort_as_numbers() -> None:
    page = render_diff_html(FULL)
    assert 'data-v="0.125">12.5 %' in page and 'data-v="0.031">0.031' in page and 'data-v="0.99951">0.99951' in page
    bare = replace(FULL, weights=replace(FULL.weights, tensors=FULL.weights.tensors[2:]))
    assert "‖Δ‖/‖w‖</th>" in page and "‖Δ‖/‖w‖</th>" not in render_diff_html(bare)


def test_reach_leads_to_signatures() -> None:
    page = render_diff_html(replace(FULL, signatures=FULL.signatures[2:]))
    assert 'href="#signature:serving_default"' not in page
    named = replace(FULL.signatures[2], old_key="serving_default", new_key="serving_default")
    assert 'href="#signature:serving_default"' in render_diff_html(replace(FULL, signatures=(named,)))


def test_what_is_left_out_is_counted() -> None:
    page = render_diff_html(SAMPLES["huge"])
    for what in ("findings", "signatures", "tensors", "functions", "changed nodes", "variables", "layers", "files"):
        assert re.search(rf"<b>[\d,]+ more</b> {what} of", page), what
    assert len(page) < 4_000_000


@pytest.mark.parametrize("name", EVERY)
def test_tags_nest_and_links_lead_somewhere(name: str) -> None:
    reader = Reader(render_diff_html(EVERY[name]))
    assert not reader.misnested
    assert [i for i, count in reader.ids.items() if count > 1] == []
    assert all(re.fullmatch(r"\S+", i) for i in reader.ids)
    inner = {link for link in reader.links if link.startswith("#")}
    assert {link for link in inner if link[1:] not in reader.ids} == set()
    assert all(link.startswith("data:image/svg+xml,") for link in reader.links - inner)


@pytest.mark.parametrize("name", HOSTILE)
def test_nothing_of_a_name_acts(name: str) -> None:
    page = re.sub(r"<(style|script)>.*?</\1>", "", render_diff_html(hostile(name)), flags=re.DOTALL)
    assert "<script" not in page and "<img" not in page
    assert not re.search(r"[\x00-\x08\x1b\u202e\u2066\ud800-\udfff]", page)
    assert not re.search(r"\sstyle=|\son\w+=\"", page)
