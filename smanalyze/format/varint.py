"""Variable-length integers: seven bits a byte, lowest first, the top bit says that more follow.

Source: protobuf's encoding guide; tensorflow/core/lib/core/coding.cc (core::GetVarint32, core::GetVarint64).
"""

from __future__ import annotations

from collections.abc import Iterator

from smanalyze.errors import FormatError
from smanalyze.format.faults import Buffer
from smanalyze.format.limits import MAX_VARINT32_BYTES, MAX_VARINT_BYTES

BATCH = 1 << 16
"""Values that ``varint_batches`` holds at a time: some two megabytes at most, and calls still cost nothing."""


def read_varint(data: Buffer, start: int) -> tuple[int, int]:
    """The unsigned 64-bit varint at byte ``start``: (value, position after it).

    Raises FormatError (offset ``start``) where it is cut off or holds more than 64 bits.
    """
    value = shift = 0
    for position in range(start, min(start + MAX_VARINT_BYTES, len(data))):
        byte = data[position]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            if value >> 64:
                break
            return value, position + 1
        shift += 7
    raise FormatError("A variable-length integer is cut off or longer than 64 bits.", offset=start)


def read_varint32(data: Buffer, start: int) -> tuple[int, int]:
    """As read_varint, for at most five bytes and 32 bits."""
    value, stop = read_varint(data, start)
    if stop - start > MAX_VARINT32_BYTES or value >> 32:
        raise FormatError("A variable-length integer is longer than 32 bits.", offset=start)
    return value, stop


def read_varints(data: Buffer, start: int, count: int) -> tuple[list[int], int]:
    """``count`` varints one after the other: (values, position after the last).

    Raises FormatError as read_varint does. Linear in the bytes read; the list grows only as bytes are there.
    """
    head = bytes(data[start : start + count])
    # Bytes that are all below 128 are the values themselves; that is common, and costs a fifth to know.
    if len(head) == count and head.isascii():
        return list(head), start + count
    values = []
    position = start
    for _ in range(count):
        # Most lengths are below 128; the call would triple the time.
        if position < len(data) and (byte := data[position]) < 0x80:
            position += 1
        else:
            byte, position = read_varint(data, position)
        values.append(byte)
    return values, position


def varint_batches(data: Buffer, start: int, count: int) -> Iterator[tuple[list[int], int]]:
    """As read_varints, at most BATCH values at a time, so that memory does not depend on ``count``.

    Yields (values, position after the last of them). Raises FormatError as read_varint does, after the batches before.
    """
    for left in range(count, 0, -BATCH):
        values, start = read_varints(data, start, min(left, BATCH))
        yield values, start
