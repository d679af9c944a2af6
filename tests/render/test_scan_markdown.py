"""The scan as Markdown."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from smanalyze.render.markdown_sheet import LIMIT
from smanalyze.render.scan_markdown import render_scan_markdown
from tests.render.sample import HOSTILE
from tests.render.scan_sample import CLEAN, FULL, WORDS, WRITES, hostile


def test_it_says_what_the_text_says() -> None:
    text = render_scan_markdown(FULL)
    assert text.splitlines()[2] == "❌ **acts-at-load.** Loading it writes a file."
    for words in WORDS:
        assert words in text.replace("\\_", "_"), words
    assert "Entry 1 (finding 999999999999) fits no finding." in text
    assert "- Path: the init op of tags serve → node PartitionedCall → function \\_\\_inference_init_10 →" in text


def test_a_clean_model_is_a_few_lines() -> None:
    text = render_scan_markdown(CLEAN)
    assert text.startswith("# `clean`\n\n✅ **clean.** It does nothing beside computing.\n\nExpected, and")
    assert "##" not in text and "<details>" not in text


def test_many_findings_are_cut() -> None:
    many = tuple(replace(WRITES, id=f"{number:012x}") for number in range(200))
    text = render_scan_markdown(replace(FULL, findings=many))
    assert len(text) < LIMIT
    assert "… 160 more findings" in text
    assert "*… 180 more*" in text


@pytest.mark.parametrize("name", HOSTILE)
def test_names_are_inert(name: str) -> None:
    text = render_scan_markdown(hostile(name))
    assert len(text) < LIMIT
    assert text.count("<details>") == text.count("</details>")
    assert not re.search(r"(?<!\\)<(script|img)", re.sub(r"`[^`]*`", "", text))
    assert "\x1b" not in text and "\u202e" not in text
