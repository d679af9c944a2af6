"""A small writer of LevelDB tables and tensor bundles, by the formats' documents, for tests to damage and read back."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from smanalyze.format.checksum import crc32c, mask, masked_crc32c
from smanalyze.format.schema import message_class

Pair = tuple[bytes, bytes]


def varint(value: int) -> bytes:
    """An unsigned varint."""
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes((*out, value))


def block(pairs: Sequence[Pair], restart_every: int = 16) -> bytes:
    """The content of a block, without its trailer."""
    out = bytearray()
    restarts = []
    last = b""
    for number, (key, value) in enumerate(pairs):
        shared = 0
        if number % restart_every:
            while shared < min(len(key), len(last)) and key[shared] == last[shared]:
                shared += 1
        else:
            restarts.append(len(out))
        out += varint(shared) + varint(len(key) - shared) + varint(len(value)) + key[shared:] + value
        last = key
    restarts = restarts or [0]
    return bytes(out) + struct.pack(f"<{len(restarts) + 1}I", *restarts, len(restarts))


def snappy(data: bytes) -> bytes:
    """Raw snappy that uses literals and, for runs of one byte, copies that overlap themselves."""
    out = bytearray(varint(len(data)))
    position = 0
    while position < len(data):
        run = 1
        while run < 65 and data[position : position + 1] == data[position + run : position + run + 1]:
            run += 1
        out += bytes((0, data[position]))
        if run > 1:
            out += bytes((run - 2 << 2 | 2, 1, 0))
        position += run
    return bytes(out)


def handle(offset: int, size: int) -> bytes:
    """A block handle."""
    return varint(offset) + varint(size)


def table(pairs: Iterable[Pair], block_entries: int = 1000, compress: bool = False) -> bytes:
    """A whole table; ``block_entries`` pairs go into each data block."""
    out = bytearray()

    def append(content: bytes) -> bytes:
        kind = b"\1" if compress else b"\0"
        content = snappy(content) if compress else content
        placed = handle(len(out), len(content))
        out.extend(content + kind + masked_crc32c(content + kind).to_bytes(4, "little"))
        return placed

    rows = list(pairs)
    index = []
    for start in range(0, len(rows), block_entries):
        part = rows[start : start + block_entries]
        index.append((part[-1][0], append(block(part))))
    footer = (append(block([])) + append(block(index, 1))).ljust(40, b"\0")
    return bytes(out) + footer + bytes.fromhex("57fb808b247547db")


def header(num_shards: int = 1, big: bool = False, min_consumer: int = 0) -> Pair:
    """The pair of the empty key."""
    message = message_class("tensorflow.BundleHeaderProto")(num_shards=num_shards, endianness=int(big))
    message.version.producer = 1
    message.version.min_consumer = min_consumer
    return b"", message.SerializeToString()


def entry(dtype: int, shape: Sequence[int], offset: int = 0, size: int = 0, shard: int = 0, crc: int = 0) -> bytes:
    """A BundleEntryProto's bytes."""
    message = message_class("tensorflow.BundleEntryProto")(
        dtype=dtype, shard_id=shard, offset=offset, size=size, crc32c=crc
    )
    message.shape.SetInParent()
    for length in shape:
        message.shape.dim.add(size=length)
    return bytes(message.SerializeToString())


def signed(value: int) -> bytes:
    """A signed number in OrderedCode."""
    size = 1
    while not -(1 << 7 * size - 1) <= value < 1 << 7 * size - 1:
        size += 1
    head = ((1 << size) - 1) << 7 * size
    if value >= 0:
        return (head | value).to_bytes(size, "big")
    return (~(head | ~value) & (1 << 8 * size) - 1).to_bytes(size, "big")


def slice_key(name: bytes, extents: Sequence[tuple[int, int]]) -> bytes:
    """The key of one piece; (0, -1) is a whole dimension."""
    escaped = b"".join({0: b"\0\xff", 255: b"\xff\0"}.get(byte, bytes((byte,))) for byte in name)
    rank = bytes((1, len(extents))) if extents else b"\0"
    return b"\0" + escaped + b"\0\1" + rank + b"".join(signed(start) + signed(length) for start, length in extents)


def strings(values: Sequence[bytes], endianness: str = "little") -> tuple[bytes, int]:
    """(stored bytes, masked CRC) of a string tensor."""
    order = "<" if endianness == "little" else ">"
    crc = crc32c(b"".join(struct.pack(order + "I", len(value)) for value in values))
    check = struct.pack(order + "I", mask(crc))
    crc = crc32c(b"".join(values), crc32c(check, crc))
    return b"".join(varint(len(value)) for value in values) + check + b"".join(values), mask(crc)


@dataclass
class BundleWriter:
    """Collects tensors of one shard; ``index()`` and ``data`` are the two files."""

    big: bool = False
    data: bytearray = field(default_factory=bytearray)
    pairs: dict[bytes, bytes] = field(default_factory=dict)

    def add(self, key: bytes, dtype: int, shape: Sequence[int], content: bytes, crc: int | None = None) -> None:
        """Stores one tensor or piece."""
        stored = masked_crc32c(content) if crc is None else crc
        self.pairs[key] = entry(dtype, shape, len(self.data), len(content), crc=stored)
        self.data += content

    def add_strings(self, key: bytes, shape: Sequence[int], values: Sequence[bytes]) -> None:
        """Stores a string tensor."""
        content, crc = strings(values, "big" if self.big else "little")
        self.add(key, 7, shape, content, crc)

    def add_partitioned(
        self, key: bytes, dtype: int, shape: Sequence[int], slices: Sequence[Sequence[tuple[int, int]]]
    ) -> None:
        """Stores the entry that names the slices; the pieces are added by ``add`` under their slice_key."""
        message = message_class("tensorflow.BundleEntryProto").FromString(entry(dtype, shape))
        for extents in slices:
            piece = message.slices.add()
            for start, length in extents:
                extent = piece.extent.add()
                if length >= 0:
                    extent.start, extent.length = start, length
        self.pairs[key] = message.SerializeToString()

    def index(self, num_shards: int = 1, **options: Any) -> bytes:
        """The bytes of the index."""
        return table([header(num_shards, self.big), *sorted(self.pairs.items())], **options)
