"""A page of terminal text: lines that never pass its width, colour only where it is wanted.

rich knows how wide a character is and how a terminal is told a colour. Its own Table and Text are not used: they cost
more than the analysis of a small model, and they cannot fold an identifier at its separators.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache

from rich.cells import cell_len, chop_cells

from smanalyze.render.visible import shorten, visible, visible_lines
from smanalyze.render.words import more_text

Span = tuple[str, str]
"""A text and the name of its style ("" for plain)."""

PROSE_WIDTH = 110
"""Longer lines of prose are hard to read, however wide the terminal is."""

TEXT_LIMIT = 2000
CELL_LIMIT = 600
"""No sentence or name of a sound model is longer; a hostile one may be of megabytes."""

_STYLES = {
    "title": "bold",
    "heading": "bold blue",
    "name": "cyan",
    "key": "bold cyan",
    "dim": "dim",
    "good": "green",
    "error": "bold red",
    "warning": "yellow",
    "note": "blue",
}

_SEPARATORS = frozenset("/._:-+,;|=)]}@ ")


def cells(text: str) -> int:
    """How many columns of a terminal the text takes."""
    return len(text) if text.isascii() else cell_len(text)


def fold(text: str, width: int) -> list[str]:
    """The text in pieces of at most ``width`` cells, cut after a separator where one is near, else at any space, and
    within a number only where nothing else is left; a space there is lost."""
    if cells(text) <= width:
        return [text]
    pieces = []
    start = 0
    while start < len(text):
        head = _head(text[start : start + 2 * width + 40], width)
        end = start + len(head)
        if end < len(text):
            end = start + _cut(text, start, len(head))
        pieces.append(text[start:end])
        start = end + (text[end : end + 1] == " ")
    return pieces


def _cut(text: str, start: int, size: int) -> int:
    """How many of the ``size`` characters from ``start`` on belong to this piece; there are more behind them."""
    least = size // 3
    for i in range(size, least, -1):
        before, at, after = text[start : start + i - 1][-1:], text[start + i - 1], text[start + i]
        if at in _SEPARATORS and not (at in ",." and before.isdigit() and after.isdigit()):
            return i
    space = text.rfind(" ", start, start + least)
    return space + 1 - start if space > start else size


def _head(text: str, width: int) -> str:
    """As much of the text as fits, and at least one character."""
    if text.isascii():
        return text[:width]
    chopped = chop_cells(text, width)
    return (chopped[0] if chopped else text) or text[0]


def middle(text: str, width: int) -> str:
    """The text in one line of at most ``width`` cells, its middle left out if it must be; the end tells more."""
    if cells(text) <= width:
        return text
    if width < 3:
        return _head(text, max(width, 1))
    tail_width = (width - 1) * 3 // 5
    head = _head(text, width - 1 - tail_width)
    tail = _head(text[::-1], tail_width)[::-1]
    short = f"{head}…{tail}"
    return short if cells(short) <= width else f"{head}…"  # a wide character had no room at the end


@cache
def _style(name: str) -> tuple[str, str]:
    """What goes before and after a text of this style; rich is asked once a style."""
    from rich.color import ColorSystem  # only a coloured page pays for it
    from rich.style import Style

    before, _, after = Style.parse(_STYLES[name]).render("\0", color_system=ColorSystem.STANDARD).partition("\0")
    return before, after


class Page:
    """Lines, one after the other. Every text passes through here, and is made visible here."""

    def __init__(self, width: int, color: bool) -> None:
        self.width = max(width, 20)
        self._color = color
        self._lines: list[str] = []

    def text(self) -> str:
        """The page; it ends with a newline."""
        return "\n".join(self._lines) + "\n"

    def blank(self) -> None:
        """An empty line, never two."""
        if self._lines and self._lines[-1]:
            self._lines.append("")

    def put(self, *spans: Span) -> None:
        """One line of texts that are visible already. The caller has seen to its width; what is too long all the same
        is folded."""
        plain = "".join(text for text, _ in spans).rstrip()
        if cells(plain) > self.width:
            self._lines += [self._paint(piece.rstrip(), spans[-1][1]) for piece in fold(plain, self.width)]
            return
        while spans and not spans[-1][0].rstrip():
            spans = spans[:-1]
        if spans:
            text, style = spans[-1]
            spans = (*spans[:-1], (text.rstrip(), style))
        self._lines.append("".join([self._paint(text, style) for text, style in spans]))

    def heading(self, title: str, *notes: Span) -> None:
        """A section begins."""
        self.blank()
        self.flow([(title, "heading"), *notes])
        self.put(("─" * min(self.width, PROSE_WIDTH), "dim"))

    def flow(
        self,
        spans: Iterable[Span],
        indent: int = 0,
        hang: int | None = None,
        label: Span | None = None,
    ) -> None:
        """Words one after the other, wrapped; lines after the first start at ``hang``. ``label`` stands in the margin
        before ``hang``."""
        edge = min(self.width, PROSE_WIDTH)
        hang = min(indent if hang is None else hang, edge // 2)
        margin: list[Span] = [(" " * indent, "")]
        if label is not None:
            margin += [label, (" " * max(hang - indent - cells(label[0]), 1), "")]
        line, used = list(margin), sum(cells(text) for text, _ in margin)
        fresh = True
        for word, style in _words(spans):
            for piece in fold(word, edge - hang):
                if used + (not fresh) + cells(piece) > edge:
                    self.put(*line)
                    line, used, fresh = [(" " * hang, "")], hang, True
                used += cells(piece) + (not fresh)
                if not fresh and line[-1][1] == style:
                    piece = f"{line.pop()[0]} {piece}"
                elif not fresh:
                    line.append((" ", ""))
                line.append((piece, style))
                fresh = False
        if not fresh:
            self.put(*line)

    def fact(self, label: str, *spans: Span, indent: int = 2, column: int = 16) -> None:
        """A label and what it says, in two columns; nothing when it says nothing."""
        if any(text for text, _ in spans):
            self.flow(spans, indent, column, (label, "dim"))

    def more(self, hidden: int, one: str, many: str = "", indent: int = 2) -> None:
        """Say what a list left out; nothing when it left out nothing."""
        if hidden:
            self.flow([(more_text(hidden, one, many), "dim")], indent)

    def code(self, text: str, indent: int) -> None:
        """Lines of code as they are: a broken line is no code, so a long one passes the width."""
        self._lines += [" " * indent + line if line else "" for line in visible_lines(text).split("\n")]

    def _paint(self, text: str, style: str) -> str:
        if not (self._color and style and text.strip()):
            return text
        before, after = _style(style)
        return f"{before}{text}{after}"


def _words(spans: Iterable[Span]) -> Iterator[Span]:
    for text, style in spans:
        for word in visible(shorten(text, TEXT_LIMIT)).split(" "):
            if word:
                yield word, style
