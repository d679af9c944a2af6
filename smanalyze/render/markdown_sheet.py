"""A page of Markdown that stays below a number of characters: GitHub refuses longer comments and step summaries."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from smanalyze.render.markdown_escape import html_text
from smanalyze.render.words import HIDDEN, cut, more_text

Item = TypeVar("Item")

LIMIT = 60_000

_RESERVE = 1_000
"""Kept for what is written in any case: ends of details blocks and the notes on what was left out."""

_TABLE_SHARE = 12_000
"""No table takes more unless its caller says so: a long one leaves room for the sections after it."""


class Sheet:
    """Blocks of Markdown with an empty line between them, as many as fit."""

    def __init__(self) -> None:
        self._blocks: list[str] = []
        self._left = LIMIT - _RESERVE
        self._full = False

    def text(self) -> str:
        """The page; it ends with a newline."""
        notes = [f"*This page ends here: it would be too long for GitHub; {HIDDEN}.*"] if self._full else []
        return "\n\n".join([*self._blocks, *notes]) + "\n"

    def add(self, block: str) -> bool:
        """Add a block if it is not empty and there is room; whether it is there now."""
        if not block:
            return False
        self._full = self._full or len(block) + 2 > self._left
        if self._full:
            return False
        self._put(block)
        return True

    def table(
        self,
        titles: Sequence[str],
        items: Sequence[Item],
        row: Callable[[Item], Sequence[str]],
        limit: int,
        one: str,
        many: str = "",
        share: int = _TABLE_SHARE,
    ) -> None:
        """A row of cells for each item; they are Markdown already. ``>`` before a title sets its column to the right.
        Columns that are empty in every row are left out, and so are rows above the limit or without room: the table
        takes ``share`` characters."""
        every = [row(item) for item in cut(items, limit)[0]]
        kept = [i for i in range(len(titles)) if any(cells[i] for cells in every)]
        if not kept:
            return
        rule = ["--:" if titles[i][:1] == ">" else "---" for i in kept]
        lines = [_row([titles[i].lstrip(">") for i in kept]), _row(rule)]
        room = min(self._left, share) - sum(map(len, lines)) - 100
        for cells in every:
            lines.append(_row([cells[i] for i in kept]))
            room -= len(lines[-1]) + 1
            if room < 0:
                lines.pop()
                break
        hidden = len(items) - (len(lines) - 2)
        if self.add("\n".join(lines)) and hidden:
            self.add(f"*{more_text(hidden, one, many)}*")

    def facts(self, rows: Sequence[tuple[str, str]]) -> None:
        """What is known, a line each; a fact that says nothing is left out."""
        told = [row for row in rows if row[1]]
        self.table(("", ""), told, lambda row: row, len(told), "fact")

    @contextmanager
    def details(self, title: str, number: str = "") -> Iterator[None]:
        """What is added within is folded away; nothing is written when nothing is added."""
        begin = len(self._blocks)
        summary = html_text(title) + (f" ({html_text(number)})" if number else "")
        yield
        if len(self._blocks) > begin:
            self._blocks.insert(begin, f"<details>\n<summary>{summary}</summary>")
            self._blocks.append("</details>")
            self._left -= len(summary) + 60

    def _put(self, block: str) -> None:
        self._blocks.append(block)
        self._left -= len(block) + 2


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
