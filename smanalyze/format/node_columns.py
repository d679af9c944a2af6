"""One pass over NodeDefs, column by column (tensorflow/core/framework/node_def.proto, attr_value.proto)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from smanalyze.format.attr_keys import attr_key, key_begin, tensor_key
from smanalyze.model.graph import BodyColumns


def text_of(data: bytes) -> str:
    """Bytes as text: UTF-8 where it is, else with ``\\xNN`` escapes."""
    return data.decode("utf-8", "backslashreplace")


_TENSOR = b"tensor="
"""How the key of an attr begins that is a tensor, whatever its name; an op has one at most."""

MAX_ALIKE = 64
"""Nodes of the bodies that are looked for among those that were read before: Keras 2 writes some small functions for
each layer, most of them the same but for generated names. A whole model's body is like no other."""


class Plans:
    """What is known of the attrs of each op of one model, by the attrs that keys leave out: how the key of an attr
    begins, b"" for one that is left out.

    An attr of one op has one type, since the OpDef says it and TensorFlow refuses a node that disagrees; so the type
    is looked at once for each op and attr name. Names with an underscore stand in no OpDef and are looked at every
    time, but for the two that shape inference and colocation write on every node.
    """

    def __init__(self) -> None:
        self._plans: dict[frozenset[str], dict[str, dict[str, bytes]]] = {}
        self._bodies: dict[frozenset[str], _Bodies] = {}

    def without(self, noise: frozenset[str]) -> dict[str, dict[str, bytes]]:
        """By op and attr."""
        return self._plans.setdefault(noise, {})

    def bodies(self, noise: frozenset[str]) -> _Bodies:
        """The small bodies of the model."""
        found = self._bodies.get(noise)
        if found is None:
            found = self._bodies[noise] = _Bodies(noise, self)
        return found


class _Bodies:
    """Small bodies, each read once: one whose nodes differ from those of another only in the functions that they name
    has its columns. A node is known by its bytes, and by what it says once it was read."""

    def __init__(self, noise: frozenset[str], plans: Plans) -> None:
        self.noise, self.plans = noise, plans
        self._nodes: dict[bytes, tuple[int, list[tuple[int, str, str]], list[tuple[int, str]]]] = {}
        self._kinds: dict[tuple[object, ...], int] = {}
        self._known: dict[tuple[int, ...], BodyColumns] = {}

    def read(self, messages: Any) -> BodyColumns:
        """The columns of a repeated NodeDef field."""
        kinds: list[int] = []
        functions: list[tuple[int, str, str]] = []
        gradients: list[tuple[int, str]] = []
        for number, message in enumerate(messages):
            data = message.SerializeToString()
            found = self._nodes.get(data)
            if found is None:
                found = self._nodes[data] = self._node(message)
            kind, named, gradient = found
            kinds.append(kind)
            if named:
                functions += [(number, attr, function) for _, attr, function in named]
            if gradient:
                gradients += [(number, op) for _, op in gradient]
        key = tuple(kinds)
        first = self._known.get(key)
        if first is None:
            first = self._known[key] = _read(messages, self.noise, self.plans)._replace(alike=len(self._known))
        return first._replace(functions=functions, gradients=gradients)

    def _node(self, message: Any) -> tuple[int, list[tuple[int, str, str]], list[tuple[int, str]]]:
        """(number of what it says, functions that it names, gradients) of one node."""
        one = _read([message], self.noise, self.plans)
        said = (one.names[0], one.ops[0], *one.inputs[0], *one.devices, *one.constants, one.attr_keys[0])
        return self._kinds.setdefault(said, len(self._kinds)), one.functions, one.gradients


def read_columns(messages: Any, noise: frozenset[str] = frozenset(), known: Plans | None = None) -> BodyColumns:
    """The columns of a repeated NodeDef field; ``known`` are the plans of its model."""
    if not messages:
        return BodyColumns([], [], [], [], [], [], [], [])
    if known is not None and len(messages) <= MAX_ALIKE:
        return known.bodies(noise).read(messages)
    return _read(messages, noise, known or Plans())


def _read(messages: Any, noise: frozenset[str], known: Plans) -> BodyColumns:
    names: list[str] = []
    ops: list[str] = []
    inputs: list[Sequence[str]] = []
    functions: list[tuple[int, str, str]] = []
    devices: list[tuple[int, str]] = []
    gradients: list[tuple[int, str]] = []
    constants: list[tuple[int, int]] = []
    attr_keys: list[bytes] = []
    plans = known.without(noise)
    for number, message in enumerate(messages):
        op = message.op
        names.append(message.name)
        ops.append(op)
        inputs.append(message.input)
        device = message.device
        parts = []
        if device:
            devices.append((number, device))
            parts.append(b"@" + device.encode("utf-8", "surrogateescape") + b"@")
        plan = plans.get(op)
        if plan is None:
            plan = plans[op] = {"_output_shapes": b"", "_class": b""}
        attrs = message.attr
        if op == "Const":
            constants.append((number, attrs["value"].ByteSize() if "value" in attrs and "dtype" in attrs else -1))
        for key in sorted(attrs):
            begin = plan.get(key)
            if begin == b"":
                continue
            value = attrs[key]
            if begin is not None:
                content = value.SerializeToString() if begin is not _TENSOR else tensor_key(value.tensor)
                parts += (begin, b"%d:" % len(content), content)
                continue
            if key not in noise:
                content = attr_key(value)
                tensor = value.WhichOneof("value") == "tensor"
                parts += (_TENSOR if tensor else key_begin(key), b"%d:" % len(content), content)
            functions.extend((number, attr, function) for attr, function in functions_in(key, value))
            if key == "_gradient_op_type":
                gradients.append((number, text_of(value.s)))
            elif key[:1] != "_" and _tells_type(value):
                tensor = value.WhichOneof("value") == "tensor"
                plan[key] = b"" if key in noise else _TENSOR if tensor else key_begin(key)
        attr_keys.append(b"".join(parts))
    return BodyColumns(names, ops, inputs, functions, devices, gradients, constants, attr_keys)


def functions_in(key: str, value: Any) -> list[tuple[str, str]]:
    """(attr, name) of the functions that an AttrValue holds. Those that a function is given for its own placeholders
    (NameAttrList.attr, attr_value.proto) follow it, as ``f.inner``."""
    kind = value.WhichOneof("value")
    if kind not in ("func", "list"):
        return []
    held = [value.func] if kind == "func" else value.list.func
    found: list[tuple[str, str]] = []
    for function in held:
        found.append((key, function.name))
        if function.attr:
            found += _given_to(key, function)
    return found


def _given_to(key: str, function: Any) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    stack = [(key, function)]
    while stack:
        above, outer = stack.pop()
        for name in sorted(outer.attr):
            value = outer.attr[name]
            kind = value.WhichOneof("value")
            for inner in [value.func] if kind == "func" else value.list.func if kind == "list" else ():
                found.append((f"{above}.{name}", inner.name))
                stack.append((f"{above}.{name}", inner))
    return found


def _tells_type(value: Any) -> bool:
    """Whether an AttrValue is of a type that is known for all nodes of an op: no func or list(func); an empty list may
    be a list of anything."""
    kind = value.WhichOneof("value")
    if kind == "list":
        return not value.list.func and bool(value.list.ListFields())
    return kind not in ("func", "placeholder", None)
