"""FarmHash Fingerprint64, against vectors made with Google's own implementation."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smanalyze.format.farmhash import fingerprint64, fingerprint_cat64


def content(size: int) -> bytes:
    return bytes((i * 131 + size * 17 + 7) & 255 for i in range(size))


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (0, 11160318154034397263),
        (1, 10990253825495227695),
        (3, 162785162991992465),
        (4, 9682246973173090434),
        (7, 7505154649985017090),
        (8, 1532680259619627501),
        (15, 1917583842609001475),
        (16, 10544847280835241286),
        (17, 10092190984777603503),
        (31, 3111893999331428284),
        (32, 4859363706097774198),
        (33, 12402974093234671380),
        (63, 3198027963783964906),
        (64, 1016773727160032888),
        (65, 17836045539388608799),
        (127, 6935589981559370516),
        (128, 1480349675607968586),
        (129, 8836594858388518303),
        (1000, 10064383930348492555),
        (4096, 6714409428041520504),
    ],
)
def test_vectors(size: int, expected: int) -> None:
    assert fingerprint64(content(size)) == expected


def test_vectors_of_the_corpus(corpus: Path) -> None:
    vectors = json.loads((corpus / "farmhash_fingerprint64.json").read_text())["vectors"]
    assert {size: str(fingerprint64(content(size))) for size, _ in vectors} == dict(vectors)


def test_cat() -> None:
    """The singleprint's order counts; values from tensorflow/core/platform/fingerprint_test.cc."""
    assert fingerprint_cat64(fingerprint64(b"Hello"), fingerprint64(b"World")) == 16877292868973613377
    assert fingerprint_cat64(fingerprint64(b"World"), fingerprint64(b"Hello")) == 7158413233176775252
    assert fingerprint_cat64(0, 0) == 6351753276682545529


@given(st.binary(max_size=300))
def test_a_map_is_hashed_as_bytes_are(data: bytes) -> None:
    assert fingerprint64(memoryview(b"x" + data)[1:]) == fingerprint64(data) < 1 << 64


@given(st.binary(min_size=1, max_size=300), st.data())
def test_every_bit_counts(data: bytes, draw: st.DataObject) -> None:
    place, bit = draw.draw(st.integers(0, len(data) - 1)), draw.draw(st.integers(0, 7))
    changed = bytearray(data)
    changed[place] ^= 1 << bit
    assert fingerprint64(changed) != fingerprint64(data)
