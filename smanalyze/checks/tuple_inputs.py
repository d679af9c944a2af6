"""Inputs of a signature that are the fields of one Python value, so that a caller cannot leave one out.

TF-Agents saves a policy as a function ``action`` of a named tuple (``TimeStep``: step_type, reward, discount,
observation) and a signature ``action`` with the inputs ``0/step_type``, ``0/reward`` and so on
(tf_agents/policies/policy_saver.py). The two have no function in common; what ties them is the name, and
that all fields of the tuple are inputs, with their dtypes and shapes.
"""

from __future__ import annotations

from collections.abc import Iterator

from smanalyze.model.objects import ObjectGraph
from smanalyze.model.saved_model import Signature
from smanalyze.model.tensors import Shape, Structure

_Leaf = tuple[str, str | None, Shape]


def tuple_inputs(signature: Signature, objects: ObjectGraph | None) -> frozenset[str]:
    """Names of the inputs that are fields of one named tuple, which the root's function of the signature's name takes;
    none unless all of the tuple's tensors are inputs."""
    given = {(info.name, info.dtype, info.shape) for info in signature.inputs}
    for fields in _named_tuples(signature.key, objects):
        if len(fields) > 1 and fields <= given:
            return frozenset(name for name, _, _ in fields)
    return frozenset()


def _named_tuples(function: str, objects: ObjectGraph | None) -> Iterator[set[_Leaf]]:
    """For each named tuple among the arguments of a function of the root: its tensors, by the names that a signature
    gives them (position of the argument, then the fields)."""
    if objects is None or not objects.nodes:
        return
    held = dict(objects.nodes[0].children).get(function, -1)
    node = objects.nodes[held] if 0 <= held < len(objects.nodes) else None
    traces = node.function.traces if node and node.function else ()
    for concrete in objects.concrete_functions:
        if concrete.name in traces and concrete.inputs and concrete.inputs.items:
            for position, argument in enumerate(concrete.inputs.items[0].items):
                if argument.kind == "named_tuple":
                    yield set(_leaves(argument, str(position)))


def _leaves(structure: Structure, path: str) -> Iterator[_Leaf]:
    stack = [(structure, path)]
    while stack:
        current, name = stack.pop()
        if current.kind in ("tensor", "bounded_tensor"):
            yield name, current.dtype, current.shape
        stack.extend((item, f"{name}/{item.key or k}") for k, item in enumerate(current.items))
