"""Which data files are declared, there, missing, or left over."""

from __future__ import annotations

from dataclasses import replace

from smanalyze.format.shards import parse_shards, shard_file
from smanalyze.format.tensor_bundle import ParsedIndex, parse_bundle_index
from smanalyze.model.bundle import BundleEntry, Shard, TensorSlice
from smanalyze.model.parts import METAINDEX, FileEntry, Unreadable
from tests.format.bundle_writer import entry, header, table

PREFIX = "variables/variables"
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"


def index(num_shards: int = 2) -> ParsedIndex:
    rows = [header(num_shards), (b"a", entry(1, [4], 100, 16)), (b"b", entry(1, [2], 8, 8, shard=1))]
    return parse_bundle_index(table(rows), file=f"{PREFIX}.index")


def data_file(shard: int, count: int, size: int = 200) -> FileEntry:
    return FileEntry(shard_file(PREFIX, shard, count), size)


def test_all_there() -> None:
    found = parse_shards(index(), [data_file(0, 2), data_file(1, 2, 16), FileEntry(f"{PREFIX}.index", 9)])
    assert found.shards == (
        Shard(0, f"{PREFIX}.data-00000-of-00002", "present", 200, 116),
        Shard(1, f"{PREFIX}.data-00001-of-00002", "present", 16, 16),
    )
    assert found.problems == ()


def test_missing() -> None:
    found = parse_shards(index(), [data_file(0, 2)])
    assert found.shards[1] == Shard(1, f"{PREFIX}.data-00001-of-00002", "not-fetched", None, 16)
    (problem,) = found.problems
    assert (problem.code, problem.file, problem.presence) == ("missing", found.shards[1].file, "not-fetched")


def test_what_a_damaged_index_calls_for_is_no_missing_file() -> None:
    """A flipped bit in the header's count of shards gives files that there never were."""
    damaged = Unreadable("corrupt", "checkpoint", "A checksum does not match.", f"{PREFIX}.index")
    found = parse_shards(replace(index(9), problems=(damaged,)), [data_file(0, 2), data_file(1, 2, 16)])
    (problem,) = found.problems
    assert (problem.code, problem.file, problem.presence) == ("missing", f"{PREFIX}.index", "not-fetched")
    assert problem.message.startswith(f"The damaged index says that {PREFIX}.data-00000-of-00009 is missing.")
    whole = replace(index(9), problems=(replace(damaged, part=METAINDEX), replace(damaged, code="limit")))
    assert whole.is_sound and not replace(whole, problems=(damaged,)).is_sound
    (problem,) = parse_shards(whole, []).problems
    assert problem.file == f"{PREFIX}.data-00000-of-00009"


def test_a_missing_shard_that_holds_nothing_is_no_problem() -> None:
    found = parse_shards(index(3), [data_file(0, 3), data_file(1, 3)])
    assert [shard.presence for shard in found.shards] == ["present", "present", "not-fetched"]
    assert found.problems == ()


def test_stale() -> None:
    found = parse_shards(index(), [data_file(0, 2), data_file(1, 2), data_file(0, 1), data_file(7, 2)])
    assert [(shard.file[-14:], shard.declared) for shard in found.shards] == [
        ("00000-of-00002", True), ("00001-of-00002", True), ("00000-of-00001", False), ("00007-of-00002", False),
    ]  # fmt: skip


def test_pointers() -> None:
    files = [data_file(0, 2, len(POINTER)), data_file(1, 2, len(POINTER))]
    found = parse_shards(index(), files, lambda path: POINTER)
    assert [(shard.presence, shard.size) for shard in found.shards] == [("not-fetched", len(POINTER))] * 2
    (problem,) = found.problems
    assert (problem.code, "1 more" in problem.message) == ("lfs-pointer", True)


def test_large_files_are_not_looked_at() -> None:
    def refuse(path: str) -> bytes:
        raise AssertionError(path)

    parse_shards(index(), [data_file(0, 2, 1 << 20), data_file(1, 2, 1024)], refuse)


def test_slices_need_their_shards() -> None:
    piece = TensorSlice((0,), (3,), 1, 500, 12, 0)
    entries = (BundleEntry("emb", "float32", (3,), 12, None, None, None, (piece,)),)
    found = parse_shards(replace(index(), entries=entries), [])
    assert [shard.needed for shard in found.shards] == [0, 512]


def test_an_absurd_count() -> None:
    found = parse_shards(index(2**31 - 1), [])
    assert [shard.index for shard in found.shards] == [0, 1]


def test_an_index_that_was_not_read() -> None:
    empty = parse_bundle_index(b"", file=f"{PREFIX}.index")
    found = parse_shards(empty, [data_file(0, 1)])
    assert [(shard.declared, shard.presence) for shard in found.shards] == [(True, "present")]


def test_another_prefix() -> None:
    found = parse_shards(index(1), [FileEntry("ckpt-5.data-00000-of-00001", 500)], prefix="ckpt-5")
    assert [shard.presence for shard in found.shards] == ["present"]
