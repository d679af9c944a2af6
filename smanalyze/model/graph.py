"""Graphs as the file has them: NodeDef, FunctionDef, GraphDef, seen through light views.

A view may be made anew at each access; do not compare views by identity. Two passes over ``nodes`` give the same
nodes in the same (file) order.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, Literal, NamedTuple, Protocol

from smanalyze.model.tensors import Shape

AttrKind = Literal[
    "string", "int", "float", "bool", "type", "shape", "tensor", "func", "placeholder",
    "list_string", "list_int", "list_float", "list_bool", "list_type", "list_shape", "list_tensor", "list_func",
    "none",
]  # fmt: skip


class ConstTensor(NamedTuple):
    """A TensorProto as stored: decoded on demand by ``format.tensor_proto``.

    ``size`` is the number of bytes the message takes in the file's content fields; ``strings`` holds the elements of
    a string tensor (at most the first 4096), else it is empty.
    """

    dtype: str
    shape: Shape
    size: int
    strings: tuple[bytes, ...]


class Node(Protocol):
    """One NodeDef."""

    @property
    def name(self) -> str: ...
    @property
    def op(self) -> str: ...
    @property
    def device(self) -> str: ...
    @property
    def inputs(self) -> Sequence[str]:
        """Data inputs first, then control inputs (``^node``), in file order."""

    def attr_names(self) -> Sequence[str]: ...
    def has_attr(self, name: str) -> bool: ...
    def attr_kind(self, name: str) -> AttrKind:
        """``none`` where the attr is absent or empty."""

    def attr_string(self, name: str) -> str:
        """A string attr, bytes decoded as UTF-8 with backslash escapes; "" where absent or of another kind."""

    def attr_int(self, name: str) -> int | None: ...
    def attr_type(self, name: str) -> str | None:
        """A dtype attr as TensorFlow's name."""

    def attr_types(self, name: str) -> tuple[str, ...]: ...
    def attr_shape(self, name: str) -> Shape: ...
    def attr_shapes(self, name: str) -> tuple[Shape, ...]: ...
    def attr_strings(self, name: str) -> tuple[str, ...]: ...
    def attr_tensor(self, name: str) -> ConstTensor | None: ...
    def attr_key(self, name: str) -> bytes:
        """An attr as bytes that are equal where it means the same; empty where it is absent."""

    def attr_text(self, name: str) -> str:
        """An attr for people, a large constant cut short; "" where it is absent."""

    def output_shapes(self) -> tuple[Shape, ...] | None:
        """The ``_output_shapes`` attr, None where the exporter did not write it."""


class Argument(NamedTuple):
    """One input_arg or output_arg of a FunctionDef's signature.

    ``user_name`` is ``_user_specified_name`` of arg_attr where the exporter wrote it.
    """

    name: str
    dtype: str
    user_name: str | None = None
    shape: Shape = None
    has_shape: bool = False


class ArgumentType(NamedTuple):
    """What every look at a function needs of one input_arg."""

    name: str
    dtype: str


class BodyColumns(NamedTuple):
    """What every look at a body needs of its nodes, column by column; a node's number is its place in the file.

    ``functions`` are (node number, attr name, function name) for each function that a node names in an attr;
    ``devices`` are (node number, device) of the nodes that have one; ``gradients`` (node number,
    ``_gradient_op_type``) of those that have that; ``constants`` are (node number, bytes that its value takes in the
    file) of the Const nodes, -1 where the node lacks its ``value`` or ``dtype``; ``attr_keys`` say for each node what
    its device and its attrs say, but for noise and the functions they name: bytes that are equal where the attrs mean
    the same. Bodies of one model with the same number ``alike`` have all but ``functions`` and ``gradients`` in common;
    -1 is like no other.
    """

    names: list[str]
    ops: list[str]
    inputs: list[Sequence[str]]
    functions: list[tuple[int, str, str]]
    devices: list[tuple[int, str]]
    gradients: list[tuple[int, str]]
    constants: list[tuple[int, int]]
    attr_keys: list[bytes]
    alike: int = -1

    @property
    def gradient_ops(self) -> frozenset[str]:
        """The values of ``_gradient_op_type``."""
        return frozenset(op for _, op in self.gradients)


class Body(Protocol):
    """A list of nodes: the main graph, or one function's body."""

    def columns(self, noise: frozenset[str] = frozenset()) -> BodyColumns:
        """One pass over all nodes; not kept. ``noise`` are attrs that ``attr_keys`` leave out."""

    @property
    def nodes(self) -> Sequence[Node]: ...
    @property
    def node_count(self) -> int: ...


class Function(Body, Protocol):
    """One FunctionDef of the library."""

    @property
    def name(self) -> str: ...
    @property
    def argument_types(self) -> tuple[ArgumentType, ...]:
        """Names and dtypes of ``inputs``."""

    @property
    def inputs(self) -> tuple[Argument, ...]: ...
    @property
    def outputs(self) -> tuple[Argument, ...]: ...
    @property
    def returns(self) -> Mapping[str, str]:
        """Output argument name -> ``node:port:index`` or an input argument's name."""

    @property
    def control_returns(self) -> Mapping[str, str]: ...
    @property
    def is_stateful(self) -> bool: ...
    def interface(self, noise: frozenset[str]) -> Hashable:
        """All that the FunctionDef says beside its nodes and its name, what is known of single arguments apart: values
        that are equal where it means the same. ``noise`` are attrs to leave out."""

    def own_attr_keys(self) -> Mapping[str, bytes]:
        """The attrs of the FunctionDef itself by name, as bytes that are equal where they mean the same."""

    @property
    def attributes(self) -> Mapping[str, str]:
        """String attrs of the FunctionDef itself, such as ``api_implements``."""


class Graph(Body, Protocol):
    """A GraphDef."""

    @property
    def producer(self) -> int: ...
    @property
    def min_consumer(self) -> int: ...
    @property
    def bad_consumers(self) -> tuple[int, ...]:
        """Graph versions that must not run the graph."""

    @property
    def functions(self) -> Mapping[str, Function]:
        """The library by name, in file order; of equal names the last counts."""

    @property
    def gradients(self) -> tuple[tuple[str, str], ...]:
        """(function or ``CustomGradient-N`` op type, gradient function) pairs of both library fields."""

    def const_value(self, node: Node) -> Any:
        """The value of a Const node as numpy array; raises FormatError for anything else or bad content."""
