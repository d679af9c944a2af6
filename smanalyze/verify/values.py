"""The bytes of variables as TensorFlow loaded them against those of the checkpoint, by checksum."""

from __future__ import annotations

import random
import struct
from collections.abc import Iterable
from typing import Any

import google_crc32c

from smanalyze.errors import FormatError
from smanalyze.model.saved_model import SavedModel
from smanalyze.report.sections import VariableRow
from smanalyze.verify.observed import ValueSeen

MAX_BYTES = 512 << 20
"""More than this is not read whole: the ten largest variables, and others drawn by chance until it is reached."""

LARGEST = 10


def masked(crc: int) -> int:
    """As tensor bundles store a CRC-32C (tensorflow/core/lib/hash/crc32c.h); as ``format/checksum.py`` has it, which
    only those who read the files may import."""
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def encoded(array: Any) -> bytes:
    """The bytes of an array; of strings their lengths (8 bytes each), then themselves. As the worker does it."""
    import numpy as np

    array = np.asarray(array)
    if array.dtype.kind not in "OSU":
        return np.ascontiguousarray(array).tobytes()
    items = [item if isinstance(item, bytes) else str(item).encode() for item in array.ravel().tolist()]
    return b"".join(struct.pack("<Q", len(item)) for item in items) + b"".join(items)


def string_crc(content: bytes, count: int) -> int:
    """The CRC-32C that a tensor bundle has for ``count`` strings in the worker's form: that of their lengths, of its
    own masked value, and of the strings (tensorflow/core/util/tensor_bundle/tensor_bundle.cc: WriteStringTensor)."""
    crc = 0
    for size in struct.unpack_from(f"<{count}Q", content):
        crc = google_crc32c.extend(crc, struct.pack("<I" if size < 1 << 32 else "<Q", size))
    crc = google_crc32c.extend(crc, struct.pack("<I", masked(crc)))
    return int(google_crc32c.extend(crc, content[8 * count :]))


class Received:
    """Takes the attachments of the worker's answer to ``values``; of ``rows``, the variables by path, it needs to know
    which hold strings."""

    def __init__(self, rows: dict[str, VariableRow]) -> None:
        self.crcs: dict[str, int] = {}
        self.errors: dict[str, str] = {}
        self._strings = {path: bytearray() for path, row in rows.items() if row.dtype == "string"}
        self._rows = rows

    def take(self, path: str, error: str, size: int, piece: bytes) -> None:
        """One piece of a variable's bytes."""
        if error:
            self.errors[path] = error
        elif path in self._strings:
            whole = self._strings[path]
            whole += piece
            if len(whole) == size:
                self.crcs[path] = string_crc(bytes(whole), self._rows[path].elements)
        else:
            self.crcs[path] = google_crc32c.extend(self.crcs.get(path, 0), piece)


def seen(model: SavedModel, rows: dict[str, VariableRow], received: Received) -> Iterable[ValueSeen]:
    """The checksums side by side, by the path at which TensorFlow had the variable."""
    stored = model.variables if any(not row.crc32c or _other_bytes(model, row) for row in rows.values()) else None
    for path, row in rows.items():
        if path in received.errors:
            yield ValueSeen(path, "", "", received.errors[path])
        elif path in received.crcs:
            yield ValueSeen(path, f"{masked(received.crcs[path]):08x}", _stored(model, stored, row), "")


def _other_bytes(model: SavedModel, row: VariableRow) -> bool:
    """Whether the checksum of the index is of other bytes than those in memory."""
    return row.dtype == "variant" or model.checkpoint.endianness == "big"


def _stored(model: SavedModel, stored: Any, row: VariableRow) -> str:
    if row.crc32c and not _other_bytes(model, row):
        return row.crc32c
    if stored is None or not row.checkpoint_keys:
        return ""
    try:
        return f"{masked(google_crc32c.value(encoded(stored[row.checkpoint_keys[0]]))):08x}"
    except (KeyError, FormatError):
        return ""


def chosen(rows: dict[str, VariableRow], seed: int) -> list[str]:
    """The paths of the variables to read: all, or where that is too much the largest and some others."""
    if sum(row.size for row in rows.values()) <= MAX_BYTES:
        return list(rows)
    largest = sorted(rows, key=lambda path: -rows[path].size)[:LARGEST]
    rest = [path for path in rows if path not in largest]
    random.Random(seed).shuffle(rest)
    found, total = largest, sum(rows[path].size for path in largest)
    for path in rest:
        total += rows[path].size
        if total > MAX_BYTES:
            break
        found.append(path)
    return found
