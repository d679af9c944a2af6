"""Folding, cutting and tables: no line passes the width, whatever stands in it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from smanalyze.render.text import render_text
from smanalyze.render.text_columns import Column, draw_grid, draw_table
from smanalyze.render.text_page import Page, fold, middle
from smanalyze.render.visible import visible
from smanalyze.report.document import SECTIONS, Report
from tests.render.sample import SAMPLES

CODE_INDENT = 4


def code_lines(report: Report) -> set[str]:
    """The lines of snippets: they alone may pass the width, since a broken one is no code."""
    snippets = [found for g in report.meta_graphs for signature in g.signatures for found in signature.snippets]
    return {" " * CODE_INDENT + visible(line) for found in snippets for line in found.code.split("\n")}


NAMES = st.text(st.one_of(st.characters(), st.sampled_from("a/_.: 表é\u0301😀\ufe0f[]\x1b")), max_size=60)


@pytest.mark.parametrize("width", [20, 40, 60, 80, 120, 200])
@pytest.mark.parametrize("name", SAMPLES)
def test_no_line_passes_the_width(name: str, width: int) -> None:
    for line in render_text(SAMPLES[name](), width=width, color=False).split("\n"):
        assert cell_len(line) <= width
        assert line == line.rstrip(" ")
        assert line == visible(line)


@pytest.mark.parametrize("section", SECTIONS)
def test_no_line_of_a_section_alone_passes_the_width(section: str) -> None:
    for name in ("full", "hostile"):
        code = code_lines(SAMPLES[name]())
        for line in render_text(replace(SAMPLES[name](), sections=(section,)), width=72, color=False).split("\n"):
            assert cell_len(line) <= 72 or line in code


@given(NAMES.map(visible), st.integers(2, 30))
def test_folding_keeps_every_character_but_spaces(text: str, width: int) -> None:
    pieces = fold(text, width)
    assert "".join(pieces).replace(" ", "") == text.replace(" ", "")
    assert all(cell_len(piece) <= width for piece in pieces)


@given(NAMES.map(visible), st.integers(3, 30))
def test_the_middle_is_left_out_when_it_must_be(text: str, width: int) -> None:
    short = middle(text, width)
    assert cell_len(short) <= width
    assert short == text or "…" in short


def test_folding_prefers_separators() -> None:
    assert fold("encoder/attention/output", 20) == ["encoder/attention/", "output"]
    assert fold("(None, 2), (None, 3)", 12) == ["(None, 2), ", "(None, 3)"]


def test_folding_tears_neither_words_nor_numbers_where_there_is_a_space() -> None:
    assert fold("5 infinite", 9) == ["5 ", "infinite"]
    assert fold("1,234,567 infinite", 12) == ["1,234,567 ", "infinite"]
    assert fold("12 in 345,678,901", 13) == ["12 in ", "345,678,901"]
    assert fold("a 0.123456789", 9) == ["a ", "0.1234567", "89"], "it has no room in any line"
    assert fold("abcdefghijkl", 5) == ["abcde", "fghij", "kl"]


def test_code_is_never_broken() -> None:
    command = "curl -X POST http://localhost:8501/v1/m:predict -d '{\"a\": [0.0, 0.0, 0.0]}'"
    page = Page(44, color=False)
    page.code(f"{command}\n\necho", 2)
    assert page.text().splitlines() == [f"  {command}", "", "  echo"]


def test_a_table_gives_up_its_least_column_first() -> None:
    columns = (Column("name", give="fold", floor=10), Column("more", drop=1), Column("most", drop=2))
    page = Page(30, color=False)
    draw_table(page, columns, [("a_long_name", "x" * 10, "y" * 10)])
    assert page.text() == "  name         more\n  ───────────  ──────────\n  a_long_name  xxxxxxxxxx\n"


def test_figures_are_never_torn() -> None:
    """Others get narrower than their floor first; then figures go as a whole, the last ones first."""
    columns = (
        Column("name", give="fold", floor=10), Column("kind"), Column("a", right=True), Column("b", right=True),
    )  # fmt: skip
    row = ("abcdefghij", "klmnopqr", "-1.234e+05", "0.006962")
    for width, left in ((44, ("-1.234e+05", "0.006962")), (38, ("-1.234e+05", "0.006962")), (30, ("-1.234e+05",))):
        page = Page(width, color=False)
        draw_table(page, columns, [row])
        text = page.text()
        assert tuple(figure for figure in row[2:] if figure in text) == left, width
        assert "".join(line[2:8].strip() for line in text.splitlines()[2:]).startswith("abcdef")
        assert all(len(line) <= width for line in text.splitlines())
    page = Page(20, color=False)
    draw_table(page, [Column("n", right=True)], [("1" * 50,)])
    assert "1" * 18 in page.text(), "a lone column has nothing to go to"


def test_a_whole_name_stands_below_when_it_has_no_room_beside() -> None:
    columns = (Column("name"), Column("tensor", give="below"))
    page = Page(30, color=False)
    draw_table(page, columns, [("abcdefghij", "serving_default_image:0"), ("k", "serving:0")], head=False)
    assert page.text().splitlines() == ["  abcdefghij", "       serving_default_image:0", "  k           serving:0"]


def test_a_grid_is_read_downwards() -> None:
    page = Page(20, color=False)
    draw_grid(page, [("A", "3"), ("B", "2"), ("C", "1")])
    assert page.text().splitlines() == ["  3 A   2 B   1 C"]


def test_markup_of_rich_is_no_markup() -> None:
    page = Page(60, color=True)
    page.flow([("[bold red]x[/]", "name"), (":smiley:", "")])
    assert "[bold red]x[/]" in page.text() and ":smiley:" in page.text()
