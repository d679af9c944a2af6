"""The values of two stored tensors side by side, a slice at a time, however each of them is partitioned."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from smanalyze.errors import FormatError
from smanalyze.facts.tensor_runs import runs_of
from smanalyze.model.bundle import BundleEntry
from smanalyze.model.checkpoint import TensorReader
from smanalyze.model.dtypes import item_size

SLICE_BYTES = 256 << 10
"""Read at a time of each side; with the arrays made of it this stays in the processor's second cache."""

MAX_ASSEMBLED = 64 << 20
"""Bytes of a tensor that may be put together in memory, where the two sides are partitioned across each other."""

Stored = tuple[TensorReader, BundleEntry]
"""An entry, and what reads it."""


def side_by_side(old: Stored, new: Stored) -> Iterator[tuple[Any, Any]]:
    """Flat arrays of the same elements of both sides, of the stored dtypes; all elements once, in no promised order.

    Both entries have the same shape. Raises FormatError where bytes are missing or do not fit, and where the sides are
    partitioned across each other and too large to be put together.
    """
    count = SLICE_BYTES // max(item_size(old[1].dtype), item_size(new[1].dtype))
    alike = partition(old[1]) == partition(new[1])
    before, after = _values(old, alike), _values(new, alike)
    while (step := min(count, before.left, after.left)) > 0:
        yield before.take(step), after.take(step)


def partition(entry: BundleEntry) -> tuple[tuple[tuple[int, ...], tuple[int | None, ...]], ...]:
    """Where the pieces of a tensor lie, () for one that is stored as a whole."""
    return tuple((piece.starts, piece.lengths) for piece in entry.slices)


def _values(stored: Stored, alike: bool) -> _Runs | _Whole:
    if alike or _in_rows(stored[1]):
        return _Runs(*stored)
    if stored[1].size > MAX_ASSEMBLED:
        raise FormatError("The sides are partitioned across each other.")
    return _Whole(stored[0].read(stored[1]).reshape(-1))


def _in_rows(entry: BundleEntry) -> bool:
    """Whether the pieces, one after the other, are the tensor row by row: they part its first dimension alone."""
    row = 0
    for piece in entry.slices:
        lengths = [full if size is None else size for size, full in zip(piece.lengths, entry.shape, strict=True)]
        if not lengths or piece.starts[0] != row or lengths[1:] != list(entry.shape[1:]):
            return False
        row += lengths[0]
    return not entry.slices or row == entry.shape[0]


class _Runs:
    """Values as they are stored, run after run; of no run more than is asked for is looked at."""

    def __init__(self, reader: TensorReader, entry: BundleEntry) -> None:
        self._reader, self._width = reader, item_size(entry.dtype)
        self._runs = [run for run in reversed(list(runs_of(entry, self._width))) if run.shape[0]]
        self._at = 0

    @property
    def left(self) -> int:
        """Elements left in this run."""
        return self._runs[-1].shape[0] - self._at if self._runs else 0

    def take(self, count: int) -> Any:
        """The next elements, at most as many as are left."""
        run = self._runs[-1]
        assert run.offset is not None
        offset = run.offset + self._at * self._width
        part = replace(run, shape=(count,), size=count * self._width, offset=offset)
        self._at += count
        if self._at == run.shape[0]:
            self._runs.pop()
            self._at = 0
        return self._reader.read(part)


class _Whole:
    """Values that are in memory already."""

    def __init__(self, values: Any) -> None:
        self._values = values

    @property
    def left(self) -> int:
        """Elements left."""
        return len(self._values)

    def take(self, count: int) -> Any:
        """The next elements."""
        taken, self._values = self._values[:count], self._values[count:]
        return taken
