"""Lists of evidence that are not whole: how they say so, and how many lines a reader does not see."""

from __future__ import annotations

import re
from collections.abc import Sequence

_MORE = re.compile(r"and (\d[\d,]*) more(?: \w+)?")


def more_line(count: int, noun: str = "") -> str:
    """The last line of a list that was cut: ``and 4 more``."""
    return f"and {count:,} more{f' {noun}' if noun else ''}"


def cut_lines(lines: Sequence[str], limit: int) -> tuple[Sequence[str], int]:
    """The first lines, and how many there are beyond them, with those that the last line only counts. A list longer by
    one is kept: saying so would take the same line."""
    if len(lines) <= limit + 1:
        return lines, 0
    told = _MORE.fullmatch(lines[-1])
    counted = int(told[1].replace(",", "")) - 1 if told else 0
    return lines[:limit], len(lines) - limit + counted
