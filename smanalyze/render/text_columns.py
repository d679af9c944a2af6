"""Tables of plain columns: natural widths where they fit, else names fold or lose their middle, else columns go.

Columns at the right edge hold figures. A figure of which a part stands in another line is another figure, so they are
as wide as the widest, or left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from smanalyze.render.text_page import CELL_LIMIT, Page, Span, cells, fold, middle
from smanalyze.render.visible import shorten, visible

GAP = 2
LEAST = 6
"""Cells that a column of words keeps before one of figures goes."""

Cell = str | Span


@dataclass(frozen=True, slots=True)
class Column:
    """One column. ``give`` says what happens to a text that is too wide: ``keep`` (the column stays as wide as its
    widest cell), ``fold`` (onto more lines), ``cut`` (in its middle) or ``below`` (whole, on a line of its own; for the
    last column only). ``floor`` is how narrow it may get. Columns with ``drop`` are left out on a narrow page, the
    highest number first, and all are left out when empty. ``right`` is for figures, which are never torn: where room
    is short in spite of all this, others become narrower than their floor, and then the last column of figures goes."""

    title: str
    give: Literal["keep", "fold", "cut", "below"] = "keep"
    right: bool = False
    floor: int = 12
    drop: int = 0
    style: str = ""


def draw_table(
    page: Page, columns: Sequence[Column], rows: Sequence[Sequence[Cell]], indent: int = 2, head: bool = True
) -> None:
    """Draw the rows below their titles. Cells are data and are made visible here."""
    table = [[_cell(cell, column) for cell, column in zip(row, columns, strict=True)] for row in rows]
    natural = [max((cells(row[i][0]) for row in table), default=0) for i in range(len(columns))]
    kept = [i for i, size in enumerate(natural) if size]
    if head:
        natural = [max(size, cells(column.title)) for size, column in zip(natural, columns, strict=True)]
    widths = _fit(columns, natural, kept, page.width - indent)
    chosen = [(i, columns[i], width) for i, width in widths]
    if head:
        _draw_row(page, chosen, [(column.title, "dim") for column in columns], indent)
        page.put((" " * indent, ""), *_rule(chosen))
    for row in table:
        _draw_row(page, chosen, row, indent)


def draw_grid(page: Page, items: Sequence[tuple[str, str]], indent: int = 2) -> None:
    """(text, number) pairs in as many columns as fit, read downwards."""
    if not items:
        return
    shown = [(visible(shorten(text)), number) for text, number in items]
    number_width = max(len(number) for _, number in shown)
    text_width = min(max(cells(text) for text, _ in shown), page.width - indent - number_width - 1)
    cell_width = number_width + 1 + text_width
    across = max(1, (page.width - indent + GAP + 1) // (cell_width + GAP + 1))
    down = -(-len(shown) // across)
    for y in range(down):
        spans: list[Span] = [(" " * indent, "")]
        for text, number in shown[y::down]:
            fitted = middle(text, text_width)
            spans.append((number.rjust(number_width) + " ", "dim"))
            spans.append((fitted + " " * (text_width - cells(fitted) + GAP + 1), ""))
        spans[-1] = (spans[-1][0].rstrip(), "")
        page.put(*spans)


def _cell(cell: Cell, column: Column) -> Span:
    text, style = (cell, column.style) if isinstance(cell, str) else cell
    return visible(shorten(text, CELL_LIMIT)), style


def _floor(column: Column, natural: int) -> int:
    if column.give == "below":
        return 0
    return natural if column.give == "keep" else min(natural, column.floor)


def _fit(columns: Sequence[Column], natural: Sequence[int], kept: list[int], available: int) -> list[tuple[int, int]]:
    """Which columns are shown, and how wide."""
    while kept:
        least = sum(_floor(columns[i], natural[i]) for i in kept) + GAP * (len(kept) - 1)
        droppable = [i for i in kept if columns[i].drop]
        if least <= available or not droppable:
            break
        kept = [i for i in kept if i != max(droppable, key=lambda i: columns[i].drop)]
    kept = _without_surplus(columns, natural, kept, available)
    widths = {i: min(natural[i], available) for i in kept}
    room = available - GAP * (len(kept) - 1)
    while (excess := sum(widths.values()) - room) > 0:
        last = kept[-1]
        if columns[last].give == "below" and widths[last]:
            widths[last] = max(widths[last] - excess, 0)
            continue
        giving = [i for i in kept if widths[i] > _floor(columns[i], natural[i])]
        giving = giving or [i for i in kept if widths[i] > 1 and not columns[i].right]
        if not giving:
            break
        widths[max(giving, key=lambda i: widths[i])] -= 1
    return [(i, widths[i]) for i in kept]


def _without_surplus(columns: Sequence[Column], natural: Sequence[int], kept: list[int], available: int) -> list[int]:
    """The columns without the last ones of figures, as many as have no room beside the least of the others."""
    while len(kept) > 1:
        least = sum(natural[i] if columns[i].right else min(_floor(columns[i], natural[i]), LEAST) for i in kept)
        figures = [i for i in kept if columns[i].right]
        if least + GAP * (len(kept) - 1) <= available or not figures:
            break
        kept = [i for i in kept if i != figures[-1]]
    return kept


def _rule(chosen: Sequence[tuple[int, Column, int]]) -> list[Span]:
    return [("─" * width + " " * GAP, "dim") for _, _, width in chosen]


def _draw_row(page: Page, chosen: Sequence[tuple[int, Column, int]], row: Sequence[Span], indent: int) -> None:
    below: Span = ("", "")
    pieces = []
    for i, column, width in chosen:
        text, style = row[i]
        if column.give == "below" and cells(text) > width:
            below, text = (text, style), ""
        pieces.append(_pieces(text, column, width))
    lines = []
    for y in range(max(map(len, pieces), default=0)):
        spans: list[Span] = [(" " * indent, "")]
        for (i, column, width), texts in zip(chosen, pieces, strict=True):
            text = texts[y] if y < len(texts) else ""
            padding = " " * (width - cells(text))
            style = row[i][1]
            if column.right:
                spans += [(padding, ""), (text, style), (" " * GAP, "")]
            else:
                spans += [(text, style), (padding + " " * GAP, "")]
        lines.append(spans)
    for spans in _with_below(page, lines, below, indent):
        page.put(*spans)


def _with_below(page: Page, lines: list[list[Span]], below: Span, indent: int) -> list[list[Span]]:
    """The lines of a row, with a text at the right edge of the first one where it has room, else below them."""
    text, style = below
    if not text or not lines:
        return lines
    first = lines[0]
    while not first[-1][0].strip() and len(first) > 1:
        first = first[:-1]
    room = page.width - sum(cells(part) for part, _ in first)
    if room >= GAP + cells(text):
        return [[*first, (" " * (room - cells(text)), ""), below], *lines[1:]]
    pieces = fold(text, page.width - 2 * indent)
    return [*lines, *([(" " * (page.width - cells(piece)), ""), (piece, style)] for piece in pieces)]


def _pieces(text: str, column: Column, width: int) -> list[str]:
    if cells(text) <= width:
        return [text]
    return [middle(text, width)] if column.give == "cut" else fold(text, width)
