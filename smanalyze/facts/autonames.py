"""Names that a counter made different: ``conv2d_3`` of one process is ``conv2d`` of another."""

from __future__ import annotations

import re
from collections.abc import Iterable

_PART = re.compile(r"([^/.\[\]:]+)")


class AutoNames:
    """The names of one model with their counters replaced by ranks: what stands first among ``conv2d_3`` and
    ``conv2d_7`` is the same as ``conv2d`` of a process that counted from nothing.

    Two different names of one model stay different; only the distance of their numbers is lost.
    """

    def __init__(self, names: Iterable[str]) -> None:
        parts: set[str] = set()
        for name in names:
            parts.update(_PART.findall(name))
        numbers: dict[str, set[int]] = {}
        for part in parts:
            stem, number = _split(part)
            numbers.setdefault(stem, set()).add(number)
        self._known: dict[str, str] = {}
        self._parts = _Parts({stem: _ranks(found) for stem, found in numbers.items()})

    def plain(self, name: str) -> str:
        """The name with each part's counter as its rank, ``:0`` at its end left out."""
        found = self._known.get(name)
        if found is None:
            pieces = _PART.split(name.removesuffix(":0"))
            found = self._known[name] = "".join(map(self._parts.__getitem__, pieces))
        return found


class _Parts(dict[str, str]):
    """Parts of names, and what stands between them, with ranks for counters; made when asked for. ``ranks`` are those
    of the counters of each stem, {} where it has but one."""

    def __init__(self, ranks: dict[str, dict[int, int]]) -> None:
        super().__init__()
        self._stems = ranks

    def __missing__(self, part: str) -> str:
        stem, number = _split(part)
        ranks = self._stems.get(stem)
        plain = part
        if ranks is not None:
            plain = stem if not ranks else f"{stem}#{ranks[number]}" if number in ranks else part
        self[part] = plain
        return plain


def _ranks(numbers: set[int]) -> dict[int, int]:
    return {number: rank for rank, number in enumerate(sorted(numbers))} if len(numbers) > 1 else {}


def _split(part: str) -> tuple[str, int]:
    """(name, counter) of a part; -1 where it has none: a counter has at most nine digits, and no zero before them."""
    stem, _, number = part.rpartition("_")
    counted = stem and number.isdecimal() and len(number) < 10 and (number == "0" or number[0] in "123456789")
    return (stem, int(number)) if counted else (part, -1)
