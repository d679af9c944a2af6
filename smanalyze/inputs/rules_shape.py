"""Ops that hand values on, in the same sizes or in others (tensorflow/core/ops/array_ops.cc, list_ops.cc)."""

from __future__ import annotations

from typing import Any

from smanalyze.inputs.sizes import Size, product, share, total, windowed
from smanalyze.inputs.tensors import UNKNOWN, Outputs, Tensor
from smanalyze.inputs.walk import Rule, Site


def _same(site: Site, ins: list[Tensor]) -> Outputs:
    return [ins[0]._replace(const=None) if ins[0].told else ins[0]]


def _identity_n(site: Site, ins: list[Tensor]) -> Outputs:
    return ins


def _switch(site: Site, ins: list[Tensor]) -> Outputs:
    if len(ins) > 1:
        for source, _ in ins[1].sources:
            site.walk.wish_predicate(source, site.why)
    return {"output_false": [ins[0]], "output_true": [ins[0]]}


def _merge(site: Site, ins: list[Tensor]) -> Outputs:
    return [next((tensor for tensor in ins if tensor is not UNKNOWN), UNKNOWN)]


def _ensure_shape(site: Site, ins: list[Tensor]) -> Outputs:
    return [site.walk.declared(ins[0], site.node.attr_shape("shape"), site.why)]


def _placeholder_default(site: Site, ins: list[Tensor]) -> Outputs:
    return [ins[0].shaped(site.node.attr_shape("shape")) if ins[0].dims is None else ins[0]]


def _reshape(site: Site, ins: list[Tensor]) -> Outputs | None:
    numbers = site.walk.numbers(ins[1]) if len(ins) > 1 else None
    own = ins[0].dims
    if numbers is None:
        rank = ins[1].dims[0] if len(ins) > 1 and ins[1].dims and len(ins[1].dims) == 1 else None
        return [ins[0].shaped((None,) * rank)] if isinstance(rank, int) else [ins[0].shaped(None)]
    if -1 not in numbers:
        if own is not None:
            site.demands.equal(product(own), product(numbers), site.why)
            _equal_products(site, own, numbers)
        return [ins[0].shaped(numbers)]
    if own is None:
        return [ins[0].shaped(tuple(None if size == -1 else size for size in numbers))]
    left = _left_over(site, own, tuple(size for size in numbers if size != -1))
    return [ins[0].shaped(tuple(left if size == -1 else size for size in numbers))]


def _equal_products(site: Site, own: tuple[Size, ...], numbers: tuple[Size, ...]) -> None:
    """Both sides without what they have in common."""
    one, other = _without(own, numbers), _without(numbers, own)
    if len(one) < len(own):
        site.demands.equal(product(one), product(other), site.why)


def _without(sizes: tuple[Size, ...], taken: tuple[Size, ...]) -> list[Size]:
    """The sizes but for the unknown ones that are also taken."""
    rest = [size for size in taken if size is not None and not isinstance(size, int)]
    kept: list[Size] = []
    for size in sizes:
        match = next((k for k, one in enumerate(rest) if one == size), None)
        if match is None:
            kept.append(size)
        else:
            rest.pop(match)
    return kept


def _left_over(site: Site, own: tuple[Size, ...], taken: tuple[Size, ...]) -> Size:
    """What -1 becomes."""
    kept, by = product(_without(own, taken)), product(_without(taken, own))
    left = share(kept, by)
    site.demands.whole(left, site.why)
    return left


def _expand_dims(site: Site, ins: list[Tensor]) -> Outputs | None:
    axis = site.walk.numbers(ins[1]) if len(ins) > 1 else None
    own = ins[0].dims
    if own is None or not axis or not isinstance(axis[0], int):
        return [ins[0].shaped(None)]
    at = axis[0] + (len(own) + 1 if axis[0] < 0 else 0)
    return [ins[0].shaped((*own[:at], 1, *own[at:]))]


def _squeeze(site: Site, ins: list[Tensor]) -> Outputs | None:
    own = ins[0].dims
    if own is None:
        return [ins[0].shaped(None)]
    axes = {axis % len(own) for axis in ints(site, "squeeze_dims") if own}
    for axis in axes:
        site.demands.equal(own[axis], 1, site.why)
    if not axes:
        axes = {k for k, size in enumerate(own) if size == 1}
    return [ins[0].shaped(tuple(size for k, size in enumerate(own) if k not in axes))]


def ints(site: Site, name: str) -> tuple[int, ...]:
    """A list of integers among the attrs."""
    text = site.node.attr_text(name).strip("[]")
    return tuple(int(word) for word in text.replace(",", " ").split() if word.lstrip("-").isdecimal())


def _pack(site: Site, ins: list[Tensor]) -> Outputs:
    axis = site.node.attr_int("axis") or 0
    told = [site.walk.numbers(tensor) for tensor in ins]
    numbers: tuple[Size, ...] | None = None
    if any(one is not None for one in told) and axis == 0:
        numbers = tuple(one[0] if one is not None and len(one) == 1 else None for one in told)
    sources = tuple(dict.fromkeys(pair for tensor in ins for pair in tensor.sources))
    own = next((tensor.dims for tensor in ins if tensor.dims is not None), None)
    dims = None
    if own is not None:
        at = axis + (len(own) + 1 if axis < 0 else 0)
        dims = (*own[:at], len(ins), *own[at:])
    return [Tensor(sources, dims, numbers)]


def _unpack(site: Site, ins: list[Tensor]) -> Outputs:
    count, axis, own = site.node.attr_int("num") or 0, site.node.attr_int("axis") or 0, ins[0].dims
    dims = None
    if own:
        site.demands.equal(own[axis], count, site.why)
        at = axis % len(own)
        dims = (*own[:at], *own[at + 1 :])
    numbers = site.walk.numbers(ins[0])
    return [Tensor(ins[0].sources, dims, (numbers[k],) if numbers and k < len(numbers) else None) for k in range(count)]


def _concat(site: Site, ins: list[Tensor]) -> Outputs:
    first = site.op == "Concat"
    axis = site.walk.numbers(ins[0] if first else ins[-1])
    parts = ins[1:] if first else ins[:-1]
    sources = tuple(dict.fromkeys(pair for tensor in parts for pair in tensor.sources))
    told = [site.walk.numbers(tensor) for tensor in parts]
    if all(one is not None for one in told):
        return [Tensor(sources, None, tuple(size for one in told for size in one or ()))]
    known = [tensor.dims for tensor in parts if tensor.dims is not None]
    if not known or not axis or not isinstance(axis[0], int):
        return [Tensor(sources)]
    rank = len(known[0])
    at = axis[0] % rank if rank else 0
    for tensor in parts:
        site.walk.want_rank(tensor, rank)
    for dims in known[1:]:
        for k, (one, other) in enumerate(zip(known[0], dims, strict=False)):
            if k != at:
                site.demands.equal(one, other, site.why)
    alike = len(known) == len(parts) and all(len(dims) == rank for dims in known)
    whole = total(dims[at] for dims in known) if alike else None
    sized = tuple(next((d[k] for d in known if len(d) == rank and isinstance(d[k], int)), known[0][k])
                  for k in range(rank))  # fmt: skip
    return [Tensor(sources, (*sized[:at], whole, *sized[at + 1 :]))]


def _transpose(site: Site, ins: list[Tensor]) -> Outputs | None:
    order = site.walk.numbers(ins[1])
    own = ins[0].dims
    if order is not None:
        site.walk.want_rank(ins[0], len(order))
    if own is None or order is None or len(order) != len(own):
        return [ins[0].shaped(None)]
    return [ins[0].shaped(tuple(own[k] if isinstance(k, int) and k < len(own) else None for k in order))]


def _shape(site: Site, ins: list[Tensor]) -> Outputs:
    return [Tensor(dims=(len(t.dims),), numbers=t.dims) if t.dims is not None else Tensor(dims=(None,)) for t in ins]


def _size(site: Site, ins: list[Tensor]) -> Outputs:
    return [Tensor(dims=(), numbers=(product(ins[0].dims),) if ins[0].dims is not None else None)]


def _rank(site: Site, ins: list[Tensor]) -> Outputs:
    return [Tensor(dims=(), numbers=(len(ins[0].dims),) if ins[0].dims is not None else None)]


def _split(site: Site, ins: list[Tensor]) -> Outputs | None:
    """Split takes the axis first, SplitV last."""
    equal = site.op == "Split"
    value, axis = (ins[1], site.walk.numbers(ins[0])) if equal else (ins[0], site.walk.numbers(ins[2]))
    count, own = site.node.attr_int("num_split") or 0, value.dims
    if own is None or not axis or not isinstance(axis[0], int):
        return [value.shaped(None)] * count
    at = axis[0] % len(own)
    if not equal:
        sizes = site.walk.numbers(ins[1]) or (None,) * count
        if all(isinstance(size, int) and size >= 0 for size in sizes):
            site.demands.equal(own[at], sum(size for size in sizes if isinstance(size, int)), site.why)
        return [value.shaped((*own[:at], None if size == -1 else size, *own[at + 1 :])) for size in sizes]
    site.demands.divisible(own[at], count, site.why)
    return [value.shaped((*own[:at], share(own[at], count), *own[at + 1 :]))] * count


def _slice(site: Site, ins: list[Tensor]) -> Outputs | None:
    own, starts, sizes = ins[0].dims, site.walk.numbers(ins[1]), site.walk.numbers(ins[2])
    if own is None or starts is None or sizes is None or len(own) != len(sizes):
        return [ins[0].shaped(None)]
    found: list[Size] = []
    for size, start, count in zip(own, starts, sizes, strict=False):
        if count == -1:
            found.append(windowed(size, start + 1, 1, False) if isinstance(start, int) else None)
        else:
            found.append(count)
            if isinstance(start, int) and isinstance(count, int):
                site.demands.least(size, start + count, site.why)
    return [ins[0].shaped(tuple(found))]


def _tile(site: Site, ins: list[Tensor]) -> Outputs:
    own, times = ins[0].dims, site.walk.numbers(ins[1])
    if own is None or times is None:
        return [ins[0].shaped(None)]
    return [ins[0].shaped(tuple(product(pair) for pair in zip(own, times, strict=False)))]


def _pad(site: Site, ins: list[Tensor]) -> Outputs:
    own, around = ins[0].dims, site.walk.numbers(ins[1])
    if own is None or around is None or len(around) != 2 * len(own):
        return [ins[0].shaped(None)]
    return [ins[0].shaped(tuple(_padded(s, around[2 * k], around[2 * k + 1]) for k, s in enumerate(own)))]


def _padded(size: Size, before: Any, after: Any) -> Size:
    return total((size, before, after)) if isinstance(before, int) and isinstance(after, int) else None


def _fill(site: Site, ins: list[Tensor]) -> Outputs:
    """Fill, BroadcastTo: the sizes are given as numbers."""
    sized = ins[0] if site.op == "Fill" else ins[1]
    value = ins[1] if site.op == "Fill" else ins[0]
    return [value.shaped(site.walk.numbers(sized))]


def _list_item(site: Site, ins: list[Tensor]) -> Outputs:
    """One element of a list of tensors that were one."""
    held = ins[-1] if site.op == "TensorArrayReadV3" else ins[0]
    return [held.shaped(held.dims[1:] if held.dims else None)]


def _scatter(site: Site, ins: list[Tensor]) -> Outputs:
    """TensorArrayScatterV3(handle, indices, value, flow_in): what is read by the flow later is the value."""
    return [ins[2]]


_HANDED_ON = (
    "Identity", "Snapshot", "StopGradient", "PreventGradient", "CheckNumerics", "CheckNumericsV2", "Cast", "Enter",
    "RefEnter", "Exit", "NextIteration", "RefIdentity", "DebugIdentityV2", "Print", "TensorListFromTensor",
    "ReadVariableOp", "_Retval", "StringLower", "StringUpper", "StringStrip", "RegexReplace",
    "StaticRegexReplace", "CopyHost", "Copy", "Reverse", "ReverseV2", "LoopCond", "DeepCopy", "NormalizeUTF8",
    "CaseFoldUTF8",
)  # fmt: skip

RULES: dict[str, Rule] = {
    **dict.fromkeys(_HANDED_ON, _same), "IdentityN": _identity_n, "ShapeN": _shape, "Switch": _switch,
    "RefSwitch": _switch, "Merge": _merge, "EnsureShape": _ensure_shape, "PlaceholderWithDefault": _placeholder_default,
    "Reshape": _reshape, "ExpandDims": _expand_dims, "Squeeze": _squeeze, "Pack": _pack,
    "Unpack": _unpack, "ConcatV2": _concat, "Concat": _concat, "Transpose": _transpose, "Shape": _shape, "Size": _size,
    "Rank": _rank, "Split": _split, "SplitV": _split, "Slice": _slice, "Tile": _tile, "Pad": _pad, "PadV2": _pad,
    "MirrorPad": _pad, "Fill": _fill, "BroadcastTo": _fill, "TensorListGetItem": _list_item,
    "TensorArrayReadV3": _list_item, "TensorArrayScatterV3": _scatter,
}  # fmt: skip
