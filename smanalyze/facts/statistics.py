"""Figures of one stored tensor: extremes, mean, deviation, zeros, NaN and infinities, a small histogram.

Values are read in slices from the memory map, twice: the extremes must be known before bins can be counted. Sums are
taken in float64, slice by slice, and merged as Chan, Golub and LeVeque do (Updating Formulae and a Pairwise Algorithm
for Computing Sample Variances, 1979), so that neither length nor offset of the values costs digits.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from smanalyze.facts.tensor_runs import computable, runs_of
from smanalyze.model.bundle import BundleEntry
from smanalyze.model.checkpoint import TensorReader
from smanalyze.model.dtypes import item_size
from smanalyze.report.audit import Histogram, TensorStatistics

SLICE_BYTES = 256 << 10
"""Read at a time; with the arrays made of it this stays in the processor's second cache."""

BINS = 16

_SAFE_EXPONENT = 400
"""Values between 2^-400 and 2^400 can be squared and summed in float64; others are scaled by a power of two first."""


def tensor_statistics(
    reader: TensorReader, entry: BundleEntry, *, progress: Callable[[int], None] | None = None
) -> TensorStatistics | None:
    """The figures of one tensor; None for strings and variants. Memory is constant.

    Integers, quantized ones and booleans (0 and 1) count as the numbers stored, without scale or zero point. Complex
    numbers count by their absolute value: ``minimum``, ``mean``, ``histogram`` … are of that; one with a NaN in either
    part is a NaN. ``std`` divides by the number of values, as numpy's does. ``constant``: all values are finite and the
    same (0 and -0 are). The histogram has 16 bins as numpy.histogram makes them, the last closed on both sides, or one
    bin where all finite values are equal. ``progress`` is told how many of the stored bytes are done.

    Raises FormatError where bytes are missing or do not fit dtype and shape.
    """
    width = item_size(entry.dtype)
    if not width:
        return None
    runs = list(runs_of(entry, width))
    extremes, moments = _read_twice(reader, runs, width, _Steps(progress))
    elements = entry.elements
    found = extremes.finite > 0
    return TensorStatistics(
        key=entry.key,
        dtype=entry.dtype,
        shape=entry.shape,
        elements=elements,
        minimum=float(extremes.low) if found else None,
        maximum=float(extremes.high) if found else None,
        mean=moments.mean if found else None,
        std=moments.std if found else None,
        sparsity=extremes.zeros / elements if elements else None,
        nan=extremes.nan,
        infinite=extremes.infinite,
        all_zero=0 < elements == extremes.zeros,
        constant=0 < elements == extremes.finite and extremes.same,
        histogram=moments.histogram if found else None,
    )


def _read_twice(reader: TensorReader, runs: list[BundleEntry], width: int, step: _Steps) -> tuple[_Extremes, _Moments]:
    import numpy as np

    with np.errstate(all="ignore"):  # a NaN is counted, and need not be warned of
        extremes = _Extremes()
        for values in _slices(reader, runs, width, step):
            extremes.add(values)
        moments = _Moments(extremes)
        for values in _slices(reader, runs, width, step) if extremes.finite else ():
            moments.add(values)
    return extremes, moments


class _Steps:
    """Tells how far two passes over the same bytes are."""

    def __init__(self, tell: Callable[[int], None] | None) -> None:
        self._tell = tell
        self._read = 0

    def add(self, size: int) -> None:
        self._read += size
        if self._tell is not None:
            self._tell(self._read // 2)


def _slices(reader: TensorReader, runs: list[BundleEntry], width: int, step: _Steps) -> Iterator[Any]:
    """The values in flat arrays of at most SLICE_BYTES, of types that numpy computes with."""
    count = SLICE_BYTES // width
    for run in runs:
        assert run.offset is not None
        for start in range(0, run.shape[0], count):
            elements = min(count, run.shape[0] - start)
            offset = run.offset + start * width
            part = replace(run, shape=(elements,), size=elements * width, offset=offset)
            yield computable(reader.read(part))
            step.add(elements * width)


def _magnitudes(values: Any) -> Any:
    """Absolute values of finite complex numbers, in float64; the few too large for it count as its largest."""
    import numpy as np

    return np.minimum(np.abs(values.astype(np.complex128)), np.finfo(np.float64).max)


def _finite(values: Any) -> Any:
    """The finite values; a slice without others is not copied."""
    import numpy as np

    if values.dtype.kind in "iu":
        return values
    mask = np.isfinite(values)
    return values if mask.all() else values[mask]


class _Extremes:
    """The first pass: what can be counted without knowing the range."""

    def __init__(self) -> None:
        self.low: Any = None
        self.high: Any = None
        self.finite = self.nan = self.infinite = self.zeros = 0
        self._first: Any = None
        self._equal = True

    @property
    def same(self) -> bool:
        """Whether all finite values are the same."""
        return bool(self._equal and self.low == self.high)

    def add(self, values: Any) -> None:
        """Counts one slice, which has at least one value."""
        import numpy as np

        complete = len(values)
        # A NaN or infinity shows in the extremes, so that a slice without them is not looked at for them.
        clean = values.dtype.kind in "iu" or (
            values.dtype.kind == "f" and np.isfinite(values.min()) and np.isfinite(values.max())
        )
        if not clean:
            values, nan = _finite(values), int(np.count_nonzero(np.isnan(values)))
            self.nan += nan
            self.infinite += complete - len(values) - nan
            if not len(values):
                return
        self.finite += len(values)
        self.zeros += int(np.count_nonzero(values == 0))
        if values.dtype.kind == "c":
            self._first = values[0] if self._first is None else self._first
            self._equal = self._equal and bool((values == self._first).all())
            values = _magnitudes(values)
        low, high = values.min().item(), values.max().item()
        self.low = low if self.low is None else min(self.low, low)
        self.high = high if self.high is None else max(self.high, high)


class _Moments:
    """The second pass: mean, deviation and histogram of values whose range is known."""

    def __init__(self, extremes: _Extremes) -> None:
        self._low, self._high = extremes.low, extremes.high
        self._count = 0
        self._shift = self._mean = self._squares = 0.0
        largest = max(abs(self._low), abs(self._high)) if extremes.finite else 0
        exponent = math.frexp(largest)[1]
        self._exponent = exponent if abs(exponent) > _SAFE_EXPONENT else 0
        self._edges: list[Any] | None = None
        self._above = [0] * (BINS - 1)
        self._buffer: Any = None
        self._mask: Any = None

    def add(self, values: Any) -> None:
        """Merges one slice."""
        import numpy as np

        values = _finite(values)
        if not len(values):
            return
        if values.dtype.kind == "c":
            values = _magnitudes(values)
        if self._buffer is None or len(self._buffer) < len(values):
            self._buffer, self._mask = np.empty(len(values)), np.empty(len(values), bool)
        if self._edges is None:
            self._edges = _edges(self._low, self._high, values.dtype)
        self._merge(values)
        mask = self._mask[: len(values)]
        for number, edge in enumerate(self._edges):
            np.greater_equal(values, edge, out=mask)
            self._above[number] += int(np.count_nonzero(mask))

    def _merge(self, values: Any) -> None:
        import numpy as np

        wide = self._buffer[: len(values)]
        np.copyto(wide, values)
        if self._exponent:
            np.ldexp(wide, -self._exponent, out=wide)
        count = len(wide)
        if not self._count:
            self._shift = float(wide.sum()) / count
        # Differences of near numbers are exact, so that values far from zero lose nothing when means are compared.
        wide -= self._shift
        mean = float(wide.sum()) / count
        wide -= mean
        np.multiply(wide, wide, out=wide)
        total = self._count + count
        apart = mean - self._mean
        self._squares += float(wide.sum()) + apart * apart * (self._count * count / total)
        self._mean += apart * (count / total)
        self._count = total

    @property
    def mean(self) -> float:
        """The mean, never outside the extremes."""
        return min(max(math.ldexp(self._shift + self._mean, self._exponent), float(self._low)), float(self._high))

    @property
    def std(self) -> float:
        """The deviation of all values, not of a sample."""
        if self._low == self._high:
            return 0.0
        return math.ldexp(math.sqrt(self._squares / self._count), self._exponent)

    @property
    def histogram(self) -> Histogram:
        """Counts between neighbouring edges."""
        low, high = float(self._low), float(self._high)
        if self._low == self._high:
            return Histogram(low, high, (self._count,))
        at_least = [self._count, *self._above, 0]
        return Histogram(low, high, tuple(at_least[i] - at_least[i + 1] for i in range(BINS)))


def _edges(low: Any, high: Any, dtype: Any) -> list[Any]:
    """The inner edges of the bins, each as the least number of the dtype that is not below it: comparing is then exact
    and needs no conversion."""
    import numpy as np

    if low == high:
        return []
    if dtype.kind in "iu":
        return [low - (low - high) * i // BINS for i in range(1, BINS)]
    if math.isfinite(high - low):
        edges = np.linspace(low, high, BINS + 1)[1:-1]
    else:
        edges = np.linspace(low / 2, high / 2, BINS + 1)[1:-1] * 2
    rounded = edges.astype(dtype)
    return list(np.where(rounded < edges, np.nextafter(rounded, dtype.type(np.inf)), rounded))
