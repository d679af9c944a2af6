"""protobuf's wire format, written by hand: small messages that must come out the same with every protobuf release.

Source: protobuf's encoding guide.
"""

from __future__ import annotations


def varint(number: int) -> bytes:
    """An integer, seven bits a byte, lowest first; a negative one as the 64-bit number of the same bits."""
    number &= 0xFFFF_FFFF_FFFF_FFFF
    found = bytearray()
    while number > 127:
        found.append(number & 127 | 128)
        number >>= 7
    return bytes([*found, number])


def field(number: int, content: bytes) -> bytes:
    """A length-delimited field: a string, bytes, a message, packed numbers."""
    return varint(number << 3 | 2) + varint(len(content)) + content


def integer(number: int, value: int) -> bytes:
    """An integer field."""
    return varint(number << 3) + varint(value)


def text(value: str) -> bytes:
    """UTF-8; what is no text keeps its escapes."""
    return value.encode("utf-8", "backslashreplace")
