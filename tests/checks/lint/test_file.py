"""Rules about the files themselves."""

from __future__ import annotations

from pathlib import Path

import pytest

from smanalyze.checks.litter import litter
from tests.checks.helpers import (
    TESTDATA,
    Cases,
    Maker,
    broken,
    check_case,
    flipped_index,
    good,
    one,
    params,
    with_files,
)  # fmt: skip

BASE = "module_one_signature"
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 12345\n"


INDEX_BYTES = (TESTDATA / "models" / BASE / "variables/variables.index").read_bytes()

TABLE = {
    "lfs-pointer": Cases(
        {"graph": broken("lfs_pointer_pb"), "variables": broken("lfs_pointer_variables"),
         "asset": with_files(good("tables_and_assets"), {"assets/vocab.txt": POINTER}),
         "fingerprint": with_files(good(BASE), {"fingerprint.pb": POINTER})},
        {"whole": good("tables_and_assets"), "missing": broken("missing_shard"),
         "undeclared_asset": with_files(good("tables_and_assets"), {"assets/other.txt": POINTER})},
    ),
    "part-left-out": Cases(
        {"too_many_shards": broken("index_hostile_header"),
         "first_format": with_files(
             good(BASE), {"variables/variables.index": None, "variables/variables": INDEX_BYTES})},
        {"whole": good(BASE), "damaged": broken("index_bad_crc"), "pointer": broken("lfs_pointer_pb")},
    ),
    "unreadable-part": Cases(
        {"cut": broken("truncated_pb"), "mangled": broken("utf8_mangled_pb"), "empty": broken("empty_pb"),
         "graph_def": broken("pbtxt_is_graphdef"), "index": broken("index_bad_crc"),
         "metadata": broken("keras_metadata_garbage"), "warmup": with_files(
             good("warmup"), {"assets.extra/tf_serving_warmup_requests": b"no record at all"})},
        {"whole": good(BASE), "pointer": broken("lfs_pointer_pb"), "missing_shard": broken("missing_shard"),
         "cut_shard": broken("truncated_shard"), "newer_schema": broken("pb_unknown_fields"),
         "limit": broken("index_hostile_header")},
    ),
    "several-model-files": Cases(
        {"pb_and_text": with_files(good(BASE), {"saved_model.pbtxt": b"saved_model_schema_version: 1"})},
        {"pb": good(BASE), "text": good("module_pbtxt"), "litter": broken("appledouble_litter")},
    ),
    "stray-file": Cases(
        {"macos": broken("appledouble_litter")}, {"clean": good("warmup"), "assets": good("undeclared_asset")}
    ),
}  # fmt: skip


@pytest.mark.parametrize(("rule", "maker", "fires"), params(TABLE))
def test_case(rule: str, maker: Maker, fires: bool, tmp_path: Path) -> None:
    check_case(rule, maker, fires, tmp_path)


def test_a_part_that_tensorflow_does_not_need_is_a_warning(tmp_path: Path) -> None:
    assert one(broken("fingerprint_garbage"), tmp_path, "unreadable-part").severity == "warning"
    assert one(broken("truncated_pb"), tmp_path, "unreadable-part").severity == "error"


def test_an_asset_pointer_is_called_an_asset(tmp_path: Path) -> None:
    finding = one(with_files(good("tables_and_assets"), {"assets/vocab.txt": POINTER}), tmp_path, "lfs-pointer")
    assert (finding.severity, finding.where.file, finding.evidence) == (
        "error", "assets/vocab.txt", ("assets/vocab.txt: asset",),
    )  # fmt: skip


def test_what_was_left_out_is_a_note_and_says_what_to_do(tmp_path: Path) -> None:
    finding = one(broken("index_hostile_header"), tmp_path, "part-left-out")
    assert (finding.severity, finding.where.file) == ("note", "variables/variables.index")
    assert "install" in finding.fix and "copy" not in finding.fix


def test_why_is_true_of_parts_that_tensorflow_does_not_need(tmp_path: Path) -> None:
    """TensorFlow 2.21 loads a model whose fingerprint.pb is garbage, or whose metaindex block was changed."""
    why = one(broken("fingerprint_garbage"), tmp_path, "unreadable-part").why
    assert "cannot read it either" not in why
    assert "loads it all the same: in a report that is a warning, in an audit an error" in why


def test_a_file_that_a_damaged_index_names_is_told_with_the_index(tmp_path: Path) -> None:
    finding = one(flipped_index(4, 8), tmp_path, "unreadable-part")
    assert finding.where.file == "variables/variables.index"
    assert any(
        "The damaged index says that variables/variables.data-00000-of-00009" in line for line in finding.evidence
    )


def test_a_damaged_file_is_one_finding_with_all_its_faults(tmp_path: Path) -> None:
    finding = one(broken("index_hostile_sizes"), tmp_path, "unreadable-part")
    assert finding.where.file == "variables/variables.index"
    assert len(finding.evidence) > 5


@pytest.mark.parametrize(
    "path", ["._a", "x/.DS_Store", "Thumbs.db", "a.txt~", ".a.swp", "a.orig", "__pycache__/a.pyc",
             "variables/variables_temp_0123456789abcdef0123456789abcdef/part-00000-of-00001.index"]
)  # fmt: skip
def test_litter(path: str) -> None:
    assert litter(path)


def test_no_file_of_a_good_model_is_litter() -> None:
    for path in (TESTDATA / "models").rglob("*"):
        assert not litter(path.name), path
