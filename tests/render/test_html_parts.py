"""Ids, cuts and pictures."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smanalyze.render.html_filters import bar, finalize, prose, segments
from smanalyze.render.html_page import LIMITS, Page, anchor
from smanalyze.render.html_tree import branches, count_lines
from smanalyze.render.html_treemap import HEIGHT, Box, _squarify, tiles
from smanalyze.report.pictures import Picture, SizeBlock
from tests.render.sample import HOSTILE, full, hollow, huge


@given(st.lists(st.text(st.characters(codec=None)) | st.sampled_from(HOSTILE), unique=True))
def test_anchors_are_safe_and_apart(names: list[str]) -> None:
    anchors = [anchor("layer", "", name) for name in names]
    assert len(set(anchors)) == len(names)
    assert all(re.fullmatch(r"layer:[A-Za-z0-9._/:@,=+()\[\]~-]*", one) for one in anchors)
    assert all(len(one) < 120 for one in anchors)


def test_a_plain_name_is_its_own_anchor() -> None:
    assert anchor("variable", "", "dense/kernel:0") == "variable:dense/kernel:0"
    assert anchor("layer", "2", "layers[0]") == "layer:2:layers[0]"
    assert anchor("layer", "", "größe") == anchor("layer", "", "größe") != anchor("layer", "", "gruße")


def test_a_second_row_of_a_name_gets_another_id_and_the_link_leads_to_the_first() -> None:
    page = Page(full())
    assert page.claim("layer", "conv1") == page.href("layer", "conv1")[1:] == "layer:conv1"
    assert page.claim("layer", "conv1") == "layer:conv1~2"
    assert page.href("layer", "nobody") == ""
    assert page.href("signature|callable", "__call__") == "#callable:__call__"


def test_rows_beyond_the_limit_are_no_targets() -> None:
    report = huge()
    page = Page(report)
    rows = report.meta_graphs[0].layers.rows
    limit = LIMITS["layer"][0]
    assert page.href("layer", rows[limit - 1].path)
    assert not page.href("layer", rows[limit].path)
    cut = page.cut("layer", rows)
    assert (len(cut.rows), cut.more, cut.total) == (limit, len(rows) - limit, len(rows))


def test_lists_run_out_within_a_section_and_start_again_in_the_next() -> None:
    page = Page(full())
    names = tuple(str(i) for i in range(10_000))
    for _ in range(1_000):
        last = page.cut("name", names)
    assert (len(last.rows), last.more) == (0, 10_000)
    page.begin("ops")
    assert len(page.cut("name", names).rows) == LIMITS["name"][0]


def test_several_meta_graphs_are_told_apart() -> None:
    assert [graph.title for graph in Page(hollow()).graphs] == ["MetaGraph 1: no tags", "MetaGraph 2: no tags"]
    assert [graph.title for graph in Page(full()).graphs] == [""]


def test_a_deep_argument_is_walked_without_recursion() -> None:
    argument = huge().meta_graphs[0].signatures[0].arguments[0]
    assert count_lines(argument) == len(list(branches(argument)))
    deep = huge().meta_graphs[0].callables[0].traces[0].arguments[0]
    lines = list(branches(deep))
    assert count_lines(deep) == len(lines) > 3_000
    assert [line.depth for line in lines[:3]] == [0, 1, 2]


def test_an_argument_line_by_line() -> None:
    lines = list(branches(full().meta_graphs[0].signatures[0].arguments[0]))
    assert [(line.depth, line.key, line.kind, line.text) for line in lines] == [
        (0, "inputs", "dict", ""),
        (1, "image", "tensor", "float32 (None, 224, 224, 3)"),
        (1, "boxes", "tuple", ""),
        (2, "[0]", "type spec", "RaggedTensorSpec"),
        (3, "shape", "shape", "(None, None)"),
        (3, "dtype", "dtype", "int64"),
        (2, "[1]", "int", "3"),
        (2, "[2]", "none", ""),
    ]


@given(st.lists(st.floats(1e-6, 1), min_size=1, max_size=60))
def test_boxes_fill_the_picture_by_their_shares(shares: list[float]) -> None:
    shares = sorted(shares, reverse=True)
    boxes = _squarify(shares, Box(0, 0, 1000, 400))
    assert len(boxes) == len(shares)
    for share, box in zip(shares, boxes, strict=True):
        assert box.width * box.height == pytest.approx(share / sum(shares) * 400_000, rel=1e-6, abs=1e-3)
        assert -1e-6 <= box.x <= box.x + box.width <= 1000 + 1e-6
        assert -1e-6 <= box.y <= box.y + box.height <= 400 + 1e-6


@pytest.mark.parametrize("shares", [[], [0.0], [0.0, 0.0], [1.0, 0.0]])
def test_nothing_to_draw_is_drawn_small(shares: list[float]) -> None:
    assert len(_squarify(shares, Box(0, 0, 1000, 400))) == len(shares)


def test_tiles_stand_inside_their_group() -> None:
    children = tuple(SizeBlock(f"kernel{i}", f"layer/kernel{i}", 25, 0.125) for i in range(4))
    folded = SizeBlock("12 more", "", 100, 0.5, folded=12)
    drawn = tiles(Picture("bytes", "variable", 200, (SizeBlock("layer", "layer", 100, 0.5, children), folded)))
    assert [tile.level for tile in drawn] == [0, 1, 1, 1, 1, 1]
    assert drawn[1].title == "layer/kernel0: 25 bytes, 12.5 %"
    assert drawn[-1].tone == "tone-rest"
    assert all(0 <= float(tile.y) + float(tile.height) <= HEIGHT for tile in drawn)


def test_what_a_template_writes() -> None:
    assert finalize("a\u202e") == "a⟦U+202E⟧"
    assert finalize(1234567) == "1,234,567"
    assert "99,760 more characters" in finalize("x" * 100_000)
    for mistake in (None, True, 1.5, ("a",)):
        with pytest.raises(TypeError):
            finalize(mistake)


def test_prose_sets_backticks_as_code() -> None:
    assert prose("ask `<b>` and `x") == "ask <code>&lt;b&gt;</code> and `x"


def test_bars() -> None:
    assert [bar(0, 10), bar(1, 10**9), bar(5, 10), bar(10, 10), bar(3, 0)] == ["0%", "0%", "50.0%", "100.0%", "0%"]
    pieces = segments(full().model.sizes, "bytes")
    assert pieces[0].x == "0.00%"
    assert segments((), "bytes") == ()
