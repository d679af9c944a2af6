"""What is read of a stored tensor at a time: its runs of bytes, and numbers that numpy computes with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from smanalyze.errors import FormatError
from smanalyze.model.bundle import BundleEntry


def runs_of(entry: BundleEntry, width: int) -> Iterator[BundleEntry]:
    """The stored runs of a tensor, each as a flat entry of its own. ``width``: bytes per element.

    Raises FormatError where sizes do not fit.
    """
    if not entry.slices:
        if entry.size != entry.elements * width or entry.shard is None:
            raise FormatError(f"{entry.elements} elements of {entry.dtype} do not have {entry.size} bytes.")
        yield replace(entry, shape=(entry.elements,))
        return
    if sum(piece.size for piece in entry.slices) != entry.elements * width:
        raise FormatError("The slices do not add up to the whole tensor.")
    for piece in entry.slices:
        if piece.size % width:
            raise FormatError(f"A slice of {piece.size} bytes does not hold elements of {entry.dtype}.")
        yield replace(
            entry, shape=(piece.size // width,), size=piece.size, shard=piece.shard, offset=piece.offset, slices=()
        )


def computable(values: Any) -> Any:
    """Booleans as bytes; the short floats and integers that numpy does not know, and float16, in one that it does."""
    import numpy as np

    if values.dtype.kind == "b":
        return values.view(np.uint8)
    if values.dtype.name in ("int4", "uint4", "int2", "uint2"):
        return values.astype(np.int8)
    if values.dtype.isbuiltin != 1 or values.dtype == np.float16:
        return values.astype(np.float32)
    return values
