"""Tiny pictures and sounds that decoders accept, made by own code: what is in them hardly matters, their sizes do.

Sources: the PNG specification (W3C), ITU T.81 (JPEG, baseline), GIF89a, BITMAPINFOHEADER, the WebP lossless
bitstream specification, RIFF WAVE.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

from smanalyze.errors import LimitError

MAX_SIDE = 16383
"""A larger width or height has no room in a WebP (14 bits); 16 bits are the most elsewhere."""


def picture(kind: str, height: int, width: int, channels: int, seed: int) -> bytes:
    """A picture in one of the formats ``png``, ``jpeg``, ``gif``, ``bmp``, ``webp``. Raises LimitError for a side above
    MAX_SIDE."""
    if max(height, width) > MAX_SIDE:
        raise LimitError(f"A picture of {height:,} x {width:,} pixels is not made.")
    makers = {"png": png, "jpeg": jpeg, "gif": gif, "bmp": bmp, "webp": webp}
    return makers[kind](max(height, 1), max(width, 1), channels, seed)


def _shade(seed: int, row: int, column: int, channel: int) -> int:
    return (seed * 37 + row * 11 + column * 5 + channel * 70) % 256


def _rows(height: int, width: int, channels: int, seed: int) -> Iterator[bytes]:
    """The samples of each row."""
    first = bytes(_shade(seed, 0, column, k) for column in range(width) for k in range(channels))
    for row in range(height):
        yield first.translate(bytes((value + row * 11) % 256 for value in range(256)))


def png(height: int, width: int, channels: int, seed: int) -> bytes:
    """8 bits a sample; 1 channel is grey, 3 are colours, 2 and 4 with alpha."""
    rows = b"".join(b"\0" + row for row in _rows(height, width, channels, seed))  # each without a filter
    colour = {1: 0, 2: 4, 3: 2, 4: 6}.get(channels, 2)
    head = struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(rows, 6)), (b"IEND", b""))
    chunks = (struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
              for name, data in parts)  # fmt: skip
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def bmp(height: int, width: int, channels: int, seed: int) -> bytes:
    """24 bits a pixel, 32 for four channels, 8 for one."""
    stride = -(-width * channels // 4) * 4
    rows = b"".join(row.ljust(stride, b"\0") for row in _rows(height, width, channels, seed))
    palette = b"".join(bytes((k, k, k, 0)) for k in range(256)) if channels == 1 else b""
    start = 54 + len(palette)
    head = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 8 * channels, 0, len(rows), 2835, 2835, 0, 0)
    return b"BM" + struct.pack("<IHHI", start + len(rows), 0, 0, start) + head + palette + rows


def gif(height: int, width: int, channels: int, seed: int) -> bytes:
    """One frame of 128 greys. The table of codes is cleared before it needs longer codes, so each code is a byte."""
    darker = bytes(value % 128 for value in range(256))
    pixels = b"".join(row.translate(darker) for row in _rows(height, width, 1, seed))
    codes = b"".join(b"\x80" + pixels[k : k + 100] for k in range(0, len(pixels), 100)) + b"\x81"
    blocks = b"".join(bytes([len(part)]) + part for k in range(0, len(codes), 255) if (part := codes[k : k + 255]))
    palette = b"".join(bytes((2 * k, 2 * k, 2 * k)) for k in range(128))
    screen = struct.pack("<HHBBB", width, height, 0xF6, 0, 0)
    frame = b"\x2c" + struct.pack("<HHHHB", 0, 0, width, height, 0)
    return b"GIF89a" + screen + palette + frame + b"\x07" + blocks + b"\0\x3b"


def jpeg(height: int, width: int, channels: int, seed: int) -> bytes:
    """Baseline, each block of 8 x 8 in one colour, so that there is a DC value and nothing else."""
    components = 1 if channels == 1 else 3

    def segment(marker: int, data: bytes) -> bytes:
        return struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data

    frame = struct.pack(">BHHB", 8, height, width, components)
    frame += b"".join(bytes((k + 1, 0x11, 0)) for k in range(components))
    scan = bytes((components,)) + b"".join(bytes((k + 1, 0)) for k in range(components)) + bytes((0, 63, 0))
    lengths = bytes((0, 0, 0, 12, *[0] * 12))  # twelve DC categories with codes of four bits
    head = b"\xff\xd8" + segment(0xE0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0") + segment(0xDB, b"\0" + b"\x08" * 64)
    head += segment(0xC0, frame) + segment(0xC4, b"\x00" + lengths + bytes(range(12)))
    head += segment(0xC4, b"\x10" + bytes((1, *[0] * 15)) + b"\0")  # the one AC code: end of block
    return head + segment(0xDA, scan) + _jpeg_blocks(height, width, components, seed) + b"\xff\xd9"


def _jpeg_blocks(height: int, width: int, components: int, seed: int) -> bytes:
    bits: list[str] = []
    before = [0] * components
    for row in range(-(-height // 8)):
        for column in range(-(-width // 8)):
            for k in range(components):
                level = (_shade(seed, row, column, k) - 128) // (1 if k == 0 else 4)
                step, before[k] = level - before[k], level
                size = abs(step).bit_length()
                bits.append(f"{size:04b}")
                if size:
                    bits.append(f"{step if step > 0 else step + (1 << size) - 1:0{size}b}")
                bits.append("0")
    whole = "".join(bits)
    whole += "1" * (-len(whole) % 8)
    return bytes(int(whole[k : k + 8], 2) for k in range(0, len(whole), 8)).replace(b"\xff", b"\xff\0")


def webp(height: int, width: int, channels: int, seed: int) -> bytes:
    """Lossless, in one colour: each of the five codes has one symbol, so the pixels take no bits."""
    bits = f"{width - 1:014b}"[::-1] + f"{height - 1:014b}"[::-1] + "1" + "000" + "000"
    for symbol in (_shade(seed, 0, 0, 1), _shade(seed, 0, 0, 0), _shade(seed, 0, 0, 2), 255):
        bits += "101" + f"{symbol:08b}"[::-1]  # a simple code, one symbol, of eight bits
    bits += "1000"  # distances: one symbol, of one bit
    bits += "0" * (-len(bits) % 8)
    data = b"\x2f" + bytes(int(bits[k : k + 8][::-1], 2) for k in range(0, len(bits), 8))
    chunk = b"VP8L" + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)
    return b"RIFF" + struct.pack("<I", len(chunk) + 4) + b"WEBP" + chunk


def wav(samples: int, channels: int, seed: int) -> bytes:
    """16 bits a sample, 16,000 samples a second."""
    frames = min(samples, 7 * 256)  # after which the shades begin anew
    values = ((_shade(seed, k, k // 7, channel) - 128) * 100 for k in range(frames) for channel in range(channels))
    once = struct.pack(f"<{frames * channels}h", *values)
    data = (once * -(-samples // max(frames, 1)))[: 2 * samples * channels]
    head = struct.pack("<HHIIHH", 1, channels, 16000, 32000 * channels, 2 * channels, 16)
    body = b"WAVEfmt " + struct.pack("<I", 16) + head + b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", len(body)) + body
