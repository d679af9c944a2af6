"""Which hash would notice a change of which file."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

import smanalyze
from smanalyze.format.schema import message_class
from smanalyze.model.parts import Unreadable
from smanalyze.report.audit import AuditReport, FileAudit
from tests.checks.helpers import Maker, broken, good, with_files
from tests.format.riegeli_writer import split_file
from tests.models import GOOD

PB = ("saved_model_checksum", "graph_def_program_hash", "signature_def_hash", "saved_object_graph_hash")
SHARD = "variables/variables.data-00000-of-00001"


WARMUP = "assets.extra/tf_serving_warmup_requests"
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 12345\n"


def cut(name: str, size: int) -> Maker:
    """A good model whose graph file breaks off, behind the declaration of its assets or before it."""
    return with_files(good(name), {"saved_model.pb": (GOOD / name / "saved_model.pb").read_bytes()[:size]})


def split_model(folder: Path) -> Path:
    """A model as one chunk of a Riegeli file, and no fingerprint."""
    chunk = (GOOD / "module_one_signature" / "saved_model.pb").read_bytes()
    message = message_class("tensorflow.proto_splitter.ChunkedMessage")(chunk_index=0)
    metadata = message_class("tensorflow.proto_splitter.ChunkMetadata")
    (folder / "saved_model.cpb").write_bytes(split_file([chunk], message, metadata))
    return folder


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
        (good("tables_and_assets"), "fingerprint.pb", ("recomputed_hashes",)),
        (broken("empty_pb"), "fingerprint.pb", ("recomputed_hashes",)),
        (broken("fingerprint_garbage"), "fingerprint.pb", ()),
        (split_model, "saved_model.cpb", ("riegeli",)),
        (good("keras2_functional"), "keras_metadata.pb", ()),
        (good("debug_info"), "debug/saved_model_debug_info.pb", ()),
        (good("warmup"), "assets.extra/tf_serving_warmup_requests", ("record_crc32c",)),
        (good("tf1_partitioned_variables"), "saved_model.pb", ()),
        (good("tf1_partitioned_variables"), "variables/variables.index", ("crc32c",)),
        (good("module_pbtxt"), "saved_model.pbtxt", ()),
        (broken("stale_shard"), "variables/variables.data-00000-of-00002", ()),
        (broken("lfs_pointer_variables"), SHARD, ()),
        (with_files(good("warmup"), {WARMUP: b"no record at all"}), WARMUP, ("record_crc32c",)),
        (with_files(good("warmup"), {WARMUP: POINTER}), WARMUP, ()),
        (with_files(good("tables_and_assets"), {"assets/vocab.txt": POINTER}), "assets/vocab.txt", ()),
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
        (broken("lfs_pointer_pb"), "variables/variables.index", ""),
        (broken("index_bad_crc"), SHARD, ""),
        (broken("index_hostile_sizes"), SHARD, ""),
        (with_files(good("tables_and_assets"), {"assets/vocab.txt": POINTER}), "assets/vocab.txt", "not-fetched"),
        (cut("tables_and_assets", 20_000), "assets/vocab.txt", ""),
        (cut("undeclared_asset", 3_000), "assets/stray.txt", ""),
        (with_files(good("module_one_signature"), {"saved_model.pbtxt": b""}), "saved_model.pbtxt", "not-read"),
        (with_files(good("module_one_signature"), {"evil.py": b""}), "evil.py", "stray"),
    ],
)
def test_what_is_wrong_with_a_file(maker: Maker, path: str, status: str, tmp_path: Path) -> None:
    assert row(maker, tmp_path, path).status == status


def test_uncovered_files_are_those_without_a_hash(tmp_path: Path) -> None:
    report = audit(good("tables_and_assets"), tmp_path)
    assert report.uncovered == ("assets/greeting.txt", "assets/vocab.txt")
    assert [entry.path for entry in report.files] == sorted(entry.path for entry in report.files)


@pytest.mark.parametrize(
    ("maker", "path"),
    [
        (broken("truncated_pb"), "saved_model.pb"),
        (broken("fingerprint_garbage"), "fingerprint.pb"),
        (broken("keras_metadata_garbage"), "keras_metadata.pb"),
        (broken("truncated_index"), "variables/variables.index"),
    ],
)
def test_what_is_damaged_was_noticed(maker: Maker, path: str, tmp_path: Path) -> None:
    report = audit(maker, tmp_path)
    assert {one.path: one.status for one in report.files}[path] == "damaged"
    assert path not in report.uncovered


@pytest.mark.parametrize("code", ["limit", "refused", "unreadable"])
@pytest.mark.parametrize("part", ["saved_model.pb", WARMUP])
def test_what_was_not_looked_at_is_not_damaged(part: str, code: str) -> None:
    """And nothing that it carries was compared."""
    model = smanalyze.load(GOOD / "warmup")
    lost = Unreadable(code, "part", "It is too large.", part)
    report = smanalyze.audit(replace(model, unreadable=(lost,)))
    found = next(one for one in report.files if one.path == part)
    assert (found.status, report.verdict) == ("not-read", "incomplete")
    assert "record_crc32c" not in found.covered_by
    both = replace(model, unreadable=(lost, replace(lost, code="corrupt")))
    assert {one.path: one.status for one in smanalyze.audit(both).files}[part] == "damaged"


def test_without_brotli_a_split_model_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "brotli", None)
    report = audit(split_model, tmp_path)
    (found,) = report.files
    assert (found.status, found.covered_by, report.verdict) == ("not-read", (), "incomplete")
    (finding,) = [one for one in report.findings if one.where.file == "saved_model.cpb"]
    assert finding.rule == "part-left-out" and "smanalyze[cpb]" in finding.message and "install" in finding.fix
