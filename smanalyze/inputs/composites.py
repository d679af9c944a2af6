"""Sparse and ragged tensors among the inputs: which dense tensors belong together, and what each of them is."""

from __future__ import annotations

from typing import Literal, NamedTuple

from smanalyze.facts.fed_parts import fed_parts
from smanalyze.facts.spec_text import split_signature
from smanalyze.inputs.records import Slot
from smanalyze.inputs.tensors import Source, Tensor
from smanalyze.model.objects import ConcreteFunction
from smanalyze.model.tensors import Component, Shape, Structure, TensorInfo


class Group(NamedTuple):
    """The parts of one composite tensor, in TensorFlow's order: ``indices``, ``values``, ``dense_shape`` of a sparse
    one, flat values and row splits from the outermost on of a ragged one. ``shape`` is that of the whole."""

    kind: Literal["sparse", "ragged"]
    parts: tuple[Source, ...]
    shape: Shape


def input_slots(info: TensorInfo) -> tuple[Slot, ...]:
    """The dense tensors of one input."""
    dtype = info.dtype.removesuffix("_ref")
    if info.encoding == "dense":
        return (Slot(info.name, info.name, info.tensor_name, dtype, info.shape),)
    return tuple(
        Slot(
            info.name, keyword, part.tensor_name, part.dtype.removesuffix("_ref"), part.shape, _role(info, part, number)
        )
        for number, (keyword, part) in enumerate(fed_parts(info))
    )


def _role(info: TensorInfo, part: Component, number: int) -> str:
    if info.encoding == "sparse":
        return part.role
    return "values" if not number else "splits" if info.encoding == "ragged" else ""


def declared_group(info: TensorInfo, parts: tuple[Source, ...]) -> Group | None:
    """The group of an input that the signature itself encodes."""
    if info.encoding == "sparse" and len(parts) == 3:
        rank = parts[2].dims
        shape = info.shape
        if shape is None and rank is not None and isinstance(rank[0], int):
            shape = (None,) * rank[0]
        return Group("sparse", parts, shape)
    return Group("ragged", parts, info.shape) if info.encoding == "ragged" and len(parts) > 1 else None


def groups_at(concrete: ConcreteFunction, given: dict[int, Tensor], inputs: int) -> list[Group]:
    """The groups that a function's own signature tells: of those composite arguments whose parts are handed over as
    they came."""
    positional, keywords = split_signature(concrete.inputs)
    leaves = _flat((*positional, *sorted(keywords, key=lambda item: item.key or "")))
    if len(leaves) != inputs - len(concrete.bound_inputs) or not any(leaf is not None for leaf in leaves):
        return []
    found: list[Group] = []
    position = 0
    while position < len(leaves):
        leaf = leaves[position]
        count = 1 if leaf is None else leaf[1]
        if leaf is not None:
            parts = [_only(given.get(-1 - k)) for k in range(position, position + count)]
            whole = tuple(part for part in parts if part is not None)
            if len(whole) == count:
                found.append(
                    Group("sparse" if leaf[0].name == "SparseTensorSpec" else "ragged", whole, _shape(leaf[0]))
                )
        position += count
    return found


def _only(tensor: Tensor | None) -> Source | None:
    """The one source whose values a tensor holds unchanged."""
    return tensor.sources[0][0] if tensor is not None and len(tensor.sources) == 1 else None


def _flat(values: tuple[Structure, ...]) -> list[tuple[Structure, int] | None]:
    """For each dense tensor of a canonicalized signature, in TensorFlow's order: the composite spec that it is a part
    of and the number of its parts, None for a tensor of its own. Composites stand once for each part."""
    found: list[tuple[Structure, int] | None] = []
    for value in values:
        if value.kind in ("tensor", "bounded_tensor"):
            found.append(None)
        elif value.kind == "type_spec":
            count = _parts(value)
            found += [(value, count)] * count
        elif value.kind == "dict":
            found += _flat(tuple(sorted(value.items, key=lambda item: item.key or "")))
        else:
            found += _flat(value.items)
    return found


def _parts(spec: Structure) -> int:
    if spec.name == "SparseTensorSpec":
        return 3
    if spec.name == "RaggedTensorSpec":
        levels = next((item.value for item in spec.items if item.kind == "int"), 1)
        return 1 + int(levels or 0)
    return 1


def _shape(spec: Structure) -> Shape:
    return next((item.shape for item in spec.items if item.kind == "shape"), None)
