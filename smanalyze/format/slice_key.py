"""Keys of the pieces of a partitioned tensor: name and slice in OrderedCode.

Source: tensorflow/core/util/saved_tensor_slice_util.cc (EncodeTensorNameSlice), tensorflow/core/lib/strings/
ordered_code.cc.

    key    = unsigned 0 (the one byte 00), name, unsigned rank, then per dimension signed start, signed length
    name   = its bytes with 00 as 00 ff and ff as ff 00, ended by 00 01
    number = unsigned: count of bytes, then those bytes, highest first
             signed: in k bytes the range [-2^(7k-1), 2^(7k-1)); k one bits, a zero bit, the value, highest first;
             negative numbers are the bitwise complement of the encoding of their complement

A whole dimension has start 0 and length -1.
"""

from __future__ import annotations

import re

from smanalyze.errors import FormatError
from smanalyze.format.limits import MAX_RANK

Extent = tuple[int, int]
"""Start and length in one dimension; (0, -1) is all of it."""

_SPECIAL = re.compile(b"[\x00\xff]")
_MAX_SIGNED_BYTES = 10


def is_slice_key(key: bytes) -> bool:
    """Whether a key of the index names a piece; names of tensors never begin with a zero byte."""
    return key[:1] == b"\0"


def parse_slice_key(key: bytes) -> tuple[bytes, tuple[Extent, ...]]:
    """(name of the tensor, extent per dimension) of a piece's key.

    Raises FormatError (offset within the key) where the key is not exactly one well-formed encoding.
    """
    if not is_slice_key(key):
        raise FormatError("The key of a piece does not begin with a zero byte.", offset=0)
    name, position = _read_string(key, 1)
    rank, position = _read_unsigned(key, position)
    if rank > MAX_RANK:
        raise FormatError(f"The key of a piece has rank {rank}; the limit is {MAX_RANK}.", offset=position)
    extents = []
    for _ in range(rank):
        start, position = _read_signed(key, position)
        length, position = _read_signed(key, position)
        extents.append((start, length))
    if position != len(key):
        raise FormatError("The key of a piece has bytes left over.", offset=position)
    return name, tuple(extents)


def _read_string(key: bytes, position: int) -> tuple[bytes, int]:
    parts = []
    start = position
    while match := _SPECIAL.search(key, position):
        position = match.end() + 1
        pair = key[match.start() : position]
        if pair == b"\0\1":
            parts.append(key[start : match.start()])
            return b"".join(parts), position
        if pair not in (b"\0\xff", b"\xff\0"):
            break
        parts.append(key[start : match.end()])
        start = position
    raise FormatError("The name in the key of a piece is not ended.", offset=position)


def _read_unsigned(key: bytes, position: int) -> tuple[int, int]:
    length = key[position] if position < len(key) else 9
    stop = position + 1 + length
    if length > 8 or stop > len(key):
        raise FormatError("A number in the key of a piece is cut off.", offset=position)
    return int.from_bytes(key[position + 1 : stop], "big"), stop


def _read_signed(key: bytes, position: int) -> tuple[int, int]:
    head = int.from_bytes(key[position : position + 2].ljust(2, b"\0"), "big")
    negative = head < 0x8000
    if negative:
        head ^= 0xFFFF
    # The number of leading one bits is the number of bytes.
    size = 16 - (head ^ 0xFFFF).bit_length()
    stop = position + size
    if size > _MAX_SIGNED_BYTES or stop > len(key):
        raise FormatError("A number in the key of a piece is cut off or too large.", offset=position)
    raw = int.from_bytes(key[position:stop], "big")
    if negative:
        raw ^= (1 << 8 * size) - 1
    value = raw & (1 << 7 * size) - 1
    return (~value if negative else value), stop
