"""Nodes that TensorFlow refuses to make: a name it does not allow, fewer inputs than the op takes, no value.

``tf.saved_model.load`` makes every function of the library, and the main graph where there is no object graph
(tensorflow/python/saved_model/{load,function_deserialization}.py). A session makes the main graph, and the functions
that it calls. Seen with TensorFlow 2.21 on models edited so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from smanalyze.graph.body import BodyIndex
from smanalyze.graph.library import Library
from smanalyze.graph.ops import min_inputs
from smanalyze.model.record import record

NODE_NAME = re.compile(r"[A-Za-z0-9.][\w./-]*(>[A-Za-z0-9.][\w./-]*)*", re.ASCII)
"""IsValidNodeName in tensorflow/core/common_runtime/graph_constructor.cc. The regular expression in
tensorflow/python/framework/ops.py allows backslashes too, but a graph with one cannot be imported."""


@record
class RefusedNode:
    """One node: the function it is in ("" for the main graph), its name and op, and what is wrong in a few words."""

    function: str
    node: str
    op: str
    fault: str


def circle(library: Library) -> tuple[str, ...]:
    """Functions that call one another in a circle, in order ("There is a cyclic dependency between functions",
    tensorflow/python/saved_model/function_deserialization.py: _sort_function_defs); () where none do."""
    gradients = library.gradient_functions
    below = {
        name: {call.function for call in library.callees(name) if call.function in library.functions}
        | {gradients[op] for op in library.index(name).gradient_ops if gradients.get(op) in library.functions}
        for name in library.functions
    }
    callers: dict[str, list[str]] = {name: [] for name in below}
    for name, ends in below.items():
        for end in ends:
            callers[end].append(name)
    waiting = {name: len(ends) for name, ends in below.items()}
    ready = [name for name, count in waiting.items() if not count]
    for name in ready:  # which grows meanwhile
        for caller in callers[name]:
            waiting[caller] -= 1
            if not waiting[caller]:
                ready.append(caller)
    left = {name for name, count in waiting.items() if count}
    path: dict[str, int] = {}
    at = min(left, default="")
    while left and at not in path:
        path[at] = len(path)
        at = min(below[at] & left)
    return tuple(path)[path[at] :] if left else ()


def invalid_names(library: Library) -> Iterator[RefusedNode]:
    """Nodes whose names TensorFlow does not allow ("Node name contains invalid characters")."""
    valid = NODE_NAME.fullmatch
    for function, index in _bodies(library):
        for number, name in enumerate(index.names):
            if not valid(name):
                yield RefusedNode(function, name, index.ops[number], "has a name that is not allowed")


def missing_inputs(library: Library) -> Iterator[RefusedNode]:
    """Nodes with fewer inputs than every release's definition of their op asks for ("NodeDef expected inputs")."""
    for function, index in _bodies(library):
        least = {op: min_inputs(op) for op in index.op_counts if op not in library.functions}
        needs = {op: count for op, count in least.items() if count}
        for number, (op, before) in enumerate(zip(index.ops, index.producers, strict=True)):
            if len(before) < needs.get(op, 0):
                fault = f"has {len(before)} of at least {needs[op]} inputs"
                yield RefusedNode(function, index.names[number], op, fault)


def incomplete_constants(library: Library) -> Iterator[RefusedNode]:
    """Const nodes without the attrs that make a constant ("NodeDef missing attrs")."""
    for function, index in _bodies(library):
        for number in (number for number, size in index.constants if size < 0):
            missing = [attr for attr in ("dtype", "value") if not index.node(number).has_attr(attr)]
            if missing:
                yield RefusedNode(function, index.names[number], "Const", f"has no {' and '.join(missing)}")


def _bodies(library: Library) -> Iterator[tuple[str, BodyIndex]]:
    yield "", library.main
    for name in library.functions:
        yield name, library.index(name)
