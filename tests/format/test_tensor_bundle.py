"""The index of a tensor bundle."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smanalyze.format.tensor_bundle import ParsedIndex, parse_bundle_index
from smanalyze.model.bundle import BundleEntry, TensorSlice
from tests.format.bundle_writer import BundleWriter, entry, header, slice_key, table

FLOAT, STRING, VARIANT = 1, 7, 21


def parse(data: bytes) -> ParsedIndex:
    return parse_bundle_index(data, file="variables/variables.index")


def parse_entry(value: bytes, num_shards: int = 1) -> ParsedIndex:
    return parse(table([header(num_shards), (b"key", value)]))


def small_bundle() -> BundleWriter:
    bundle = BundleWriter()
    bundle.add(b"dense/bias", FLOAT, [4], bytes(16))
    bundle.add(b"dense/kernel", FLOAT, [3, 4], bytes(48))
    bundle.add_strings(b"vocabulary", [2], [b"a", b"bc"])
    return bundle


def test_entries() -> None:
    index = parse(small_bundle().index(num_shards=1))
    assert (index.presence, index.num_shards, index.endianness, index.producer) == ("present", 1, "little", 1)
    assert index.problems == ()
    assert (index.blocks, index.compressed_blocks) == (1, 0)
    assert [(e.key, e.dtype, e.shape, e.size, e.shard, e.offset) for e in index.entries] == [
        ("dense/bias", "float32", (4,), 16, 0, 0),
        ("dense/kernel", "float32", (3, 4), 48, 0, 16),
        ("vocabulary", "string", (2,), 9, 0, 64),
    ]


def test_big_endian_and_compressed_blocks() -> None:
    bundle = small_bundle()
    bundle.big = True
    index = parse(bundle.index(block_entries=2, compress=True))
    assert (index.endianness, index.blocks, index.compressed_blocks) == ("big", 2, 2)
    assert len(index.entries) == 3


def test_keys_that_are_not_utf8() -> None:
    index = parse(table([header(), (b"k\xff", entry(FLOAT, [], 0, 4))]))
    assert index.entries[0].key == "k\\xff"


def test_many_keys_that_are_not_utf8(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of prefix compression a few bytes stand for a long key, whose escapes take up to sixteen times its room."""
    monkeypatch.setattr("smanalyze.format.tensor_bundle.MAX_ESCAPED_KEY_BYTES", 10_000)
    keys = [b"a" * 3000 + b"\xff%d" % number for number in range(9)] + [b"b"]
    index = parse(table([header(), *((key, entry(FLOAT, [], 0, 4)) for key in keys)]))
    assert [len(one.key) for one in index.entries] == [3005, 3005, 3005, 1]
    assert len(index.problems) == 6
    assert "not UTF-8, as those of too many others" in index.problems[0].message


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (entry(FLOAT, [2], 0, 7), "has 7 bytes, but 2 elements of float32 need 8"),
        (entry(STRING, [2], 0, 1), "has 1 bytes for 2 elements of string"),
        (entry(FLOAT, [2], 0, 8, shard=3), "lies in shard 3 of 1"),
        (entry(20, [2], 0, 8), "dtype resource, which no bundle holds"),
        (entry(0, [2], 0, 8), "dtype invalid"),
        (entry(99, [2], 0, 8), "dtype dtype_99"),
        (entry(101, [2], 0, 8), "dtype float32_ref"),
    ],
)
def test_disagreement_is_listed_with_a_problem(value: bytes, message: str) -> None:
    index = parse_entry(value)
    assert [found.key for found in index.entries] == ["key"]
    (problem,) = index.problems
    assert message in problem.message
    assert "'key'" in problem.message
    assert (problem.code, problem.file, problem.offset) == ("corrupt", "variables/variables.index", 0)


@pytest.mark.parametrize(
    "value",
    [entry(FLOAT, [-1], 0, 4), entry(FLOAT, [2**62, 4], 0, 4), entry(FLOAT, [1], -4, 4), b"\xff", entry(1, [1] * 300)],
)
def test_unusable_is_left_out_with_a_problem(value: bytes) -> None:
    index = parse_entry(value)
    assert index.entries == ()
    assert index.presence == "present"
    assert "'key'" in index.problems[0].message


@pytest.mark.parametrize(
    ("head", "code", "message"),
    [
        ((b"", b"\xff"), "corrupt", "not a BundleHeaderProto"),
        ((b"", b"\x08\x00"), "corrupt", "declares 0 shards"),
        (header(-1), "corrupt", "declares -1 shards"),
        (header(2**31 - 1), "limit", "2147483647 shards"),
        (header(1, min_consumer=2), "wrong-kind", "layout version 2"),
        ((b"", b"\x08\x01\x10\x05"), "corrupt", "endianness 5"),
    ],
)
def test_bad_header(head: tuple[bytes, bytes], code: str, message: str) -> None:
    index = parse(table([head, (b"key", entry(FLOAT, [1], 0, 4))]))
    assert (index.problems[0].code, message in index.problems[0].message) == (code, True)
    assert len(index.entries) == 1


def test_no_header() -> None:
    index = parse(table([(b"key", entry(FLOAT, [1], 0, 4, shard=5))]))
    assert (index.presence, index.num_shards, len(index.entries)) == ("present", 0, 1)
    assert [problem.message for problem in index.problems] == ["The index has no header (the entry of the empty key)."]


@pytest.mark.parametrize(
    ("data", "presence"),
    [(b"", "not-read"), (b"version https://git-lfs.github.com/spec/v1\n", "not-fetched"), (table([]), "not-read")],
)
def test_no_index(data: bytes, presence: str) -> None:
    assert parse(data).presence == presence


def partitioned(bundle: BundleWriter, extents: list[list[tuple[int, int]]], shape: list[int]) -> None:
    bundle.add_partitioned(b"emb", FLOAT, shape, extents)
    for piece in extents:
        sizes = [length if length >= 0 else full for (_, length), full in zip(piece, shape, strict=True)]
        count = 1
        for size in sizes:
            count *= size
        bundle.add(slice_key(b"emb", piece), FLOAT, sizes, bytes(4 * count))


def test_slices_are_joined() -> None:
    bundle = small_bundle()
    partitioned(bundle, [[(2, 3), (0, -1)], [(0, 2), (0, -1)]], [5, 2])
    index = parse(bundle.index())
    assert index.problems == ()
    joined = next(found for found in index.entries if found.key == "emb")
    crcs = [piece.crc32c for piece in joined.slices]
    assert joined == BundleEntry(
        "emb", "float32", (5, 2), 40, None, None, None,
        (TensorSlice((0, 0), (2, None), 0, 97, 16, crcs[0]), TensorSlice((2, 0), (3, None), 0, 73, 24, crcs[1])),
    )  # fmt: skip
    assert len(index.entries) == 4


def test_a_missing_slice() -> None:
    bundle = BundleWriter()
    partitioned(bundle, [[(0, 2)], [(2, 3)]], [5])
    del bundle.pairs[slice_key(b"emb", [(2, 3)])]
    index = parse(bundle.index())
    assert [problem.code for problem in index.problems] == ["missing"]
    assert [piece.starts for piece in index.entries[0].slices] == [(0,)]


def test_slices_without_their_tensor() -> None:
    bundle = BundleWriter()
    partitioned(bundle, [[(0, 2)], [(2, 3)]], [5])
    del bundle.pairs[b"emb"]
    index = parse(bundle.index())
    assert index.entries == ()
    assert [problem.message for problem in index.problems] == ["2 slices of 'emb' belong to no entry."]


@pytest.mark.parametrize(
    ("extents", "shape", "message"),
    [
        ([[(0, 2)]], [5], "hold 2 elements, the tensor 5"),
        ([[(3, 4)], [(0, 1)]], [5], "does not fit"),
        ([[(-1, 5)]], [5], "does not fit"),
    ],
)
def test_slices_that_do_not_fit(extents: list[list[tuple[int, int]]], shape: list[int], message: str) -> None:
    bundle = BundleWriter()
    partitioned(bundle, extents, shape)
    assert message in parse(bundle.index()).problems[0].message


def test_an_entry_that_names_slices_without_end() -> None:
    bundle = BundleWriter()
    partitioned(bundle, [[(0, 5)]], [5])
    # An empty TensorSliceProto takes two bytes.
    bundle.pairs[b"emb"] += b"\x3a\x00" * 400_000
    start = time.process_time()
    index = parse(bundle.index())
    assert time.process_time() - start < 0.5
    assert "400000 of the 400001 slices" in index.problems[0].message


def test_a_bad_slice_key() -> None:
    bundle = small_bundle()
    bundle.pairs[b"\0bad"] = entry(FLOAT, [1], 0, 4)
    index = parse(bundle.index())
    assert len(index.entries) == 3
    assert "cannot be used" in index.problems[0].message


@settings(deadline=2000)
@given(st.data())
def test_damage_never_raises(data: st.DataObject) -> None:
    bundle = small_bundle()
    partitioned(bundle, [[(0, 2)], [(2, 3)]], [5])
    sound = bundle.index(block_entries=3)
    damaged = bytearray(sound)
    for _ in range(data.draw(st.integers(0, 4))):
        damaged[data.draw(st.integers(0, len(sound) - 1))] = data.draw(st.integers(0, 255))
    kept = bytes(damaged[: data.draw(st.integers(0, len(sound)))])
    index = parse(kept)
    # The zeros between the footer's handles and its magic number are read by nobody, nor by TensorFlow.
    if kept[:-43] != sound[:-43] or kept[-8:] != sound[-8:]:
        assert index.problems


def test_a_large_index_is_quick() -> None:
    rows = [header()]
    for number in range(50_000):
        key = b"optimizer/layer_%06d/attention/kernel/.ATTRIBUTES/VARIABLE_VALUE" % number
        rows.append((key, entry(FLOAT, [128 + number % 7, 256], number << 17, (128 + number % 7) << 10, crc=number)))
    data = table(rows, 4000)
    start = time.process_time()
    index = parse(data)
    # 0.25 s on a quiet core; four times that is still no accident of this machine.
    assert time.process_time() - start < 1
    assert (len(index.entries), index.problems) == (50_000, ())


def test_parsing_needs_no_numpy() -> None:
    program = (
        "import sys, smanalyze.format.tensor_bundle, smanalyze.format.bundle_reader; print('numpy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
