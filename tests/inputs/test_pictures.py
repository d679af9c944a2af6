"""Pictures and sounds: their heads say what they are (test_consumers lets TensorFlow decode each of them)."""

from __future__ import annotations

import struct
import wave
import zlib
from io import BytesIO

import pytest

from smanalyze.inputs.pictures import picture, wav

SIZES = [(1, 1), (3, 3), (64, 17), (17, 300)]


@pytest.mark.parametrize(("height", "width"), SIZES)
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_png(height: int, width: int, channels: int) -> None:
    data = picture("png", height, width, channels, 3)
    assert struct.unpack(">II", data[16:24]) == (width, height)
    start = data.index(b"IDAT")
    (size,) = struct.unpack(">I", data[start - 4 : start])
    assert len(zlib.decompress(data[start + 4 : start + 4 + size])) == height * (1 + width * channels)


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_heads(height: int, width: int) -> None:
    jpeg = picture("jpeg", height, width, 3, 3)
    frame = jpeg.index(b"\xff\xc0")
    assert struct.unpack(">HH", jpeg[frame + 5 : frame + 9]) == (height, width)
    assert jpeg[:2] + jpeg[-2:] == b"\xff\xd8\xff\xd9"
    assert struct.unpack("<HH", picture("gif", height, width, 3, 3)[6:10]) == (width, height)
    bmp = picture("bmp", height, width, 3, 3)
    assert struct.unpack("<I", bmp[2:6]) == (len(bmp),)
    assert struct.unpack("<ii", bmp[18:26]) == (width, height)
    webp = picture("webp", height, width, 3, 3)
    assert struct.unpack("<I", webp[4:8])[0] + 8 == len(webp)
    bits = int.from_bytes(webp[21:25], "little")
    assert (bits & 0x3FFF, bits >> 14 & 0x3FFF) == (width - 1, height - 1)


def test_wav() -> None:
    with wave.open(BytesIO(wav(1600, 2, 3))) as sound:
        assert (sound.getnframes(), sound.getnchannels(), sound.getframerate()) == (1600, 2, 16000)


def test_other_seeds_make_other_pictures() -> None:
    for kind in ("png", "jpeg", "gif", "bmp", "webp"):
        assert picture(kind, 8, 8, 3, 1) != picture(kind, 8, 8, 3, 2)
        assert picture(kind, 8, 8, 3, 1) == picture(kind, 8, 8, 3, 1)
