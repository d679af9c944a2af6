"""Values of tensors: every dtype, both byte orders, strings, slices, and damage."""

from __future__ import annotations

import tracemalloc
from contextlib import suppress
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smanalyze.errors import FormatError
from smanalyze.format import bundle_reader
from smanalyze.format import varint as varint_module
from smanalyze.format.bundle_reader import BundleReader
from smanalyze.format.bundle_strings import Endianness, parse_strings, strings_crc32c
from smanalyze.format.checksum import crc32c, mask
from smanalyze.format.tensor_bundle import parse_bundle_index
from smanalyze.model.bundle import BundleEntry, TensorSlice
from smanalyze.model.checkpoint import TensorReader
from tests.format.bundle_writer import BundleWriter, slice_key, strings, varint

NUMERIC = {
    "float32": (1, np.float32), "float64": (2, np.float64), "int32": (3, np.int32), "uint8": (4, np.uint8),
    "int16": (5, np.int16), "int8": (6, np.int8), "complex64": (8, np.complex64), "int64": (9, np.int64),
    "bool": (10, np.bool_), "qint8": (11, np.int8), "quint8": (12, np.uint8), "qint32": (13, np.int32),
    "bfloat16": (14, ml_dtypes.bfloat16), "qint16": (15, np.int16), "quint16": (16, np.uint16),
    "uint16": (17, np.uint16), "complex128": (18, np.complex128), "float16": (19, np.float16),
    "uint32": (22, np.uint32), "uint64": (23, np.uint64), "float8_e5m2": (24, ml_dtypes.float8_e5m2),
    "float8_e4m3fn": (25, ml_dtypes.float8_e4m3fn), "float8_e4m3fnuz": (26, ml_dtypes.float8_e4m3fnuz),
    "float8_e4m3b11fnuz": (27, ml_dtypes.float8_e4m3b11fnuz), "float8_e5m2fnuz": (28, ml_dtypes.float8_e5m2fnuz),
    "int4": (29, ml_dtypes.int4), "uint4": (30, ml_dtypes.uint4),
}  # fmt: skip


def opened(bundle: BundleWriter) -> tuple[dict[str, BundleEntry], BundleReader]:
    index = parse_bundle_index(bundle.index(), file="v.index")
    assert index.problems == ()
    data = bytes(bundle.data)
    return {entry.key: entry for entry in index.entries}, BundleReader([data].__getitem__, index.endianness)


def swapped(values: Any) -> bytes:
    """Row-major bytes in big-endian order; complex numbers half by half."""
    width = values.dtype.itemsize // (2 if values.dtype.kind == "c" else 1)
    return bytes(values.view(f"u{width}").astype(f">u{width}").tobytes())


def test_it_is_a_tensor_reader() -> None:
    reader: TensorReader = BundleReader([b""].__getitem__)
    assert isinstance(reader, BundleReader)


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("name", NUMERIC)
def test_every_numeric_dtype(name: str, big: bool) -> None:
    number, kind = NUMERIC[name]
    values = np.array([[0, 1, 2], [3, 4, 1]]).astype(kind)
    if values.dtype.kind == "c":
        values = values + values.dtype.type(2j)
    bundle = BundleWriter(big)
    # One byte in front: nothing in a bundle is aligned.
    bundle.add(b"a", 4, [1], b"x")
    bundle.add(b"b", number, [2, 3], swapped(values) if big else values.tobytes())
    entries, reader = opened(bundle)
    found = reader.read(entries["b"])
    assert found.dtype == values.dtype
    np.testing.assert_array_equal(found, values)
    assert not found.flags.writeable
    assert reader.computed_crc32c(entries["b"]) == entries["b"].crc32c


@pytest.mark.parametrize("shape", [[], [0], [3, 0], [0, 2]])
def test_scalars_and_empty_tensors(shape: list[int]) -> None:
    bundle = BundleWriter()
    bundle.add(b"a", 1, shape, np.ones(shape, np.float32).tobytes())
    bundle.add_strings(b"s", shape, [b"one"] * int(np.prod(shape)))
    entries, reader = opened(bundle)
    np.testing.assert_array_equal(reader.read(entries["a"]), np.ones(shape, np.float32))
    assert reader.read(entries["s"]).tolist() == np.full(shape, b"one", object).tolist()


def test_other_bytes_than_0_and_1_are_true() -> None:
    bundle = BundleWriter()
    bundle.add(b"a", 10, [3], b"\0\1\7")
    entries, reader = opened(bundle)
    assert reader.read(entries["a"]).tolist() == [False, True, True]


@given(st.lists(st.binary(max_size=300), max_size=20), st.booleans())
def test_strings(values: list[bytes], big: bool) -> None:
    bundle = BundleWriter(big)
    bundle.add_strings(b"s", [len(values)], values)
    entries, reader = opened(bundle)
    entry = entries["s"]
    assert reader.read(entry).tolist() == values
    assert reader.read_strings(entry) == values
    assert reader.computed_crc32c(entry) == entry.crc32c
    assert b"".join(reader.chunks(entry, 7)) == reader.read_bytes(entry) == bytes(bundle.data)


LENGTHS = st.lists(st.integers(0, 127) | st.integers(0, 2**34) | st.integers(0, 2**64 - 1), max_size=20)


@given(LENGTHS, st.binary(max_size=20), st.sampled_from(["little", "big"]), st.integers(1, 7))
def test_the_checksum_of_strings_of_any_length(
    lengths: list[int], rest: bytes, endianness: Endianness, batch: int
) -> None:
    """A length is four bytes of it, or eight from 2^32 on (WriteStringTensor); the rest need not be there for that."""
    counted = b"".join(length.to_bytes(8 if length >> 32 else 4, endianness) for length in lengths)
    stored = b"".join(map(varint, lengths))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(varint_module, "BATCH", batch)
        assert strings_crc32c(memoryview(stored + rest), len(lengths), endianness) == crc32c(counted + rest)
        for cut in range(len(stored)):
            with pytest.raises(FormatError, match=r"do not hold|cut off"):
                strings_crc32c(memoryview(stored[:cut]), len(lengths), endianness)


@given(st.lists(st.binary(max_size=200), max_size=30), st.integers(1, 7))
def test_strings_in_batches(values: list[bytes], batch: int) -> None:
    stored, crc = strings(values)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(varint_module, "BATCH", batch)
        assert parse_strings(memoryview(stored), len(values), "little") == values
        assert mask(strings_crc32c(memoryview(stored), len(values), "little")) == crc


def test_the_checksum_of_a_million_strings_takes_the_memory_of_a_few() -> None:
    content = memoryview(bytes(1_000_004))
    tracemalloc.start()
    found = strings_crc32c(content, 1_000_000, "little")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found == crc32c(bytes(4_000_004))
    assert peak < 2 << 20


def test_variants() -> None:
    content, crc = b"", 0
    for element in (b"first", b""):
        crc = crc32c(element, crc32c(len(element).to_bytes(8, "little"), crc))
        check = mask(crc).to_bytes(4, "little")
        crc = crc32c(check, crc)
        content += varint(len(element)) + element + check
    bundle = BundleWriter()
    bundle.add(b"v", 21, [2], content, mask(crc))
    entries, reader = opened(bundle)
    assert reader.computed_crc32c(entries["v"]) == entries["v"].crc32c
    assert reader.read_bytes(entries["v"]) == content
    with pytest.raises(FormatError, match="stored bytes can be read"):
        reader.read(entries["v"])


def partitioned(extents: list[list[tuple[int, int]]], whole: Any) -> tuple[BundleEntry, BundleReader]:
    bundle = BundleWriter()
    bundle.add_partitioned(b"emb", 1, whole.shape, extents)
    for piece in extents:
        part = whole[tuple(slice(s, None if n < 0 else s + n) for s, n in piece)]
        bundle.add(slice_key(b"emb", piece), 1, part.shape, part.tobytes())
    entries, reader = opened(bundle)
    return entries["emb"], reader


def test_slices_are_put_together() -> None:
    whole = np.arange(30, dtype=np.float32).reshape(5, 6)
    entry, reader = partitioned([[(0, 2), (0, -1)], [(2, 3), (0, 4)], [(2, 3), (4, 2)]], whole)
    np.testing.assert_array_equal(reader.read(entry), whole)
    assert [reader.computed_crc32c(entry, piece) for piece in entry.slices] == [p.crc32c for p in entry.slices]
    for ask in (reader.read_bytes, reader.chunks, reader.computed_crc32c):
        with pytest.raises(FormatError, match="its slices have"):
            ask(entry)


def slices(*pieces: tuple[tuple[int, ...], tuple[int | None, ...]], shape: tuple[int, ...] = (4,)) -> BundleEntry:
    """A float32 entry of slices that all begin at byte 0."""
    made = []
    for starts, lengths in pieces:
        size = 4
        for length in lengths:
            size *= length or 0
        made.append(TensorSlice(starts, lengths, 0, 0, size, 0))
    return BundleEntry("emb", "float32", shape, 16, None, None, None, tuple(made))


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (slices(), "do not add up"),
        (slices(shape=(0,)), "None of the slices"),
        (slices(((0,), (3,))), "do not add up"),
        (slices(((0,), (2,)), ((1,), (2,))), "overlap"),
        (slices(((3,), (4,))), "outside its tensor"),
        (slices(((-1,), (4,))), "outside its tensor"),
        (slices(((0, 0), (4, 1))), "another rank"),
        (slices(((0,), (2**40,)), shape=(2**40,)), "Shard 0 has 64 bytes"),
        # The same bytes again and again would make a large tensor of a small file.
        (slices(*(((16 * i,), (16,)) for i in range(1000)), shape=(16_000,)), "take 64000 bytes, more than it has"),
    ],
)
def test_bad_slices(entry: BundleEntry, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        BundleReader([bytes(64)].__getitem__).read(entry)


def plain(dtype: str, shape: tuple[int, ...], size: int, offset: int = 0, shard: int = 0) -> BundleEntry:
    return BundleEntry("key", dtype, shape, size, shard, offset, 0)


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (plain("float32", (20,), 80), "Shard 0 has 64 bytes"),
        (plain("float32", (1,), 4, offset=2**62), "Shard 0 has 64 bytes"),
        (plain("float32", (2,), 4), "need 8 bytes, not 4"),
        (plain("float32", (2**62,), 0), "need"),
        (plain("float32", (0, 2**62, 2**62), 0), "cannot be held"),
        (plain("float32", (1,) * 200, 4), "cannot be held"),
        (plain("resource", (1,), 4), "never stored"),
        (plain("dtype_77", (1,), 4), "never stored"),
        (plain("string", (2**40,), 64), "do not hold"),
        (plain("string", (3,), 64), "do not add up"),
        (plain("string", (1,), 5), "checksum over the lengths"),
        (plain("float32", (1,), 4, shard=1), "no data file for shard 1"),
    ],
)
def test_bytes_that_do_not_fit(entry: BundleEntry, message: str) -> None:
    data = b"\0" + bytes(63)
    with pytest.raises(FormatError, match=message):
        BundleReader([data].__getitem__).read(entry)


def test_strings_are_asked_of_strings() -> None:
    with pytest.raises(FormatError, match="holds no strings"):
        BundleReader([bytes(8)].__getitem__).read_strings(plain("float32", (1,), 4))


def test_a_file_that_cannot_be_opened() -> None:
    def refuse(number: int) -> bytes:
        raise PermissionError(13, "Permission denied")

    with pytest.raises(FormatError, match="Permission denied"):
        BundleReader(refuse).read(plain("float32", (1,), 4))


def test_files_are_opened_late_once_and_not_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle_reader, "MAX_OPEN_SHARDS", 2)
    asked = []

    def open_shard(number: int) -> bytes:
        asked.append(number)
        return bytes(4)

    reader = BundleReader(open_shard)
    assert asked == []
    for number in (0, 0, 1, 0, 2, 0, 1):
        reader.read(plain("float32", (1,), 4, shard=number))
    assert asked == [0, 1, 2, 1]


@given(st.binary(max_size=60), st.integers(0, 70), st.sampled_from(["string", "variant"]))
def test_any_bytes(content: bytes, elements: int, dtype: str) -> None:
    reader = BundleReader([content].__getitem__)
    entry = plain(dtype, (elements,), len(content))
    for ask in (reader.read, reader.computed_crc32c):
        with suppress(FormatError):
            ask(entry)
