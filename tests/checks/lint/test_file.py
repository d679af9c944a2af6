"""Rules about the files themselves."""

from __future__ import annotations

from pathlib import Path

import pytest

from smanalyze.checks.litter import litter
from tests.checks.helpers import TESTDATA, Cases, Maker, broken, check_case, good, one, params, with_files

BASE = "module_one_signature"
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 12345\n"


TABLE = {
    "lfs-pointer": Cases(
        {"graph": broken("lfs_pointer_pb"), "variables": broken("lfs_pointer_variables"),
         "asset": with_files(good("tables_and_assets"), {"assets/vocab.txt": POINTER}),
         "fingerprint": with_files(good(BASE), {"fingerprint.pb": POINTER})},
        {"whole": good("tables_and_assets"), "missing": broken("missing_shard")},
    ),
    "unreadable-part": Cases(
        {"cut": broken("truncated_pb"), "mangled": broken("utf8_mangled_pb"), "empty": broken("empty_pb"),
         "graph_def": broken("pbtxt_is_graphdef"), "index": broken("index_bad_crc"),
         "metadata": broken("keras_metadata_garbage"), "warmup": with_files(
             good("warmup"), {"assets.extra/tf_serving_warmup_requests": b"no record at all"})},
        {"whole": good(BASE), "pointer": broken("lfs_pointer_pb"), "missing_shard": broken("missing_shard"),
         "cut_shard": broken("truncated_shard"), "newer_schema": broken("pb_unknown_fields")},
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
