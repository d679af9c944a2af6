"""Pictures and sounds: their heads say what they are (test_consumers lets TensorFlow decode each of them)."""

from __future__ import annotations

import struct
import wave
import zlib
from io import BytesIO

import pytest

from smanalyze.errors import LimitError
from smanalyze.inputs.make_strings import strings
from smanalyze.inputs.make_values import Making
from smanalyze.inputs.pictures import picture, wav
from smanalyze.inputs.tensors import Code, Part, Source

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


def of_code(kind: str, **options: object) -> Source:
    source = Source("x", "string", ())
    source.codes[kind] = Code(kind, "Decode x", (), tuple(options.items()))
    return source


@pytest.mark.parametrize("kind", ["png", "jpeg", "gif", "bmp", "webp"])
def test_a_side_that_has_no_room_is_refused(kind: str) -> None:
    with pytest.raises(LimitError, match=r"A picture of 16,384 x 1 pixels is not made\."):
        picture(kind, 16384, 1, 3, 1)


@pytest.mark.parametrize(
    "source",
    [
        of_code("wav", samples=(1 << 31) - 1, channels=1),
        of_code("image", format="png", height=16000, width=16000, channels=3),
        of_code("image", format="gif", height=1 << 40, width=1, channels=3),
    ],
)
def test_what_is_too_large_is_not_made(source: Source) -> None:
    with pytest.raises(LimitError, match="is not made"):
        strings(source, (1,), Making({}, 0, "plain"))
    inside = Source("y", "string", ())
    inside.codes["example"] = Code("example", "ParseExample y", (Part("x", source),))
    with pytest.raises(LimitError, match="is not made"):
        strings(inside, (1,), Making({}, 0, "plain"))
    assert strings(inside, (0,), Making({}, 0, "plain")).shape == (0,)


def test_large_pictures_begin_anew_sooner() -> None:
    """Each is some work; the rows of a small batch are the first of a larger one."""
    source = of_code("image", format="bmp", height=1200, width=1200, channels=3)
    many, few = (strings(source, (count,), Making({}, 0, "plain")) for count in (100, 2))
    assert len(set(map(id, many))) == 3
    assert many[:2].tolist() == few.tolist()
