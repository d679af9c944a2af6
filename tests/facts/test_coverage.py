"""Which hash would notice a change of which file."""

from __future__ import annotations

from pathlib import Path

import pytest

import smanalyze
from smanalyze.report.audit import AuditReport, FileAudit
from tests.checks.helpers import Maker, broken, good, with_files

PB = ("saved_model_checksum", "graph_def_program_hash", "signature_def_hash", "saved_object_graph_hash")
SHARD = "variables/variables.data-00000-of-00001"


def audit(maker: Maker, folder: Path) -> AuditReport:
    return smanalyze.audit(smanalyze.load(maker(folder)))


def row(maker: Maker, folder: Path, path: str) -> FileAudit:
    return next(row for row in audit(maker, folder).files if row.path == path)


@pytest.mark.parametrize(
    ("maker", "path", "covered"),
    [
        (good("tables_and_assets"), "saved_model.pb", PB),
        (good("tables_and_assets"), "variables/variables.index", ("checkpoint_hash", "crc32c")),
        (good("tables_and_assets"), SHARD, ("crc32c",)),
        (good("tables_and_assets"), "assets/vocab.txt", ()),
        (good("tables_and_assets"), "fingerprint.pb", ()),
        (good("keras2_functional"), "keras_metadata.pb", ()),
        (good("debug_info"), "debug/saved_model_debug_info.pb", ()),
        (good("warmup"), "assets.extra/tf_serving_warmup_requests", ("record_crc32c",)),
        (good("tf1_partitioned_variables"), "saved_model.pb", ()),
        (good("tf1_partitioned_variables"), "variables/variables.index", ("crc32c",)),
        (good("module_pbtxt"), "saved_model.pbtxt", ()),
        (broken("stale_shard"), "variables/variables.data-00000-of-00002", ()),
        (broken("lfs_pointer_variables"), SHARD, ()),
    ],
)
def test_what_covers_a_file(maker: Maker, path: str, covered: tuple[str, ...], tmp_path: Path) -> None:
    assert row(maker, tmp_path, path).covered_by == covered


@pytest.mark.parametrize(
    ("maker", "path", "status"),
    [
        (good("tables_and_assets"), "assets/vocab.txt", ""),
        (good("undeclared_asset"), "assets/stray.txt", "not-declared"),
        (broken("stale_shard"), "variables/variables.data-00000-of-00002", "not-declared"),
        (broken("appledouble_litter"), ".DS_Store", "stray"),
        (broken("shard_bad_crc"), SHARD, "damaged"),
        (broken("truncated_pb"), "saved_model.pb", "damaged"),
        (broken("lfs_pointer_pb"), "saved_model.pb", "not-fetched"),
        (with_files(good("module_one_signature"), {"saved_model.pbtxt": b""}), "saved_model.pbtxt", "not-read"),
        (with_files(good("module_one_signature"), {"evil.py": b""}), "evil.py", "stray"),
    ],
)
def test_what_is_wrong_with_a_file(maker: Maker, path: str, status: str, tmp_path: Path) -> None:
    assert row(maker, tmp_path, path).status == status


def test_uncovered_files_are_those_without_a_hash(tmp_path: Path) -> None:
    report = audit(good("tables_and_assets"), tmp_path)
    assert report.uncovered == ("assets/greeting.txt", "assets/vocab.txt", "fingerprint.pb")
    assert [entry.path for entry in report.files] == sorted(entry.path for entry in report.files)
