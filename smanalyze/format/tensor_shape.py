"""TensorShapeProto (tensorflow/core/framework/tensor_shape.proto) as ``model.tensors.Shape``."""

from __future__ import annotations

from typing import Any

from smanalyze.format.limits import MAX_ELEMENTS, MAX_RANK
from smanalyze.model.tensors import Shape


def shape_of(message: Any) -> Shape:
    """A TensorShapeProto: None for unknown rank; sizes below zero are unknown.

    None, too, for what no tensor can have (tensorflow/core/framework/tensor_shape.cc): more than 254 dimensions, or
    more elements than int64 counts. All who multiply sizes would work with numbers of any length, which Python takes
    its time for, and does not write beyond 4300 digits.
    """
    dims = message.dim
    if message.unknown_rank or len(dims) > MAX_RANK:
        return None
    sizes = tuple(dim.size if dim.size >= 0 else None for dim in dims)
    elements = 1
    for size in sizes:
        elements *= size or 1
    return sizes if elements <= MAX_ELEMENTS else None
