"""Shapes, the tensors of a signature, and the structured values that describe a function's arguments."""

from __future__ import annotations

from typing import Literal

from smanalyze.model.record import record

Shape = tuple[int | None, ...] | None
"""``None``: unknown rank; a ``None`` inside: unknown size."""

Encoding = Literal["dense", "sparse", "ragged", "composite"]


@record
class Component:
    """One dense tensor of an encoded one: role is ``values``, ``indices``, ``dense_shape``, or a number."""

    role: str
    tensor_name: str
    dtype: str
    shape: Shape


@record
class TensorInfo:
    """One input or output of a SignatureDef (tensorflow/core/protobuf/meta_graph.proto: TensorInfo).

    ``dtype_number`` keeps the wire's number, for tools that print the enum's spelling. ``type_spec`` is the class
    of a composite tensor (``RaggedTensorSpec``), else None. ``default`` is the text of SignatureDef.defaults.
    """

    name: str
    dtype: str
    dtype_number: int
    shape: Shape
    tensor_name: str
    encoding: Encoding = "dense"
    components: tuple[Component, ...] = ()
    type_spec: str | None = None
    default: str | None = None


StructureKind = Literal[
    "none", "bool", "int", "float", "str", "tensor", "bounded_tensor", "list", "tuple", "dict", "named_tuple",
    "type_spec", "dtype", "shape", "tensor_value", "unknown",
]  # fmt: skip


@record
class Structure:
    """One node of a StructuredValue tree (tensorflow/core/protobuf/struct.proto).

    * literals carry ``value`` (bool, int, float or str);
    * ``tensor`` and ``bounded_tensor`` carry ``name``, ``dtype``, ``shape`` (``value``: text of min and max);
    * ``list``, ``tuple``, ``dict``, ``named_tuple`` carry ``items``; each item's ``key`` is its dict key or field;
    * ``type_spec`` carries the class in ``name``, its state in ``items`` and the wire's class number in ``value``.
    """

    kind: StructureKind
    key: str | None = None
    name: str | None = None
    dtype: str | None = None
    shape: Shape = None
    value: bool | int | float | str | None = None
    items: tuple[Structure, ...] = ()
