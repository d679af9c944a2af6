"""CRC-32C, and the masked form that TensorFlow stores.

Source: tensorflow/core/lib/hash/crc32c.h (Mask, Unmask). A stored CRC is masked because the CRC of a string that holds
its own CRC is of little use.
"""

from __future__ import annotations

import google_crc32c

from smanalyze.format.faults import Buffer

_MASK_DELTA = 0xA282EAD8

#: google_crc32c takes bytes only, so a mapped file is copied in slices; this size is still in the processor's cache.
SLICE_BYTES = 256 << 10


def crc32c(data: Buffer, crc: int = 0) -> int:
    """The CRC-32C of ``data``, unmasked; ``crc`` is that of the bytes before it."""
    if isinstance(data, bytes):
        return int(google_crc32c.extend(crc, data))
    for start in range(0, len(data), SLICE_BYTES):
        crc = google_crc32c.extend(crc, bytes(data[start : start + SLICE_BYTES]))
    return crc


def mask(crc: int) -> int:
    """The stored form of a CRC: rotated right by 15 bits, plus a constant, modulo 2^32."""
    return ((crc >> 15 | crc << 17) + _MASK_DELTA) & 0xFFFFFFFF


def unmask(masked: int) -> int:
    """The CRC whose stored form is ``masked``."""
    rotated = (masked - _MASK_DELTA) & 0xFFFFFFFF
    return (rotated >> 17 | rotated << 15) & 0xFFFFFFFF


def masked_crc32c(data: Buffer, crc: int = 0) -> int:
    """The CRC-32C of ``data`` as TensorFlow stores it; ``crc`` is the unmasked one of the bytes before it."""
    return mask(crc32c(data, crc))
