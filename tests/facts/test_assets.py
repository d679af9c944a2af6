"""Assets and lookup tables."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import smanalyze
from tests.models import GOOD, each_model, folder_of, report_of

ASSETS = [
    # model, file, size, presence, declared in, tables it fills, signatures that need it
    ("tables_and_assets", "vocab.txt", 15, "present", "asset_file_def", ("ids",), ("serving_default",)),
    ("tables_and_assets", "greeting.txt", 14, "present", "asset_file_def", (), ("greet",)),
    ("undeclared_asset", "stray.txt", 20, "present", "", (), ()),
    ("missing_asset", "vocab.txt", None, "absent", "asset_file_def", ("ids",), ("serving_default",)),
    (
        "tf1_builder_multi_metagraph", "vocab.txt", 9, "present", "saved_model_assets", ("vocabulary",),
        ("predict", "regression", "serving_default"),
    ),
    ("asset_escapes", "../../etc/passwd", None, "absent", "asset_file_def", (), ("greet",)),
    ("asset_escapes", "/etc/passwd", None, "absent", "asset_file_def", ("ids",), ("serving_default",)),
]  # fmt: skip


@pytest.mark.parametrize("row", ASSETS, ids=[f"{row[0]}-{row[1]}" for row in ASSETS])
def test_assets(row: tuple[object, ...]) -> None:
    name, filename, size, presence, declared_in, initializes, used_by = row
    (asset,) = [asset for asset in report_of(str(name)).assets if asset.filename == filename]
    assert (asset.size, asset.presence, asset.declared_in) == (size, presence, declared_in)
    assert (asset.initializes, asset.used_by) == (initializes, used_by) or name == "asset_escapes"


@each_model
def test_every_file_below_assets_has_a_row(name: str) -> None:
    report = report_of(name)
    if report.model.found != "saved_model":
        return
    there = {str(path.relative_to(folder_of(name) / "assets")) for path in (folder_of(name) / "assets").rglob("*")}
    assert {asset.filename for asset in report.assets if asset.presence == "present"} == there
    assert [asset.filename for asset in report.assets] == sorted(asset.filename for asset in report.assets)


TABLES = [
    # model, table, op, key, value, content
    ("tables_and_assets", "ids", "HashTableV2", "string", "int64", "asset"),
    ("tables_and_assets", "buckets", "HashTableV2", "string", "int64", "constants"),
    ("tables_and_assets", "prices", "MutableHashTableV2", "string", "float32", "checkpoint"),
    ("tf1_builder_multi_metagraph", "vocabulary", "HashTableV2", "string", "int64", "asset"),
]


@pytest.mark.parametrize("row", TABLES, ids=[row[1] for row in TABLES])
def test_tables(row: tuple[str, ...]) -> None:
    name, table, *rest = row
    (found,) = [found for found in report_of(name).meta_graphs[0].tables if found.name == table]
    assert [found.op, found.key_dtype, found.value_dtype, found.content] == rest


def test_an_asset_that_is_a_pointer_is_not_fetched(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(GOOD / "tables_and_assets", tmp_path / "model"))
    (folder / "assets" / "vocab.txt").write_bytes(b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n")
    report = smanalyze.analyze(smanalyze.load(folder))
    assert [(asset.filename, asset.presence) for asset in report.assets] == [
        ("greeting.txt", "present"), ("vocab.txt", "not-fetched"),
    ]  # fmt: skip
    assert ("assets", "not-fetched") in [(part.part, part.presence) for part in report.model.sizes]


def test_an_asset_of_a_lone_file_is_elsewhere(tmp_path: Path) -> None:
    """Not absent: nobody looked."""
    shutil.copy(GOOD / "tables_and_assets" / "saved_model.pb", tmp_path)
    report = smanalyze.analyze(smanalyze.load(tmp_path / "saved_model.pb"))
    assert {asset.presence for asset in report.assets} == {"not-fetched"}
