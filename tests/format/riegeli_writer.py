"""Writes Riegeli files and split models, so that a test says what stands in them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import brotli

from smanalyze.format.highwayhash import highwayhash64
from tests.format.bundle_writer import snappy, varint

BLOCK, BLOCK_HEADER = 1 << 16, 24
_KEY = tuple(int.from_bytes(word, "little") for word in (b"Riegeli/", b"records\n") * 2)


def _hash(data: bytes) -> bytes:
    return highwayhash64(data, _KEY).to_bytes(8, "little")  # type: ignore[arg-type]


def part(data: bytes, method: bytes) -> bytes:
    """Sizes or values of a simple chunk, compressed."""
    if method == b"b":
        return varint(len(data)) + brotli.compress(data)
    return varint(len(data)) + snappy(data) if method == b"s" else data


def simple(records: Sequence[bytes], method: bytes = b"\0") -> bytes:
    """The data of a simple chunk."""
    sizes = part(b"".join(varint(len(one)) for one in records), method)
    return method + varint(len(sizes)) + sizes + part(b"".join(records), method)


class RiegeliWriter:
    """A file, chunk by chunk. ``begins`` are the places of the chunks."""

    def __init__(self) -> None:
        self.out = bytearray()
        self.begins: list[int] = []
        self.chunk(b"s", 0, 0, b"")

    def chunk(self, kind: bytes, num_records: int, decoded_size: int, data: bytes) -> int:
        """Any chunk; returns where it begins."""
        begin = len(self.out)
        self.begins.append(begin)
        rest = len(data).to_bytes(8, "little") + _hash(data) + kind
        rest += num_records.to_bytes(7, "little") + decoded_size.to_bytes(8, "little")
        self._write(_hash(rest) + rest + data)
        while len(self.out) < begin + min(num_records, 1000):  # places of records must differ
            self._write(b"\0")
        return begin

    def records(self, records: Sequence[bytes], method: bytes = b"\0") -> int:
        """A simple chunk of records."""
        return self.chunk(b"r", len(records), sum(map(len, records)), simple(records, method))

    def _write(self, data: bytes) -> None:
        while data:
            if len(self.out) % BLOCK == 0:
                self.out += b"\xbb" * BLOCK_HEADER
            room = BLOCK - len(self.out) % BLOCK
            self.out += data[:room]
            data = data[room:]


def split_file(chunks: Sequence[bytes], message: Any, metadata_class: Any, method: bytes = b"b") -> bytes:
    """A split message: its chunks in one Riegeli chunk, the metadata in another."""
    writer = RiegeliWriter()
    begin = writer.records(chunks, method)
    metadata = metadata_class(message=message)
    metadata.version.splitter_version = 1
    for number, chunk in enumerate(chunks):
        metadata.chunks.add(type=1, size=len(chunk), offset=begin + number)
    writer.records([metadata.SerializeToString()], method)
    return bytes(writer.out)
