"""The features of tf.SequenceExamples, as the parsing node has them (tensorflow/core/ops/parsing_ops.cc)."""

from __future__ import annotations

from smanalyze.inputs.tensors import Part, Source, Tensor
from smanalyze.inputs.walk import Site

_V2 = {
    "context_sparse": (2, "context_sparse_types"), "context_dense": (3, "Tcontext_dense"),
    "context_ragged": (4, "context_ragged_value_types"), "feature_list_sparse": (5, "feature_list_sparse_types"),
    "feature_list_dense": (6, "feature_list_dense_types"),
    "feature_list_ragged": (7, "feature_list_ragged_value_types"),
}  # fmt: skip
"""Kind of feature -> (input that holds its keys, attr of its dtypes)."""

_KINDS = ("context_sparse", "context_dense", "feature_list_sparse", "feature_list_dense")


def sequence_parts(site: Site, ins: list[Tensor]) -> list[tuple[Part, str, bool]]:
    """(feature, output that its values come in, whether it stands in the feature lists); those whose key is no
    constant are left out."""
    found: list[tuple[Part, str, bool]] = []
    for kind, keys in _keys(site, ins).items():
        listed, form = kind.startswith("feature_list"), kind.rpartition("_")[2]
        dtypes = site.node.attr_types(_V2[kind][1])
        shapes = site.node.attr_shapes(f"{kind}_shapes")
        for place, (key, dtype) in enumerate(zip(keys, dtypes, strict=False)):
            shape = shapes[place] if form == "dense" and place < len(shapes) else (None,)
            source = Source(key, dtype, shape)
            found.append((Part(key, source, form if not listed else f"list {form}"), f"{kind}_values", listed))
    return found


def _keys(site: Site, ins: list[Tensor]) -> dict[str, tuple[str, ...]]:
    if site.op == "ParseSequenceExampleV2":
        return {kind: _strings(site, ins, place) for kind, (place, _) in _V2.items()}
    if site.op == "ParseSequenceExample":
        return {kind: site.node.attr_strings(f"{kind}_keys") for kind in _KINDS}
    found = {}
    place = 2
    for kind in _KINDS:
        count = min(site.node.attr_int(f"N{kind}") or 0, len(ins))
        found[kind] = tuple(key for one in range(place, place + count) for key in _strings(site, ins, one))
        place += count
    return found


def _strings(site: Site, ins: list[Tensor], place: int) -> tuple[str, ...]:
    node = ins[place].const if place < len(ins) else None
    tensor = node.attr_tensor("value") if node is not None else None
    return tuple(key.decode("utf-8", "backslashreplace") for key in tensor.strings) if tensor is not None else ()
