"""The page as text: whole, the same every time, and harmless."""

from __future__ import annotations

import base64
import hashlib
import html
import re
import unicodedata
from collections import Counter
from dataclasses import fields, is_dataclass, replace
from html.parser import HTMLParser
from typing import Any

import pytest

from smanalyze.render.html import SECTIONS, TITLES, render_html
from smanalyze.report.document import SECTIONS as REPORT_SECTIONS
from smanalyze.report.document import Report
from smanalyze.report.serialize import from_dict, to_dict
from tests.render.sample import SAMPLES, full, hostile, huge

VOID = {"meta", "link", "br", "input", "img", "hr"}


class Reader(HTMLParser):
    """Ids, links and attributes of a page, and the tags that do not nest."""

    def __init__(self, page: str) -> None:
        """Read the whole page."""
        super().__init__()
        self.ids: Counter[str] = Counter()
        self.links: set[str] = set()
        self.attributes: set[str] = set()
        self.tags: Counter[str] = Counter()
        self.misnested: list[str] = []
        self._open: list[str] = []
        self.feed(page)
        self.close()
        self.misnested += self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the tag and what it carries."""
        self.tags[tag] += 1
        if tag not in VOID:
            self._open.append(tag)
        for name, value in attrs:
            self.attributes.add(name)
            if name == "id":
                self.ids[value or ""] += 1
            if name in ("href", "src"):
                self.links.add(value or "")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """``<rect/>`` opens nothing."""
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        """Close the innermost tag, or note that another was meant."""
        if not self._open or self._open.pop() != tag:
            self.misnested.append(tag)


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    """Every sample, drawn."""
    return {name: render_html(make()) for name, make in SAMPLES.items()}


@pytest.mark.parametrize("name", SAMPLES)
def test_tags_nest_and_links_lead_somewhere(pages: dict[str, str], name: str) -> None:
    reader = Reader(pages[name])
    assert not reader.misnested
    assert [i for i, count in reader.ids.items() if count > 1] == []
    assert all(re.fullmatch(r"\S+", i) for i in reader.ids)
    inner = {link for link in reader.links if link.startswith("#")}
    assert {link for link in inner if link[1:] not in reader.ids} == set()
    assert all(link.startswith("data:image/svg+xml,") for link in reader.links - inner)


@pytest.mark.parametrize("name", SAMPLES)
def test_nothing_that_the_policy_would_refuse(pages: dict[str, str], name: str) -> None:
    reader = Reader(pages[name])
    assert not {a for a in reader.attributes if a.startswith("on") or a in ("style", "src", "srcset", "action")}
    assert reader.tags["script"] == reader.tags["style"] == 1
    assert not reader.tags.keys() & {"img", "iframe", "object", "embed", "form", "base", "video", "audio"}


def test_the_policy_names_the_digests_of_style_and_script(pages: dict[str, str]) -> None:
    policy = html.unescape(re.findall(r'Content-Security-Policy" content="([^"]*)"', pages["full"])[0])
    for tag in ("style", "script"):
        text = re.findall(rf"<{tag}>(.*?)</{tag}>", pages["full"], re.DOTALL)[0]
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy


def test_same_report_same_page(pages: dict[str, str]) -> None:
    assert render_html(full()) == pages["full"]


@pytest.mark.parametrize("name", ["full", "empty", "hostile"])
def test_json_draws_the_same_page(pages: dict[str, str], name: str) -> None:
    assert render_html(from_dict(Report, to_dict(SAMPLES[name]()))) == pages[name]


def test_hostile_names_are_spelled_out(pages: dict[str, str]) -> None:
    page = pages["hostile"]
    assert {c for c in page if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")} == {"\n"}
    assert "taken" in page
    assert set(Reader(page).tags) == set(Reader(pages["full"]).tags)
    assert "⟦U+202E⟧" in page
    assert "\\x1b[31m" in page
    assert len(page) < 3 * len(pages["full"])
    page.encode()


def test_a_huge_model_is_cut_and_says_so(pages: dict[str, str]) -> None:
    page = pages["huge"]
    assert len(page.encode()) < 4_000_000
    assert "<b>59,400 more</b> layers of 60,000" in page
    assert "<b>59,400 more</b> variables of 60,000" in page
    assert "<b>4,750 more</b> findings of 5,000" in page


def test_sections_that_were_not_asked_for_are_left_out() -> None:
    page = render_html(replace(full(), sections=("signatures", "ops")))
    assert set(re.findall(r'<section aria-labelledby="(\w+)"', page)) == {"signatures", "ops"}
    assert set(re.findall(r'<li><a href="#(\w+)"', page)) == {"signatures", "ops"}
    reader = Reader(page)
    assert {link for link in reader.links if link.startswith("#") and link[1:] not in reader.ids} == set()


def test_every_section_of_a_report_has_a_place_and_a_title() -> None:
    assert sorted(SECTIONS) == sorted(REPORT_SECTIONS) == sorted(TITLES)


@pytest.mark.parametrize("name", ["empty", "hollow"])
def test_empty_sections_say_so(pages: dict[str, str], name: str) -> None:
    for section in re.split(r"(?=<section )", pages[name])[1:]:
        assert 'class="empty"' in section


# What a page does not say: it is a view, and the JSON has it. Each with its reason.
UNSAID = {
    "Argument.text", "Structure.name",  # the tree says it; a tensor's name is its key in nearly every model
    "Layer.name",  # the end of its path
    "MetaGraphReport.tags",  # with one MetaGraph, the same as the model's
    "SizeBlock.label", "SizeBlock.name",  # drawn where there is room
}  # fmt: skip


def test_every_text_of_a_report_is_on_the_page() -> None:
    marks: dict[str, set[str]] = {}
    keep = {*REPORT_SECTIONS, "present", "absent", "not-fetched", "error", "warning", "note", "yes", "partly", "no",
            "unknown", "True"}  # fmt: skip

    def mark(value: Any, where: str) -> Any:
        if isinstance(value, str):
            if value in keep or where.partition(".")[2] in ("kind", "unit", "of", "encoding", "found"):
                return value
            text = f"{value}-m{sum(map(len, marks.values()))}"
            marks.setdefault(where, set()).add(text)
            return text
        if isinstance(value, tuple):
            return tuple(mark(item, where) for item in value)
        if is_dataclass(value) and not isinstance(value, type):
            name = type(value).__name__
            return replace(value, **{f.name: mark(getattr(value, f.name), f"{name}.{f.name}") for f in fields(value)})
        return value

    page = html.unescape(re.sub(r"</?code>|</?b>", "", render_html(mark(full(), ""))))
    unsaid = {where for where, texts in marks.items() if any(t.replace("`", "") not in page for t in texts)}
    assert unsaid == UNSAID


def test_the_huge_sample_is_huge() -> None:
    assert len(huge().meta_graphs[0].layers.rows) == 60_000
    assert hostile().model.path_name != full().model.path_name
