"""Pictures of size: what a renderer draws as blocks, already grouped, counted and in order."""

from __future__ import annotations

from typing import Literal

from smanalyze.model.record import record


@record
class SizeBlock:
    """One block of a picture.

    ``label`` is the word drawn on it (``conv5_block3``), ``name`` the full name of the layer, variable or op it stands
    for ("" for a group that has no row of its own). ``share`` is its part of the whole picture, from 0 to 1.
    ``folded`` counts the blocks that were too small to be drawn and stand together in this one, else 0.
    """

    label: str
    name: str
    value: int
    share: float
    children: tuple[SizeBlock, ...] = ()
    folded: int = 0


@record
class Picture:
    """Blocks that add up to ``total``, largest first. ``of`` says what ``name`` names in them."""

    unit: Literal["bytes", "nodes"]
    of: Literal["layer", "variable", "op"]
    total: int
    blocks: tuple[SizeBlock, ...]


@record
class Pictures:
    """The pictures of one report; None where there is nothing to draw."""

    variables_by_layer: Picture | None = None
    ops_by_kind: Picture | None = None
