"""The Riegeli reader: files of our own, those of a writer in C++, and damaged ones."""

from __future__ import annotations

import sys
import time
import tracemalloc
from pathlib import Path

import brotli
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smanalyze.errors import FormatError
from smanalyze.format import riegeli
from smanalyze.format.highwayhash import highwayhash64
from smanalyze.format.riegeli import RiegeliReader
from tests.format.bundle_writer import varint
from tests.format.riegeli_writer import BLOCK, RiegeliWriter, part, simple

METHODS = [b"\0", b"b", b"s"]


def records_of(data: bytes) -> list[bytes]:
    reader = RiegeliReader(data)
    return [one for chunk in reader.chunks() for one in reader.records(chunk)]


def written(*chunks: list[bytes], method: bytes = b"\0") -> bytes:
    writer = RiegeliWriter()
    for records in chunks:
        writer.records(records, method)
    return bytes(writer.out)


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (0, 0x907A56DE22C26E53), (1, 0x7EAB43AAC7CDDD78), (2, 0xB8D0569AB0B53D62), (3, 0x5C6BEFAB8A463D80),
        (4, 0xF205A46893007EDA), (5, 0x2B8A1668E4A94541), (6, 0xBD4CCC325BEFCA6F), (7, 0x4D02AE1738F59482),
    ],
)  # fmt: skip
def test_highwayhash(size: int, expected: int) -> None:
    """The first vectors of highwayhash/highwayhash_test.cc (kExpected64)."""
    key = tuple(int.from_bytes(bytes(range(8 * i, 8 * i + 8)), "little") for i in range(4))
    assert highwayhash64(bytes(range(size)), key) == expected  # type: ignore[arg-type]


def test_the_signature_is_the_documented_one() -> None:
    """The first 64 bytes of every file, from riegeli_records_file_format.md."""
    head = bytes.fromhex(
        "83af70d10d884a3f00000000000000004000000000000000"
        "91bac23c9287e1a90000000000000000e19f13c0e9b1c37273000000000000000000000000000000"
    )
    (chunk,) = RiegeliReader(head).chunks()
    assert (chunk.begin, chunk.end, chunk.kind, chunk.num_records) == (0, 64, "s", 0)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "records", [[b""], [b"a", b"", b"bc"], [b"x" * 200_000, b"y"], [bytes(range(256)) * 300] * 5, [b""] * 300]
)
def test_round_trip(records: list[bytes], method: bytes) -> None:
    assert records_of(written(records, [b"last"], method=method)) == [*records, b"last"]


@pytest.mark.parametrize("size", [BLOCK - 64 - 40 - 5 - 48 + i for i in range(0, 56, 3)])
def test_a_chunk_that_begins_or_ends_at_a_block(size: int) -> None:
    writer = RiegeliWriter()
    for record in (b"z" * size, b"second", b"third"):
        writer.records([record])
    reader = RiegeliReader(bytes(writer.out))
    assert [chunk.begin for chunk in reader.chunks()] == writer.begins
    assert records_of(bytes(writer.out))[1:] == [b"second", b"third"]


def test_files_of_another_writer(corpus: Path) -> None:
    for file in sorted((corpus / "cpb").rglob("saved_model.cpb")):
        assert len(records_of(file.read_bytes())) >= 2


def chunk_file(kind: bytes, num_records: int, decoded_size: int, data: bytes) -> bytes:
    writer = RiegeliWriter()
    writer.chunk(kind, num_records, decoded_size, data)
    return bytes(writer.out)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"version https", "ends within a chunk"),
        (b"\0" * 64, "hash of its header"),
        (written([b"abc"])[:-1], "ends before a chunk|ends within"),
        (written([b"abc"])[:-1] + b"x", "hash of its data"),
        (written([b"abc"])[:70], "ends within a chunk"),
        (chunk_file(b"t", 1, 1, b"?"), "transposed"),
        (chunk_file(b"?", 1, 1, b"?"), "unknown kind '[?]'"),
        (chunk_file(b"r", 1, 3, b""), "no data"),
        (chunk_file(b"r", 1 << 50, 3, b"\0\0"), "too many records"),
        (chunk_file(b"r", 1, 3, b"\0\x01\x03ab"), "not as long as it says"),
        (chunk_file(b"r", 1, 4, b"\0\x01\x03abc"), "contradict"),
        (chunk_file(b"r", 1, 3, b"\0\x02\x03\x03abc"), "contradict"),
        (chunk_file(b"r", 1, 3, b"\0\x7f\x03abc"), "reach past"),
        (chunk_file(b"r", 1, 3, b"z\x02\x01\x01abc"), "zstd"),
        (chunk_file(b"r", 1, 3, b"b\x03\x01\xff\xff\x03abc"), "brotli cannot decode"),
        (chunk_file(b"r", 1, 3, b"b\x02\x7f\x00\x03abc"), "larger than it may be"),
        (chunk_file(b"r", 1, 1 << 40, simple([b"a"], b"b")), "contradict"),
    ],
)
def test_damage(data: bytes, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        records_of(data)


def test_a_file_must_begin_with_its_signature() -> None:
    writer = RiegeliWriter()
    writer.out.clear()
    writer.records([b"abc"])
    with pytest.raises(FormatError, match="does not begin with its signature"):
        records_of(bytes(writer.out))


def test_a_bomb_ends_at_the_limit() -> None:
    """Ten thousand bytes that claim to be a GB, and are."""
    size = 1 << 30
    piece = brotli.Compressor(quality=1)
    zeros = b"".join(piece.process(b"\0" * (1 << 20)) for _ in range(size >> 20)) + piece.finish()
    sizes = part(varint(size), b"b")
    bomb = chunk_file(b"r", 1, size, b"b" + varint(len(sizes)) + sizes + varint(size) + zeros)
    assert len(bomb) < size // 1000
    tracemalloc.start()
    with pytest.raises(FormatError, match="larger than may be decoded"):
        records_of(bomb)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 20


def test_a_bomb_that_lies_about_its_size() -> None:
    zeros = brotli.compress(b"\0" * (64 << 20))
    sizes = part(varint(100), b"b")
    bomb = chunk_file(b"r", 1, 100, b"b" + varint(len(sizes)) + sizes + varint(100) + zeros)
    tracemalloc.start()
    with pytest.raises(FormatError, match="it has others"):
        records_of(bomb)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 << 20


def test_many_small_bombs_share_one_limit() -> None:
    writer = RiegeliWriter()
    for _ in range(5):
        writer.records([b"\0" * (16 << 20)], b"b")
    with pytest.raises(FormatError, match="larger than may be decoded"):
        records_of(bytes(writer.out))


def test_chunks_without_end() -> None:
    one = written([])[64:] or chunk_file(b"p", 0, 0, b"")[64:]
    start = time.process_time()
    with pytest.raises(FormatError, match="more than 100 chunks"), pytest.MonkeyPatch.context() as patch:
        patch.setattr(riegeli, "MAX_CHUNKS", 100)
        records_of(written() + one * 200)
    assert time.process_time() - start < 5


def test_without_brotli_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "brotli", None)
    assert records_of(written([b"abc"])) == [b"abc"]
    with pytest.raises(FormatError, match=r"pip install 'smanalyze\[cpb\]'"):
        records_of(written([b"abc"], method=b"b"))


SAMPLE = {method: written([b"abc" * 50, b"", b"d"], [b"e" * 300], method=method) for method in METHODS}


@given(st.sampled_from(METHODS), st.data())
@settings(max_examples=300)
def test_mutated_files(method: bytes, draw: st.DataObject) -> None:
    data = bytearray(SAMPLE[method])
    for _ in range(draw.draw(st.integers(1, 3))):
        data[draw.draw(st.integers(0, len(data) - 1))] = draw.draw(st.integers(0, 255))
    changed = bytes(data[: draw.draw(st.integers(0, len(data)))])
    try:
        found = records_of(changed)
    except FormatError:
        return
    assert found == records_of(SAMPLE[method])[: len(found)]  # every byte that counts is covered by a hash


@given(st.sampled_from(METHODS), st.integers(0, 6), st.integers(0, 400), st.binary(max_size=60))
@settings(max_examples=300)
def test_any_content_of_a_chunk(method: bytes, num_records: int, decoded_size: int, data: bytes) -> None:
    """Hashes are right, so that what is inside is reached."""
    try:
        found = records_of(chunk_file(b"r", num_records, decoded_size, method + data))
    except FormatError:
        return
    assert len(found) == num_records and sum(map(len, found)) == decoded_size
