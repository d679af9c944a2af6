"""Raw Snappy, decoded (github.com/google/snappy, format_description.txt).

Writers since TensorFlow 1.2 leave table blocks uncompressed; its reader still takes compressed ones, so do we.
"""

from __future__ import annotations

from smanalyze.errors import FormatError
from smanalyze.format.faults import Buffer
from smanalyze.format.limits import MAX_SNAPPY_BYTES
from smanalyze.format.varint import read_varint32


def decompress(data: Buffer, limit: int = MAX_SNAPPY_BYTES) -> bytes:
    """The bytes that ``data`` stands for, at most ``limit`` of them.

    Raises FormatError where the declared size is above ``limit``, an element reaches outside the data, or the result
    is not of the declared size. Time and memory are linear in the compressed and the declared size.
    """
    data = bytes(data)
    declared, position = read_varint32(data, 0)
    if declared > limit:
        raise FormatError(f"Compressed data declares {declared} bytes; the limit is {limit}.", offset=0)
    out = bytearray()
    while position < len(data):
        tag = data[position]
        if tag & 3:
            position, length, distance = _copy(data, position)
            _append_copy(out, length, distance, position)
        else:
            position, length = _literal(data, position)
            if position + length > len(data):
                raise FormatError("A literal of compressed data reaches past the end.", offset=position)
            out += data[position : position + length]
            position += length
        if len(out) > declared:
            raise FormatError(f"Compressed data holds more than the {declared} bytes it declares.", offset=position)
    if len(out) != declared:
        raise FormatError(f"Compressed data holds {len(out)} bytes but declares {declared}.", offset=position)
    return bytes(out)


def _literal(data: bytes, position: int) -> tuple[int, int]:
    """(position of the literal's bytes, their number)."""
    code = data[position] >> 2
    position += 1
    if code < 60:
        return position, code + 1
    width = code - 59
    return position + width, int.from_bytes(data[position : position + width], "little") + 1


def _copy(data: bytes, position: int) -> tuple[int, int, int]:
    """(position after the copy element, length, distance back)."""
    tag = data[position]
    kind = tag & 3
    stop = position + (2, 3, 5)[kind - 1]
    if stop > len(data):
        raise FormatError("A copy of compressed data is cut off.", offset=position)
    distance = int.from_bytes(data[position + 1 : stop], "little")
    if kind == 1:
        return stop, (tag >> 2 & 7) + 4, (tag >> 5) << 8 | distance
    return stop, (tag >> 2) + 1, distance


def _append_copy(out: bytearray, length: int, distance: int, position: int) -> None:
    """Appends ``length`` bytes that begin ``distance`` before the end; they may run into what is being appended."""
    if not 0 < distance <= len(out):
        raise FormatError("A copy of compressed data reaches outside it.", offset=position)
    start = len(out) - distance
    if distance >= length:
        out += out[start : start + length]
    else:
        out += (bytes(out[start:]) * (length // distance + 1))[:length]
