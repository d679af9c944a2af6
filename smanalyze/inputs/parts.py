"""Sparse and ragged tensors that somebody wrote as a whole, taken apart into the dense tensors that carry them.

Each part comes with whether a dtype of its own would be meant: sizes and places are made here.
"""

from __future__ import annotations

from typing import Any

_PARTS = ("indices", "values", "dense_shape")

Part = tuple[Any, bool]


def sparse_parts(value: dict[Any, Any]) -> tuple[Part, ...]:
    """``indices``, ``values`` and ``dense_shape`` of a dict that has them. Raises ValueError."""
    import numpy as np

    missing = [name for name in _PARTS if name not in value]
    unknown = [name for name in value if name not in _PARTS]
    if missing or unknown:
        said = f"{missing[0]!r} is missing" if missing else f"{unknown[0]!r} is no part of it"
        raise ValueError(f"a sparse tensor is given as a dict of indices, values and dense_shape; {said}")
    shape = np.array(value["dense_shape"])
    indices = np.array(value["indices"])
    if any(one.size and one.dtype.kind not in "iu" for one in (shape, indices)):
        raise ValueError("indices and dense_shape are integers")
    if shape.ndim != 1:
        raise ValueError("dense_shape is a list of sizes")
    if not indices.size:
        indices = np.zeros((0, shape.size), np.int64)
    count = len(value["values"]) if hasattr(value["values"], "__len__") else -1
    if indices.ndim != 2 or indices.shape != (count, shape.size):
        raise ValueError(
            f"indices has the shape {list(indices.shape)}, where [{max(count, 0)}, {shape.size}] is wanted: a row for "
            "each value, a column for each size of dense_shape"
        )
    if indices.size and not ((indices >= 0) & (indices < shape)).all():
        raise ValueError("some indices lie outside of dense_shape")
    if indices.size and [tuple(row) for row in indices.tolist()] != sorted(tuple(row) for row in indices.tolist()):
        raise ValueError("indices must be in order: by row, then by column")
    return (indices, False), (value["values"], True), (shape, False)


def ragged_parts(value: Any, levels: int) -> tuple[Part, ...]:
    """The flat values, and the row splits from the outermost on, of lists of ``levels`` uneven dimensions. Raises
    ValueError."""
    import numpy as np

    rows = value
    splits = []
    for level in range(levels):
        if not has_length(rows) or not all(map(has_length, rows)):
            raise ValueError(
                f"a ragged tensor is given as lists of rows, {levels + 1} deep; at {level + 1} deep there are none"
            )
        splits.append(np.cumsum([0, *map(len, rows)]))
        rows = [item for row in rows for item in row]
    return (rows, True), *((one, False) for one in splits)


def has_length(value: Any) -> bool:
    """Whether it is a list, or an array that is no scalar."""
    return isinstance(value, list | tuple) or getattr(value, "ndim", 0) > 0
