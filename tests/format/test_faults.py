"""The record of faults, and files that are something else as a whole."""

from __future__ import annotations

import os

import pytest

from smanalyze.format.faults import Faults, is_lfs_pointer, is_utf8_mangled
from smanalyze.format.limits import MAX_FAULTS

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"


@pytest.mark.parametrize(
    ("data", "code", "presence"),
    [
        (b"", "empty-file", "not-read"),
        (POINTER, "lfs-pointer", "not-fetched"),
        (b"\x1f\x8b\x08\x00", "wrong-kind", "not-read"),
    ],
)
def test_whole_file(data: bytes, code: str, presence: str) -> None:
    faults = Faults("checkpoint", "v.index")
    assert faults.add_whole_file(data)
    (record,) = faults.records()
    assert (record.code, record.presence, record.part, record.file) == (code, presence, "checkpoint", "v.index")


def test_nothing_to_say() -> None:
    faults = Faults("checkpoint", "v.index")
    assert not faults.add_whole_file(b"\0\0\2\x08\x01")
    assert faults.records() == ()


def test_a_pointer_is_short() -> None:
    assert is_lfs_pointer(memoryview(POINTER))
    assert not is_lfs_pointer(POINTER + b"x" * 1024)


def test_surplus_is_counted() -> None:
    faults = Faults("checkpoint", "v.index")
    for number in range(MAX_FAULTS + 5):
        faults.add("corrupt", f"Fault {number}.", number)
    records = faults.records()
    assert len(records) == MAX_FAULTS + 1
    assert records[-1].code == "corrupt", "they are faults as the others"
    assert "5 more" in records[-1].message


def test_utf8_mangled() -> None:
    binary = os.urandom(4096)
    assert not is_utf8_mangled(binary)
    assert is_utf8_mangled(binary.decode("utf-8", "replace").encode())
    assert is_utf8_mangled(binary.decode("latin-1").encode())
    assert not is_utf8_mangled(b"plain text")
    # A two-byte character cut by the edge of what is looked at.
    assert not is_utf8_mangled(b"a" * ((64 << 10) - 1) + "é".encode())
