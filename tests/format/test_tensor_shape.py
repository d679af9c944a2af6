"""Shapes as they are stated, and those that no tensor can have."""

from __future__ import annotations

import pytest

from smanalyze.format.schema import message_class
from smanalyze.format.tensor_shape import shape_of
from smanalyze.model.tensors import Shape


@pytest.mark.parametrize(
    ("sizes", "shape"),
    [
        ([], ()),
        ([2, -1, 0], (2, None, 0)),
        ([2**62], (2**62,)),
        ([2**31, 2**31, -1], (2**31, 2**31, None)),
        ([1] * 254, (1,) * 254),
        ([1] * 255, None),
        ([2**32, 2**31], None),
        ([2**32, -1, 2**31], None),
        ([2**63 - 1] * 254, None),
    ],
)
def test_shapes(sizes: list[int], shape: Shape) -> None:
    message = message_class("tensorflow.TensorShapeProto")()
    for size in sizes:
        message.dim.add(size=size)
    assert shape_of(message) == shape
    message.unknown_rank = True
    assert shape_of(message) is None
