"""Text from a model made safe to look at: what would act on a terminal or hide from a reader is spelled out.

Control characters become ``\\x1b`` (or ``\\n``, ``\\r``, ``\\t``); characters that reorder, join or take no room become
``⟦U+202E⟧``. Escaping for HTML or Markdown is not done here.
"""

from __future__ import annotations

import unicodedata

_CONTROLS = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}

_SPELLED = frozenset({"Cf", "Cs", "Zl", "Zp"})
"""Unicode categories that are spelled out: format (bidi, zero width, tags), surrogates, line and paragraph ends."""

_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""Characters of other categories that draw nothing either."""

NAME_LIMIT = 240
"""How many characters of one name are shown unless told otherwise."""


def visible(text: str) -> str:
    """``text`` on one line, with every control, bidi and invisible character spelled out."""
    if text.isascii() and text.isprintable():  # nearly every name
        return text
    return "".join(_spell(character) for character in text)


def visible_lines(text: str) -> str:
    """The same for a text of several lines, such as code: line ends stay, and a tab becomes four spaces."""
    return "\n".join(visible(line.replace("\t", "    ")) for line in text.split("\n"))


def shorten(text: str, limit: int = NAME_LIMIT) -> str:
    """``text``, or where it is longer than ``limit`` its two ends and how many characters were left out between."""
    if len(text) <= limit:
        return text
    head, tail = limit * 2 // 3, limit // 3
    return f"{text[:head]} … {len(text) - head - tail:,} more characters … {text[len(text) - tail :]}"


def _spell(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Cc":
        return _CONTROLS.get(character, f"\\x{ord(character):02x}")
    if category in _SPELLED or character in _BLANK or _is_noncharacter(ord(character)):
        return f"⟦U+{ord(character):04X}⟧"
    return character


def _is_noncharacter(code: int) -> bool:
    return code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF
