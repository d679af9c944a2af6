"""Ops that ask for certain values: indices, keys, segments, sizes (tensorflow/core/ops/{array,math,lookup}_ops.cc)."""

from __future__ import annotations

from smanalyze.inputs.composites import Group
from smanalyze.inputs.sizes import Dim, Size
from smanalyze.inputs.tensors import Outputs, Tensor, Wish
from smanalyze.inputs.walk import Rule, Site


def _below(site: Site, tensor: Tensor, bound: Size) -> None:
    """The integers are indices below a bound."""
    if bound is None:
        return
    for source, shift in tensor.sources:
        source.wishes.setdefault(Wish("below", site.why, bound, shift))


def _wish(site: Site, tensor: Tensor, kind: str) -> None:
    for source, _ in tensor.sources:
        source.wishes.setdefault(Wish(kind, site.why))


def _gather(site: Site, ins: list[Tensor]) -> Outputs:
    """Gather, GatherV2, ResourceGather: the rows of the first input; a handle has its variable's sizes."""
    held, wanted = ins[0], ins[1]
    axes = site.walk.numbers(ins[2]) if len(ins) > 2 else (0,)
    axis = axes[0] if axes and isinstance(axes[0], int) else None
    numbers = site.walk.numbers(held) if held.key is None else None
    places = site.walk.numbers(wanted)
    if numbers is not None and places is not None and held.dims is not None and len(held.dims) == 1:
        chosen = tuple(numbers[k] if isinstance(k, int) and k < len(numbers) else None for k in places)
        return [Tensor(dims=wanted.dims, numbers=chosen)]
    own = held.dims
    if own is None or axis is None or not own:
        return [held.shaped(None)]
    at = axis % len(own)
    _below(site, wanted, own[at])
    if places is not None and all(isinstance(place, int) for place in places) and places:
        site.demands.least(own[at], 1 + max(place for place in places if isinstance(place, int)), site.why)
    batched = site.node.attr_int("batch_dims") or 0
    dims = None if wanted.dims is None else (*own[:at], *wanted.dims[batched:], *own[at + 1 :])
    return [Tensor(held.sources, dims)]


def _gather_nd(site: Site, ins: list[Tensor]) -> Outputs:
    own, wanted = ins[0].dims, ins[1].dims
    depth = wanted[-1] if wanted else None
    if own is None or not isinstance(depth, int):
        return [ins[0].shaped(None)]
    known = [size for size in own[:depth] if isinstance(size, int)]
    _below(site, ins[1], min(known) if known else own[0] if own else None)
    return [ins[0].shaped((*(wanted or ())[:-1], *own[depth:]))]


def _one_hot(site: Site, ins: list[Tensor]) -> Outputs:
    depth = site.walk.numbers(ins[1])
    size = depth[0] if depth else None
    _below(site, ins[0], size)
    own, axis = ins[0].dims, site.node.attr_int("axis")
    if own is None:
        return [Tensor()]
    at = len(own) if axis in (None, -1) else axis or 0
    return [Tensor(dims=(*own[:at], size, *own[at:]))]


def _bins(site: Site, ins: list[Tensor]) -> Outputs:
    """Bincount(arr, size, weights), DenseBincount(input, size, weights)."""
    size = site.walk.numbers(ins[1])
    _below(site, ins[0], size[0] if size else None)
    own = ins[0].dims
    return [Tensor(dims=(*own[:-1], size[0]) if own and len(own) > 1 and size else (size[0] if size else None,))]


def _segments(site: Site, ins: list[Tensor]) -> Outputs:
    """SegmentSum(data, segment_ids), UnsortedSegmentSum(data, segment_ids, num_segments)."""
    if site.op.startswith("Unsorted"):
        count = site.walk.numbers(ins[2])
        _below(site, ins[1], count[0] if count else None)
    else:
        _wish(site, ins[1], "sorted")
    own = ins[0].dims
    if own and ins[1].dims:
        site.demands.equal(own[0], ins[1].dims[0], site.why)
    return [Tensor(dims=(None, *own[1:]) if own else None)]


def _sparse_segments(site: Site, ins: list[Tensor]) -> Outputs:
    """SparseSegmentSum(data, indices, segment_ids): sums of rows."""
    own = ins[0].dims
    _below(site, ins[1], own[0] if own else None)
    _wish(site, ins[2], "sorted")
    if ins[1].dims and ins[2].dims:
        site.demands.equal(ins[1].dims[0], ins[2].dims[0], site.why)
    return [Tensor(dims=(None, *own[1:]) if own else None)]


def _lookup(site: Site, ins: list[Tensor]) -> Outputs:
    words = site.walk.tables.words(ins[0].key) if ins[0].key is not None else ()
    for source, _ in ins[1].sources:
        if words:
            source.wishes.setdefault(Wish("words", site.why, words=words))
    return [Tensor(dims=ins[1].dims)]


def _sparse(site: Site, ins: list[Tensor]) -> Outputs | None:
    """Ops on the parts of a sparse tensor: three inputs that came as they are belong together."""
    at = _SPARSE[site.op]
    parts = [ins[k] if k < len(ins) else Tensor() for k in at]
    only = [part.sources[0][0] for part in parts if len(part.sources) == 1]
    if len(only) == 3 and len(set(only)) == 3:
        shape = only[2].dims
        rank = shape[0] if shape and isinstance(shape[0], int) else 2
        site.walk.groups.setdefault(Group("sparse", (only[0], only[1], only[2]), (None,) * rank))
    if site.op == "SparseReorder":
        return [ins[0], ins[1]]
    if site.op == "SparseToDense":
        return [Tensor(ins[2].sources, site.walk.numbers(ins[1]))]
    if site.op == "SparseTensorDenseMatMul":
        width = site.walk.numbers(ins[2])
        if width and len(width) == 2 and ins[3].dims and len(ins[3].dims) == 2:
            site.demands.equal(width[1], ins[3].dims[0], site.why)
        return [Tensor(dims=(width[0] if width else None, ins[3].dims[-1] if ins[3].dims else None))]
    if site.op == "SparseReshape":
        return [Tensor(dims=ins[0].dims), Tensor()]
    if site.op == "SparseFillEmptyRows":
        return {"output_indices": [Tensor(dims=(None, 2))], "output_values": [Tensor(ins[1].sources, (None,))]}
    return None


_SPARSE = {
    "SparseReorder": (0, 1, 2), "SparseTensorDenseMatMul": (0, 1, 2), "SparseToDense": (0, 2, 1),
    "SparseFillEmptyRows": (0, 1, 2), "SparseReduceSum": (0, 1, 2), "SparseReduceMax": (0, 1, 2),
    "SparseTensorDenseAdd": (0, 1, 2), "SparseDenseCwiseMul": (0, 1, 2), "SparseSlice": (0, 1, 2),
    "SparseSoftmax": (0, 1, 2), "SparseReshape": (0, 9, 1),
}  # fmt: skip
"""Where indices, values and dense shape stand among the inputs (tensorflow/core/ops/sparse_ops.cc)."""


def _count(site: Site, ins: list[Tensor]) -> Outputs | None:
    """Range, LinSpace, Fill and their like: scalars that become sizes."""
    for tensor in ins:
        _wish(site, tensor, "count")
    sizes = [site.walk.numbers(tensor) for tensor in ins]
    if site.op == "Range" and sizes[0] == (0,) and sizes[2] == (1,) and sizes[1]:
        return [Tensor(dims=(sizes[1][0],))]
    return None


def _unique(site: Site, ins: list[Tensor]) -> Outputs:
    """The values that there are, each once."""
    return {"y": [Tensor(ins[0].sources, (None,))], "idx": [Tensor(dims=ins[0].dims)]}


def _padded(site: Site, ins: list[Tensor]) -> Outputs:
    """RaggedTensorToTensor(shape, values, default, row partitions): the values among defaults."""
    return [Tensor(ins[1].sources)]


def _parted(site: Site, ins: list[Tensor]) -> Outputs:
    """DynamicPartition: some of the values in each output."""
    own = ins[0].dims
    return [ins[0].shaped((None, *own[1:]) if own else None)] * (site.node.attr_int("num_partitions") or 0)


def _stitched(site: Site, ins: list[Tensor]) -> Outputs:
    """DynamicStitch(indices, data): all of the data."""
    data = ins[len(ins) // 2 :]
    return [Tensor(tuple(dict.fromkeys(pair for tensor in data for pair in tensor.sources)))]


def _random(site: Site, ins: list[Tensor]) -> Outputs:
    sizes = site.walk.numbers(ins[0])
    _wish(site, ins[0], "count")
    return [Tensor(dims=sizes)]


def _sequence_mask(site: Site, ins: list[Tensor]) -> Outputs | None:
    """ReverseSequence(input, seq_lengths): no length is above what there is."""
    own, at = ins[0].dims, site.node.attr_int("seq_dim") or 0
    if own is not None and at < len(own):
        size = own[at]
        for source, shift in ins[1].sources:
            bound: Size = size + 1 if isinstance(size, int) else size if isinstance(size, Dim) else None
            source.wishes.setdefault(Wish("below", site.why, bound, shift))
    return [ins[0].shaped(own)]


_SEGMENTS = ("SegmentSum", "SegmentMax", "SegmentMin", "SegmentProd")
"""Those that there are unsorted, too."""

RULES: dict[str, Rule] = {
    **dict.fromkeys(("Gather", "GatherV2", "ResourceGather"), _gather), "OneHot": _one_hot,
    **dict.fromkeys(("GatherNd", "ResourceGatherNd"), _gather_nd),
    **dict.fromkeys(("Bincount", "DenseBincount"), _bins),
    **dict.fromkeys((*_SEGMENTS, "SegmentMean", "SegmentSumV2"), _segments),
    **dict.fromkeys((f"Unsorted{op}" for op in _SEGMENTS), _segments),
    **dict.fromkeys(("SparseSegmentSum", "SparseSegmentMean", "SparseSegmentSqrtN", "SparseSegmentSumWithNumSegments",
                     "SparseSegmentMeanWithNumSegments", "SparseSegmentSqrtNWithNumSegments"), _sparse_segments),
    **dict.fromkeys(("LookupTableFind", "LookupTableFindV2"), _lookup),
    **dict.fromkeys(_SPARSE, _sparse), **dict.fromkeys(("Range", "LinSpace"), _count),
    **dict.fromkeys(("RandomUniform", "RandomStandardNormal", "StatelessRandomUniformV2",
                     "StatelessRandomNormalV2", "TruncatedNormal"), _random),
    "ReverseSequence": _sequence_mask, "RaggedTensorToTensor": _padded, "DynamicPartition": _parted,
    **dict.fromkeys(("Unique", "UniqueV2", "UniqueWithCounts"), _unique),
    **dict.fromkeys(("DynamicStitch", "ParallelDynamicStitch"), _stitched),
}  # fmt: skip
