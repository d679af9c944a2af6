"""The report as Markdown: short enough for GitHub, whole tables, and names that stay names."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from smanalyze.render.markdown import render_markdown
from smanalyze.render.markdown_escape import cell_code, cell_prose, code, fenced, prose
from smanalyze.render.visible import visible
from smanalyze.report.document import SECTIONS
from tests.render.sample import SAMPLES, full, huge

READER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
SUMMARY = re.compile(r"(<details>\n<summary>[^<>\n]*</summary>|</details>)\n?")
OURS = {"<!-- -->", "<br>"}


def tokens(page: str) -> list[Token]:
    """Every token of a page, those within lines too."""
    return [inner for token in READER.parse(page) for inner in (token, *(token.children or ()))]


def cells_of(line: str) -> int:
    """How many cells a row has: pipes that no backslash stands before."""
    return len(re.findall(r"(?<!\\)\|", line)) - 1


@pytest.mark.parametrize("name", SAMPLES)
def test_a_page_is_short_and_whole(name: str) -> None:
    page = render_markdown(SAMPLES[name]())
    assert len(page) < 60_000
    assert page.count("\n<details>\n") == page.count("\n</details>\n")
    width = 0
    fence = ""
    for line in page.split("\n"):
        if line.startswith("```"):
            fence = "" if fence == line[: len(fence)] and fence else line.rstrip("abcdefghijklmnopqrstuvwxyz")
        if not line.startswith("| ") or fence:
            width = 0
            continue
        width = width or cells_of(line)
        assert cells_of(line) == width


@pytest.mark.parametrize("name", SAMPLES)
def test_names_are_inert(name: str) -> None:
    for token in tokens(render_markdown(SAMPLES[name]())):
        assert token.type not in ("link_open", "image", "s_open")
        if token.type == "html_block":
            assert SUMMARY.fullmatch(token.content)
        if token.type == "html_inline":
            assert token.content in OURS


@given(st.text(st.one_of(st.characters(), st.sampled_from("`|\\<>*_[]()!#@:/.~$&-+1 \n")), max_size=30))
def test_any_text_is_read_back_as_it_was(text: str) -> None:
    shown = visible(text)
    spans = [token for token in tokens(code(text)) if token.type == "code_inline"]
    assert [span.content for span in spans] == ([shown] if shown else [])
    page = f"| a | b |\n| --- | --- |\n| {cell_code(text)} | {cell_prose(text)} |\n"
    parsed = tokens(page)
    assert sum(token.type == "td_open" for token in parsed) == 2
    assert not any(token.type.startswith(("link", "image", "em_", "strong", "s_")) for token in parsed)
    assert all(token.content in OURS for token in parsed if token.type.startswith("html"))
    assert [t.type for t in READER.parse(prose(text))] in ([], ["paragraph_open", "inline", "paragraph_close"])


def test_what_github_acts_on_is_broken() -> None:
    assert "@team" not in prose("ask @team") and "#12" not in prose("see #12")
    assert "://" not in prose("http://example.com") and "www." not in prose("www.example.com")
    assert prose("`serving_default` of a_b") == "`serving_default` of a_b"
    assert prose("an odd ` tick") == "an odd \\` tick"


def test_code_blocks_hold_any_code() -> None:
    assert fenced("a\n```\nb", "python") == "````python\na\n```\nb\n````"


def test_it_says_the_essentials_first() -> None:
    head = render_markdown(full())[:1500]
    for word in ("# `resnet50`", "2.15.0", "105 MB", "25,636,712", "`serving_default`", "Findings"):
        assert word in head


def test_only_the_sections_asked_for_are_there() -> None:
    page = render_markdown(replace(full(), sections=("signatures",)))
    assert "## Signatures" in page and "## Findings" not in page and "Variables" not in page
    everything = render_markdown(replace(full(), sections=SECTIONS))
    assert "```python\nimport tensorflow as tf" in everything


def test_what_is_left_out_is_said() -> None:
    assert re.search(r"\*… [\d,]+ more findings; see --format json or html\*", render_markdown(huge()))
