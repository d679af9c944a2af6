"""Bodies made of a few words, for the tests of matching."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from types import SimpleNamespace
from typing import Any

from smanalyze.diff.node_match import BodySide, NodeMatch, match_nodes
from smanalyze.diff.nodes import BodyDelta, Calls, compare_bodies
from smanalyze.format.graph_def import FunctionView
from smanalyze.format.schema import message_class
from smanalyze.graph.body import index_function
from smanalyze.graph.merkle import Merkle

Row = tuple[Any, ...]
"""(name, op, inputs, and perhaps a device)."""


def side(rows: Iterable[Row], arguments: Sequence[str] = ("x",), labels: Sequence[bytes] = ()) -> BodySide:
    """A function's body, with digests in which arguments are known by name, or by ``labels``."""
    message = message_class("tensorflow.FunctionDef")()
    message.signature.name = "f"
    for name in arguments:
        message.signature.input_arg.add(name=name, type=1)
    for name, op, inputs, *device in rows:
        item = message.node_def.add(name=name, op=op, input=list(inputs))
        item.device = device[0] if device else ""
        if op == "Const":
            item.attr["value"].tensor.dtype = 1
            item.attr["value"].tensor.float_val.append(float(device[1]) if len(device) > 1 else 0.0)
    index = index_function(FunctionView(message))

    library = SimpleNamespace(gradient_functions={}, functions={}, twin=lambda name: name)
    merkle = Merkle(library)  # type: ignore[arg-type]
    return BodySide(index, lambda: merkle.nodes(index, list(labels) or [name.encode() for name in arguments]))


def matched(old: BodySide, new: BodySide, args: dict[int, int] | None = None) -> NodeMatch:
    """Both bodies matched, arguments by place unless told otherwise."""
    return match_nodes(old, new, {0: 0} if args is None else args)


def delta(old: BodySide, new: BodySide, args: dict[int, int] | None = None) -> BodyDelta:
    """What changed between two bodies."""
    return compare_bodies(matched(old, new, args), Calls(lambda a, b: True, lambda a, b: None))


def told(found: BodyDelta) -> list[tuple[str, str]]:
    """(kind, name) of every changed node, by name."""
    return sorted((node.kind, node.name) for node in found.nodes)
