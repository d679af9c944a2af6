"""The index of a tensor bundle: what every checkpoint key is, and where its bytes are.

Source: tensorflow/core/util/tensor_bundle/tensor_bundle.cc, tensorflow/core/protobuf/tensor_bundle.proto. The index is
a LevelDB table: the empty key holds the BundleHeaderProto, each other key a BundleEntryProto. A partitioned tensor has
an entry of its own that names its slices, and one more entry for each slice, under a key of ``slice_key``.
"""

from __future__ import annotations

import sys
from typing import Literal

from google.protobuf.message import DecodeError

from smanalyze.errors import FormatError
from smanalyze.format.bundle_entry import EntryDecoder, Record, slice_extents
from smanalyze.format.faults import Buffer, Faults
from smanalyze.format.limits import MAX_ESCAPED_KEY_BYTES, MAX_SHARDS
from smanalyze.format.schema import message_class
from smanalyze.format.slice_key import Extent, is_slice_key, parse_slice_key
from smanalyze.format.table import quote, read_blocks
from smanalyze.model.bundle import BundleEntry, TensorSlice
from smanalyze.model.dtypes import REF_OFFSET, dtype_name, item_size
from smanalyze.model.parts import METAINDEX, Presence, Unreadable
from smanalyze.model.record import record

PART = "checkpoint"

#: kTensorBundleVersion of tensorflow/core/util/tensor_bundle/tensor_bundle.cc: the newest layout known.
BUNDLE_VERSION = 1

#: DataType number -> name, bytes per element (0 for string and variant) of what can be stored: resources and reference
#: types never are.
_STORED = {
    number: (dtype_name(number), item_size(dtype_name(number)))
    for number in range(1, REF_OFFSET)
    if item_size(dtype_name(number)) or dtype_name(number) in ("string", "variant")
}


@record
class ParsedIndex:
    """What the bytes of an index say.

    ``presence`` is ``present`` where at least the header or one entry was read, ``not-fetched`` for a git-LFS pointer,
    ``not-read`` otherwise; ``problems`` then says why. ``num_shards`` is 0 where there is no header. ``producer`` and
    ``min_consumer`` are the header's VersionDef. ``entries`` are in stored (bytewise) order, slices joined.
    """

    file: str
    presence: Presence
    size: int
    num_shards: int = 0
    endianness: Literal["little", "big"] = "little"
    producer: int = 0
    min_consumer: int = 0
    blocks: int = 0
    compressed_blocks: int = 0
    entries: tuple[BundleEntry, ...] = ()
    problems: tuple[Unreadable, ...] = ()

    @property
    def is_sound(self) -> bool:
        """Whether what was read of it is what was written, so that it is proof against data files."""
        return all(problem.part == METAINDEX or problem.code == "limit" for problem in self.problems)


def parse_bundle_index(data: Buffer, *, file: str) -> ParsedIndex:
    """The header and the entries of an index, given all its bytes; ``file`` is named in problems.

    Never raises for bad content. An entry whose numbers cannot be worked with (negative, rank above 254, more than
    2^63 elements) is left out; one that only disagrees with the rest (size, shard number, a slice missing) is listed.
    Both have a problem that names the key; its offset is that of the block, since an entry's own is not kept.
    """
    faults = Faults(PART, file)
    parser = _IndexParser(faults)
    for block in read_blocks(data, faults):
        parser.add_block(block.offset, block.compressed, block.entries)
    return parser.finish(len(data))


class _IndexParser:
    """The state of reading one index, block by block."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._decode = EntryDecoder().decode
        self._header: tuple[int, Literal["little", "big"], int, int] | None = None
        # Without a header nothing is known to be too high.
        self._num_shards = sys.maxsize
        self._blocks = self._compressed = 0
        self._offset = 0
        self._entries: list[BundleEntry] = []
        self._pieces: dict[bytes, dict[tuple[Extent, ...], Record]] = {}
        self._escaped_left = MAX_ESCAPED_KEY_BYTES

    def add_block(self, offset: int, compressed: bool, pairs: tuple[tuple[bytes, bytes], ...]) -> None:
        self._blocks += 1
        self._compressed += compressed
        self._offset = offset
        for key, value in pairs:
            if not key:
                self._add_header(value)
                continue
            try:
                record = self._decode(value)
                if is_slice_key(key):
                    self._add_piece(key, record)
                else:
                    self._add_entry(key, record)
            except FormatError as error:
                self._fault(f"The entry of {quote(key)} cannot be used: {error.message}")

    def finish(self, size: int) -> ParsedIndex:
        for name, pieces in self._pieces.items():
            self._faults.add("corrupt", f"{len(pieces)} slices of {quote(name)} belong to no entry.")
        if self._blocks and self._header is None:
            self._faults.add("corrupt", "The index has no header (the entry of the empty key).")
        problems = self._faults.records()
        presence: Presence = "present" if self._header or self._entries else "not-read"
        if not self._blocks and any(problem.presence == "not-fetched" for problem in problems):
            presence = "not-fetched"
        shards, endianness, producer, min_consumer = self._header or (0, "little", 0, 0)
        return ParsedIndex(
            self._faults.file, presence, size, shards, endianness, producer, min_consumer,
            self._blocks, self._compressed, tuple(self._entries), problems,
        )  # fmt: skip

    def _fault(self, message: str, code: str = "corrupt") -> None:
        self._faults.add(code, message, self._offset)

    def _add_header(self, value: bytes) -> None:
        if self._header is not None:
            return
        try:
            header = message_class("tensorflow.BundleHeaderProto").FromString(value)
        except DecodeError:
            self._fault("The header is not a BundleHeaderProto.")
            return
        shards = int(header.num_shards)
        if shards > MAX_SHARDS:
            self._fault(f"The header declares {shards} shards; file names have room for {MAX_SHARDS}.", "limit")
        elif shards <= 0:
            self._fault(f"The header declares {shards} shards.")
        if header.endianness not in (0, 1):
            self._fault(f"The header's endianness {header.endianness} is unknown; little is assumed.")
        version = header.version
        if version.min_consumer > BUNDLE_VERSION:
            needs = f"layout version {version.min_consumer}; this reader knows {BUNDLE_VERSION}"
            self._fault(f"The index asks for {needs}.", "wrong-kind")
        endianness: Literal["little", "big"] = "big" if header.endianness == 1 else "little"
        self._num_shards = max(shards, 0)
        self._header = (self._num_shards, endianness, int(version.producer), int(version.min_consumer))

    def _add_entry(self, key: bytes, record: Record) -> None:
        number, shape, elements, shard, offset, size, crc, declared = record
        try:
            name = str(key, "utf-8")
        except UnicodeDecodeError:
            name = self._escaped(key)
        if declared:
            self._entries.append(self._join(name, key, record))
            return
        # This is where the time of a large index goes: no more calls than needed for an entry without fault.
        kind = _STORED.get(number)
        if kind is None or shard >= self._num_shards or size != elements * kind[1]:
            self._check(key, record)
        dtype = kind[0] if kind else dtype_name(number)
        self._entries.append(BundleEntry(name, dtype, shape, size, shard, offset, crc))

    def _escaped(self, key: bytes) -> str:
        """A key that is not UTF-8 as text. Raises FormatError where there are too many of them."""
        self._escaped_left -= len(key)
        if self._escaped_left < 0:
            raise FormatError("its key is not UTF-8, as those of too many others.")
        return str(key, "utf-8", "backslashreplace")

    def _add_piece(self, key: bytes, record: Record) -> None:
        name, extents = parse_slice_key(key)
        self._check(name, record)
        self._pieces.setdefault(name, {})[extents] = record

    def _check(self, key: bytes, record: Record) -> None:
        """Records where one entry disagrees with the header or with itself."""
        number, _, elements, shard, _, size, _, _ = record
        if shard >= self._num_shards:
            self._fault(f"{quote(key)} lies in shard {shard} of {self._num_shards}.")
        name, width = _STORED.get(number, (dtype_name(number), -1))
        if width < 0:
            self._fault(f"{quote(key)} has dtype {name}, which no bundle holds.")
        elif width and size != elements * width:
            self._fault(f"{quote(key)} has {size} bytes, but {elements} elements of {name} need {elements * width}.")
        elif size < elements:
            # A string takes at least the byte of its length; so does a variant.
            self._fault(f"{quote(key)} has {size} bytes for {elements} elements of {name}.")

    def _join(self, name: str, key: bytes, record: Record) -> BundleEntry:
        """The entry of a partitioned tensor with those of its slices that are in the index."""
        number, shape, elements, _, _, _, _, declared = record
        pieces = self._pieces.pop(key, {})
        slices = []
        covered = 0
        # An entry can name slices by the hundred thousand; it is enough to look at about as many as are there.
        for message in declared[: 2 * len(pieces) + 100]:
            extents = slice_extents(message)
            piece = pieces.pop(extents, None)
            if piece is not None:
                slices.append(self._slice(key, record, extents, piece))
                covered += piece[2]
        missing = len(declared) - len(slices)
        if missing:
            self._fault(f"{missing} of the {len(declared)} slices of {quote(key)} are not in the index.", "missing")
        elif covered != elements:
            self._fault(f"The slices of {quote(key)} hold {covered} elements, the tensor {elements}.")
        if pieces:
            self._fault(f"{len(pieces)} slices of {quote(key)} are not named by its entry.")
        slices.sort(key=lambda piece: piece.starts)
        size = sum(piece.size for piece in slices)
        return BundleEntry(name, dtype_name(number), shape, size, None, None, None, tuple(slices))

    def _slice(self, key: bytes, whole: Record, extents: tuple[Extent, ...], piece: Record) -> TensorSlice:
        sizes = tuple(length if length >= 0 else full for (_, length), full in zip(extents, whole[1], strict=False))
        inside = len(extents) == len(whole[1]) and all(
            start >= 0 and start + length <= full
            for (start, _), length, full in zip(extents, sizes, whole[1], strict=True)
        )
        if not inside or sizes != piece[1] or piece[0] != whole[0]:
            self._fault(f"A slice of {quote(key)} at {extents} does not fit the tensor's shape {whole[1]} or dtype.")
        starts = tuple(start for start, _ in extents)
        lengths = tuple(length if length >= 0 else None for _, length in extents)
        return TensorSlice(starts, lengths, piece[3], piece[4], piece[5], piece[6])
