"""Figures of how the values of one variable changed, summed in float64 over slices of both sides.

Means and deviations of slices are merged as Chan, Golub and LeVeque do (Updating Formulae and a Pairwise Algorithm for
Computing Sample Variances, 1979). Sums are numpy's pairwise ones, which give the same bits on every machine.
"""

from __future__ import annotations

import math
from typing import Any

from smanalyze.facts.tensor_runs import computable
from smanalyze.report.changes import WeightDelta

ROUNDING_ULPS = 4
"""Units in the last place that rounding may move a value by."""

ROUNDING_SHARE = 0.001
"""The share of values that may have moved further all the same."""

NEAR = 0.5
"""Below this ‖Δ‖/‖w‖ values were tuned; above this cosine they were trained further, from the same start."""


class Tally:
    """The sums over one variable. ``trained``: it is one that training moves, so that its change has a name. Where the
    dtypes differ, elements count as changed that the coarser one can tell apart."""

    def __init__(self, elements: int, trained: bool) -> None:
        self._elements, self._trained = elements, trained
        self._numbers, self._recast = True, False
        self._changed = self._far = 0
        self._largest = self._difference = self._product = 0.0
        self._old, self._new = _Moments(), _Moments()
        self._common = [0.0, 0.0]
        self._buffers: tuple[Any, Any, Any] | None = None

    def add(self, old: Any, new: Any) -> None:
        """Counts one slice: flat arrays of as many elements, of any dtype that numpy or ml_dtypes has."""
        import numpy as np

        with np.errstate(all="ignore"):  # a NaN is counted, and need not be warned of
            self._numbers = self._numbers and old.dtype.kind != "b"
            self._count(old, new)
            if old.dtype.kind == "c":
                old, new = _parts(old), _parts(new)
            a, b, room = self._room(len(old))
            np.copyto(a, computable(old))
            np.copyto(b, computable(new))
            self._old.look(a)
            self._new.look(b)
            sums = float(a.sum()), float(b.sum())
            if math.isfinite(sums[0]) and math.isfinite(sums[1]):
                self._add_finite(a, b, room, sums)
            else:
                self._add_masked(a, b)

    def _room(self, length: int) -> list[Any]:
        import numpy as np

        if self._buffers is None or len(self._buffers[0]) < length:
            self._buffers = np.empty(length), np.empty(length), np.empty(length)
        return [buffer[:length] for buffer in self._buffers]

    def _count(self, old: Any, new: Any) -> None:
        """Counts the elements that have other bits, and those that moved by more than rounding."""
        import numpy as np

        floats = _is_float(old) and _is_float(new)
        if old.dtype != new.dtype:
            self._recast = True
            coarse = min(old.dtype, new.dtype, key=lambda dtype: int(dtype.itemsize))
            old, new = old.astype(coarse), new.astype(coarse)
        if old.dtype.kind == "c":
            other = (_bits(_parts(old)) != _bits(_parts(new))).reshape(-1, 2).any(axis=1)
            moved = int(np.count_nonzero(other))
        else:
            before, after = _bits(old), _bits(new)
            moved = int(np.count_nonzero(before != after))
        self._changed += moved
        if not floats or old.dtype.itemsize < 2:
            self._far += moved
        elif moved and self._far <= self._elements * ROUNDING_SHARE:
            # The bits of floats of one sign are in the order of their values, and count the units between them.
            near = before - after + before.dtype.type(ROUNDING_ULPS) <= 2 * ROUNDING_ULPS
            near |= old == new
            self._far += len(near) - int(np.count_nonzero(near))

    def _add_finite(self, a: Any, b: Any, room: Any, sums: tuple[float, float]) -> None:
        import numpy as np

        np.subtract(b, a, out=room)
        self._largest = max(self._largest, float(room.max(initial=0.0)), -float(room.min(initial=0.0)))
        np.multiply(room, room, out=room)
        self._difference += float(room.sum())
        np.multiply(a, b, out=room)
        self._product += float(room.sum())
        for number, (moments, values) in enumerate(((self._old, a), (self._new, b))):
            mean = sums[number] / len(values)
            values -= mean
            np.multiply(values, values, out=values)
            squares = float(values.sum())
            moments.merge(len(values), mean, squares)
            self._common[number] += squares + len(values) * mean * mean

    def _add_masked(self, a: Any, b: Any) -> None:
        """A slice with NaN or infinity: each side's moments over its own finite values, the rest over common ones."""
        import numpy as np

        finite = np.isfinite(a), np.isfinite(b)
        for moments, values, mask in ((self._old, a, finite[0]), (self._new, b, finite[1])):
            kept = values[mask]
            moments.nonfinite += len(values) - len(kept)
            if len(kept):
                mean = float(kept.sum()) / len(kept)
                moments.merge(len(kept), mean, float(np.square(kept - mean).sum()))
        both = finite[0] & finite[1]
        a, b = a[both], b[both]
        self._largest = max(self._largest, float(np.abs(b - a).max(initial=0.0)))
        self._difference += float(np.square(b - a).sum())
        self._product += float((a * b).sum())
        self._common[0] += float(np.square(a).sum())
        self._common[1] += float(np.square(b).sum())

    def delta(self) -> WeightDelta | None:
        """The figures; None where dtypes are the same and no element has other bits."""
        if not self._changed and not self._recast:
            return None
        old, new = self._old, self._new
        relative = _known(math.sqrt(self._difference / self._common[0])) if self._common[0] > 0 else None
        scale = math.sqrt(self._common[0]) * math.sqrt(self._common[1])
        cosine = _known(min(max(self._product / scale, -1.0), 1.0)) if 0 < scale < math.inf else None
        numbers = self._numbers
        return WeightDelta(
            elements=self._elements,
            changed=self._changed,
            max_abs=_known(self._largest) if numbers else None,
            relative=relative if numbers else None,
            cosine=cosine if numbers else None,
            old_mean=old.average if numbers else None,
            new_mean=new.average if numbers else None,
            old_std=old.deviation if numbers else None,
            new_std=new.deviation if numbers else None,
            old_nonfinite=old.nonfinite,
            new_nonfinite=new.nonfinite,
            new_zero=new.constant and new.first == 0,
            new_constant=new.constant,
            old_constant=old.constant,
            kind=self._kind(relative, cosine),
        )

    def _kind(self, relative: float | None, cosine: float | None) -> str:
        old, new = self._old, self._new
        was_zero, is_zero = (side.constant and side.first == 0 for side in (old, new))
        collapsed = new.constant and (not old.constant or (is_zero and not was_zero))
        if new.nonfinite > old.nonfinite or (collapsed and self._elements > 1 and self._trained):
            return "degenerate"
        if not self._trained or not self._numbers or relative is None or cosine is None:
            return "changed"
        if self._far <= self._elements * ROUNDING_SHARE:
            return "rounding"
        if relative < NEAR:
            return "fine-tuned"
        return "re-trained" if cosine > NEAR else "re-initialised" if cosine >= -NEAR else "changed"


class _Moments:
    """Mean and deviation of the finite values of one side, and whether all values are one and the same."""

    def __init__(self) -> None:
        self.nonfinite = 0
        self.constant = True
        self.first: float | None = None
        self._count = 0
        self._mean = self._squares = 0.0

    def look(self, values: Any) -> None:
        """Sees whether the values go on being the same; looks at no more once they are not."""
        if self.constant and len(values):
            self.first = float(values[0]) if self.first is None else self.first
            self.constant = math.isfinite(self.first) and bool((values == self.first).all())

    def merge(self, count: int, mean: float, squares: float) -> None:
        """Adds so many values with their mean, and the sum of the squares of what they are off it."""
        total = self._count + count
        apart = mean - self._mean
        self._squares += squares + apart * apart * (self._count * count / total)
        self._mean += apart * (count / total)
        self._count = total

    @property
    def average(self) -> float | None:
        """The mean, None of nothing."""
        return _known(self._mean) if self._count else None

    @property
    def deviation(self) -> float | None:
        """The deviation of all values, not of a sample."""
        if not self._count:
            return None
        return 0.0 if self.constant else _known(math.sqrt(self._squares / self._count))


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _is_float(values: Any) -> bool:
    """Whether the elements are real floats, the short ones of ml_dtypes among them."""
    return values.dtype.kind == "f" or (values.dtype.isbuiltin != 1 and "float" in values.dtype.name)


def _parts(values: Any) -> Any:
    """Complex numbers as twice as many real ones."""
    return values.view(f"f{values.dtype.itemsize // 2}")


def _bits(values: Any) -> Any:
    return values.view(f"u{values.dtype.itemsize}")
