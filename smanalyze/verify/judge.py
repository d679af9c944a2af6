"""How far apart two outputs are, and whether that counts."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from smanalyze.report.against import LEVELS, Level, OutputAgainst, Tolerance, Worst

DEFAULTS = {
    "float64": Tolerance(1e-9, 1e-12), "float32": Tolerance(1e-4, 1e-5), "float16": Tolerance(1e-2, 1e-3),
    "bfloat16": Tolerance(3e-2, 1e-2), "complex128": Tolerance(1e-9, 1e-12), "complex64": Tolerance(1e-4, 1e-5),
}  # fmt: skip
"""What passes unless the user says otherwise; everything else must be equal."""

_COARSE = ("bfloat16", "float16", "float32", "complex64", "float64", "complex128")
_HUGE = sys.float_info.max
_TEXT = 120


class Kept(NamedTuple):
    """One output of one call: what it is, the digest of its bytes, and how to read its values, None where they were too
    many to keep."""

    dtype: str
    shape: tuple[int, ...]
    digest: str
    read: Callable[[], Any] | None


class Apart(NamedTuple):
    """How far two arrays of numbers are apart, element by element. ``reason`` says what else is the matter."""

    reason: str
    passes: bool
    numbers: dict[str, Any]


def worst_level(levels: Iterable[Level]) -> Level:
    """The one that matters most; ``bitwise`` of none."""
    return max(levels, key=LEVELS.index, default="bitwise")


def tolerance_for(dtypes: tuple[str, str], name: str, given: Mapping[str, Tolerance]) -> Tolerance | None:
    """The tolerance of an output: given for it, for all (""), or that of the coarser of both dtypes. None where values
    must be equal."""
    if not all(dtype in DEFAULTS for dtype in dtypes):
        return None
    return given.get(name) or given.get("") or DEFAULTS[min(dtypes, key=_COARSE.index)]


def judge(
    names: tuple[str, str], pairs: list[tuple[Kept, Kept]], noise: float | None, given: Mapping[str, Tolerance]
) -> OutputAgainst:
    """One output over all probes: (old, new) of each. ``noise`` is what the old model differs from itself by."""
    old_name, name = names
    dtypes = pairs[0][0].dtype, pairs[0][1].dtype
    tolerance = tolerance_for(dtypes, name, given)
    dtype = dtypes[1] if dtypes[0] == dtypes[1] else f"{dtypes[0]} → {dtypes[1]}"
    level: Level = "bitwise"
    reason = ""
    found: list[tuple[int, Apart]] = []
    for probe, (one, other) in enumerate(pairs):
        here, why, apart = _one(one, other, tolerance, noise)
        if LEVELS.index(here) > LEVELS.index(level):
            level, reason = here, why
        if apart is not None:
            found.append((probe, apart))
    return OutputAgainst(name, old_name, dtype, level, reason, tolerance, noise, **_together(found, tolerance))


def _one(one: Kept, other: Kept, tolerance: Tolerance | None, noise: float | None) -> tuple[Level, str, Apart | None]:
    if one.shape != other.shape:
        return "incomparable", f"the shape was {list(one.shape)}, and is {list(other.shape)}", None
    if one.dtype != other.dtype and tolerance is None:
        return "incomparable", f"the dtype was {one.dtype}, and is {other.dtype}", None
    if one.dtype == other.dtype and one.digest == other.digest:
        return "bitwise", "", None
    if one.read is None or other.read is None:
        return "different", "it is too large to keep", None
    arrays = one.read(), other.read()
    if arrays[0] is None or arrays[1] is None:
        return "different", "its values could not be read", None
    apart = compare_strings(*arrays) if one.dtype == "string" else compare(*arrays, tolerance)
    if apart.reason:
        return "different", apart.reason, apart
    if one.dtype != other.dtype:
        why = f"the dtype was {one.dtype}, and is {other.dtype}"
        return ("within tolerance" if apart.passes else "different"), why, apart
    if noise is not None and 0 < apart.numbers["max_abs"] <= noise:
        return "within noise", "", apart
    if apart.passes:
        return "within tolerance", "", apart
    return "different", "" if tolerance is not None else "values of this dtype must be equal", apart


def distance(one: Kept, other: Kept) -> float:
    """The largest difference between two outputs; 0 where they are no numbers, or not of one shape."""
    if one.digest == other.digest or one.read is None or other.read is None or one.shape != other.shape:
        return 0.0
    arrays = one.read(), other.read()
    if one.dtype == "string" or arrays[0] is None or arrays[1] is None:
        return 0.0
    return float(compare(*arrays, None).numbers["max_abs"])


def compare_strings(one: Any, other: Any) -> Apart:
    """Two arrays of strings of one shape: how many are others, and the first of those."""
    import numpy as np

    differ = np.flatnonzero(one.ravel() != other.ravel())
    reason = f"{len(differ)} of {one.size} strings differ"
    at = int(differ[0]) if len(differ) else 0
    index = tuple(int(i) for i in np.unravel_index(at, one.shape)) if one.size else ()
    worst = index, repr(one.ravel()[at])[:_TEXT], repr(other.ravel()[at])[:_TEXT]
    numbers = dict.fromkeys(("max_abs", "mean_abs", "p99_abs", "max_rel", "needed_rtol", "ulp", "cosine", "argmax"))
    return Apart(reason, False, {**numbers, "worst": worst, "beyond": float(len(differ)), "size": 0})


def compare(one: Any, other: Any, tolerance: Tolerance | None) -> Apart:
    """Two arrays of one shape. NaN and infinity must stand in the same places."""
    import numpy as np

    wide = np.complex128 if "c" in (one.dtype.kind, other.dtype.kind) else np.float64
    a, b = one.astype(wide).ravel(), other.astype(wide).ravel()
    finite = np.isfinite(a) & np.isfinite(b)
    odd = ~finite
    reason = "" if np.array_equal(a[odd], b[odd], equal_nan=True) else "NaN or infinity in other places"
    x, y = np.where(finite, a, 0), np.where(finite, b, 0)
    with np.errstate(over="ignore", invalid="ignore"):
        apart = np.minimum(np.abs(x - y), _HUGE)
        scale = np.minimum(np.maximum(np.abs(x), np.abs(y)), _HUGE)
    rtol, atol = (tolerance.rtol, tolerance.atol) if tolerance is not None else (0.0, 0.0)
    beyond = apart - (atol + rtol * scale)
    beyond = np.where(apart > 0, beyond, -_HUGE)
    at = int(np.argmax(beyond)) if beyond.size else 0
    if reason:
        at = int(np.argmax((a != b) & ~(np.isnan(a) & np.isnan(b)) & odd))
    index = tuple(int(i) for i in np.unravel_index(at, one.shape)) if beyond.size else ()
    numbers = {
        "max_abs": float(apart.max(initial=0.0)),
        "mean_abs": float((apart / max(apart.size, 1)).sum()),  # whose sum alone might be too large for a number
        "p99_abs": float(np.quantile(apart, 0.99)) if apart.size else 0.0,
        "max_rel": float((apart / np.where(scale > 0, scale, 1)).max(initial=0.0)),
        "needed_rtol": _needed(apart, scale, atol) if not reason else None,
        "ulp": _ulp(one, other, finite.reshape(one.shape)),
        "cosine": _cosine(x, y),
        "argmax": _argmax(one, other),
        "worst": (index, _text(one, at), _text(other, at)),
        "beyond": float(beyond.max(initial=-_HUGE)) if not reason else _HUGE,
        "size": int(apart.size),
    }
    passes = bool((beyond <= 0).all()) if tolerance is not None else np.array_equal(one, other)
    return Apart(reason, not reason and passes, numbers)


def _needed(apart: Any, scale: Any, atol: float) -> float:
    """The smallest rtol with which all pass beside the atol."""
    import numpy as np

    over = apart > atol
    return float(((apart - atol)[over] / np.where(scale > 0, scale, 1)[over]).max(initial=0.0))


def _ulp(one: Any, other: Any, finite: Any) -> int | None:
    """How many numbers of the dtype lie between, at most: the bits of IEEE 754 as integers stand in the order of the
    numbers, once those of negative ones are turned round."""
    import numpy as np

    if one.dtype != other.dtype or one.dtype.kind != "f" or not finite.any():
        return None
    kind = np.dtype(f"u{one.dtype.itemsize}").type
    top = kind(1 << (8 * one.dtype.itemsize - 1))
    sides = []
    for array in (one, other):
        bits = np.ascontiguousarray(array)[finite].view(kind)
        sides.append(np.where(bits & top, ~bits, bits | top))
    return int((np.maximum(*sides) - np.minimum(*sides)).max())


def _cosine(x: Any, y: Any) -> float | None:
    import numpy as np

    with np.errstate(over="ignore", invalid="ignore"):
        length = float(np.linalg.norm(x)) * float(np.linalg.norm(y))
        return min(1.0, float(abs(np.vdot(x, y))) / length) if 0 < length < _HUGE else None


def _argmax(one: Any, other: Any) -> tuple[int, int] | None:
    """(rows whose largest element stands in the same place, rows)."""
    import numpy as np

    if one.ndim < 1 or one.shape[-1] < 2 or not one.size or one.dtype.kind not in "fiu":
        return None
    same = np.argmax(one, -1) == np.argmax(other, -1)
    return int(np.sum(same)), int(np.size(same))


def _text(array: Any, at: int) -> str:
    return str(array.ravel()[at]) if array.size else ""


def _together(found: list[tuple[int, Apart]], tolerance: Tolerance | None) -> dict[str, Any]:
    """The measures of all probes as one; None where nothing differs."""
    rows = [apart.numbers for _, apart in found]
    if not rows:
        return dict.fromkeys(
            ("max_abs", "mean_abs", "p99_abs", "max_rel", "needed_rtol", "ulp", "cosine", "argmax", "worst")
        )
    probe, last = max(found, key=lambda pair: pair[1].numbers["beyond"])
    index, old, new = last.numbers["worst"]
    elements = sum(row["size"] for row in rows) or 1
    hits = [row["argmax"] for row in rows if row["argmax"] is not None]
    needed = [row["needed_rtol"] for row in rows]
    means = [row["mean_abs"] * (row["size"] / elements) for row in rows if row["mean_abs"] is not None]
    return {
        **{name: _most(rows, name) for name in ("max_abs", "p99_abs", "max_rel", "ulp")},
        "mean_abs": sum(means) if means else None,
        "needed_rtol": None if tolerance is None or None in needed else max(needed),
        "cosine": min((row["cosine"] for row in rows if row["cosine"] is not None), default=None),
        "argmax": sum(hit for hit, _ in hits) / sum(rows for _, rows in hits) if hits else None,
        "worst": Worst(probe, index, old, new),
    }


def _most(rows: list[dict[str, Any]], name: str) -> Any:
    return max((row[name] for row in rows if row[name] is not None), default=None)
