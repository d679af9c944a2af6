"""What can be told of code that a Keras configuration carries, from the strings in it.

Python writes a function's code with ``marshal`` (CPython: Python/marshal.c), a PyTorch module is pickled; both keep
names and texts as they are. The bytes are decoded from base64 and looked at for strings; nothing is unmarshalled or
unpickled.
"""

from __future__ import annotations

import binascii
import hashlib
import re
from collections.abc import Iterator
from typing import Any, Final

from smanalyze.facts.keras_act import Payload
from smanalyze.facts.keras_words import STRONG, TELLING

MAX_CODE_CHARACTERS: Final = 16 << 20
MAX_STRINGS: Final = 10_000
MAX_SHOWN: Final = 300
"""Characters of one string that are shown."""

_STRING: Final = re.compile(rb"[zZ\xda\xfa]|[aAstu\xe1\xc1\xf3\xf4\xf5]|\x8c|X")
"""The bytes that begin a string in marshalled code (the letter, or with bit 7 where it is referred to again) and in a
pickle."""

_SHORT: Final = frozenset(b"zZ\xda\xfa\x8c")
_PRINTABLE: Final = re.compile(rb"[\x09\x0a\x20-\x7e]+")
_RUN: Final = re.compile(rb"[\x20-\x7e]{5,}")
_WORD: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_CODE: Final = re.compile(r"\(|\bimport\b")
"""Texts that are code themselves; a sentence or a file name may hold any word."""

_PLACE: Final = re.compile(r"://|^[/~.\\]|^[A-Za-z]:[\\/]|/\w|\s/")


def payload(code: Any, beside: tuple[str, ...] = ()) -> Payload:
    """What is known of a function's code as Keras writes it; ``beside`` are texts that it is given as defaults, closure
    or arguments."""
    if not isinstance(code, str):
        return Payload(0, "", (), (), (), (), "its text was not found")
    if len(code) > MAX_CODE_CHARACTERS:
        return Payload(0, "", (), (), (), (), f"it is longer than {MAX_CODE_CHARACTERS:,} characters")
    content = decode(code)
    found = list(dict.fromkeys([*strings(content), *beside]))
    words = {word for text in found if _CODE.search(text) or _WORD.fullmatch(text) for word in _WORD.findall(text)}
    telling = tuple(sorted(words & TELLING))
    rest = [text for text in found if text not in telling]
    places = [text for text in rest if _PLACE.search(text)]
    names = [text for text in rest if not _PLACE.search(text)]
    return Payload(
        len(content),
        hashlib.sha256(content).hexdigest(),
        telling,
        tuple(sorted(words & STRONG)),
        tuple(map(_cut, places)),
        tuple(map(_cut, names)),
    )


def decode(code: str) -> bytes:
    """The bytes, as keras/src/utils/python_utils.py (func_load) gets them: base64, else the characters themselves."""
    try:
        return binascii.a2b_base64(code.encode("ascii"))
    except (UnicodeEncodeError, binascii.Error):
        return code.encode("raw_unicode_escape", "replace")


def strings(content: bytes) -> list[str]:
    """The texts in marshalled or pickled bytes, in order: those that state their length, else any printable run."""
    found = list(_stated(content))
    if not found:
        found = [match.group().decode("ascii") for match in _RUN.finditer(content)]
    return list(dict.fromkeys(found))[:MAX_STRINGS]


def _stated(content: bytes) -> Iterator[str]:
    position = first = end = 0  # of the printable run that was met last: to look for it again costs its length
    while match := _STRING.search(content, position):
        start = match.end() + (1 if match.group()[0] in _SHORT else 4)
        size = int.from_bytes(content[match.end() : start], "little")
        if not first <= start < end:
            run = _PRINTABLE.match(content, start)
            first, end = run.span() if run else (start, start)
        if 1 < size <= end - start and not (text := content[start : start + size]).isspace():
            yield text.decode("ascii")
            position = start + size
        else:
            position = match.end()


def _cut(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= MAX_SHOWN else text[:MAX_SHOWN] + "…"
