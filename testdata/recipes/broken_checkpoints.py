# /// script
# requires-python = ">=3.11"
# dependencies = ["google-crc32c"]
# ///
"""Damage in variables/: whole files, single bytes, indexes written by hand with lies in them. Needs no TensorFlow."""

import shutil
import struct
from pathlib import Path

import google_crc32c
from _common import TESTDATA, copy_model

MODELS = (
    "checkpoint_other_model",
    "index_bad_crc",
    "index_bad_footer",
    "index_hostile_header",
    "index_hostile_sizes",
    "index_hostile_slices",
    "index_hostile_strings",
    "index_unsorted_keys",
    "missing_index",
    "missing_shard",
    "shard_bad_crc",
    "stale_shard",
    "truncated_index",
    "truncated_shard",
)

GOOD = "module_one_signature"
INDEX = "variables/variables.index"
DATA = "variables/variables.data-00000-of-00001"

FLOAT, STRING = 1, 7  # DataType


def damaged(name: str) -> Path:
    """A copy of a good model, to be damaged."""
    return Path(copy_model(GOOD, name))


def edit(path: Path, change) -> None:
    path.write_bytes(change(path.read_bytes()))


def flip(data: bytes, position: int) -> bytes:
    """All bits of one byte turned over."""
    copy = bytearray(data)
    copy[position] ^= 0xFF
    return bytes(copy)


def files() -> None:
    (damaged("missing_index") / INDEX).unlink()
    (damaged("missing_shard") / DATA).unlink()
    (damaged("stale_shard") / "variables/variables.data-00000-of-00002").write_bytes(bytes(64))
    edit(damaged("truncated_shard") / DATA, lambda data: data[:10])
    edit(damaged("shard_bad_crc") / DATA, lambda data: flip(data, 3))
    edit(damaged("truncated_index") / INDEX, lambda data: data[: len(data) // 2])
    edit(damaged("index_bad_crc") / INDEX, lambda data: flip(data, 20))
    edit(damaged("index_bad_footer") / INDEX, lambda data: flip(data, len(data) - 1))

    other = damaged("checkpoint_other_model")
    shutil.rmtree(other / "variables")
    shutil.copytree(TESTDATA / "models" / "module_several_signatures" / "variables", other / "variables")


# --- An index by hand -------------------------------------------------------------------------------------------------


def varint(number: int) -> bytes:
    """A protobuf varint; negative numbers as 64-bit two's complement."""
    number &= 2**64 - 1
    digits = []
    while number > 127:
        digits.append(number & 127 | 128)
        number >>= 7
    return bytes([*digits, number])


def number_field(field: int, number: int) -> bytes:
    return varint(field << 3) + varint(number)


def message_field(field: int, content: bytes) -> bytes:
    return varint(field << 3 | 2) + varint(len(content)) + content


def masked_crc(data: bytes) -> int:
    crc = google_crc32c.value(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def header(num_shards: int = 1) -> bytes:
    """BundleHeaderProto: num_shards, version {producer: 1}."""
    return number_field(1, num_shards) + message_field(3, number_field(1, 1))


def entry(dtype=FLOAT, shape=(2,), shard=0, offset=0, size=8, data=bytes(8), slices=()) -> bytes:
    """BundleEntryProto with the CRC of `data`; each slice is a list of (start, length)."""
    dims = b"".join(message_field(2, number_field(1, dim)) for dim in shape)
    proto = number_field(1, dtype) + message_field(2, dims) + number_field(3, shard)
    proto += number_field(4, offset) + number_field(5, size)
    proto += varint(6 << 3 | 5) + struct.pack("<I", masked_crc(data))
    for extents in slices:
        pairs = [number_field(1, start) + number_field(2, length) for start, length in extents]
        proto += message_field(7, b"".join(message_field(1, pair) for pair in pairs))
    return proto


def block(entries: list[tuple[bytes, bytes]]) -> bytes:
    """A table block with one restart, no shared prefixes, and its 5-byte trailer."""
    data = b"".join(varint(0) + varint(len(key)) + varint(len(value)) + key + value for key, value in entries)
    data += struct.pack("<II", 0, 1) + b"\0"
    return data + struct.pack("<I", masked_crc(data))


def table(entries: list[tuple[bytes, bytes]]) -> bytes:
    """A whole index file: one data block, an empty metaindex block, an index block, the footer."""
    blocks, handles = b"", []
    for content in (entries, []):
        made = block(content)
        handles.append(varint(len(blocks)) + varint(len(made) - 5))
        blocks += made
    made = block([(entries[-1][0] + b"\xff", handles[0])])
    handles.append(varint(len(blocks)) + varint(len(made) - 5))
    footer = (handles[1] + handles[2]).ljust(40, b"\0") + struct.pack("<Q", 0xDB4775248B80FB57)
    return blocks + made + footer


def string_data(lengths: list[int], text: bytes) -> tuple[bytes, bytes]:
    """A string tensor as it lies in the file, and the bytes its CRC is taken of, where lengths are not varints."""
    plain = b"".join(struct.pack("<Q" if length >= 2**32 else "<I", length) for length in lengths)
    tail = struct.pack("<I", masked_crc(plain)) + text
    return b"".join(map(varint, lengths)) + tail, plain + tail


def by_hand(name: str, entries: dict[bytes, bytes], data: bytes = bytes(8)) -> None:
    path = damaged(name)
    (path / INDEX).write_bytes(table(sorted(entries.items())))
    (path / DATA).write_bytes(data)


def hostile_indexes() -> None:
    by_hand("index_hostile_header", {b"": header(num_shards=2**31 - 1), b"fine": entry()})
    by_hand(
        "index_hostile_sizes",
        {
            b"": header(),
            b"fine": entry(),
            b"dimension_negative": entry(shape=(-2,)),
            b"dtype_unknown": entry(dtype=999),
            b"offset_negative": entry(offset=-8),
            b"offset_past_end": entry(offset=2**40),
            b"offset_plus_size_overflows": entry(offset=2**63 - 4),
            b"proto_garbage": b"\xff\xff\xff",
            b"shape_overflows": entry(shape=(2**62, 2**62)),
            b"shape_product_is_zero_mod_2_64": entry(shape=(2**32, 2**32), size=0, data=b""),
            b"shard_negative": entry(shard=-1),
            b"shard_out_of_range": entry(shard=7),
            b"size_huge": entry(size=2**62),
            b"size_negative": entry(size=-8),
            b"size_not_of_shape": entry(shape=(3,)),
        },
    )
    by_hand(
        "index_hostile_slices",
        {
            b"": header(),
            b"gaps": entry(shape=(4,), slices=[[(0, 1)], [(3, 1)]]),
            b"many": entry(shape=(4,), slices=[[(i, 1)] for i in range(100)]),
            b"outside": entry(shape=(4,), slices=[[(2, 10)]]),
            b"rank": entry(shape=(4,), slices=[[(0, 1), (0, 1)]]),
            b"\x00" + b"bad\xff\x01": entry(),  # a slice key cut in the middle of its name
        },
    )
    huge = 2**63 - 1
    text = string_data([huge], b"abcd")
    endless = b"\xff" * 20
    by_hand(
        "index_hostile_strings",
        {
            b"": header(),
            b"length_huge": entry(dtype=STRING, shape=(1,), size=len(text[0]), data=text[1]),
            b"lengths_missing": entry(dtype=STRING, shape=(1000,), size=len(text[0]), data=text[1]),
            b"varint_endless": entry(dtype=STRING, shape=(1,), offset=len(text[0]), size=len(endless), data=endless),
        },
        data=text[0] + endless,
    )
    path = damaged("index_unsorted_keys")
    entries = [(b"", header()), (b"b", entry()), (b"a", entry()), (b"a", entry(shape=(1, 2)))]
    (path / INDEX).write_bytes(table(entries))
    (path / DATA).write_bytes(bytes(8))


def main() -> None:
    files()
    hostile_indexes()


if __name__ == "__main__":
    main()
