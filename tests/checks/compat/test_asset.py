"""Assets that came, went, or hold something else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from smanalyze.report.diff import Severities
from tests.checks.compat.helpers import (
    Cases,
    Maker,
    changed,
    check_case,
    edited,
    every,
    found,
    mirrored,
    one,
    pair,
    params,
    rules_of,
    same,
    with_files,
)
from tests.checks.helpers import TESTDATA, Change, add_const, graph

TABLES = "tables_and_assets"
OLD_PAIR = TESTDATA / "pairs" / "change_asset_line" / "old"
VOCABULARY = (OLD_PAIR / "assets" / "vocab.txt").read_bytes()


def written(content: bytes) -> Maker:
    """The model of change_asset_line, and the same with another vocabulary."""
    return with_files(lambda folder: (OLD_PAIR, OLD_PAIR), new={"assets/vocab.txt": content})


def undeclared(message: object) -> None:
    """Takes the declaration of the first asset away."""
    del message.meta_graphs[0].asset_file_def[0]  # type: ignore[attr-defined]


def declared(count: int) -> Change:
    """Declares more assets, and constants of their names."""

    def change(message: Any) -> None:
        for number in range(count):
            name = f"more_{number}.txt"
            add_const(graph(message), f"more_{number}", name.encode())
            declaration = message.meta_graphs[0].asset_file_def.add(filename=name)
            declaration.tensor_info.name = f"more_{number}:0"

    return change


FEW, MANY = (changed(lambda folder: (OLD_PAIR, OLD_PAIR), new=[declared(count)]) for count in (5, 6))
GONE = changed(lambda folder: (OLD_PAIR, OLD_PAIR), new=[undeclared])
LOST = with_files(lambda folder: (OLD_PAIR, OLD_PAIR), new={"assets/vocab.txt": None})
LONGER = written(VOCABULARY + b"violet\n")
REORDERED = written(b"\n".join(reversed(VOCABULARY.split())) + b"\n")
BINARY = written(b"\0" + VOCABULARY)

TABLE: dict[str, Cases] = {
    "asset-removed": Cases(
        fires={"declaration": GONE, "many": mirrored(MANY)},
        silent={"file": LOST, "added": mirrored(GONE), "content": LONGER},
    ),
    "asset-added": Cases(fires={"declaration": mirrored(GONE), "many": MANY}, silent={"gone": GONE, "content": LONGER}),
    "asset-missing": Cases(
        fires={"file": LOST},
        silent={
            "came": mirrored(LOST),
            "lost on both sides": with_files(LOST, old={"assets/vocab.txt": None}),
            "content": LONGER,
            "gone": GONE,
        },
    ),
    "asset-content-changed": Cases(
        fires={
            "pair": pair("change_asset_line"),
            "back": mirrored(pair("change_asset_line")),
            "order": REORDERED,
            "binary": BINARY,
        },
        silent={
            "same": written(VOCABULARY),
            "lost": LOST,
            "body": pair("change_relu_to_gelu"),
            "undeclared": with_files(same("undeclared_asset"), new={"assets/notes.txt": b"other"}),
        },
    ),
}


@pytest.mark.parametrize(("rule", "maker", "fires"), params(TABLE))
def test_case(rule: str, maker: Maker, fires: bool, tmp_path: Path) -> None:
    check_case(rule, maker, fires, tmp_path)


def test_a_vocabulary_that_outgrew_its_embedding_is_an_error(tmp_path: Path) -> None:
    finding = one(pair("change_asset_line"), tmp_path, "asset-content-changed")
    assert finding.message == (
        "vocab.txt has 4 lines, and had 3 (1 added, 0 removed); that no longer fits the variable rows (4 rows)."
    )
    assert finding.severities == Severities("error", "error", "error", "note")
    assert finding.evidence[0] == "+ yellow"
    assert finding.reach == ("serving_default", "ids")


def test_a_vocabulary_of_as_many_lines_is_a_warning(tmp_path: Path) -> None:
    finding = one(REORDERED, tmp_path, "asset-content-changed")
    assert finding.message == "vocab.txt has other content (the same lines in another order)."
    assert finding.severities.serving == "warning"


def test_a_table_that_demands_a_number_of_lines_is_an_error(tmp_path: Path) -> None:
    """`vocab_size` of the op that fills the table (tensorflow/core/kernels/lookup_util.cc)."""

    def sized(message: object) -> None:
        for body in message.meta_graphs[0].graph_def.library.function:  # type: ignore[attr-defined]
            for item in body.node_def:
                if item.op == "InitializeTableFromTextFileV2":
                    item.attr["vocab_size"].i = 2

    vocabulary = next((TESTDATA / "models" / TABLES / "assets").glob("*ocab*"))
    lines = vocabulary.read_bytes().splitlines(keepends=True)
    two: dict[str, bytes | None] = {f"assets/{vocabulary.name}": b"".join(lines[:2])}
    three: dict[str, bytes | None] = {f"assets/{vocabulary.name}": b"".join(lines[:2]) + b"more\n"}
    maker = with_files(edited(TABLES, old=[sized], new=[sized]), old=two, new=three)
    finding = one(maker, tmp_path, "asset-content-changed")
    assert finding.severities.serving == "error" and "the size of the table (2 rows)" in finding.message


def test_a_missing_asset_stops_the_model(tmp_path: Path) -> None:
    finding = one(LOST, tmp_path, "asset-missing")
    assert finding.message == "The asset vocab.txt is declared and not there."
    assert finding.severities == Severities("error", "error", "error", "warning")
    assert "fills the table ids" in finding.evidence


def test_what_a_pointer_stands_for_is_not_compared(tmp_path: Path) -> None:
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 15\n"
    assert rules_of(TABLE, every(written(pointer), tmp_path)) == []


def test_many_assets_of_one_kind_are_one_finding(tmp_path: Path) -> None:
    finding = one(MANY, tmp_path / "many", "asset-added")
    assert finding.message == "6 assets are new: more_0.txt, more_1.txt, more_2.txt and 3 more."
    assert finding.reach == tuple(f"assets/more_{number}.txt" for number in range(6))
    gone = one(mirrored(MANY), tmp_path / "gone", "asset-removed")
    assert (gone.reach, gone.where.file) == (finding.reach, "assets/")
    assert len(found(FEW, tmp_path / "few", "asset-added")) == 5
