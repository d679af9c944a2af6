"""The object graph of a SavedModel (tensorflow/core/protobuf/saved_object_graph.proto)."""

from __future__ import annotations

from typing import Literal

from smanalyze.model.record import record
from smanalyze.model.tensors import Shape, Structure

ObjectKind = Literal[
    "user_object", "asset", "function", "variable", "bare_concrete_function", "constant", "resource",
    "captured_tensor", "unknown",
]  # fmt: skip


@record
class ObjectVariable:
    """A SavedVariable. ``components`` are (name, device) of a distributed variable's replicas."""

    name: str
    dtype: str
    shape: Shape
    trainable: bool
    device: str = ""
    synchronization: str = ""
    aggregation: str = ""
    components: tuple[tuple[str, str], ...] = ()


@record
class FunctionSpec:
    """How Python calls a function: argument names (without ``self``), defaults of the last of them, and the given input
    signature. ``kwonly_defaults`` carry their argument's name as ``key``."""

    arg_names: tuple[str, ...]
    defaults: tuple[Structure, ...]
    varargs: str | None
    varkw: str | None
    kwonly: tuple[str, ...]
    kwonly_defaults: tuple[Structure, ...]
    is_method: bool
    input_signature: Structure | None
    jit_compile: str


@record
class ObjectFunction:
    """A SavedFunction or SavedBareConcreteFunction: the traces it holds and how it is called.

    For a bare concrete function ``traces`` has one name, ``argument_keywords`` its keywords in order.
    """

    traces: tuple[str, ...]
    spec: FunctionSpec | None
    argument_keywords: tuple[str, ...] = ()
    allowed_positional: int = 0


@record
class SavedObject:
    """One node of the object graph; ``children`` are (local name, node id), in file order.

    Exactly one of the payload fields is set for the kinds that have one. ``identifier`` is the user_object's or
    registered class name, ``metadata`` its text (Keras layers of TF 2.0 to 2.4). ``producer`` is the version of the
    class that wrote a user_object, ``min_consumer`` the lowest that loads it, but for ``bad_consumers``.
    ``saving_functions`` are the objects that the loader calls to save and restore it, ``dependencies`` (name, node id)
    what it is made of.
    """

    id: int
    kind: ObjectKind
    children: tuple[tuple[str, int], ...] = ()
    identifier: str = ""
    metadata: str = ""
    registered_name: str = ""
    variable: ObjectVariable | None = None
    function: ObjectFunction | None = None
    asset_index: int | None = None
    constant: str | None = None
    captured_function: str | None = None
    device: str = ""
    slot_variables: tuple[tuple[int, str, int], ...] = ()
    saveables: tuple[str, ...] = ()
    saving_functions: tuple[int, ...] = ()
    dependencies: tuple[tuple[str, int], ...] = ()
    producer: int = 0
    min_consumer: int = 0
    bad_consumers: tuple[int, ...] = ()


@record
class ConcreteFunction:
    """A SavedConcreteFunction: one trace. ``bound_inputs`` are object ids, in the order of the captures.

    ``inputs`` is the canonicalized input signature: a tuple of (args tuple, kwargs dict).
    """

    name: str
    bound_inputs: tuple[int, ...]
    inputs: Structure | None
    outputs: Structure | None


@record
class ObjectGraph:
    """All objects, indexed by id (``nodes[i].id == i``), and the concrete functions in order of name."""

    nodes: tuple[SavedObject, ...]
    concrete_functions: tuple[ConcreteFunction, ...]
