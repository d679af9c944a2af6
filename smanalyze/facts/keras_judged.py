"""What one object of a Keras configuration brings along: code, or a reference to what does more than compute.

Formats: keras/src/layers/core/lambda_layer.py of Keras 2 (``function`` is [code, defaults, closure], ``function_type``
is ``lambda``) and of Keras 3 (``__lambda__``); keras/src/saving/serialization_lib.py (``module``, ``class_name``,
``config``, ``registered_name``); keras/src/layers/core/tf_op_layer.py (TFOpLambda, ClassMethod), TensorFlowOpLayer of
keras/src/engine/base_layer.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from smanalyze.facts.keras_act import KerasActKind, Payload
from smanalyze.facts.keras_bytecode import payload
from smanalyze.facts.keras_paths import leads_out
from smanalyze.facts.keras_walk import KerasObject, is_application, package, public_name, texts_below
from smanalyze.facts.keras_words import (
    BUILTINS,
    FOREIGN_MODULES,
    GADGETS,
    IMPORTED_PACKAGES,
    KERAS_PACKAGES,
    LIBRARIES,
    LIBRARY_GADGETS,
    PATH_FIELDS,
    SYMBOLS,
    SYMBOLS_THAT_COMPUTE,
)  # fmt: skip
from smanalyze.facts.layers_metadata import items
from smanalyze.graph.op_risk import risks
from smanalyze.model.record import record
from smanalyze.report.scan import Operand

MAX_OPERANDS: Final = 8
_MAX_TEXT: Final = 200
_MAX_VALUE: Final = 1000

_LAMBDA_REASON: Final = "carries Python code as bytecode"
_QUIET_RISKS: Final = frozenset({"state", "run-state", "random", "device", "debug", "output", "summary"})
_OP_IN_PROTO: Final = re.compile(r"\x12([\x01-\x7f])([A-Za-z0-9_>]+)")


@record
class Judged:
    """One thing found in one object: ``op`` is the class or the function, ``does`` a word of ``graph.op_risk`` or "",
    ``field`` where it stands in the object; ``payload`` is set for code."""

    kind: KerasActKind
    op: str
    name: str
    field: str
    does: str
    reason: str
    operands: tuple[Operand, ...] = ()
    payload: Payload | None = None


def judge(found: KerasObject) -> Iterator[Judged]:
    """Everything that one object brings along."""
    yield from _lambda_fields(found)
    if found.class_name == "__lambda__":
        yield _keras3_lambda(found)
        return
    target = _target(found)
    yield from _reference(found, target)
    yield from _symbol(found)
    yield from _path(found)


# Code -----------------------------------------------------------------------------------------------------------------


def _lambda_fields(found: KerasObject) -> Iterator[Judged]:
    """Keras 2: a field, and beside it its type."""
    config = found.config
    for key, kind in config.items():
        field = key.removesuffix("_type")
        if field == key or field not in config:
            continue
        if kind == "lambda":
            parts = _parts(config[field])
            code = payload(parts[0], texts_below([parts[1:], config.get("arguments")], MAX_OPERANDS))
            yield Judged(
                "lambda-code", found.class_name, found.layer, f"config.{field}", "host-code", _LAMBDA_REASON,
                payload=code,
            )  # fmt: skip
        elif kind == "function" and found.class_name == "Lambda" and isinstance(config[field], str):
            yield _named_function(found, str(config[field]), f"config.{field}")


def _keras3_lambda(found: KerasObject) -> Judged:
    config = found.config
    parts = _parts(config.get("code", config.get("value")))
    given = [parts[1:], config.get("defaults"), config.get("closure"), _arguments(found)]
    owner = found.owner.get("class_name")
    op = owner if isinstance(owner, str) else found.class_name
    code = payload(parts[0], texts_below(given, MAX_OPERANDS))
    return Judged("lambda-code", op, found.layer, found.place, "host-code", _LAMBDA_REASON, payload=code)


def _parts(value: Any) -> list[Any]:
    """Code, defaults and closure, of which Keras may write the first alone."""
    return items(value) or [value]


def _named_function(found: KerasObject, name: str, field: str) -> Judged:
    reason = f"calls the function {_shown(name)}, which whoever loads the model must have"
    return Judged("lambda-name", "Lambda", found.layer, field, "", reason)


def _arguments(found: KerasObject) -> Any:
    config = found.owner.get("config")
    return config.get("arguments") if isinstance(config, dict) else None


# References -----------------------------------------------------------------------------------------------------------


def _target(found: KerasObject) -> str:
    """What Keras would look for in the module: the function's name, or the class's."""
    config = found.value.get("config")
    return config if found.class_name == "function" and isinstance(config, str) else found.class_name


def _reference(found: KerasObject, target: str) -> Iterator[Judged]:
    module = found.value.get("module")
    module = module if isinstance(module, str) else ""
    is_function = found.class_name == "function"
    op = _shown(f"{module}.{target}" if module and module != "builtins" else target)
    field = found.place if is_function else ""
    if module and (judged := _foreign(module, target)):
        does, reason = judged
        yield Judged("foreign-reference", op, found.layer, field, does, reason, _operands(found))
    elif judged := _gadget(module, target, is_function):
        does, reason = judged
        pickled = found.config.get("module") if target == "TorchModuleWrapper" else None
        code = payload(pickled) if pickled is not None else None
        yield Judged("gadget", op, found.layer, field, does, reason, _operands(found), code)
    elif is_function and found.owner.get("class_name") == "Lambda" and found.place == "config.function":
        if package(module) not in KERAS_PACKAGES:
            yield _named_function(found, target, field)
    elif (module and module != "builtins" and package(module) not in KERAS_PACKAGES) or _is_registered(found, target):
        registered = found.value.get("registered_name")
        name = _shown(registered) if isinstance(registered, str) and not is_function and not module else op
        reason = "is not Keras's own; whoever loads the model must have it"
        yield Judged("custom-class", name, found.layer, field, "", reason)


def _foreign(module: str, target: str) -> tuple[str, str] | None:
    """What a module outside Keras, or one that it is asked to reach through another, is known to do."""
    if module == "builtins":
        return BUILTINS.get(target)
    for name in (module, *((target.partition(".")[0],) if "." in target else ())):
        judged = FOREIGN_MODULES.get(name) or FOREIGN_MODULES.get(f"{package(name)}.")
        if judged:
            return judged
    return None


def _gadget(module: str, target: str, is_function: bool) -> tuple[str, str] | None:
    """What a name in Keras's and TensorFlow's packages does that is no part of a model. Without a module only classes
    are looked for there: functions are an author's own, registered by name."""
    last = target.rpartition(".")[2]
    if not module or module == "builtins":
        return None if is_function else GADGETS.get(last)
    if package(module) in LIBRARIES:
        return GADGETS.get(last) or LIBRARY_GADGETS.get(last)
    if package(module) not in IMPORTED_PACKAGES:
        return None
    if is_function and is_application(module) and target[:1].isupper():
        return "network", "builds a model with weights from the network or from any path"
    return _symbol_does(public_name(f"{module}.{target}")) if is_function else GADGETS.get(last)


def _is_registered(found: KerasObject, target: str) -> bool:
    """Whether it is an author's own class or function: registered under a package's name, as ``Custom>Shift``, or of
    no module."""
    registered = found.value.get("registered_name")
    own = isinstance(registered, str) and found.value.get("module", "") is None
    return own or ">" in target or (isinstance(registered, str) and ">" in registered)


def _symbol(found: KerasObject) -> Iterator[Judged]:
    """Layers that call a function of TensorFlow's public API, or put a node into the graph."""
    config = found.config
    if found.class_name == "TensorFlowOpLayer":
        for op in _node_ops(config.get("node_def")):
            if judged := _op_does(op):
                yield Judged("gadget", op, found.layer, "config.node_def", *judged, _operands(found))
        return
    field = {"TFOpLambda": "function", "ClassMethod": "cls_symbol"}.get(found.class_name)
    symbol = config.get(field) if field else None
    if isinstance(symbol, str) and (judged := _symbol_does(symbol.removeprefix("compat.v1."))):
        yield Judged("gadget", f"tf.{_shown(symbol)}", found.layer, f"config.{field}", *judged, _operands(found))


def _symbol_does(symbol: str) -> tuple[str, str] | None:
    """What a function of the public API does, by its name behind ``tf.``."""
    if symbol in SYMBOLS_THAT_COMPUTE:
        return None
    if symbol.startswith("raw_ops."):
        return _op_does(symbol.removeprefix("raw_ops."))
    named = GADGETS.get(symbol.rpartition(".")[2])
    return named or next(((does, reason) for start, does, reason in SYMBOLS if symbol.startswith(start)), None)


def _op_does(op: str) -> tuple[str, str] | None:
    loud = (risk for risk in risks(op) if risk.risk_class not in _QUIET_RISKS and not risk.only_if)
    return next(((risk.risk_class, risk.reason) for risk in loud), None)


def _node_ops(node: Any) -> list[str]:
    """The op of a NodeDef as JSON; of a serialized one the texts that may be it."""
    if isinstance(node, dict):
        return [node["op"]] if isinstance(node.get("op"), str) else []
    if not isinstance(node, str):
        return []
    return [name[: ord(size)] for size, name in _OP_IN_PROTO.findall(node)]


# Paths ----------------------------------------------------------------------------------------------------------------


def _path(found: KerasObject) -> Iterator[Judged]:
    field, reason = PATH_FIELDS.get(found.class_name.rpartition(">")[2], ("", ""))
    value = found.config.get(field) if field else None
    if isinstance(value, str) and len(value) <= _MAX_VALUE and (does := leads_out(value)):
        operand = Operand(_shown(value), "constant", False)
        yield Judged("vocabulary-path", found.class_name, found.layer, f"config.{field}", does, reason, (operand,))


def _operands(found: KerasObject) -> tuple[Operand, ...]:
    """The texts that the object is called with: all of its ``arguments``, and what looks like a path in the calls."""
    config = found.owner.get("config")
    config = config if isinstance(config, dict) else {}
    given = list(texts_below([config.get("arguments"), config.get("filepath")], MAX_OPERANDS))
    nodes = found.owner.get("inbound_nodes")
    given += [text for text in texts_below(nodes, 1000) if "/" in text or "\\" in text or ":" in text]
    return tuple(
        Operand(_shown(text), "constant", False if leads_out(text) else None)
        for text in dict.fromkeys(given[:MAX_OPERANDS])
    )


def _shown(text: str) -> str:
    return text if len(text) <= _MAX_TEXT else text[:_MAX_TEXT] + "…"
