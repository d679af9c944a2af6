"""The three fates of a claim, and how its two sides are written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from smanalyze.model.tensors import Shape
from smanalyze.report.findings import Location
from smanalyze.report.verify import Check


def compared(code: str, where: Location, claim: str, expected: str, actual: str) -> Check:
    """Confirmed where both sides are the same, else contradicted."""
    if expected == actual:
        return Check(code, where, claim, "confirmed", expected, "", "")
    return Check(code, where, claim, "contradicted", expected, actual, "")


def untested(code: str, where: Location, claim: str, reason: str, expected: str = "") -> Check:
    """Not tested, for a reason."""
    return Check(code, where, claim, "not tested", expected, "", reason)


def not_listed(code: str, where: Location, claim: str, there: Iterable[str], said: Iterable[str]) -> Iterator[Check]:
    """A contradiction for each thing that TensorFlow has and the report does not list."""
    listed = set(said)
    for name in sorted(set(there) - listed):
        yield Check(code, where, claim, "contradicted", "", name, "")


def shape_words(shape: Shape) -> str:
    """``[None, 3]``; ``unknown rank``."""
    return "unknown rank" if shape is None else str(list(shape))


def tensor_words(dtype: str, shape: Shape) -> str:
    """``float32 [None, 3]``."""
    return f"{dtype} {shape_words(shape)}"


def fits(claimed: Shape, seen: Shape) -> bool:
    """Whether a tensor of the shape ``seen`` may stand where ``claimed`` is promised: unknown sizes may be any."""
    if claimed is None or seen is None:
        return True
    same = (one is None or one == other for one, other in zip(claimed, seen, strict=False))
    return len(claimed) == len(seen) and all(same)
