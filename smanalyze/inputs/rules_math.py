"""Ops that compute: what sizes they ask for, and what sizes they give (tensorflow/core/ops/{math,nn,image}_ops.cc)."""

from __future__ import annotations

from smanalyze.inputs.sizes import Size, product
from smanalyze.inputs.tensors import Outputs, Source, Tensor, Wish
from smanalyze.inputs.walk import Rule, Site

UNARY = (
    "Relu", "Relu6", "Elu", "Selu", "LeakyRelu", "Sigmoid", "Tanh", "Softplus", "Softsign", "Softmax", "LogSoftmax",
    "Exp", "Expm1", "Log", "Log1p", "Sqrt", "Rsqrt", "Square", "Neg", "Abs", "Sign", "Floor", "Ceil", "Round", "Rint",
    "Erf", "Erfc", "Erfinv", "Sin", "Cos", "Tan", "Asin", "Acos", "Atan", "Sinh", "Cosh", "Asinh", "Acosh", "Atanh",
    "Reciprocal", "Inv", "Digamma", "Lgamma", "LogicalNot", "IsNan", "IsInf", "IsFinite", "ZerosLike", "OnesLike",
    "Bucketize", "Cumsum", "Cumprod", "LRN", "Angle", "Real", "Imag", "Conj", "Complex", "ComplexAbs", "AdjustHue",
    "AdjustSaturation", "AdjustContrastv2", "RGBToHSV", "HSVToRGB", "FakeQuantWithMinMaxVars",
    "FakeQuantWithMinMaxVarsPerChannel", "QuantizeAndDequantizeV2", "QuantizeAndDequantizeV3", "Invert",
    "AsString",
)  # fmt: skip

BINARY = (
    "Add", "AddV2", "Sub", "Mul", "MulNoNan", "Div", "DivNoNan", "RealDiv", "FloorDiv", "TruncateDiv", "FloorMod",
    "Mod", "TruncateMod", "Maximum", "Minimum", "Pow", "SquaredDifference", "Greater", "GreaterEqual", "Less",
    "LessEqual", "Equal", "NotEqual", "LogicalAnd", "LogicalOr", "Atan2", "BitwiseAnd", "BitwiseOr", "BitwiseXor",
    "Xlogy", "Xdivy", "SelectV2", "Select", "ClipByValue", "LeftShift", "RightShift", "ApproximateEqual",
)  # fmt: skip

_PASSING = frozenset({"Maximum", "Minimum", "ClipByValue"})
"""What comes out is one of what went in."""

_DIVIDED = frozenset({"RealDiv", "Div", "DivNoNan"})


def _unary(site: Site, ins: list[Tensor]) -> Outputs:
    return [ins[0].bare()]


def _binary(site: Site, ins: list[Tensor]) -> Outputs:
    dims = ins[0].dims
    for other in ins[1:]:
        dims = _broadcast(site, dims, other.dims)
    result = Tensor(dims=dims)
    if site.op in ("Select", "SelectV2"):
        pairs = tuple(dict.fromkeys(pair for tensor in ins[1:] for pair in tensor.sources))
        return [result._replace(sources=pairs)]
    if site.op in _PASSING:
        return [result._replace(sources=tuple(pair for tensor in ins for pair in tensor.sources))]
    if site.op in ("Add", "AddV2", "Sub"):
        return [result._replace(sources=_shifted(site, ins), numbers=_added(site, ins))]
    if site.op in ("Mul", *_DIVIDED):
        _note_pixels(site, ins)
    if site.op in ("Mul", "FloorDiv"):
        return [result._replace(numbers=_scaled(site, ins))]
    return [result]


def _broadcast(site: Site, one: tuple[Size, ...] | None, other: tuple[Size, ...] | None) -> tuple[Size, ...] | None:
    """The sizes of what comes of both; where neither is 1 they are the same."""
    if one is None or other is None:
        return None
    longer, shorter = (one, other) if len(one) >= len(other) else (other, one)
    found = list(longer)
    for place in range(1, len(shorter) + 1):
        a, b = longer[-place], shorter[-place]
        if a == 1:
            found[-place] = b
        elif b != 1:
            site.demands.equal(a, b, site.why)
            found[-place] = b if isinstance(b, int) else a
    return tuple(found)


def _scalar(site: Site, tensor: Tensor) -> float | None:
    """The one number that all elements of a small constant are."""
    values = site.walk.values(tensor)
    if values is None or values.dtype.kind not in "fiu" or not 0 < values.size <= 16:
        return None
    first = values.ravel()[0]
    return float(first) if (values == first).all() else None


def _shifted(site: Site, ins: list[Tensor]) -> tuple[tuple[Source, int], ...]:
    """Values to which a constant is added; anything else added makes them others."""
    for value, other in ((ins[0], ins[1]), (ins[1], ins[0])):
        if value.sources and other.const is not None and not (site.op == "Sub" and value is ins[1]):
            number = _scalar(site, other)
            if number is not None and number == int(number):
                added = -int(number) if site.op == "Sub" else int(number)
                return tuple((source, shift + added) for source, shift in value.sources)
    return ()


def _added(site: Site, ins: list[Tensor]) -> tuple[Size, ...] | None:
    one, other = (site.walk.numbers(tensor) for tensor in ins[:2])
    if one is None or other is None or len(one) != len(other):
        return None
    sign = -1 if site.op == "Sub" else 1
    return tuple(a + sign * b if isinstance(a, int) and isinstance(b, int) else None
                 for a, b in zip(one, other, strict=True))  # fmt: skip


def _scaled(site: Site, ins: list[Tensor]) -> tuple[Size, ...] | None:
    one, other = (site.walk.numbers(tensor) for tensor in ins[:2])
    if one is None or other is None or len(one) != len(other):
        return None
    if site.op == "Mul":
        return tuple(product(pair) for pair in zip(one, other, strict=True))
    return tuple(a // b if isinstance(a, int) and isinstance(b, int) and b else None
                 for a, b in zip(one, other, strict=True))  # fmt: skip


def _note_pixels(site: Site, ins: list[Tensor]) -> None:
    """A value that is divided by 255 or 127.5 is a pixel."""
    for value, other in ((ins[0], ins[1]), (ins[1], ins[0])):
        number = _scalar(site, other) if value.sources else None
        if number and (1 / number if site.op == "Mul" else number) > 100:
            scale = 1 / number if site.op == "Mul" else number
            if any(abs(scale - one) < 0.5 for one in (255, 127.5, 256, 128)):
                for source, _ in value.sources:
                    source.wishes.setdefault(Wish("pixels", site.why))


# Sums of products ---------------------------------------------------------------------------------------------------


def _matmul(site: Site, ins: list[Tensor]) -> Outputs | None:
    batched = site.op.startswith("Batch")
    flip = (_flag(site, "adj_x" if batched else "transpose_a"), _flag(site, "adj_y" if batched else "transpose_b"))
    if not batched:
        for tensor in ins[:2]:
            site.walk.want_rank(tensor, 2)
    elif ins[1].dims is not None:
        site.walk.want_rank(ins[0], len(ins[1].dims))
    one, other = (_rows_columns(tensor.dims, turned) for tensor, turned in zip(ins, flip, strict=False))
    if one is not None and other is not None:
        site.demands.equal(one[-1], other[-2], site.why)
        wide = one if len(one) >= len(other) else other
        return [Tensor(dims=(*wide[:-2], one[-2], other[-1]))]
    known = one or other
    if known is None:
        return [Tensor()]
    last = other[-1] if other is not None else None
    return [Tensor(dims=(*known[:-2], one[-2] if one is not None else None, last))]


def _flag(site: Site, name: str) -> bool:
    return site.node.attr_text(name).lower() == "true"


def _rows_columns(dims: tuple[Size, ...] | None, turned: bool) -> tuple[Size, ...] | None:
    if dims is None or len(dims) < 2:
        return None
    return (*dims[:-2], dims[-1], dims[-2]) if turned else dims


def _einsum(site: Site, ins: list[Tensor]) -> Outputs | None:
    terms, _, result = site.node.attr_string("equation").replace(" ", "").partition("->")
    parts = terms.split(",")
    if "." in terms or len(parts) != len(ins):
        return [Tensor()]
    sizes: dict[str, Size] = {}
    for letters, tensor in zip(parts, ins, strict=True):
        site.walk.want_rank(tensor, len(letters))
        if tensor.dims is None or len(tensor.dims) != len(letters):
            continue
        for letter, size in zip(letters, tensor.dims, strict=True):
            if letter in sizes:
                site.demands.equal(sizes[letter], size, site.why)
            if not isinstance(sizes.get(letter), int) and size is not None:
                sizes[letter] = size
    return [Tensor(dims=tuple(sizes.get(letter) for letter in result))]


def _bias(site: Site, ins: list[Tensor]) -> Outputs:
    own, bias = ins[0].dims, ins[1].dims
    if own and bias:
        at = 1 if site.node.attr_string("data_format") == "NCHW" and len(own) > 2 else -1
        site.demands.equal(own[at], bias[0], site.why)
    return [ins[0].bare()]


def _batch_norm(site: Site, ins: list[Tensor]) -> Outputs:
    site.walk.want_rank(ins[0], 4)
    own, scale = ins[0].dims, ins[1].dims
    if own and scale:
        site.demands.equal(own[1 if site.node.attr_string("data_format") == "NCHW" else -1], scale[0], site.why)
    return {"y": [ins[0].bare()]}


def _reduce(site: Site, ins: list[Tensor]) -> Outputs:
    axes = site.walk.numbers(ins[1]) if len(ins) > 1 else None
    numbers = site.walk.numbers(ins[0]) if site.op == "Prod" else None
    if numbers is not None:
        return [Tensor(dims=(), numbers=(product(numbers),))]
    own = ins[0].dims
    if own is None or axes is None or not own:
        return [Tensor()]
    at = {axis % len(own) for axis in axes if isinstance(axis, int)}
    keep = _flag(site, "keep_dims") or _flag(site, "keepdims")
    return [Tensor(dims=tuple(1 if k in at else size for k, size in enumerate(own) if keep or k not in at))]


def _resize(site: Site, ins: list[Tensor]) -> Outputs:
    site.walk.want_rank(ins[0], 4)
    own, size = ins[0].dims, site.walk.numbers(ins[1])
    if own is None or len(own) != 4:
        return [Tensor()]
    high, wide = size if size is not None and len(size) == 2 else (None, None)
    for one in own[1:3]:
        site.demands.least(one, 1, site.why)
    return [Tensor(dims=(own[0], high, wide, own[3]))]


def _top(site: Site, ins: list[Tensor]) -> Outputs:
    """TopKV2: as many are asked for as there must be."""
    count = site.walk.numbers(ins[1]) if len(ins) > 1 else None
    own = ins[0].dims
    if own and count and isinstance(count[0], int):
        site.demands.least(own[-1], count[0], site.why)
        return {"values": [Tensor(dims=(*own[:-1], count[0]))], "indices": [Tensor(dims=(*own[:-1], count[0]))]}
    return {"values": [Tensor()]}


RULES: dict[str, Rule] = {
    **dict.fromkeys(UNARY, _unary), **dict.fromkeys(BINARY, _binary), "MatMul": _matmul, "BatchMatMul": _matmul,
    "BatchMatMulV2": _matmul, "BatchMatMulV3": _matmul, "Einsum": _einsum, "BiasAdd": _bias, "BiasAddV1": _bias,
    **dict.fromkeys(("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3"), _batch_norm),
    **dict.fromkeys(("Sum", "Mean", "Max", "Min", "Prod", "All", "Any", "EuclideanNorm"), _reduce),
    **dict.fromkeys(("ResizeBilinear", "ResizeNearestNeighbor", "ResizeBicubic", "ResizeArea"), _resize),
    "TopKV2": _top, "TopK": _top,
}  # fmt: skip
