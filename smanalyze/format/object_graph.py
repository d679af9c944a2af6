"""SavedObjectGraph messages as ``model.objects``.

Source: tensorflow/core/protobuf/saved_object_graph.proto. References to nodes that do not
exist stay in the model as they are; whoever follows one must check the range.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from smanalyze.format.structured_value import parse_structure
from smanalyze.format.tensor_shape import shape_of
from smanalyze.model.dtypes import dtype_name
from smanalyze.model.objects import (
    ConcreteFunction,
    FunctionSpec,
    ObjectFunction,
    ObjectGraph,
    ObjectVariable,
    SavedObject,
    )  # fmt: skip
from smanalyze.model.tensors import Structure

T = TypeVar("T")

_SYNCHRONIZATION = {0: "", 1: "none", 2: "on_write", 3: "on_read"}
_AGGREGATION = {0: "", 1: "sum", 2: "mean", 3: "only_first_replica"}
_JIT = {0: "", 1: "on", 2: "off"}


def parse_object_graph(message: Any) -> ObjectGraph:
    """All objects by id, and the concrete functions in order of name."""
    met = _Met()
    nodes = tuple(_object(i, node, met) for i, node in enumerate(message.nodes))
    functions = message.concrete_functions
    return ObjectGraph(nodes, tuple(_concrete(name, functions[name], met) for name in sorted(functions)))


class _Met:
    """What many functions of a model say alike is parsed once, and is one record: a model of 3,600 functions has some
    hundred signatures."""

    def __init__(self) -> None:
        self._structures: dict[bytes, Structure] = {}
        self._specs: dict[bytes, FunctionSpec] = {}
        self._user_objects: dict[bytes, dict[str, Any]] = {}

    def structure(self, message: Any) -> Structure:
        return _once(self._structures, message, parse_structure)

    def spec(self, message: Any) -> FunctionSpec:
        return _once(self._specs, message, parse_function_spec)

    def user_object(self, message: Any) -> dict[str, Any]:
        return _once(self._user_objects, message, _parse_user_object)


def _once(known: dict[bytes, T], message: Any, parse: Callable[[Any], T]) -> T:
    """What a message says: parsed where no message of the same bytes was."""
    data = message.SerializeToString()
    found = known.get(data)
    if found is None:
        found = known[data] = parse(message)
    return found


def _concrete(name: str, message: Any, met: _Met) -> ConcreteFunction:
    return ConcreteFunction(
        name,
        tuple(message.bound_inputs),
        met.structure(message.canonicalized_input_signature),
        met.structure(message.output_signature),
    )


def _object(number: int, message: Any, met: _Met) -> SavedObject:
    kind = message.WhichOneof("kind")
    fields = _PAYLOADS.get(kind, _nothing)(getattr(message, kind) if kind else None, met)
    if message.HasField("serialized_user_proto"):
        # Keras of TF 2.8 on may keep a layer's user proto here; its type is enough to know.
        fields = {"identifier": message.serialized_user_proto.type_url.rsplit("/", 1)[-1], **fields}
    slots = [(s.original_variable_node_id, s.slot_name, s.slot_variable_node_id) for s in message.slot_variables]
    saving = message.saveable_objects
    return SavedObject(
        id=number,
        kind=kind or "unknown",
        children=tuple([(child.local_name, child.node_id) for child in message.children]),
        registered_name=message.registered_name,
        slot_variables=tuple(slots),
        saveables=tuple(sorted(saving)),
        saving_functions=tuple(
            sorted({n for one in saving.values() for n in (one.save_function, one.restore_function)})
        ),
        dependencies=tuple([(one.local_name, one.node_id) for one in message.dependencies]),
        **fields,
    )


def _nothing(message: Any, met: _Met) -> dict[str, Any]:
    return {}


def _parse_user_object(message: Any) -> dict[str, Any]:
    version = message.version
    return {
        "identifier": message.identifier,
        "metadata": message.metadata,
        "producer": version.producer,
        "min_consumer": version.min_consumer,
        "bad_consumers": tuple(version.bad_consumers),
    }


def _variable(message: Any, met: _Met) -> dict[str, Any]:
    parts = message.experimental_distributed_variable_components
    variable = ObjectVariable(
        message.name,
        dtype_name(message.dtype),
        shape_of(message.shape),
        message.trainable,
        message.device,
        _SYNCHRONIZATION.get(message.synchronization, str(message.synchronization)),
        _AGGREGATION.get(message.aggregation, str(message.aggregation)),
        tuple((part.name, part.device) for part in parts),
    )
    return {"variable": variable}


def _function(message: Any, met: _Met) -> dict[str, Any]:
    spec = met.spec(message.function_spec) if message.HasField("function_spec") else None
    return {"function": ObjectFunction(tuple(message.concrete_functions), spec)}


def _bare_function(message: Any, met: _Met) -> dict[str, Any]:
    spec = met.spec(message.function_spec) if message.HasField("function_spec") else None
    name = message.concrete_function_name
    keywords = tuple(message.argument_keywords)
    return {
        "function": ObjectFunction((name,) if name else (), spec, keywords, message.allowed_positional_arguments),
    }


_PAYLOADS: dict[str | None, Any] = {
    "user_object": lambda m, met: met.user_object(m),
    "asset": lambda m, met: {"asset_index": m.asset_file_def_index},
    "function": _function,
    "variable": _variable,
    "bare_concrete_function": _bare_function,
    "constant": lambda m, met: {"constant": m.operation},
    "resource": lambda m, met: {"device": m.device},
    "captured_tensor": lambda m, met: {"captured_function": m.concrete_function, "constant": m.name},
}


def parse_function_spec(message: Any) -> FunctionSpec:
    """A FunctionSpec; ``fullargspec`` is a named tuple like inspect.FullArgSpec, as TensorFlow encodes it."""
    spec = parse_structure(message.fullargspec)
    fields = {item.key: item for item in spec.items}
    given = parse_structure(message.input_signature) if message.HasField("input_signature") else None
    if given is not None and given.kind in ("none", "unknown"):
        given = None
    names = _texts(fields.get("args"))
    defaults = fields["defaults"].items if "defaults" in fields else ()
    keyword_defaults = fields["kwonlydefaults"].items if "kwonlydefaults" in fields else ()
    is_method = message.is_method
    if is_method or names[:1] == ("self",):  # as tensorflow/python/saved_model/function_deserialization.py does
        names = names[1:]
    return FunctionSpec(
        names, defaults, _text(fields.get("varargs")), _text(fields.get("varkw")), _texts(fields.get("kwonlyargs")),
        keyword_defaults, is_method, given, _JIT.get(message.jit_compile, str(message.jit_compile)),
    )  # fmt: skip


def _texts(item: Structure | None) -> tuple[str, ...]:
    return tuple(str(part.value) for part in item.items) if item is not None else ()


def _text(item: Structure | None) -> str | None:
    return str(item.value) if item is not None and item.value is not None else None
