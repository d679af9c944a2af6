"""Convolutions and poolings (tensorflow/core/framework/common_shape_fns.cc)."""

from __future__ import annotations

from smanalyze.inputs.rules_shape import ints
from smanalyze.inputs.sizes import Size, windowed
from smanalyze.inputs.tensors import Outputs, Tensor
from smanalyze.inputs.walk import Rule, Site


def _layout(site: Site, rank: int) -> tuple[int, list[int]]:
    """(place of the channels, places of the rest but the batch)."""
    if site.node.attr_string("data_format").startswith("NC"):
        return 1, list(range(2, rank))
    return rank - 1, list(range(1, rank - 1))


def _conv(site: Site, ins: list[Tensor]) -> Outputs | None:
    kernel = ins[1].dims
    if kernel is None or not all(isinstance(size, int) for size in kernel):
        return None
    rank = len(kernel)
    site.walk.want_rank(ins[0], rank)
    own = ins[0].dims
    if own is None or len(own) != rank:
        return [Tensor()]
    channel, places = _layout(site, rank)
    depthwise = site.op.startswith("Depthwise")
    taken, given = kernel[-2], kernel[-1]
    if own[channel] is not None and not isinstance(own[channel], int):
        site.demands.equal(own[channel], taken, site.why)
    made: Size = taken * given if depthwise and isinstance(taken, int) and isinstance(given, int) else given
    steps, spread = ints(site, "strides") or (1,) * rank, ints(site, "dilations") or (1,) * rank
    found = list(own)
    found[channel] = made
    for place, width in zip(places, kernel, strict=False):
        assert isinstance(width, int)
        found[place] = _moved(site, own[place], (width - 1) * spread[place] + 1, steps[place])
    return [Tensor(dims=tuple(found))]


def _moved(site: Site, size: Size, width: int, step: int) -> Size:
    padding = site.node.attr_string("padding")
    if padding == "EXPLICIT":
        return None
    if padding != "SAME":
        site.demands.least(size, width, site.why)
    return windowed(size, width, step, padding == "SAME")


def _transposed(site: Site, ins: list[Tensor]) -> Outputs | None:
    """Conv2DBackpropInput(sizes, filter, out_backprop): what a transposed convolution gives stands in its sizes."""
    kernel, sizes = ins[1].dims, site.walk.numbers(ins[0])
    if kernel is None or len(ins) < 3:
        return None
    site.walk.want_rank(ins[2], len(kernel))
    if ins[2].dims is not None and len(ins[2].dims) == len(kernel):
        site.demands.equal(ins[2].dims[_layout(site, len(kernel))[0]], kernel[-1], site.why)
    return [Tensor(dims=sizes)]


def _pool(site: Site, ins: list[Tensor]) -> Outputs | None:
    """MaxPoolV2 takes as inputs what the others have as attrs."""
    told = (ints(site, "ksize"), ints(site, "strides")) if len(ins) < 3 else map(site.walk.numbers, ins[1:3])
    widths, steps = (one or () for one in told)
    rank = len(widths) or (ins[1].dims[0] if len(ins) > 1 and ins[1].dims else 4)
    site.walk.want_rank(ins[0], rank if isinstance(rank, int) else 4)
    own = ins[0].dims
    if own is None or not len(own) == len(widths) == len(steps):
        return [Tensor()]
    _, places = _layout(site, len(own))
    found = list(own)
    for place in places:
        width, step = widths[place], steps[place]
        known = isinstance(width, int) and isinstance(step, int)
        found[place] = _moved(site, own[place], width, step) if known else None
    return [Tensor(dims=tuple(found))]


def _space_to_depth(site: Site, ins: list[Tensor]) -> Outputs | None:
    own, block = ins[0].dims, site.node.attr_int("block_size") or 1
    if own is None or len(own) != 4:
        return None
    channel, places = _layout(site, 4)
    if site.op == "DepthToSpace":
        site.demands.divisible(own[channel], block * block, site.why)
        return [Tensor()]
    for place in places:
        site.demands.divisible(own[place], block, site.why)
    return [Tensor()]


RULES: dict[str, Rule] = {
    **dict.fromkeys(("Conv2D", "Conv3D", "DepthwiseConv2dNative", "Conv"), _conv),
    **dict.fromkeys(("Conv2DBackpropInput", "Conv3DBackpropInputV2"), _transposed),
    **dict.fromkeys(("MaxPool", "AvgPool", "MaxPool3D", "AvgPool3D", "MaxPoolV2"), _pool),
    "SpaceToDepth": _space_to_depth, "DepthToSpace": _space_to_depth,
}  # fmt: skip
