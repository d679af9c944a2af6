"""Riegeli records: the container of saved_model.cpb.

A file is a row of chunks; a header of 24 bytes at every multiple of 64 KiB interrupts whatever stands there. A chunk
has a header of 40 bytes, and holds records, together compressed. Chunks of the transposed kind, which the writers of
split models do not use, are refused. Source: github.com/google/riegeli, doc/riegeli_records_file_format.md and
riegeli/chunk_encoding/simple_decoder.cc.
"""

from __future__ import annotations

from collections.abc import Iterator
from struct import Struct

from smanalyze.errors import FormatError
from smanalyze.format.faults import Buffer
from smanalyze.format.highwayhash import Key, highwayhash64
from smanalyze.format.snappy import decompress as snappy_decompress
from smanalyze.format.varint import read_varint, read_varints
from smanalyze.model.record import record

BLOCK = 1 << 16
BLOCK_HEADER = 24
USABLE = BLOCK - BLOCK_HEADER

MAX_DECODED_BYTES = (1 << 31) - 1
"""Decoded records of one file, taken together: a SavedModel is one protobuf message, which ends here."""

FREE_BYTES = 16 << 20
MAX_RATIO = 100
"""Above FREE_BYTES, the records may have this many times the bytes of the file: a bomb ends at 16 MiB."""

MAX_HASHED_BYTES = 256 << 10
"""Data of a chunk whose hash is checked; our own HighwayHash takes 0.3 s for a MB. Headers are always checked."""

MAX_CHUNKS = 1 << 16
"""Writers make chunks of about 1 MiB; each costs 0.1 ms, however small it is."""

MAX_RECORDS = 1 << 20
"""Records of one file: a split model has a handful, each of which was made since it was large."""

_KEY: Key = tuple(int.from_bytes(word, "little") for word in (b"Riegeli/", b"records\n") * 2)  # type: ignore[assignment]
_HEADER = Struct("<QQQQQ")
_BROTLI_PIECE = 1 << 20
_PLAIN = -1
"""Marks errors within a chunk that are no damage, and are told as they are."""

_NO_BROTLI = "The file is compressed with brotli: pip install 'smanalyze[cpb]' to read it."
_TOO_LARGE = "The records are larger than may be decoded (2 GiB, a thousandfold)."
_TRANSPOSED = "The Riegeli file has transposed chunks, which are not read."
_ZSTD = "The file is compressed with zstd, which is not read."
NO_DAMAGE = frozenset({_NO_BROTLI, _TOO_LARGE, _TRANSPOSED, _ZSTD})
"""Messages of errors that say nothing against the file."""

_NO_RECORDS = frozenset("smp")
"""Kinds of chunks: signature, metadata of the file, padding."""


@record
class Chunk:
    """One chunk: ``begin`` and ``end`` in the file, its ``kind`` (one letter), how many records, and its bytes."""

    begin: int
    end: int
    kind: str
    num_records: int
    decoded_size: int
    data: bytes


class RiegeliReader:
    """The records of one file, decoded when asked for.

    The records that were decoded take at most 64 MiB, or a thousand times the bytes of the file where that is more, and
    never more than 2 GiB.
    """

    def __init__(self, data: Buffer) -> None:
        self.data = memoryview(data)
        self.budget = min(MAX_DECODED_BYTES, max(FREE_BYTES, MAX_RATIO * len(data)))
        self.records_left = MAX_RECORDS

    def chunks(self) -> Iterator[Chunk]:
        """Every chunk in file order; FormatError (with offset) where one is damaged."""
        position = count = 0
        while position < len(self.data):
            count += 1
            if count > MAX_CHUNKS:
                raise FormatError(f"The Riegeli file has more than {MAX_CHUNKS} chunks.", offset=position)
            chunk = self.chunk(position)
            if position == 0 and (chunk.kind != "s" or chunk.num_records or chunk.data):
                raise FormatError("The file is no Riegeli file: it does not begin with its signature.", offset=0)
            yield chunk
            position = chunk.end

    def chunk(self, begin: int) -> Chunk:
        """The chunk that begins at byte ``begin``."""
        header = self._span(begin, _HEADER.size)
        stored, size, data_hash, word, decoded = _HEADER.unpack(header)
        if highwayhash64(header[8:], _KEY) != stored:
            raise FormatError("A chunk of the Riegeli file is damaged: the hash of its header is wrong.", offset=begin)
        kind, num_records = chr(word & 0xFF), word >> 8
        if size > len(self.data):
            raise FormatError(f"The Riegeli file ends before a chunk of {size} bytes.", offset=begin)
        data = self._span(begin, _HEADER.size + size)[_HEADER.size :]
        if size <= MAX_HASHED_BYTES and highwayhash64(data, _KEY) != data_hash:
            raise FormatError("A chunk of the Riegeli file is damaged: the hash of its data is wrong.", offset=begin)
        end = max(_after(begin, _HEADER.size + size), _possible_begin(begin + num_records))
        return Chunk(begin, end, kind, num_records, decoded, data)

    def records(self, chunk: Chunk) -> list[bytes]:
        """The records of a chunk; none of one that holds none. Raises FormatError. Each chunk is to be asked for once:
        what comes out is counted against the limits."""
        if chunk.kind in _NO_RECORDS:
            return []
        if chunk.kind == "r":
            return self._simple(chunk)
        if chunk.kind == "t":
            raise FormatError(_TRANSPOSED, offset=chunk.begin)
        raise FormatError(f"The Riegeli file has a chunk of unknown kind {chunk.kind!r}.", offset=chunk.begin)

    def _span(self, begin: int, size: int) -> bytes:
        """``size`` bytes from ``begin`` on, block headers left out."""
        pieces = []
        position, left = begin, size
        while left:
            if position % BLOCK == 0:
                position += BLOCK_HEADER
            piece = self.data[position : position + min(left, BLOCK - position % BLOCK)]
            if not len(piece):
                raise FormatError("The Riegeli file ends within a chunk.", offset=begin)
            pieces.append(piece)
            position += len(piece)
            left -= len(piece)
        return b"".join(pieces)

    def _simple(self, chunk: Chunk) -> list[bytes]:
        if not chunk.data or chunk.num_records > self.records_left:
            raise FormatError("A chunk of the Riegeli file has no data or too many records.", offset=chunk.begin)
        self.records_left -= chunk.num_records
        try:
            method = chunk.data[0]
            length, start = read_varint(chunk.data, 1)
            if length > len(chunk.data) - start:
                raise FormatError("its sizes reach past its end")
            sizes_part = self._decompress(chunk.data[start : start + length], method, 10 * chunk.num_records)
            sizes, end = read_varints(sizes_part, 0, chunk.num_records)
            if end != len(sizes_part) or sum(sizes) != chunk.decoded_size:
                raise FormatError("its sizes contradict each other")
            values = self._decompress(chunk.data[start + length :], method, chunk.decoded_size)
            if len(values) != chunk.decoded_size:
                raise FormatError("its records are not as long as it says")
        except FormatError as error:
            if error.offset == _PLAIN:
                raise FormatError(error.message, offset=chunk.begin) from error
            reason = error.message.rstrip(".")
            raise FormatError(f"A chunk of the Riegeli file is damaged: {reason}.", offset=chunk.begin) from error
        records, position = [], 0
        for size in sizes:
            records.append(values[position : position + size])
            position += size
        return records

    def _decompress(self, data: bytes, method: int, expected: int) -> bytes:
        """A part of a simple chunk, which has at most ``expected`` bytes when decoded."""
        if method == 0:
            self._spend(len(data))
            return data
        size, start = read_varint(data, 0)
        if size > expected:
            raise FormatError("a part is larger than it may be")
        self._spend(size)
        if method == ord("b"):
            decoded = _brotli(data[start:], size)
        elif method == ord("s"):
            decoded = snappy_decompress(data[start:], size)
        else:
            if method == ord("z"):
                raise FormatError(_ZSTD, offset=_PLAIN)
            raise FormatError(f"its compression {chr(method)!r} is unknown")
        if len(decoded) != size:
            raise FormatError(f"{size} bytes were compressed, and {len(decoded)} come out")
        return decoded

    def _spend(self, size: int) -> None:
        if size > self.budget:
            raise FormatError(_TOO_LARGE, offset=_PLAIN)
        self.budget -= size


def _after(begin: int, size: int) -> int:
    """Where ``size`` bytes of chunks end that begin at ``begin``, block headers counted."""
    return begin + size + (size + (begin + USABLE - 1) % BLOCK) // USABLE * BLOCK_HEADER


def _possible_begin(position: int) -> int:
    """``position``, or the end of the block header that it stands in."""
    return position + max(0, -position % BLOCK - (USABLE - 1))


def _brotli(data: bytes, size: int) -> bytes:
    """``data`` decompressed; never more than ``size`` and one piece."""
    try:
        import brotli
    except ImportError as error:
        raise FormatError(_NO_BROTLI, offset=_PLAIN) from error
    decoder = brotli.Decompressor()
    out = bytearray()
    try:
        out += decoder.process(data, output_buffer_limit=min(size, _BROTLI_PIECE) + 1)
        while len(out) <= size and not decoder.is_finished():
            piece = decoder.process(b"", output_buffer_limit=_BROTLI_PIECE)
            if not piece:
                break
            out += piece
    except brotli.error as error:
        raise FormatError("brotli cannot decode it") from error
    if len(out) > size or not decoder.is_finished():
        raise FormatError(f"{size} bytes were to come out of brotli, but it has others")
    return bytes(out)
