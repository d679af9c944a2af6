"""StructuredValue trees (tensorflow/core/protobuf/struct.proto) as ``model.tensors.Structure``."""

from __future__ import annotations

from typing import Any

from smanalyze.format.tensor_shape import shape_of
from smanalyze.format.tensor_text import tensor_text
from smanalyze.model.dtypes import dtype_name
from smanalyze.model.tensors import Structure

#: TypeSpecProto.TypeSpecClass -> class name, for the classes that do not carry their own.
SPEC_CLASSES = {
    1: "SparseTensorSpec", 2: "IndexedSlicesSpec", 3: "RaggedTensorSpec", 4: "TensorArraySpec", 5: "DatasetSpec",
    6: "IteratorSpec", 7: "OptionalSpec", 8: "PerReplicaSpec", 9: "VariableSpec", 10: "RowPartitionSpec",
}  # fmt: skip


def parse_structure(message: Any, key: str | None = None) -> Structure:
    """One StructuredValue. Nesting is bounded by the parser's own limit of about 100 message levels."""
    kind = message.WhichOneof("kind")
    reader = _READERS.get(kind)
    if reader is None:
        return Structure("unknown", key)
    return reader(getattr(message, kind), key)  # type: ignore[no-any-return]


def _tensor(message: Any, key: str | None) -> Structure:
    return Structure("tensor", key, message.name, dtype_name(message.dtype), shape_of(message.shape))


def _bounded_tensor(message: Any, key: str | None) -> Structure:
    bounds = f"minimum={tensor_text(message.minimum)}, maximum={tensor_text(message.maximum)}"
    return Structure("bounded_tensor", key, message.name, dtype_name(message.dtype), shape_of(message.shape), bounds)


def _type_spec(message: Any, key: str | None) -> Structure:
    number = message.type_spec_class
    name = message.type_spec_class_name or SPEC_CLASSES.get(number, f"TypeSpec class {number}")
    state = parse_structure(message.type_state) if message.HasField("type_state") else None
    items = () if state is None else state.items or (state,)
    return Structure("type_spec", key, name.rsplit(".", 1)[-1], value=number, items=items)


def _tensor_value(message: Any, key: str | None) -> Structure:
    return Structure(
        "tensor_value", key, dtype=dtype_name(message.dtype), shape=shape_of(message.tensor_shape),
        value=tensor_text(message),
    )  # fmt: skip


def _list(kind: Any) -> Any:
    return lambda message, key: Structure(kind, key, items=tuple(parse_structure(item) for item in message.values))


def _dict(message: Any, key: str | None) -> Structure:
    # A proto map has no order; sorted by key is also the order in which TensorFlow flattens a dict.
    return Structure(
        "dict", key, items=tuple(parse_structure(message.fields[name], name) for name in sorted(message.fields))
    )


def _named_tuple(message: Any, key: str | None) -> Structure:
    items = tuple(parse_structure(pair.value, pair.key) for pair in message.values)
    return Structure("named_tuple", key, message.name, items=items)


_READERS: dict[str | None, Any] = {
    "none_value": lambda message, key: Structure("none", key),
    "float64_value": lambda message, key: Structure("float", key, value=message),
    "int64_value": lambda message, key: Structure("int", key, value=message),
    "string_value": lambda message, key: Structure("str", key, value=message),
    "bool_value": lambda message, key: Structure("bool", key, value=message),
    "tensor_shape_value": lambda message, key: Structure("shape", key, shape=shape_of(message)),
    "tensor_dtype_value": lambda message, key: Structure("dtype", key, dtype=dtype_name(message)),
    "tensor_spec_value": _tensor,
    "bounded_tensor_spec_value": _bounded_tensor,
    "type_spec_value": _type_spec,
    "list_value": _list("list"),
    "tuple_value": _list("tuple"),
    "dict_value": _dict,
    "named_tuple_value": _named_tuple,
    "tensor_value": _tensor_value,
    "numpy_value": _tensor_value,
}
