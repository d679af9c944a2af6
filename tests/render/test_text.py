"""The report as terminal text: what stands where, for people in a hurry and for those who are not."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

import smanalyze
from smanalyze.render.html import render_html
from smanalyze.render.markdown import render_markdown
from smanalyze.render.text import render_text
from smanalyze.render.visible import visible_lines
from smanalyze.report.document import SECTIONS
from tests.conftest import TESTDATA
from tests.render.sample import SAMPLES, full, huge

ESCAPE = re.compile(r"\x1b\[[\d;]*m")


def lines(width: int = 80, sections: tuple[str, ...] = SECTIONS) -> list[str]:
    """The full sample without colour."""
    return render_text(replace(full(), sections=sections), width=width, color=False).splitlines()


def test_the_first_fifteen_lines_tell_the_essentials() -> None:
    head = "\n".join(lines()[:15])
    model = full().model
    for word in (model.path_name, "2.15.0", model.writer.name, "105 MB", "25,636,712", "serving_default", "findings"):
        assert word in head


def test_sections_stand_in_their_order() -> None:
    titles = ("Findings", "Signatures", "Functions", "Layers", "Variables", "Assets and tables", "Ops", "Reuse")
    text = lines()
    heads = [text[i - 1].split(" (")[0] for i, line in enumerate(text) if line and set(line) == {"─"}]
    assert [title for title in heads if not title.startswith("Findings")] == [*titles[1:], "Not read"]
    assert next(title for title in heads).startswith("Findings")


@pytest.mark.parametrize("section", SECTIONS)
def test_a_section_alone_is_the_only_one(section: str) -> None:
    text = "\n".join(lines(sections=(section,)))
    rules = [line for line in text.splitlines() if line and set(line) == {"─"}]
    assert len(rules) == (0 if section == "model" else 1)
    assert text.startswith(full().model.path_name)


def test_a_left_out_section_is_not_there() -> None:
    text = "\n".join(lines(sections=tuple(name for name in SECTIONS if name != "ops")))
    assert "\nOps\n" not in text and "\nReuse\n" in text


def test_colour_changes_nothing_but_colour() -> None:
    for make in SAMPLES.values():
        plain = render_text(make(), width=80, color=False)
        coloured = render_text(make(), width=80, color=True)
        assert "\x1b" not in plain
        assert ESCAPE.sub("", coloured) == plain
    assert "\x1b[" in coloured


def test_a_signature_shows_its_tensors_whole() -> None:
    for width in (80, 120):
        text = lines(width)
        for name in ("serving_default_image:0", "serving_default_boxes_1:0", "StatefulPartitionedCall:0"):
            assert any(line.endswith(name) for line in text)
    assert "    in   image          float32       (None, 224, 224, 3)" in "\n".join(lines())


def test_code_is_shown_with_the_signatures_alone() -> None:
    assert any(line.strip() == "import tensorflow as tf" for line in lines(sections=("signatures",)))
    assert not any(line.strip() == "import tensorflow as tf" for line in lines())


@pytest.mark.parametrize("width", [20, 80, 300])
@pytest.mark.parametrize("name", ["full", "hostile"])
def test_code_is_printed_as_it_is(name: str, width: int) -> None:
    report = SAMPLES[name]()
    text = render_text(replace(report, sections=("signatures",)), width=width, color=False)
    snippets = [found for g in report.meta_graphs for signature in g.signatures for found in signature.snippets]
    assert snippets or name == "hostile"
    for found in snippets:
        whole = "".join(f"    {line}".rstrip() + "\n" for line in visible_lines(found.code).split("\n"))
        assert whole in text


def test_long_lists_are_cut_and_say_so() -> None:
    text = render_text(huge(), width=80, color=False)
    assert "… 59,976 more variables; see --format json or html" in text
    assert len(text.splitlines()) < 1500
    alone = render_text(replace(huge(), sections=("variables",)), width=80, color=False)
    assert "… 55,000 more variables" in alone


def test_a_wide_page_has_more_columns() -> None:
    assert "checkpoint key" not in "\n".join(lines(80))
    assert "checkpoint key" in "\n".join(lines(240))


def test_the_same_report_gives_the_same_bytes() -> None:
    assert render_text(full(), width=100, color=True) == render_text(full(), width=100, color=True)


def test_what_only_a_graph_tells_is_not_none_where_there_is_no_graph(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(TESTDATA / "broken" / "utf8_mangled_pb", tmp_path / "model"))
    (folder / "assets").mkdir()
    (folder / "assets" / "words.txt").write_text("x")
    report = smanalyze.analyze(smanalyze.load(folder))
    text, page, sheet = render_text(report, width=80, color=False), render_html(report), render_markdown(report)
    assert re.search(r"signatures +not known", text)
    assert not re.search(r"(parameters|signatures) +none", text)
    assert "<dt>Signatures</dt><dd>?</dd>" in page
    assert "Not known: the graph was not read." in page
    assert "undeclared" not in text + page + sheet
