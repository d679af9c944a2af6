"""Pictures of size: blocks that add up, and few enough to see."""

from __future__ import annotations

from dataclasses import replace

import pytest

from smanalyze.facts.pictures import MAX_CHILDREN, MAX_GROUPS, build_pictures
from smanalyze.report.pictures import SizeBlock
from tests.models import each_model, report_of, variable_of


def _check(blocks: tuple[SizeBlock, ...], total: int, of: int) -> None:
    assert sum(block.value for block in blocks) == total
    values = [block.value for block in blocks if not block.folded]
    assert values == sorted(values, reverse=True)
    for block in blocks:
        assert block.share == pytest.approx(block.value / of)
        assert block.label
        if block.children:
            _check(block.children, block.value, of)


@each_model
def test_blocks_add_up(name: str) -> None:
    report = report_of(name)
    for picture in (report.pictures.variables_by_layer, report.pictures.ops_by_kind):
        if picture is not None:
            _check(picture.blocks, picture.total, picture.total)
            assert len(picture.blocks) <= MAX_GROUPS
    by_layer = report.pictures.variables_by_layer
    stored = sum(row.size for row in report.variables if row.checkpoint_keys)
    assert (by_layer.total if by_layer else 0) == stored
    ops = report.pictures.ops_by_kind
    assert (ops.total if ops else 0) == sum(graph.ops.total for graph in report.meta_graphs)


def test_small_blocks_are_folded() -> None:
    row = variable_of("module_one_signature", "kernel")
    rows = [replace(row, name=f"layer{i}/w", layer=f"layer{i}", size=1000 - i) for i in range(MAX_GROUPS + 10)]
    rows += [replace(row, name=f"big/w{i}", layer="big", size=5000) for i in range(MAX_CHILDREN + 5)]
    picture = build_pictures(tuple(rows), ()).variables_by_layer
    assert picture is not None
    assert len(picture.blocks) == MAX_GROUPS
    assert picture.blocks[0].label == "big"
    assert picture.blocks[0].children[-1].folded == 6
    assert picture.blocks[-1].folded == 12
    assert picture.blocks[-1].label == "12 more"
    _check(picture.blocks, sum(row.size for row in rows), picture.total)


def test_nothing_to_draw() -> None:
    pictures = build_pictures((), ())
    assert (pictures.variables_by_layer, pictures.ops_by_kind) == (None, None)


def test_copies_stand_apart() -> None:
    picture = report_of("keras3_export").pictures.variables_by_layer
    assert picture is not None
    assert {block.label: block.value for block in picture.blocks} == {
        "second copies": 284, "conv": 160, "norm": 64, "classes": 60, "seed_generator": 16,
    }  # fmt: skip
