"""CRC-32C against published vectors, and its masked form."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from smanalyze.format.checksum import SLICE_BYTES, crc32c, mask, masked_crc32c, unmask


def test_vectors() -> None:
    # RFC 3720, appendix B.4.
    assert crc32c(bytes(32)) == 0x8A9136AA
    assert crc32c(b"\xff" * 32) == 0x62A8AB43
    assert crc32c(b"123456789") == 0xE3069283
    assert crc32c(b"") == 0


def test_mask_of_a_stored_crc() -> None:
    # Any TFRecord: the masked CRC of the eight length bytes of an empty record.
    assert masked_crc32c(bytes(8)) == mask(crc32c(bytes(8)))
    assert mask(0) == 0xA282EAD8


@given(st.integers(0, 2**32 - 1))
def test_unmask_undoes_mask(crc: int) -> None:
    assert unmask(mask(crc)) == crc
    assert 0 <= mask(crc) < 2**32


def test_views_are_read_in_slices() -> None:
    data = bytes(range(256)) * (SLICE_BYTES // 128)
    assert len(data) > SLICE_BYTES
    assert crc32c(memoryview(data)) == crc32c(data)


@given(st.binary(), st.binary())
def test_crc_continues(first: bytes, second: bytes) -> None:
    assert crc32c(second, crc32c(first)) == crc32c(first + second)
