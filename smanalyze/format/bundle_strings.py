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
from typing import Literal

from smanalyze.errors import FormatError
from smanalyze.format.checksum import crc32c, mask
from smanalyze.format.varint import read_varint, read_varints

Endianness = Literal["little", "big"]


def parse_strings(content: memoryview, elements: int, endianness: Endianness) -> list[bytes]:
    """The strings of a stored tensor. Raises FormatError where lengths and bytes disagree, or the lengths' CRC does."""
    if not elements and not content:
        return []
    lengths, position = _lengths(content, elements)
    start = position + 4
    # The sum first: a single length may be anything.
    if start + sum(lengths) != len(content):
        raise FormatError(f"The lengths of {elements} strings do not add up to the {len(content)} bytes stored.")
    if int.from_bytes(content[position:start], endianness) != mask(_lengths_crc(lengths, endianness)):
        raise FormatError("The checksum over the lengths of the strings does not match.")
    values = []
    for length in lengths:
        values.append(bytes(content[start : start + length]))
        start += length
    return values


def strings_crc32c(content: memoryview, elements: int, endianness: Endianness) -> int:
    """The unmasked CRC of a stored string tensor as its writer computes it. Raises FormatError for cut-off lengths."""
    lengths, position = _lengths(content, elements)
    return crc32c(content[position:], _lengths_crc(lengths, endianness))


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


def _lengths(content: memoryview, elements: int) -> tuple[list[int], int]:
    if elements > len(content):
        raise FormatError(f"{len(content)} bytes do not hold {elements} strings.")
    return read_varints(content, 0, elements)


def _lengths_crc(lengths: list[int], endianness: Endianness) -> int:
    if max(lengths, default=0) < 1 << 32:
        packed = array("I", lengths)
        if endianness != sys.byteorder:
            packed.byteswap()
        return crc32c(packed.tobytes())
    crc = 0
    for length in lengths:
        crc = crc32c(length.to_bytes(4 if length < 1 << 32 else 8, endianness), crc)
    return crc
