"""Where the blocks of a picture stand. Squarified treemaps, as Bruls, Huizing and van Wijk describe them (2000)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from smanalyze.render.units import bytes_text, percent_text, plural
from smanalyze.render.visible import shorten, visible
from smanalyze.report.pictures import Picture, SizeBlock

HEIGHT = 420.0
"""Of a picture, in CSS pixels. Widths are percentages, so a picture fits any page and its letters keep their size."""

_WIDTH = 1000.0
_TITLE = 22.0
_GAP = 2.0
_LETTER = 7.4  # pixels, of the widest usual font at the size the page's style gives labels
_STEPS = (300, 450, 600, 800, 1000, 1300)
"""Widths of a picture from which on a label may be drawn; the page's style has a rule for each."""


class Box(NamedTuple):
    """A rectangle on a picture 1000 wide."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Tile:
    """One rectangle ready for SVG. ``label`` is "" where no label fits, ``level`` 0 for a group around others."""

    x: str
    y: str
    width: str
    height: str
    tone: str
    label: str
    label_class: str
    title: str
    name: str
    level: int


def tiles(picture: Picture) -> tuple[Tile, ...]:
    """The blocks of a picture and, inside those with room for it, their children."""
    drawn: list[Tile] = []
    boxes = _squarify([block.share for block in picture.blocks], Box(0, 0, _WIDTH, HEIGHT))
    for number, (block, box) in enumerate(zip(picture.blocks, boxes, strict=True)):
        tone = "tone-rest" if block.folded else f"tone-{number % 8}"
        inner = Box(box.x + _GAP * 2, box.y + _TITLE, box.width - _GAP * 4, box.height - _TITLE - _GAP * 2)
        if len(block.children) > 1 and inner.width > 30 and inner.height > 24:
            drawn.append(_tile(picture, block, box, tone, level=0))
            inside = _squarify([child.share for child in block.children], inner)
            drawn += [_tile(picture, *pair, tone, level=1) for pair in zip(block.children, inside, strict=True)]
        else:
            drawn.append(_tile(picture, block, box, tone, level=1))
    return tuple(drawn)


def detail(picture: Picture, block: SizeBlock) -> str:
    """``conv1: 37.6 kB, 0.4 %``."""
    amount = bytes_text(block.value) if picture.unit == "bytes" else plural(block.value, "node")
    label = shorten(visible(block.name or block.label), 120)
    return f"{label}: {amount}, {percent_text(block.share)}"


def _tile(picture: Picture, block: SizeBlock, box: Box, tone: str, level: int) -> Tile:
    width, height = max(box.width - _GAP, 0.5), max(box.height - _GAP, 0.5)
    label = shorten(visible(block.label), 60)
    label_class = _label_class(len(label), width) if height >= 18 else ""
    return Tile(
        x=f"{box.x / _WIDTH:.3%}", y=f"{box.y:.1f}", width=f"{width / _WIDTH:.3%}", height=f"{height:.1f}", tone=tone,
        label=label if label_class else "", label_class=label_class, title=detail(picture, block), name=block.name,
        level=level,
    )  # fmt: skip


def _label_class(letters: int, width: float) -> str:
    """From which width of the picture on the label fits its tile; "" if it never does."""
    needed = (letters * _LETTER + 10) / (width / _WIDTH)
    return next((f"from-{step}" for step in _STEPS if needed <= step), "")


def _squarify(shares: Sequence[float], box: Box) -> list[Box]:
    """One box per share, in order, with areas as the shares are; rows are closed when one more would make them longer
    and thinner."""
    whole = sum(shares)
    if whole <= 0 or box.width <= 0 or box.height <= 0:
        return [Box(box.x, box.y, 0, 0) for _ in shares]
    areas = [share / whole * box.width * box.height for share in shares]
    placed: list[Box] = []
    start = 0
    while start < len(areas):
        side = min(box.width, box.height)
        end = start + 1
        while end < len(areas) and _worst(areas[start : end + 1], side) <= _worst(areas[start:end], side):
            end += 1
        row, box = _lay(areas[start:end], box)
        placed += row
        start = end
    return placed


def _worst(row: Sequence[float], side: float) -> float:
    """The worst ratio of the sides in a row of areas laid along a side."""
    thickness = sum(row) / side
    if thickness <= 0:
        return float("inf")
    return max(max(thickness**2 / area, area / thickness**2) if area > 0 else float("inf") for area in row)


def _lay(row: Sequence[float], box: Box) -> tuple[list[Box], Box]:
    """The boxes of one row along the shorter side, and what is left of the box."""
    side = min(box.width, box.height)
    thickness = sum(row) / side if side > 0 else 0.0
    lengths = [area / thickness if thickness > 0 else 0.0 for area in row]
    starts = [sum(lengths[:i]) for i in range(len(lengths))]
    if box.width >= box.height:
        laid = [Box(box.x, box.y + s, thickness, length) for s, length in zip(starts, lengths, strict=True)]
        return laid, Box(box.x + thickness, box.y, max(box.width - thickness, 0), box.height)
    laid = [Box(box.x + s, box.y, length, thickness) for s, length in zip(starts, lengths, strict=True)]
    return laid, Box(box.x, box.y + thickness, box.width, max(box.height - thickness, 0))
