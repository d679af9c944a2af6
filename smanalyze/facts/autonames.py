"""Names that a counter made different: ``conv2d_3`` of one process is ``conv2d`` of another."""

from __future__ import annotations

import re
from collections.abc import Iterable

_PART = re.compile(r"[^/.\[\]:]+")
_COUNTED = re.compile(r"(.*?)_(0|[1-9]\d{0,8})", re.DOTALL)


class AutoNames:
    """The names of one model with their counters replaced by ranks: what stands first among ``conv2d_3`` and
    ``conv2d_7`` is the same as ``conv2d`` of a process that counted from nothing.

    Two different names of one model stay different; only the distance of their numbers is lost.
    """

    def __init__(self, names: Iterable[str]) -> None:
        numbers: dict[str, set[int]] = {}
        for name in names:
            for part in _PART.findall(name):
                stem, number = _split(part)
                numbers.setdefault(stem, set()).add(number)
        self._stems = frozenset(numbers)
        self._known: dict[str, str] = {}
        self._ranks = {
            stem: {number: rank for rank, number in enumerate(sorted(found))}
            for stem, found in numbers.items() if len(found) > 1
        }  # fmt: skip

    def plain(self, name: str) -> str:
        """The name with each part's counter as its rank, ``:0`` at its end left out."""
        found = self._known.get(name)
        if found is None:
            found = self._known[name] = _PART.sub(self._part, name.removesuffix(":0"))
        return found

    def _part(self, match: re.Match[str]) -> str:
        stem, number = _split(match[0])
        ranks = self._ranks.get(stem)
        if ranks is None:
            return stem if stem in self._stems else match[0]
        return f"{stem}#{ranks[number]}" if number in ranks else match[0]


def _split(part: str) -> tuple[str, int]:
    """(name, counter) of a part; -1 where it has none."""
    match = _COUNTED.fullmatch(part)
    return (match[1], int(match[2])) if match and match[1] else (part, -1)
