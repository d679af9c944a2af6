"""What tells one input or output of a signature from another, but for its name."""

from __future__ import annotations

from smanalyze.report.tensors import Tensor


def spec_of(tensor: Tensor) -> tuple[object, ...]:
    """What a caller must know of a tensor besides its name."""
    parts = tuple((part.role, part.dtype, part.shape) for part in tensor.components)
    return tensor.dtype, tensor.shape, tensor.encoding, tensor.type_spec, parts
