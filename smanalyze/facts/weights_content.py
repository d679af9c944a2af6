"""The bytes of stored tensors as digests, so that tensors of two files can be found in each other."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from smanalyze.errors import FormatError
from smanalyze.model.bundle import BundleEntry
from smanalyze.model.checkpoint import Checkpoint, TensorReader
from smanalyze.model.dtypes import item_size
from smanalyze.model.record import record


@record
class Content:
    """What one tensor holds. ``digest`` is the sha256 of its values, row-major and little-endian, None where they could
    not be read (``reason`` says why); ``crc32c`` is then the stored one, if there is any. ``plain``: all elements are
    the same number, as in weights that were never trained."""

    digest: str | None
    crc32c: int | None = None
    plain: bool = False
    reason: str = ""


def content_of(checkpoint: Checkpoint, entry: BundleEntry) -> Content:
    """Reads a tensor in pieces (a partitioned one, or one of another byte order, at once)."""
    if checkpoint.reader is None:
        return Content(None, entry.crc32c, reason="its values are not at hand")
    digest = hashlib.sha256()
    plain = _Plain(item_size(entry.dtype), entry.elements)
    try:
        for piece in _pieces(checkpoint, checkpoint.reader, entry):
            digest.update(piece)
            plain.add(piece)
    except FormatError as error:
        return Content(None, entry.crc32c, reason=error.message[:1].lower() + error.message[1:].rstrip("."))
    return Content(digest.hexdigest(), entry.crc32c, plain.holds())


def stored_crc(checkpoint: Checkpoint, entry: BundleEntry, content: Content) -> int | None:
    """The masked CRC-32C of a tensor: as its index says, else computed; None where neither can be had."""
    if content.crc32c is not None or content.digest is None or checkpoint.reader is None or entry.slices:
        return content.crc32c
    return checkpoint.reader.computed_crc32c(entry)


def _pieces(checkpoint: Checkpoint, reader: TensorReader, entry: BundleEntry) -> Iterator[bytes]:
    if entry.dtype == "string" and not entry.slices:
        # Stored strings carry a CRC of their own in the byte order of the file.
        for text in reader.read_strings(entry):
            yield len(text).to_bytes(8, "little")
            yield text
    elif entry.slices or (checkpoint.endianness == "big" and entry.dtype != "variant"):
        values = reader.read(entry)
        yield values.astype(values.dtype.newbyteorder("<"), copy=False).tobytes()
    else:
        yield from reader.chunks(entry)


class _Plain:
    """Whether all elements seen are the same; a lone one counts only if it is zero."""

    def __init__(self, width: int, elements: int) -> None:
        self._width = width
        self._same = width > 0 and elements > 0
        self._lone = elements == 1
        self._first = b""

    def add(self, piece: bytes) -> None:
        if not self._same or not piece:
            return
        self._first = self._first or piece[: self._width]
        # A piece is as long as a whole number of elements: pieces have sizes of powers of two.
        self._same = piece == self._first * (len(piece) // self._width)

    def holds(self) -> bool:
        return self._same and (not self._lone or not any(self._first))
