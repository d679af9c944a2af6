"""Values of the tensors of a bundle, from its data files.

Source: BundleReader in tensorflow/core/util/tensor_bundle/tensor_bundle.cc, and byte_swap_tensor.cc beside it.
Numbers lie row-major in the header's byte order, without padding or alignment; int4 and its like take a byte each.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Any

from smanalyze.errors import FormatError
from smanalyze.format.bundle_strings import Endianness, parse_strings, strings_crc32c, variants_crc32c
from smanalyze.format.checksum import SLICE_BYTES, crc32c, mask
from smanalyze.format.faults import Buffer
from smanalyze.format.limits import MAX_OPEN_SHARDS
from smanalyze.format.numpy_types import empty_array, from_bytes, object_array
from smanalyze.model.bundle import BundleEntry, TensorSlice
from smanalyze.model.dtypes import item_size


class BundleReader:
    """Reads values of one bundle (model.checkpoint.TensorReader); opens a data file at the first value of it.

    ``open_shard`` gives the bytes of the data file of a number, as bytes or a mapped view; it may raise OSError,
    LookupError (no such number) or FormatError. ``endianness`` is the header's.
    """

    def __init__(self, open_shard: Callable[[int], Buffer], endianness: Endianness = "little") -> None:
        self._open_shard = open_shard
        self._endianness: Endianness = endianness
        self._shards: OrderedDict[int, memoryview] = OrderedDict()

    def read(self, entry: BundleEntry) -> Any:
        """The values as numpy array of the entry's dtype and shape; strings as an object array of bytes.

        Slices are put together. The array is read-only and may be a view of the mapped file. Raises FormatError
        where bytes are missing or do not fit, and for variants, which have no numpy form (read_bytes has theirs).
        """
        if entry.slices or entry.shard is None:
            return self._assemble(entry)
        return self._values(entry.dtype, entry.shape, self._stored(entry))

    def read_strings(self, entry: BundleEntry) -> list[bytes]:
        """The elements of a string entry without slices, row-major, without numpy. Raises FormatError."""
        if entry.dtype != "string":
            raise FormatError(f"An entry of dtype {entry.dtype} holds no strings.")
        return parse_strings(self._stored(entry), _product(entry.shape), self._endianness)

    def read_bytes(self, entry: BundleEntry) -> bytes:
        """The stored bytes of an entry without slices, whatever its dtype. Raises FormatError."""
        return bytes(self._stored(entry))

    def chunks(self, entry: BundleEntry, size: int = SLICE_BYTES) -> Iterator[bytes]:
        """The stored bytes of an entry without slices, ``size`` at a time. Raises FormatError before the first."""
        content = self._stored(entry)
        return (bytes(content[start : start + size]) for start in range(0, len(content), size))

    def computed_crc32c(self, entry: BundleEntry, piece: TensorSlice | None = None) -> int:
        """The masked CRC-32C of what is stored, as the writer computes it: equal to ``entry.crc32c`` in a sound file.

        For a partitioned entry give one of its slices, and compare with the slice's crc32c. Raises FormatError where
        the bytes are not there, or are no strings or variants though the dtype says so.
        """
        content = self._stored(piece or entry)
        elements = _product(entry.shape if piece is None else _slice_shape(entry, piece))
        if entry.dtype == "string":
            return mask(strings_crc32c(content, elements, self._endianness))
        if entry.dtype == "variant":
            return mask(variants_crc32c(content, elements, self._endianness))
        return mask(crc32c(content))

    def _shard(self, number: int) -> memoryview:
        """The bytes of a data file; keeps the last MAX_OPEN_SHARDS of them open."""
        if number not in self._shards:
            try:
                self._shards[number] = memoryview(self._open_shard(number))
            except LookupError as error:
                raise FormatError(f"There is no data file for shard {number}.") from error
            except OSError as error:
                raise FormatError(f"The data file of shard {number} cannot be read: {error.strerror}.") from error
            if len(self._shards) > MAX_OPEN_SHARDS:
                self._shards.popitem(last=False)
        self._shards.move_to_end(number)
        return self._shards[number]

    def _stored(self, stored: BundleEntry | TensorSlice) -> memoryview:
        if stored.shard is None or stored.offset is None:
            raise FormatError("A partitioned tensor has no bytes of its own; its slices have.")
        if not stored.size:
            return memoryview(b"")
        shard = self._shard(stored.shard)
        stop = stored.offset + stored.size
        if stop > len(shard):
            message = f"Shard {stored.shard} has {len(shard)} bytes; the tensor's end at {stop}."
            raise FormatError(message, offset=stored.offset)
        return shard[stored.offset : stop]

    def _values(self, dtype: str, shape: tuple[int, ...], content: memoryview) -> Any:
        elements = _product(shape)
        if dtype == "variant":
            raise FormatError("Variants have no numpy form; their stored bytes can be read.")
        if dtype == "string":
            return object_array(parse_strings(content, elements, self._endianness), shape)
        width = item_size(dtype)
        if not width:
            raise FormatError(f"Values of dtype {dtype} are never stored.")
        if len(content) != elements * width:
            raise FormatError(f"{elements} elements of {dtype} need {elements * width} bytes, not {len(content)}.")
        return from_bytes(content, dtype, shape, self._endianness == "big")

    def _check_room(self, entry: BundleEntry) -> None:
        """Slices lie beside one another; many over the same bytes would let a small file fill the memory."""
        stored: dict[int, int] = {}
        for piece in entry.slices:
            stored[piece.shard] = stored.get(piece.shard, 0) + len(self._stored(piece))
        for shard, size in stored.items():
            if size and size > len(self._shard(shard)):
                raise FormatError(f"The slices in shard {shard} take {size} bytes, more than it has.")

    def _assemble(self, entry: BundleEntry) -> Any:
        """The whole of a partitioned tensor; its slices must cover it once each, as TensorSliceSet insists."""
        shapes = [_slice_shape(entry, piece) for piece in entry.slices]
        # Before anything is allocated: a shape may be anything, the bytes of the slices are there.
        if sum(map(_product, shapes)) != _product(entry.shape):
            raise FormatError("The slices do not add up to the whole tensor.")
        self._check_room(entry)
        parts = [
            self._values(entry.dtype, shape, self._stored(piece))
            for piece, shape in zip(entry.slices, shapes, strict=True)
        ]
        if not parts:
            raise FormatError("None of the slices is in the index.")
        whole = empty_array(entry.shape, parts[0].dtype)
        covered = empty_array(entry.shape, bool)
        covered[...] = False
        for piece, part in zip(entry.slices, parts, strict=True):
            place = tuple(slice(start, start + size) for start, size in zip(piece.starts, part.shape, strict=True))
            if covered[place].any():
                raise FormatError("Two slices overlap.")
            covered[place] = True
            whole[place] = part
        whole.flags.writeable = False
        return whole


def _slice_shape(entry: BundleEntry, piece: TensorSlice) -> tuple[int, ...]:
    """The shape of one slice. Raises FormatError where it is not inside the entry's shape."""
    if not len(piece.starts) == len(piece.lengths) == len(entry.shape):
        raise FormatError("A slice has another rank than its tensor.")
    shape = tuple(full if length is None else length for length, full in zip(piece.lengths, entry.shape, strict=True))
    for start, length, full in zip(piece.starts, shape, entry.shape, strict=True):
        if start < 0 or length < 0 or start + length > full:
            raise FormatError(f"A slice at {piece.starts} of shape {shape} reaches outside its tensor.")
    return shape


def _product(shape: tuple[int, ...]) -> int:
    product = 1
    for size in shape:
        product *= size
    return product
