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


class Plans:
    """What is known of the attrs of each op of one model, by the attrs that keys leave out: how the key of an attr
    begins, b"" for one that is left out.

    An attr of one op has one type, since the OpDef says it and TensorFlow refuses a node that disagrees; so the type
    is looked at once for each op and attr name. Names with an underscore stand in no OpDef and are looked at every
    time, but for the two that shape inference and colocation write on every node.
    """

    def __init__(self) -> None:
        self._plans: dict[frozenset[str], dict[str, dict[str, bytes]]] = {}

    def without(self, noise: frozenset[str]) -> dict[str, dict[str, bytes]]:
        """By op and attr."""
        return self._plans.setdefault(noise, {})


def read_columns(messages: Any, noise: frozenset[str] = frozenset(), known: Plans | None = None) -> BodyColumns:
    """The columns of a repeated NodeDef field; ``known`` are the plans of its model."""
    names: list[str] = []
    ops: list[str] = []
    inputs: list[Sequence[str]] = []
    functions: list[tuple[int, str, str]] = []
    devices: list[tuple[int, str]] = []
    gradient_ops: set[str] = set()
    constants: list[tuple[int, int]] = []
    attr_keys: list[bytes] = []
    plans = (known or Plans()).without(noise)
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
            functions.extend((number, key, function) for function in functions_in(value))
            if key == "_gradient_op_type":
                gradient_ops.add(text_of(value.s))
            elif key[:1] != "_" and _tells_type(value):
                tensor = value.WhichOneof("value") == "tensor"
                plan[key] = b"" if key in noise else _TENSOR if tensor else key_begin(key)
        attr_keys.append(b"".join(parts))
    return BodyColumns(names, ops, inputs, functions, devices, frozenset(gradient_ops), constants, attr_keys)


def functions_in(value: Any) -> list[str]:
    """Names of the functions that an AttrValue holds."""
    kind = value.WhichOneof("value")
    if kind == "func":
        return [value.func.name]
    return [function.name for function in value.list.func] if kind == "list" else []


def _tells_type(value: Any) -> bool:
    """Whether an AttrValue is of a type that is known for all nodes of an op: no func or list(func); an empty list may
    be a list of anything."""
    kind = value.WhichOneof("value")
    if kind == "list":
        return not value.list.func and bool(value.list.ListFields())
    return kind not in ("func", "placeholder", None)
