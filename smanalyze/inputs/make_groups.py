"""The parts of sparse and ragged tensors, which must fit each other.

Sources: tensorflow/core/util/sparse/sparse_tensor.h (indices in row-major order, within the shape),
tensorflow/core/framework/ragged_tensor: row splits begin with 0, never fall and end with the number of values.
"""

from __future__ import annotations

from math import prod
from typing import Any

from smanalyze.inputs.composites import Group
from smanalyze.inputs.make_strings import strings
from smanalyze.inputs.make_values import Making, check_room, numbers
from smanalyze.inputs.sizes import size_of
from smanalyze.inputs.tensors import Source

MAX_ROWS = 1 << 16
"""A sparse or ragged tensor has no more rows, and no more values that it asks for itself."""


def group_arrays(group: Group, making: Making, batch: int) -> list[Any]:
    """The arrays of a group's parts, in their order."""
    return _sparse(group, making, batch) if group.kind == "sparse" else _ragged(group, making, batch)


def _filled(source: Source, shape: tuple[int, ...], making: Making) -> Any:
    return strings(source, shape, making) if source.dtype == "string" else numbers(source, shape, making)


def _fixed(source: Source, place: int) -> int | None:
    """A size that the part itself fixes."""
    size = source.dims[place] if source.dims is not None and place < len(source.dims) else None
    return size if isinstance(size, int) else None


def _sparse(group: Group, making: Making, batch: int) -> list[Any]:
    import numpy as np

    indices, values, dense_shape = group.parts
    rank = _fixed(indices, 1) or _fixed(dense_shape, 0) or len(group.shape or (0, 0))
    declared = group.shape if group.shape is not None and len(group.shape) == rank else (None,) * rank
    demanded = dense_shape.numbers if dense_shape.numbers and len(dense_shape.numbers) == rank else declared
    known = [size_of(size, making.fixed) for size in demanded]
    room = {"edge": 3, "plain": 1}.get(making.style, 1) if making.length == 8 else making.length
    sizes = tuple(size if size is not None else (batch if place == 0 else room) for place, size in enumerate(known))
    wanted = _fixed(values, 0)
    total = prod(sizes)
    check_room(sizes[:1], MAX_ROWS)
    check_room((wanted or 0,), MAX_ROWS)
    row = total // sizes[0] if sizes and sizes[0] else 0
    starts = [place * row for place in range(sizes[0] if sizes else 0)] if row else []
    if making.style == "edge" and row > 1:
        starts = sorted({*starts[:1], *(start + 1 for start in starts[:1]), *starts[2:]} or set(starts))
    places = starts if wanted is None else list(range(min(wanted, total)))
    rows = np.array([np.unravel_index(place, sizes) for place in places], np.int64).reshape(len(places), rank)
    return [rows, _filled(values, (len(places),), making), np.array(sizes, np.int64)]


def _ragged(group: Group, making: Making, batch: int) -> list[Any]:
    import numpy as np

    values, *levels = group.parts
    count = batch
    splits: list[Any] = []
    for level in levels:
        fixed = _fixed(level, 0)
        count = check_room((fixed - 1 if fixed is not None else count,), MAX_ROWS)
        lengths = (3, 0, 2) if making.style == "edge" else (2, 1, 1)
        ends = np.cumsum([0, *(lengths[row % 3] for row in range(count))])
        splits.append(ends.astype(np.int32 if level.dtype == "int32" else np.int64))
        count = int(ends[-1])
    inner = making.sizes(values)[1:]
    if values.dims is None and group.shape is not None:
        unknown = group.shape[len(levels) + 1 :]
        inner = tuple(making.length if size is None else size for size in unknown)
    if size_of(values.dims[0] if values.dims else None, {}) not in (None, count):
        count = _fixed(values, 0) or count
        splits[-1] = np.minimum(splits[-1], count)
        splits[-1][-1] = count
    return [_filled(values, (count, *inner), making), *splits]
