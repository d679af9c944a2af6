"""One BundleEntryProto, decoded (tensorflow/core/protobuf/tensor_bundle.proto).

An index may hold some hundred thousand of them, most alike, so the layout that TensorFlow writes is read by hand (four
times as fast); anything else goes through protobuf. Both ways give the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from google.protobuf.message import DecodeError

from smanalyze.errors import FormatError
from smanalyze.format.limits import MAX_ELEMENTS, MAX_ENTRY_BYTES, MAX_RANK
from smanalyze.format.schema import message_class
from smanalyze.format.slice_key import Extent

Record = tuple[int, tuple[int, ...], int, int, int, int, int, Sequence[Any]]
"""dtype number, shape, elements, shard, offset, size, stored crc32c, slices (a TensorSliceProto each)."""

_Shape = tuple[tuple[int, ...], int]

#: Wire tag of a varint field -> its place in the list of numbers: shard_id = 3, offset = 4, size = 5.
_SLOTS = {3 << 3: 0, 4 << 3: 1, 5 << 3: 2}
_DTYPE_TAG, _SHAPE_TAG, _CRC_TAG = 1 << 3, 2 << 3 | 2, 6 << 3 | 5


class EntryDecoder:
    """Decodes entries; remembers what they begin with (dtype and shape), of which an index has few different ones."""

    def __init__(self) -> None:
        self._starts: dict[bytes, _Shape] = {}

    def decode(self, value: bytes) -> Record:
        """The fields of one entry.

        Raises FormatError for bytes that are no BundleEntryProto, and for numbers that cannot be worked with: a
        negative size, offset, shard or dimension, an unknown or too high rank, more than 2^63 - 1 elements.
        """
        try:
            return self._decode_usual(value) or self._decode_any(value)
        except IndexError:
            return self._decode_any(value)

    def _decode_usual(self, value: bytes) -> Record | None:
        """The fields if they stand as TensorFlow writes them: dtype, shape, numbers below 2^56, crc32c at the end."""
        position = 4 + value[3]
        end = len(value) - 5
        if position > end or value[end] != _CRC_TAG:
            return None
        start = value[:position]
        shape = self._starts.get(start) or self._parse_start(start)
        if shape is None:
            return None
        numbers = [0, 0, 0]
        while position < end:
            slot = _SLOTS.get(value[position])
            number = value[position + 1]
            position += 2
            if number >= 0x80:
                number &= 0x7F
                shift = 7
                while (byte := value[position]) >= 0x80 and shift < 49:
                    number |= (byte & 0x7F) << shift
                    shift += 7
                    position += 1
                number |= byte << shift
                position += 1
            if slot is None or number >> 56:
                return None
            numbers[slot] = number
        if position != end or numbers[0] >> 31:
            return None
        crc = int.from_bytes(value[-4:], "little")
        return value[1], shape[0], shape[1], numbers[0], numbers[1], numbers[2], crc, ()

    def _decode_any(self, value: bytes) -> Record:
        if len(value) > MAX_ENTRY_BYTES:
            raise FormatError(f"it has {len(value)} bytes; the limit is {MAX_ENTRY_BYTES}.")
        try:
            entry = message_class("tensorflow.BundleEntryProto").FromString(value)
        except DecodeError as error:
            raise FormatError("it is not a BundleEntryProto.") from error
        if entry.shard_id < 0 or entry.offset < 0 or entry.size < 0:
            place = f"shard {entry.shard_id}, offset {entry.offset}, size {entry.size}"
            raise FormatError(f"a number is negative ({place}).")
        shape, elements = _shape(entry.shape)
        numbers = (entry.shard_id, entry.offset, entry.size, entry.crc32c)
        return (entry.dtype, shape, elements, *numbers, entry.slices)

    def _parse_start(self, start: bytes) -> _Shape | None:
        """The shape in an entry's first bytes, where they are a dtype and a shape of less than 128 bytes each."""
        if start[0] != _DTYPE_TAG or start[1] >= 0x80 or start[2] != _SHAPE_TAG or start[3] >= 0x80:
            return None
        try:
            shape = _shape(message_class("tensorflow.TensorShapeProto").FromString(start[4:]))
        except DecodeError as error:
            raise FormatError("its shape is not a TensorShapeProto.") from error
        self._starts[start] = shape
        return shape


def _shape(message: Any) -> _Shape:
    """(sizes, number of elements) of a TensorShapeProto that is wholly known."""
    if message.unknown_rank or len(message.dim) > MAX_RANK:
        raise FormatError(f"its rank is unknown or above {MAX_RANK}.")
    sizes = tuple([dim.size for dim in message.dim])
    elements = 1
    for size in sizes:
        if size < 0:
            raise FormatError(f"its shape {sizes} has a negative dimension.")
        elements *= size
    if elements > MAX_ELEMENTS:
        raise FormatError(f"its shape {sizes} has more than 2^63 - 1 elements.")
    return sizes, elements


def slice_extents(message: Any) -> tuple[Extent, ...]:
    """Start and length per dimension of a TensorSliceProto; one without a length is the whole dimension."""
    return tuple([(ext.start, ext.length) if ext.HasField("length") else (0, -1) for ext in message.extent])
