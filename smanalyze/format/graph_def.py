"""GraphDef, FunctionDef and NodeDef as light views over the parsed messages.

Sources: tensorflow/core/framework/{graph,function,node_def,op_def,attr_value}.proto. A view holds one message and
decodes what is asked; two views of one node are equal in content, not in identity.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from functools import cached_property
from typing import Any, cast

from smanalyze.errors import FormatError
from smanalyze.format.attr_keys import attr_key
from smanalyze.format.node_columns import Plans, read_columns, text_of
from smanalyze.format.tensor_shape import shape_of
from smanalyze.model.dtypes import dtype_name
from smanalyze.model.graph import Argument, ArgumentType, AttrKind, BodyColumns, ConstTensor, Function
from smanalyze.model.tensors import Shape

_KINDS: dict[str | None, AttrKind] = {
    "s": "string", "i": "int", "f": "float", "b": "bool", "type": "type", "shape": "shape", "tensor": "tensor",
    "func": "func", "placeholder": "placeholder", None: "none",
}  # fmt: skip
_LIST_KINDS: tuple[tuple[str, AttrKind], ...] = (
    ("s", "list_string"), ("i", "list_int"), ("f", "list_float"), ("b", "list_bool"), ("type", "list_type"),
    ("shape", "list_shape"), ("tensor", "list_tensor"), ("func", "list_func"),
)  # fmt: skip

MAX_CONST_STRINGS = 4096
"""How many elements of a string constant are handed out; paths and vocabularies are looked at, not copied."""


class NodeView:
    """One NodeDef; see ``model.graph.Node``."""

    __slots__ = ("_message",)

    def __init__(self, message: Any) -> None:
        self._message = message

    @property
    def name(self) -> str:
        return cast(str, self._message.name)

    @property
    def op(self) -> str:
        return cast(str, self._message.op)

    @property
    def device(self) -> str:
        return cast(str, self._message.device)

    @property
    def inputs(self) -> Sequence[str]:
        return cast(Sequence[str], self._message.input)

    def attr_names(self) -> Sequence[str]:
        return sorted(self._message.attr)

    def has_attr(self, name: str) -> bool:
        return name in self._message.attr

    def _value(self, name: str, kind: str) -> Any:
        # Never index a proto map with a key that may be absent: upb would insert it into the model.
        attrs = self._message.attr
        if name not in attrs:
            return None
        value = attrs[name]
        return getattr(value, kind) if value.HasField(kind) else None

    def attr_kind(self, name: str) -> AttrKind:
        if name not in self._message.attr:
            return "none"
        value = self._message.attr[name]
        kind = value.WhichOneof("value")
        if kind != "list":
            return _KINDS[kind]
        return next((list_kind for field, list_kind in _LIST_KINDS if len(getattr(value.list, field))), "none")

    def attr_string(self, name: str) -> str:
        value = self._value(name, "s")
        return text_of(value) if value else ""

    def attr_int(self, name: str) -> int | None:
        return cast("int | None", self._value(name, "i"))

    def attr_type(self, name: str) -> str | None:
        value = self._value(name, "type")
        return None if value is None else dtype_name(value)

    def attr_types(self, name: str) -> tuple[str, ...]:
        value = self._value(name, "list")
        return () if value is None else tuple(dtype_name(number) for number in value.type)

    def attr_shape(self, name: str) -> Shape:
        value = self._value(name, "shape")
        return None if value is None else shape_of(value)

    def attr_shapes(self, name: str) -> tuple[Shape, ...]:
        value = self._value(name, "list")
        return () if value is None else tuple(shape_of(item) for item in value.shape)

    def attr_strings(self, name: str) -> tuple[str, ...]:
        value = self._value(name, "list")
        return () if value is None else tuple(text_of(item) for item in value.s)

    def attr_tensor(self, name: str) -> ConstTensor | None:
        value = self._value(name, "tensor")
        if value is None:
            return None
        from smanalyze.format import tensor_proto  # only constants need it

        strings = tensor_proto.string_elements(value, MAX_CONST_STRINGS) if value.dtype == 7 else ()
        return ConstTensor(
            dtype_name(value.dtype), shape_of(value.tensor_shape), tensor_proto.content_size(value), tuple(strings)
        )

    def output_shapes(self) -> tuple[Shape, ...] | None:
        value = self._value("_output_shapes", "list")
        return None if value is None else tuple(shape_of(shape) for shape in value.shape)

    def attr_key(self, name: str) -> bytes:
        return attr_key(self._message.attr[name]) if name in self._message.attr else b""

    def attr_text(self, name: str) -> str:
        from smanalyze.format.attr_text import attr_text

        return attr_text(self._message.attr[name]) if name in self._message.attr else ""


class NodeList(Sequence[NodeView]):
    """A repeated NodeDef field as a sequence of views, made as they are asked for."""

    __slots__ = ("_messages",)

    def __init__(self, messages: Any) -> None:
        self._messages = messages

    def __len__(self) -> int:
        return len(self._messages)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [NodeView(message) for message in self._messages[index]]
        return NodeView(self._messages[index])

    def __iter__(self) -> Any:
        return map(NodeView, self._messages)


class FunctionView:
    """One FunctionDef; see ``model.graph.Function``. ``plans`` are those of its model."""

    def __init__(self, message: Any, plans: Plans | None = None) -> None:
        self._message = message
        self._plans = plans

    @property
    def name(self) -> str:
        return cast(str, self._message.signature.name)

    @property
    def nodes(self) -> NodeList:
        return NodeList(self._message.node_def)

    @property
    def node_count(self) -> int:
        return len(self._message.node_def)

    def columns(self, noise: frozenset[str] = frozenset()) -> BodyColumns:
        return read_columns(self._message.node_def, noise, self._plans)

    def own_attr_keys(self) -> Mapping[str, bytes]:
        attrs = self._message.attr
        return {name: attr_key(attrs[name]) for name in sorted(attrs)}

    @cached_property
    def argument_types(self) -> tuple[ArgumentType, ...]:
        return tuple([ArgumentType(arg.name, dtype_name(arg.type)) for arg in self._message.signature.input_arg])

    @cached_property
    def inputs(self) -> tuple[Argument, ...]:
        arg_attr = self._message.arg_attr
        return tuple(
            _argument(arg, arg_attr[i].attr if i in arg_attr else None)
            for i, arg in enumerate(self._message.signature.input_arg)
        )

    @cached_property
    def outputs(self) -> tuple[Argument, ...]:
        return tuple(_argument(arg, None) for arg in self._message.signature.output_arg)

    @property
    def returns(self) -> Mapping[str, str]:
        return cast(Mapping[str, str], self._message.ret)

    @property
    def control_returns(self) -> Mapping[str, str]:
        return cast(Mapping[str, str], self._message.control_ret)

    @property
    def is_stateful(self) -> bool:
        return cast(bool, self._message.signature.is_stateful)

    def interface(self, noise: frozenset[str]) -> Hashable:
        message, attrs = self._message, self._message.attr
        return (
            message.signature.is_stateful,
            self.argument_types,
            tuple([(arg.name, arg.type) for arg in message.signature.output_arg]),
            frozenset(message.ret.items()),
            frozenset(message.control_ret.items()),
            *[(name, attr_key(attrs[name])) for name in sorted([name for name in attrs if name not in noise])],
        )

    @property
    def attributes(self) -> Mapping[str, str]:
        attrs = self._message.attr
        return {name: text_of(attrs[name].s) for name in sorted(attrs) if attrs[name].HasField("s")}


def _argument(arg: Any, attrs: Any) -> Argument:
    user_name: str | None = None
    shape: Shape = None
    has_shape = False
    if attrs is not None:
        if "_user_specified_name" in attrs:
            user_name = text_of(attrs["_user_specified_name"].s)
        if "_output_shapes" in attrs and len(attrs["_output_shapes"].list.shape):
            shape, has_shape = shape_of(attrs["_output_shapes"].list.shape[0]), True
    return Argument(arg.name, dtype_name(arg.type), user_name, shape, has_shape)


class GraphView:
    """One GraphDef; see ``model.graph.Graph``."""

    def __init__(self, message: Any) -> None:
        self._message = message

    @cached_property
    def _plans(self) -> Plans:
        """What the bodies of the model share; made for the first that is read."""
        return Plans()

    @property
    def nodes(self) -> NodeList:
        return NodeList(self._message.node)

    @property
    def node_count(self) -> int:
        return len(self._message.node)

    def columns(self, noise: frozenset[str] = frozenset()) -> BodyColumns:
        return read_columns(self._message.node, noise, self._plans)

    @property
    def producer(self) -> int:
        return cast(int, self._message.versions.producer)

    @property
    def min_consumer(self) -> int:
        return cast(int, self._message.versions.min_consumer)

    @property
    def bad_consumers(self) -> tuple[int, ...]:
        return tuple(self._message.versions.bad_consumers)

    @cached_property
    def functions(self) -> Mapping[str, Function]:
        library = self._message.library.function
        return {message.signature.name: FunctionView(message, self._plans) for message in library}

    @cached_property
    def gradients(self) -> tuple[tuple[str, str], ...]:
        library = self._message.library
        pairs = [(gradient.function_name, gradient.gradient_func) for gradient in library.gradient]
        pairs += [(gradient.registered_op_type, gradient.gradient_func) for gradient in library.registered_gradients]
        return tuple(pairs)

    def const_value(self, node: Any) -> Any:
        """The array of a Const; raises FormatError for another node or unusable content."""
        tensor = node._value("value", "tensor") if isinstance(node, NodeView) and node.op == "Const" else None
        if tensor is None:
            raise FormatError(f"{node.name} is not a Const with a value")
        from smanalyze.format import tensor_proto

        return tensor_proto.to_numpy(tensor)
