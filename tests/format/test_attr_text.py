"""Attrs as people read them."""

from __future__ import annotations

from smanalyze.format.attr_text import MAX_LENGTH, attr_text
from tests.format.protos import proto


def text(content: bytes) -> str:
    message = proto("AttrValue", "")
    message.s = content
    return attr_text(message)


def test_a_program_in_a_string_is_its_size_and_digest() -> None:
    one, other = bytes(5000) + b"a", bytes(5000) + b"b"
    assert text(one).startswith("<5,001 bytes, sha256 ") and len(text(one)) < 50
    assert text(one) != text(other) == text(other)


def test_a_short_string_is_itself() -> None:
    assert text(b"SAME") == "'SAME'"
    assert text(b"x" * MAX_LENGTH).count("x") >= MAX_LENGTH - 1
    assert "bytes" in text(b"x" * (MAX_LENGTH + 1))


def test_strings_of_a_list_are_told_likewise() -> None:
    message = proto("AttrValue", "list {}")
    message.list.s.extend([b"a", bytes(300)])
    assert attr_text(message).startswith("['a', <300 bytes, sha256 ")
