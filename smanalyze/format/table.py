"""Reader of LevelDB tables: sorted (key, value) pairs in blocks, found through an index block and a footer.

Source: tensorflow/core/lib/io/format.cc, block.cc, table.cc; leveldb's doc/table_format.md.

    file   = data block…, metaindex block, index block, footer (48 bytes)
    block  = entries, restart offsets (uint32 each), their count (uint32); then type (1 byte), masked CRC-32C (uint32)
    entry  = varint32 shared, unshared, value length; key bytes after the shared ones; value
    footer = handle of the metaindex, handle of the index, zeros up to 40 bytes, magic
    handle = varint64 offset, varint64 size (without the 5 bytes of type and CRC)
"""

from __future__ import annotations

from collections.abc import Generator, Iterator

from smanalyze.errors import FormatError
from smanalyze.format.checksum import crc32c, masked_crc32c
from smanalyze.format.faults import Buffer, Faults, is_utf8_mangled
from smanalyze.format.limits import (
    FREE_SHARED_KEY_BYTES,
    MAX_ENTRIES,
    MAX_INDEX_BYTES,
    MAX_KEY_BYTES,
    MAX_SHARED_KEY_BYTES,
    MAX_SHARED_RATIO,
    MAX_SNAPPY_BYTES,
)
from smanalyze.format.snappy import decompress
from smanalyze.format.varint import read_varint, read_varint32
from smanalyze.model.parts import METAINDEX
from smanalyze.model.record import record

MAGIC = (0xDB4775248B80FB57).to_bytes(8, "little")
FOOTER_BYTES = 48
TRAILER_BYTES = 5
_RAW, _SNAPPY = 0, 1

Pairs = list[tuple[bytes, bytes]]


@record
class Block:
    """One data block: its byte offset in the file, whether it was compressed, its (key, value) pairs as stored."""

    offset: int
    compressed: bool
    entries: tuple[tuple[bytes, bytes], ...]


def read_blocks(data: Buffer, faults: Faults) -> Iterator[Block]:
    """The data blocks of a table in file order.

    Never raises: what is wrong goes to ``faults`` (``truncated``, ``corrupt``, ``limit``, ``wrong-kind`` …, with byte
    offset), and reading goes on with the next block. A block whose checksum does not match is yielded as far as it
    can be read. The metaindex block, which TensorFlow writes empty and never reads, is checked after the last of them.
    Reads each byte at most twice, whatever the handles say: only the index block may share bytes with another.
    """
    if faults.add_whole_file(data):
        return
    footer = len(data) - FOOTER_BYTES
    if footer < 0 or bytes(data[-8:]) != MAGIC:
        _add_no_footer(data, faults)
        return
    if len(data) > MAX_INDEX_BYTES:
        faults.add("limit", f"The table has {len(data)} bytes; the limit is {MAX_INDEX_BYTES}.", 0)
        return
    try:
        metaindex, position = _read_handle(data, footer)
        index, _ = _read_handle(data, position)
    except FormatError as error:
        faults.add("corrupt", f"The footer cannot be read: {error.message}", footer)
        return
    yield from _TableReader(data, faults).read(metaindex, index)


def _add_no_footer(data: Buffer, faults: Faults) -> None:
    if is_utf8_mangled(data):
        faults.add("utf8-mangled", "The file went through a text conversion; its binary content is lost.", 0)
    elif bytes(data[:2]) == b"\0\0":
        # A table of a bundle begins with the entry of the empty key: nothing shared, nothing unshared.
        faults.add("truncated", "The table has no footer: the file is cut off or overwritten.", len(data))
    else:
        faults.add("wrong-kind", "The file is not a LevelDB table: the magic number at its end is missing.", 0)


def _read_handle(data: Buffer, position: int) -> tuple[tuple[int, int], int]:
    """((offset, size) of a block, position after the handle)."""
    offset, position = read_varint(data, position)
    size, position = read_varint(data, position)
    return (offset, size), position


class _TableReader:
    """The state of reading one table: the budgets that all its blocks share."""

    def __init__(self, data: Buffer, faults: Faults) -> None:
        self._data = data
        self._faults = faults
        self._entries_left = MAX_ENTRIES
        self._shared_left = min(MAX_SHARED_KEY_BYTES, FREE_SHARED_KEY_BYTES + MAX_SHARED_RATIO * len(data))
        self._inflated_left = MAX_INDEX_BYTES
        self._exhausted = False

    def read(self, metaindex: tuple[int, int], index: tuple[int, int]) -> Iterator[Block]:
        """The data blocks, given the footer's handles."""
        block = self._read_block(*index, "index block")
        if block is None:
            return
        handles = self._parse(block[0], index[0], "index block")
        end = yield from self._read_data(handles, index[0])
        self._check_metaindex(metaindex, index, end)

    def _read_data(self, handles: Pairs, index_offset: int) -> Generator[Block, None, int]:
        """Yields the data blocks that the index block lists, and returns where the last of them ends."""
        # A block must begin where the one before it ended, or later. Writers do so, and it keeps reading linear.
        end = 0
        last: bytes | None = None
        for _, value in handles:
            try:
                (offset, size), _ = _read_handle(value, 0)
            except FormatError:
                self._faults.add("corrupt", "An entry of the index block is not a block handle.", index_offset)
                continue
            if offset < end:
                self._faults.add("corrupt", "A data block overlaps or precedes the one before it.", offset)
                continue
            if self._fits(offset, size):
                end = offset + size + TRAILER_BYTES
            block = self._read_block(offset, size, "data block")
            if block is None:
                continue
            entries = self._parse(block[0], offset, "data block")
            last = self._check_order(entries, last, offset)
            yield Block(offset, block[1], tuple(entries))
            if self._exhausted:
                break
        return end

    def _check_metaindex(self, metaindex: tuple[int, int], index: tuple[int, int], end: int) -> None:
        """Records a metaindex block that is not where writers put it, behind the data blocks, or not as written."""
        part, self._faults.part = self._faults.part, METAINDEX
        offset, size = metaindex
        beside = offset + size + TRAILER_BYTES <= index[0] or offset >= index[0] + index[1] + TRAILER_BYTES
        if self._fits(offset, size) and (offset < end or not beside):
            message = f"The metaindex block of {size} bytes overlaps or precedes another block."
            self._faults.add("corrupt", message, offset)
        else:
            self._read_block(offset, size, "metaindex block")
        self._faults.part = part

    def _fits(self, offset: int, size: int) -> bool:
        return offset + size + TRAILER_BYTES + FOOTER_BYTES <= len(self._data)

    def _read_block(self, offset: int, size: int, part: str) -> tuple[bytes, bool] | None:
        """(content, compressed) of the block at a handle; None, with a fault, where there is none to read."""
        if not self._fits(offset, size):
            self._faults.add("truncated", f"The {part} of {size} bytes reaches past the table's end.", offset)
            return None
        stop = offset + size
        content = bytes(self._data[offset:stop])
        kind = self._data[stop]
        stored = int.from_bytes(self._data[stop + 1 : stop + TRAILER_BYTES], "little")
        computed = masked_crc32c(bytes((kind,)), crc32c(content))
        if stored != computed:
            found = f"stored {stored:08x}, computed {computed:08x}"
            self._faults.add("corrupt", f"The {part}'s checksum does not match ({found}).", offset)
        if kind == _RAW:
            return content, False
        if kind != _SNAPPY:
            self._faults.add("corrupt", f"The {part}'s compression type {kind} is unknown.", stop)
            return None
        try:
            content = decompress(content, min(MAX_SNAPPY_BYTES, self._inflated_left))
        except FormatError as error:
            self._faults.add("corrupt", f"The {part} cannot be decompressed: {error.message}", offset)
            return None
        self._inflated_left -= len(content)
        self._shared_left = min(MAX_SHARED_KEY_BYTES, self._shared_left + MAX_SHARED_RATIO * len(content))
        return content, True

    def _parse(self, block: bytes, offset: int, part: str) -> Pairs:
        """The pairs of a block's content; where it breaks off there is a fault, and the pairs before it are kept."""
        entries: Pairs = []
        restarts = int.from_bytes(block[-4:], "little")
        end = len(block) - 4 - 4 * restarts
        if end < 0 or (restarts == 0 and end > 0):
            self._faults.add("corrupt", f"The {part} of {len(block)} bytes declares {restarts} restarts.", offset)
            return entries
        try:
            self._exhausted = self._parse_entries(block, end, entries) < end
        except FormatError as error:
            self._faults.add("corrupt", f"The {part} breaks off in entry {len(entries)}: {error.message}", offset)
        self._entries_left -= len(entries)
        if self._exhausted:
            self._faults.add("limit", f"The table has too many entries or too long keys; the {part} is cut.", offset)
        return entries

    def _parse_entries(self, block: bytes, end: int, entries: Pairs) -> int:
        """Appends the pairs of ``block[:end]`` as far as the budgets go, and returns the position reached.

        Raises FormatError at the first entry that is not well formed.
        """
        key = b""
        position = 0
        shared_left = self._shared_left
        for _ in range(self._entries_left):
            if position >= end or shared_left < 0:
                break
            # At least four bytes follow ``end``, so three one-byte lengths can always be looked at.
            shared, unshared, length = block[position], block[position + 1], block[position + 2]
            if (shared | unshared | length) < 0x80:
                position += 3
            else:
                shared, position = read_varint32(block, position)
                unshared, position = read_varint32(block, position)
                length, position = read_varint32(block, position)
            stop = position + unshared
            if stop + length > end or shared > len(key) or shared + unshared > MAX_KEY_BYTES:
                raise FormatError(f"its lengths ({shared}, {unshared}, {length}) do not fit.")
            shared_left -= shared
            key = key[:shared] + block[position:stop]
            position = stop + length
            entries.append((key, block[stop:position]))
        self._shared_left = shared_left
        return position

    def _check_order(self, entries: Pairs, last: bytes | None, offset: int) -> bytes | None:
        """Records keys that do not ascend (leveldb::TableBuilder::Add insists on it); returns the last key."""
        for key, _ in entries:
            if last is not None and key <= last:
                what = "is there twice" if key == last else "is out of order"
                self._faults.add("corrupt", f"The key {quote(key)} {what}.", offset)
            last = key
        return last


def quote(key: bytes) -> str:
    """A key for a message: quoted, unprintable bytes escaped, long ones cut."""
    text = repr(key[:200])[1:]
    return text if len(key) <= 200 else f"{text}… ({len(key)} bytes)"
