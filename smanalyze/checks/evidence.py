"""Words that rules share: lists cut to a readable length, numbers, and names that outlive an export."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from smanalyze.model.tensors import Shape
from smanalyze.report.evidence import more_line

MAX_LINES = 20
"""Lines of evidence one finding carries; a reader needs the reach, not every instance."""

_COUNTER = re.compile(r"(_\d+)+$")


def listed(lines: Iterable[str]) -> tuple[str, ...]:
    """The first lines, and one that says how many more there are."""
    every = tuple(lines)
    if len(every) <= MAX_LINES:
        return every
    return (*every[: MAX_LINES - 1], more_line(len(every) - MAX_LINES + 1))


def named(names: Sequence[str], limit: int = 3) -> str:
    """A few names for a sentence: ``a, b, c and 4 more``."""
    more = f" and {len(names) - limit:,} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more


def count_of(count: int, word: str, plural: str = "") -> str:
    """A number with its noun: ``1 file``, ``3 files``."""
    return f"{count:,} {word if count == 1 else plural or word + 's'}"


def percent(part: int, whole: int) -> str:
    """A share for a sentence; never 0% of something that is there."""
    if not whole or 0 < part * 100 < whole:
        return "less than 1%"
    return f"{part * 100 // whole}%"


def shape_text(shape: Shape) -> str:
    """A shape for a sentence: ``(?, 3)``, ``(unknown rank)``."""
    if shape is None:
        return "(unknown rank)"
    return f"({', '.join('?' if size is None else str(size) for size in shape)})"


def stable_name(function: str) -> str:
    """A function's name without the counters TensorFlow appends, which differ from export to export."""
    return _COUNTER.sub("", function)
