"""StridedSlice (tensorflow/core/util/strided_slice_op.cc: ValidateStridedSliceOp), which says in masks what it does."""

from __future__ import annotations

from smanalyze.inputs.sizes import Size, windowed
from smanalyze.inputs.tensors import Outputs, Tensor
from smanalyze.inputs.walk import Rule, Site


def _strided_slice(site: Site, ins: list[Tensor]) -> Outputs | None:
    first, last, steps = (site.walk.numbers(tensor) for tensor in ins[1:4])
    if first is None or last is None or steps is None or len({len(first), len(last), len(steps)}) != 1:
        return [ins[0].shaped(None)]
    numbers = site.walk.numbers(ins[0])
    if numbers is not None and len(first) == 1:
        return [_of_numbers(site, numbers, first[0], last[0], steps[0])]
    own = ins[0].dims
    if own is None:
        return [ins[0].shaped(None)]
    return [ins[0].shaped(_dims(site, own, first, last, steps))]


def _mask(site: Site, name: str, place: int) -> bool:
    return bool((site.node.attr_int(name) or 0) >> place & 1)


def _of_numbers(site: Site, numbers: tuple[Size, ...], first: Size, last: Size, step: Size) -> Tensor:
    if not all(isinstance(one, int) for one in (first, last, step)):
        return Tensor()
    assert isinstance(first, int) and isinstance(last, int) and isinstance(step, int)
    if _mask(site, "shrink_axis_mask", 0):
        return Tensor(dims=(), numbers=numbers[first : first + 1 or None] or None)
    begin = None if _mask(site, "begin_mask", 0) else first
    end = None if _mask(site, "end_mask", 0) else last
    chosen = numbers[slice(begin, end, step or 1)]
    return Tensor(dims=(len(chosen),), numbers=chosen)


def _dims(
    site: Site, own: tuple[Size, ...], first: tuple[Size, ...], last: tuple[Size, ...], steps: tuple[Size, ...]
) -> tuple[Size, ...] | None:
    found: list[Size] = []
    at = 0
    for place in range(len(first)):
        if _mask(site, "ellipsis_mask", place):
            rest = sum(not _mask(site, "new_axis_mask", later) for later in range(place + 1, len(first)))
            found += own[at : len(own) - rest]
            at = len(own) - rest
        elif _mask(site, "new_axis_mask", place):
            found.append(1)
        elif at >= len(own):
            return None
        else:
            found += _one(site, own[at], place, first[place], last[place], steps[place])
            at += 1
    return (*found, *own[at:])


def _one(site: Site, size: Size, place: int, first: Size, last: Size, step: Size) -> list[Size]:
    """What is left of one dimension: nothing where one index was taken."""
    begin = 0 if _mask(site, "begin_mask", place) and step == 1 else first
    if _mask(site, "shrink_axis_mask", place):
        if isinstance(first, int):
            site.demands.least(size, first + 1 if first >= 0 else -first, site.why)
        return []
    if _mask(site, "begin_mask", place) and _mask(site, "end_mask", place):
        return [size if step == -1 else windowed(size, 1, step, True) if isinstance(step, int) else None]
    if step != 1 or not isinstance(begin, int):
        return [None]
    if _mask(site, "end_mask", place):
        return [size if begin == 0 else windowed(size, begin + 1, 1, False) if begin > 0 else -begin]
    if not isinstance(last, int):
        return [None]
    if last < 0 <= begin:
        return [size + last - begin if isinstance(size, int) else windowed(size, begin - last + 1, 1, False)]
    return [_cut(site, size, begin, last) if begin >= 0 and last >= 0 else None]


def _cut(site: Site, size: Size, begin: int, last: int) -> Size:
    """From one place to another, as far as there is something."""
    if isinstance(size, int):
        return max(0, min(size, last) - begin)
    if 0 < last <= 1024:  # a larger one means: all there is
        site.demands.least(size, last, site.why)
        return last - begin
    return None


RULES: dict[str, Rule] = {"StridedSlice": _strided_slice}
