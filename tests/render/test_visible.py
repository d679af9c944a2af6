"""Names that would act on a terminal or hide from a reader."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smanalyze.render.visible import shorten, visible, visible_lines


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ""),
        ("dense/kernel:0", "dense/kernel:0"),
        ("größe_層", "größe_層"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("a\nb\r\tc", "a\\nb\\r\\tc"),
        ("\x00\x7f\x85", "\\x00\\x7f\\x85"),
        ("\u202egnp.exe", "⟦U+202E⟧gnp.exe"),
        ("a\u200bb\ufeff", "a⟦U+200B⟧b⟦U+FEFF⟧"),
        ("line\u2028end", "line⟦U+2028⟧end"),
        ("\ud800", "⟦U+D800⟧"),
        ("\U000e0041", "⟦U+E0041⟧"),
        ("\u3164\u2800", "⟦U+3164⟧⟦U+2800⟧"),
        ("\uffff", "⟦U+FFFF⟧"),
        ("<script>", "<script>"),
    ],
)
def test_visible(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(st.text(st.characters(codec=None)))
def test_nothing_that_acts_is_left(text: str) -> None:
    shown = visible(text)
    assert not {unicodedata.category(character) for character in shown} & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    shown.encode()  # lone surrogates cannot be written to a file
    assert visible(shown) == shown


def test_lines_keep_their_ends() -> None:
    assert visible_lines("a\n\tb\x1b\r\n\u202ec") == "a\n    b\\x1b\\r\n⟦U+202E⟧c"


def test_shorten_keeps_both_ends_and_tells() -> None:
    assert shorten("short") == "short"
    cut = shorten("a" * 500 + "b" * 500, 30)
    assert cut == "a" * 20 + " … 970 more characters … " + "b" * 10
