"""Strings and variants as a bundle stores them.

Source: tensorflow/core/util/tensor_bundle/tensor_bundle.cc (WriteStringTensor, ReadStringTensor, WriteVariantTensor).

    strings = a varint length each; masked CRC of the lengths (uint32); all bytes
    variant = for each element: varint length, VariantTensorDataProto, masked CRC so far (uint32)

A length enters a CRC not as the varint but as an integer of 4 bytes (strings up to 2^32 - 1) or 8, in the byte order of
the bundle, as does the stored CRC of the lengths.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterator
from typing import Literal

from smanalyze.errors import FormatError
from smanalyze.format.checksum import crc32c, mask
from smanalyze.format.varint import read_varint, varint_batches

Endianness = Literal["little", "big"]


def parse_strings(content: memoryview, elements: int, endianness: Endianness) -> list[bytes]:
    """The strings of a stored tensor. Raises FormatError where lengths and bytes disagree, or the lengths' CRC does."""
    if not elements and not content:
        return []
    total, crc, position = _add_up(content, elements, endianness)
    start = position + 4
    # The sum first: a single length may be anything.
    if start + total != len(content):
        raise FormatError(f"The lengths of {elements} strings do not add up to the {len(content)} bytes stored.")
    if int.from_bytes(content[position:start], endianness) != mask(crc):
        raise FormatError("The checksum over the lengths of the strings does not match.")
    values = []
    # Read again rather than kept: a list of lengths takes as much memory as the list of strings.
    for lengths, _ in _lengths(content, elements):
        for length in lengths:
            values.append(bytes(content[start : start + length]))
            start += length
    return values


def strings_crc32c(content: memoryview, elements: int, endianness: Endianness) -> int:
    """The unmasked CRC of a stored string tensor as its writer computes it. Raises FormatError for cut-off lengths.

    Memory is constant: a gigabyte may hold a billion empty strings.
    """
    _, crc, position = _add_up(content, elements, endianness)
    return crc32c(content[position:], crc)


def variants_crc32c(content: memoryview, elements: int, endianness: Endianness) -> int:
    """The unmasked CRC of a stored variant tensor as its writer computes it. Raises FormatError for cut-off lengths."""
    crc = position = 0
    for _ in range(elements):
        length, position = read_varint(content, position)
        stop = position + length + 4
        if stop > len(content):
            raise FormatError("An element of a variant tensor is cut off.", offset=position)
        crc = crc32c(content[position:stop], crc32c(length.to_bytes(8, endianness), crc))
        position = stop
    return crc


def _lengths(content: memoryview, elements: int) -> Iterator[tuple[list[int], int]]:
    """The lengths in batches, each with the position after it. Raises FormatError where they are cut off."""
    if elements > len(content):
        raise FormatError(f"{len(content)} bytes do not hold {elements} strings.")
    return varint_batches(content, 0, elements)


def _add_up(content: memoryview, elements: int, endianness: Endianness) -> tuple[int, int, int]:
    """(Sum of the lengths, their unmasked CRC, position after the last). Raises FormatError where they are cut off."""
    total = crc = position = 0
    for lengths, stop in _lengths(content, elements):
        total += sum(lengths)
        crc = crc32c(_as_integers(lengths, endianness), crc)
        position = stop
    return total, crc, position


def _as_integers(lengths: list[int], endianness: Endianness) -> bytes:
    """Lengths as they enter a CRC."""
    if max(lengths) < 1 << 32:
        packed = array("I", lengths)
        if endianness != sys.byteorder:
            packed.byteswap()
        return packed.tobytes()
    return b"".join(length.to_bytes(4 if length < 1 << 32 else 8, endianness) for length in lengths)
