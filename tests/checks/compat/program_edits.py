"""Ways to change what a model computes: its functions, their nodes, and the main graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.checks.helpers import Change, function, graph, node

FLOAT, STRING = 1, 7


def in_function(part: str, *changes: Change) -> Change:
    """Changes of the first function whose name contains ``part``; "" is the main graph."""

    def change(message: Any) -> None:
        for each in changes:
            each(function(message, part) if part else graph(message))

    return change


def in_functions(part: str, *changes: Change) -> Change:
    """Changes of every function whose name contains ``part``."""

    def change(message: Any) -> None:
        for body in graph(message).library.function:
            if part in body.signature.name:
                for each in changes:
                    each(body)

    return change


def add(name: str, op: str, inputs: Sequence[str] = (), **attrs: Any) -> Change:
    """Adds a node; attrs are types (int), strings (bytes) or texts for a device (``device=``)."""

    def change(body: Any) -> None:
        nodes = body.node if hasattr(body, "node") else body.node_def
        item = nodes.add(name=name, op=op, input=inputs)
        for key, value in attrs.items():
            if key == "device":
                item.device = value
            elif isinstance(value, bytes):
                item.attr[key].s = value
            else:
                item.attr[key].type = value

    return change


def add_text(name: str, text: bytes) -> Change:
    """Adds a string constant."""

    def change(body: Any) -> None:
        nodes = body.node if hasattr(body, "node") else body.node_def
        item = nodes.add(name=name, op="Const")
        item.attr["dtype"].type = STRING
        item.attr["value"].tensor.dtype = STRING
        item.attr["value"].tensor.string_val.append(text)

    return change


def add_blob(name: str, size: int, fill: bytes = b"\1") -> Change:
    """Adds a constant of so many bytes."""

    def change(body: Any) -> None:
        nodes = body.node if hasattr(body, "node") else body.node_def
        item = nodes.add(name=name, op="Const")
        item.attr["dtype"].type = FLOAT
        tensor = item.attr["value"].tensor
        tensor.dtype = FLOAT
        tensor.tensor_shape.dim.add(size=size // 4)
        tensor.tensor_content = fill * size

    return change


def op(name: str, new: str) -> Change:
    """Makes a node one of another op."""

    def change(body: Any) -> None:
        node(body, name).op = new

    return change


def value(name: str, number: float) -> Change:
    """Gives a float constant another value."""

    def change(body: Any) -> None:
        tensor = node(body, name).attr["value"].tensor
        tensor.ClearField("tensor_content")
        tensor.ClearField("float_val")
        tensor.float_val.append(number)

    return change


def inputs(name: str, *references: str) -> Change:
    """Feeds a node with something else."""

    def change(body: Any) -> None:
        del node(body, name).input[:]
        node(body, name).input.extend(references)

    return change


def attr(name: str, key: str, text: bytes) -> Change:
    """Sets a string attr of a node."""

    def change(body: Any) -> None:
        node(body, name).attr[key].s = text

    return change


def device(name: str, text: str) -> Change:
    """Ties a node to a device."""

    def change(body: Any) -> None:
        node(body, name).device = text

    return change


def own_attr(key: str, truth: bool) -> Change:
    """Sets an attr of the function itself."""

    def change(body: Any) -> None:
        body.attr[key].b = truth

    return change


def swap(one: str, other: str) -> Change:
    """Puts two nodes into each other's place in the file."""

    def change(body: Any) -> None:
        nodes = body.node if hasattr(body, "node") else body.node_def
        a, b = ((type(nodes[0]))() for _ in range(2))
        a.CopyFrom(node(body, one))
        b.CopyFrom(node(body, other))
        places = [[item.name for item in nodes].index(name) for name in (one, other)]
        nodes[places[0]].CopyFrom(b)
        nodes[places[1]].CopyFrom(a)

    return change


def copy_function(part: str, name: str) -> Change:
    """Adds a function that is like another one, and that nothing calls."""

    def change(message: Any) -> None:
        body = graph(message).library.function.add()
        body.CopyFrom(function(message, part))
        body.signature.name = name

    return change


def rename_function(part: str, name: str) -> Change:
    """Gives a function another name, everywhere."""

    def change(message: Any) -> None:
        old = function(message, part).signature.name
        library = graph(message).library
        for body in (graph(message), *library.function):
            for item in body.node if hasattr(body, "node") else body.node_def:
                for held in item.attr.values():
                    if held.func.name == old:
                        held.func.name = name
        function(message, part).signature.name = name
        objects = message.meta_graphs[0].object_graph_def
        if old in objects.concrete_functions:
            objects.concrete_functions[name].CopyFrom(objects.concrete_functions[old])
            del objects.concrete_functions[old]
        for item in objects.nodes:
            names = item.function.concrete_functions
            for number, held_name in enumerate(names):
                if held_name == old:
                    names[number] = name
            if item.bare_concrete_function.concrete_function_name == old:
                item.bare_concrete_function.concrete_function_name = name

    return change
