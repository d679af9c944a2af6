"""What rules about changed inputs and outputs share: how shapes moved, and how tensors are written."""

from __future__ import annotations

from collections.abc import Iterator

from smanalyze.model.tensors import Shape
from smanalyze.report.changes import shape_words
from smanalyze.report.tensors import Tensor


def tensor_words(tensor: Tensor) -> str:
    """``float32 [?, 10]``; an encoding that is not dense is said."""
    encoding = "" if tensor.encoding == "dense" else f"{tensor.encoding} "
    return f"{encoding}{tensor.dtype} {shape_words(tensor.shape)}"


def dimensions(old: Shape, new: Shape) -> Iterator[tuple[int, int | None, int | None]]:
    """(place, old size, new size) of the dimensions that differ, where both ranks are known and equal."""
    if old is not None and new is not None and len(old) == len(new):
        for place, (before, after) in enumerate(zip(old, new, strict=True)):
            if before != after:
                yield place, before, after


def comparable(tensor: Tensor) -> bool:
    """Whether the shape says what a client sends: that of an encoded tensor does not."""
    return tensor.encoding == "dense"
