"""Inputs that make the most of their bytes: the known worst of each format, by which the limits of memory were set."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import brotli

from tests.format.bundle_writer import entry, header, table, varint
from tests.format.riegeli_writer import RiegeliWriter, part
from tests.fuzz import seeds

SIZE = 20_000


class Dense(NamedTuple):
    """An input of the target ``name``; ``is_small`` where what it takes is out of all proportion to its bytes."""

    name: str
    make: Callable[[], bytes]
    is_small: bool = False


def _field(*tags: int, inner: bytes = b"") -> bytes:
    """A message within messages, by the numbers of their fields from the outside."""
    for tag in reversed(tags):
        inner = varint(tag << 3 | 2) + varint(len(inner)) + inner
    return inner


def _many(tag: int) -> bytes:
    """Empty messages or strings of one field, two bytes each."""
    return _field(tag) * (SIZE // 2)


def _bundle(index: bytes) -> bytes:
    return len(index).to_bytes(4, "little") + index


def _bomb() -> bytes:
    """Almost as much as is decoded of a small file."""
    size = 60 << 20
    sizes, values = part(varint(size), b"b"), varint(size) + brotli.compress(bytes(size), quality=1)
    writer = RiegeliWriter()
    writer.chunk(b"r", 1, size, b"b" + varint(len(sizes)) + sizes + values)
    return bytes(writer.out)


CASES = {
    "meta graphs": Dense("pb", lambda: _many(2)),
    "nodes": Dense("pb", lambda: _field(2, 2, inner=_many(1))),
    "objects": Dense("pb", lambda: _field(2, 7, inner=_many(1))),
    "structures": Dense("pb", lambda: _field(2, 7, 2, inner=b"\x0a\x01a" + _field(2, 4, 51, inner=_many(1)))),
    "lost fields": Dense("pb", lambda: _field(2, 2, inner=_field(1, inner=b"\x0a\x7f") * (SIZE // 4))),
    "keys": Dense("bundle", lambda: _bundle(table([header(), *((b"%05d" % i, b"") for i in range(SIZE // 9))]))),
    "tasks": Dense("tfrecord", lambda: seeds.as_record(_field(4, 1, inner=_many(1)))),
    "checkpoint objects": Dense("objects", lambda: _many(1)),
    "chunked fields": Dense("split", lambda: bytes(12) + _many(2)),
    "shards": Dense("bundle", lambda: _bundle(table([header(99_999), (b"a", entry(1, [2]))])), True),
    "bomb": Dense("riegeli", _bomb, True),
}
"""What there is many times, or once and large."""
