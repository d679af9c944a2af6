"""What a caller names the dense tensors of an encoded input.

Source: tensorflow/python/saved_model/load_v1_in_v2.py: _extract_signatures.
"""

from __future__ import annotations

from smanalyze.model.tensors import Component, TensorInfo

_SPARSE_ROLES = ("indices", "values", "dense_shape")


def fed_parts(info: TensorInfo) -> tuple[tuple[str, Component], ...]:
    """(keyword, part) of each in TensorFlow's order; () for a dense input, which is fed under its own name. Of a sparse
    one indices, values and dense shape, of a ragged one flat values and the row splits from the outermost on."""
    if info.encoding == "sparse":
        found = {part.role: part for part in info.components}
        return tuple((f"{info.name}_{role}", found[role]) for role in _SPARSE_ROLES if role in found)
    return tuple((f"{info.name}_component_{number}", part) for number, part in enumerate(info.components))
