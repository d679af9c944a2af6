"""Damage of every kind, made here: a bundle's checksums find it and say where, or nothing covers the byte."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import smanalyze
from smanalyze.facts.bundle_cover import compare_keys, stored_ranges, uncovered_ranges
from smanalyze.facts.integrity import audit_checkpoint
from smanalyze.format.bundle_reader import BundleReader
from smanalyze.format.tensor_bundle import parse_bundle_index
from smanalyze.format.varint import read_varint
from smanalyze.model.bundle import Shard
from smanalyze.model.checkpoint import Checkpoint
from smanalyze.model.parts import Unreadable
from smanalyze.model.saved_model import Found, SavedModel
from smanalyze.report.audit import CheckpointAudit
from tests.format.bundle_writer import BundleWriter, slice_key
from tests.models import each_model, folder_of, model_of, report_of

INDEX = "variables/variables.index"
SHARD = "variables/variables.data-00000-of-00001"
MUTATED = [
    "dtypes_all", "keras3_export", "sharded_checkpoint", "sharded_slices", "tables_and_assets",
    "tf1_partitioned_variables", "tf1_builder_multi_metagraph",
]  # fmt: skip
mutated = pytest.mark.parametrize("name", MUTATED)


def built(bundle: BundleWriter, data: bytes | None = None, num_shards: int = 1) -> SavedModel:
    """A model that is nothing but a bundle."""
    content = bytes(bundle.data) if data is None else data
    index = parse_bundle_index(bundle.index(num_shards), file=INDEX)
    needed = max((entry.offset or 0) + entry.size for entry in index.entries)
    shard = Shard(0, "variables/variables.data-00000-of-00001", "present", len(content), needed)
    checkpoint = Checkpoint(
        "present", "variables/variables", num_shards, index.endianness, index.size, index.blocks, 0, index.entries,
        (shard,), BundleReader([content].__getitem__, index.endianness),
    )  # fmt: skip
    return SavedModel(Found("saved_model", "m"), "pb", 1, 0, checkpoint=checkpoint, unreadable=index.problems)


@pytest.fixture
def copied(tmp_path: Path) -> Callable[[str], Path]:
    """Copies a model to where it may be damaged."""

    def copy(name: str) -> Path:
        return Path(shutil.copytree(folder_of(name), tmp_path / name, dirs_exist_ok=True))

    return copy


def audited(folder: Path) -> CheckpointAudit:
    return audit_checkpoint(smanalyze.load(folder))


def shards_of(folder: Path) -> list[Path]:
    return sorted((folder / "variables").glob("*.data-*"))


def flipped(path: Path, offset: int, content: bytes, bit: int) -> None:
    changed = bytearray(content)
    changed[offset] ^= 1 << bit
    path.write_bytes(changed)


# Whole models ---------------------------------------------------------------------------------------------------------


@each_model
def test_a_sound_bundle_has_no_failure(name: str) -> None:
    model = model_of(name)
    audit = audit_checkpoint(model)
    assert audit.failures == ()
    assert audit.checked == audit.bytes == sum(entry.size for entry in model.checkpoint.entries)
    assert (audit.not_checked, audit.tensors) == (0, len(model.checkpoint.entries))
    assert audit.index_blocks == (model.checkpoint.blocks + 2 if audit.presence == "present" else 0)
    assert list(uncovered_ranges(model.checkpoint)) == []
    keys = compare_keys(model, report_of(name).variables)
    assert (keys.absent, keys.unclaimed, keys.missing_shards, keys.surplus_shards) == ((), (), (), ())


@each_model
def test_progress_ends_at_the_whole(name: str) -> None:
    for stats in (False, True):
        told: list[tuple[int, int]] = []
        audit = audit_checkpoint(model_of(name), progress=lambda *step: told.append(step), stats=stats)  # noqa: B023
        assert told == sorted(told)
        assert told[-1:] == ([(audit.bytes, audit.bytes)] if audit.tensors else [])


# One byte -------------------------------------------------------------------------------------------------------------


@mutated
def test_a_flipped_byte_of_a_shard_is_found_in_its_tensor(name: str, copied: Callable[[str], Path]) -> None:
    folder = copied(name)
    ranges = stored_ranges(model_of(name).checkpoint)
    rng = random.Random(name)
    for path in shards_of(folder):
        content = path.read_bytes()
        for offset in positions(len(content), 60, rng):
            flipped(path, offset, content, rng.randrange(8))
            number = int(path.name.split("-")[1])
            hit = [r for r in ranges if r.shard == number and r.offset <= offset < r.offset + r.size]
            audit = audited(folder)
            assert len(hit) == 1, "a writer leaves no gaps"
            file = f"variables/{path.name}"
            found = {(f.tensor, f.file, f.offset) for f in audit.failures}
            assert found == {(hit[0].entry.key, file, hit[0].offset)}, offset
            assert audit.checked >= audit.bytes - hit[0].size, "the rest is checked all the same"
        path.write_bytes(content)


@mutated
def test_a_flipped_byte_of_the_index_is_found_or_changes_nothing(name: str, copied: Callable[[str], Path]) -> None:
    """The footer has no checksum: nobody looks at the zeros behind its handles, and the last varint may go on in them
    and say the same. All else is checked, or is a fault, the metaindex block too, which TensorFlow never reads."""
    folder = copied(name)
    path = folder / INDEX
    content = path.read_bytes()
    known = model_of(name).checkpoint
    unread = unread_bytes(content)
    rng = random.Random(name)
    for offset in range(len(content)):
        flipped(path, offset, content, rng.randrange(8))
        model = smanalyze.load(folder)
        failures = audit_checkpoint(model).failures
        if failures:
            assert any(failure.file == INDEX for failure in failures)
        else:
            assert offset in unread, offset
            assert model.checkpoint == known


def test_a_damaged_index_proves_nothing_against_data_files(copied: Callable[[str], Path]) -> None:
    """Every bit of a small index: whatever its entries say then, the data file is as it was written."""
    folder = copied("module_one_signature")
    path = folder / INDEX
    content = path.read_bytes()
    told = set()
    for offset in range(len(content) - 48):
        flipped(path, offset, content, offset % 8)
        report = smanalyze.audit(smanalyze.load(folder))
        assert {failure.file for failure in report.checkpoint.failures} <= {INDEX}, offset
        assert {row.path: row.status for row in report.files}[SHARD] == "", offset
        assert {f.rule for f in report.findings} <= {"unreadable-part", "fingerprint-differs"}, offset
        assert report.waste == () or report.verdict == "modified"
        told |= {failure.message.partition(" lies")[0] for failure in report.checkpoint.failures if failure.tensor}
        if report.verdict == "damaged":
            assert report.keys is None or report.keys.missing_shards == report.keys.surplus_shards == ()
            assert report.summary.startswith(f"{INDEX}: ")
    assert "The damaged index says that it" in told


def test_the_object_graph_of_a_damaged_index_is_told_with_the_index(copied: Callable[[str], Path]) -> None:
    folder = copied("module_one_signature")
    content = (folder / INDEX).read_bytes()
    entry = smanalyze.load(folder).checkpoint.entries[0]
    assert entry.key == "_CHECKPOINTABLE_OBJECT_GRAPH"
    offset = content.index(entry.key.encode()) + len(entry.key) + 2  # into its entry: dtype and shape come first
    for at in range(offset, offset + 12):
        flipped(folder / INDEX, at, content, 3)
        model = smanalyze.load(folder)
        assert {lost.file for lost in model.unreadable} == {INDEX}, at
        assert {failure.file for failure in audit_checkpoint(model).failures} == {INDEX}, at


def unread_bytes(table: bytes) -> set[int]:
    """The padding behind the handles of the footer, and the byte in front of it."""
    end = len(table) - 48
    for _ in range(4):
        _, end = read_varint(table, end)
    return {*range(end - 1, len(table) - 8)}


@mutated
def test_a_flipped_byte_of_the_metaindex_block_is_damage(name: str, copied: Callable[[str], Path]) -> None:
    folder = copied(name)
    content = (folder / INDEX).read_bytes()
    start, position = read_varint(content, len(content) - 48)
    size, _ = read_varint(content, position)
    for offset in range(start, start + size + 5):
        flipped(folder / INDEX, offset, content, offset % 8)
        model = smanalyze.load(folder)
        report = smanalyze.audit(model)
        assert report.verdict == "damaged"
        (failure, *_) = report.checkpoint.failures
        assert (failure.kind, failure.tensor, failure.file, failure.offset) == ("crc", "", INDEX, start)
        assert failure.message.startswith("The metaindex block's checksum does not match")
        assert report.checkpoint.checked == report.checkpoint.bytes
        assert report.checkpoint.index_blocks == model.checkpoint.blocks + 2


def test_a_metaindex_block_that_has_no_place_is_damage_and_not_counted(copied: Callable[[str], Path]) -> None:
    folder = copied("module_one_signature")
    content = bytearray((folder / INDEX).read_bytes())
    content[-48] = 0x80  # the lowest seven bits of its offset
    (folder / INDEX).write_bytes(content)
    audit = audited(folder)
    (failure,) = audit.failures
    assert (failure.kind, failure.file) == ("format", INDEX)
    assert failure.message == "The metaindex block of 8 bytes overlaps or precedes another block."
    assert audit.index_blocks == smanalyze.load(folder).checkpoint.blocks + 1


def positions(size: int, count: int, rng: random.Random) -> Iterator[int]:
    """The first and last bytes, and others."""
    yield from sorted({0, size - 1, *(rng.randrange(size) for _ in range(count))}) if size else ()


# Lengths and places ---------------------------------------------------------------------------------------------------


@mutated
def test_a_shard_cut_at_each_boundary_loses_the_tensors_behind_it(name: str, copied: Callable[[str], Path]) -> None:
    folder = copied(name)
    ranges = stored_ranges(model_of(name).checkpoint)
    for path in shards_of(folder):
        content = path.read_bytes()
        mine = [r for r in ranges if r.shard == int(path.name.split("-")[1])]
        ends = {r.offset + r.size for r in mine}
        for cut in sorted({0, *(end - 1 for end in ends), *(end for end in ends if end < len(content))} - {-1}):
            path.write_bytes(content[:cut])
            lost = {(r.entry.key, r.offset) for r in mine if r.offset + r.size > cut and r.size}
            failures = audited(folder).failures
            assert {(f.tensor, f.offset) for f in failures if f.kind == "range"} == lost
            assert not {f.kind for f in failures} - {"range", "format"}
        path.write_bytes(content)


@mutated
def test_an_index_cut_anywhere_is_a_fault(name: str, copied: Callable[[str], Path]) -> None:
    folder = copied(name)
    content = (folder / INDEX).read_bytes()
    for cut in (0, 1, 5, len(content) // 2, len(content) - 48, len(content) - 1):
        (folder / INDEX).write_bytes(content[:cut])
        audit = audited(folder)
        assert audit.presence != "present"
        assert [failure.file for failure in audit.failures] == [INDEX]


@pytest.mark.parametrize("name", ["sharded_checkpoint", "sharded_slices"])
def test_swapped_shards_are_found(name: str, copied: Callable[[str], Path]) -> None:
    folder = copied(name)
    first, second, *_ = shards_of(folder)
    contents = first.read_bytes(), second.read_bytes()
    assert contents[0] != contents[1]
    first.write_bytes(contents[1])
    second.write_bytes(contents[0])
    failures = audited(folder).failures
    assert {failure.kind for failure in failures} <= {"crc", "range", "format"}
    assert {failure.file for failure in failures} <= {f"variables/{first.name}", f"variables/{second.name}"}
    assert all(failure.tensor for failure in failures)
    assert failures


@pytest.mark.parametrize("name", ["sharded_checkpoint", "sharded_slices"])
def test_a_missing_shard_is_named_and_the_rest_is_checked(name: str, copied: Callable[[str], Path]) -> None:
    folder = copied(name)
    whole = audited(folder)
    for path in shards_of(folder):
        content = path.read_bytes()
        path.unlink()
        audit = audited(folder)
        expected = [("missing", f"variables/{path.name}")] if content else []
        assert [(failure.kind, failure.file) for failure in audit.failures] == expected
        assert (audit.not_checked, audit.checked) == (len(content), whole.checked - len(content))
        path.write_bytes(b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
        pointer = audited(folder)
        assert pointer.not_checked == len(content)
        path.write_bytes(content)


def test_a_stale_shard_and_bytes_behind_the_last_tensor_are_facts(copied: Callable[[str], Path]) -> None:
    folder = copied("module_one_signature")
    (path,) = shards_of(folder)
    path.write_bytes(path.read_bytes() + b"more")
    (folder / "variables/variables.data-00001-of-00002").write_bytes(b"stale")
    model = smanalyze.load(folder)
    assert audit_checkpoint(model).failures == ()
    keys = compare_keys(model, ())
    assert keys.surplus_shards == ("variables/variables.data-00001-of-00002",)
    assert [(gap.size, gap.file) for gap in keys.uncovered] == [(4, f"variables/{path.name}")]


def test_bytes_in_no_tensor_end_where_the_file_ends() -> None:
    bundle = BundleWriter()
    bundle.add(b"a", 4, [8], bytes(8))
    bundle.data += bytes(92)  # a gap
    bundle.add(b"b", 4, [8], bytes(8))
    assert [(gap.offset, gap.size) for gap in uncovered_ranges(built(bundle).checkpoint)] == [(8, 92)]
    cut = built(bundle, bytes(bundle.data[:50])).checkpoint
    assert [(gap.offset, gap.size) for gap in uncovered_ranges(cut)] == [(8, 42)]
    assert list(uncovered_ranges(built(bundle, bytes(bundle.data[:8])).checkpoint)) == []


def test_keys_that_the_object_graph_lists_and_the_index_lacks() -> None:
    model = model_of("unused_variable")
    less = replace(model.checkpoint, entries=model.checkpoint.entries[:-1])
    keys = compare_keys(replace(model, checkpoint=less), report_of("unused_variable").variables)
    assert keys.absent == (model.checkpoint.entries[-1].key,)
    assert keys.unused == tuple(entry.key for entry in less.entries if "forgotten" in entry.key)
    assert compare_keys(replace(model, checkpoint_objects=None), ()).unclaimed


# Hostile indexes ------------------------------------------------------------------------------------------------------


def test_what_one_entry_says_wrong_stands_once_with_its_tensor() -> None:
    bundle = BundleWriter()
    bundle.add(b"sound", 1, [2], bytes(8))
    bundle.add(b"size", 1, [3], bytes(8))
    model = built(bundle)
    assert model.unreadable, "the index says so too"
    (failure,) = audit_checkpoint(model).failures
    assert (failure.kind, failure.tensor, failure.file) == ("size", "size", INDEX), "the data file is as it was"
    assert failure.message.startswith("The damaged index says that it lies at byte 8 of variables/variables.data-00000")


def test_a_faulty_piece_is_named() -> None:
    bundle = BundleWriter()
    bundle.add_partitioned(b"p", 1, [4], [[(0, 2)], [(2, 2)]])
    bundle.add(slice_key(b"p", [(0, 2)]), 1, [2], np.array([1, 2], np.float32).tobytes())
    bundle.add(slice_key(b"p", [(2, 2)]), 1, [2], np.array([3, 4], np.float32).tobytes())
    assert audit_checkpoint(built(bundle), stats=True).statistics[0].maximum == 4
    damaged = bytearray(bundle.data)
    damaged[-1] ^= 1
    (failure,) = audit_checkpoint(built(bundle, bytes(damaged))).failures
    assert (failure.kind, failure.tensor, failure.offset) == ("crc", "p", 8)
    assert failure.message.startswith("Piece at [2]: ")


def test_entries_that_share_bytes_cost_no_more_than_a_few_readings() -> None:
    bundle = BundleWriter()
    bundle.add(b"a", 4, [1 << 20], bytes(1 << 20))
    for number in range(500):
        bundle.pairs[b"b%d" % number] = bundle.pairs[b"a"]
    audit = audit_checkpoint(built(bundle))
    assert audit.checked <= 64 << 20
    assert {failure.kind for failure in audit.failures} == {"range"}


def test_an_index_that_was_not_looked_at_is_not_damaged(
    copied: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = copied("module_one_signature")
    monkeypatch.setattr("smanalyze.format.table.MAX_INDEX_BYTES", 100)
    report = smanalyze.audit(smanalyze.load(folder))
    assert [(failure.kind, failure.file) for failure in report.checkpoint.failures] == [("limit", INDEX)]
    assert (report.verdict, report.summary) == (
        "incomplete", f"{INDEX}: The table has 254 bytes; the limit is 100.",
    )  # fmt: skip
    assert {row.path: row.status for row in report.files}[INDEX] == "not-read"
    assert [finding.rule for finding in report.findings] == ["part-left-out"]


def test_more_faults_of_one_index_than_are_listed_are_still_a_failure() -> None:
    bundle = BundleWriter()
    bundle.add(b"a", 4, [1], b"x")
    model = built(bundle)
    lost = Unreadable("corrupt", "checkpoint", "7 more faults of this file are not listed.", INDEX)
    assert [f.kind for f in audit_checkpoint(replace(model, unreadable=(lost,))).failures] == ["format"]
