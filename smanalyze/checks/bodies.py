"""Questions about bodies and functions that only rules ask: circles of nodes, functions found by name alone."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TypeVar

from smanalyze.graph.body import BodyIndex
from smanalyze.graph.keys import Key
from smanalyze.graph.model_graph import ModelGraph

T = TypeVar("T", bound=Hashable)

_LOOP_BACK = frozenset({"NextIteration", "RefNextIteration"})

#: Attributes of a FunctionDef that make TensorFlow look for other functions by name: the implementations of one API
#: that grappler chooses between (tensorflow/core/grappler/optimizers/implementation_selector.cc), and the two halves of
#: a differentiable function.
_NAMING = ("forward_function_name", "backward_function_name")
_CHOSEN = "api_implements"


def uncalled_by_name(graph: ModelGraph) -> frozenset[str]:
    """Functions that TensorFlow finds by an attribute, not by a call, with all they call."""
    functions = graph.library.functions
    starts = set()
    for name, function in functions.items():
        attributes = function.attributes
        if attributes:
            if _CHOSEN in attributes:
                starts.add(name)
            starts |= {attributes[key] for key in _NAMING if key in attributes}
    return frozenset(graph.functions_below([Key("function", name) for name in starts if name in functions]))


def circle(needs: dict[T, set[T]]) -> set[T]:
    """Whatever needs itself through a chain of needs, and what stands between two such circles."""
    users = _turned_round(needs)
    left = _strip(needs, users)
    # What is left stands in a circle or needs one; seen from the other side, what nobody in a circle needs goes too.
    return set(_strip({n: users[n] & left for n in left}, {n: needs[n] & left for n in left}))


def cycle_members(index: BodyIndex) -> list[int]:
    """Numbers of the nodes that need themselves, through whatever other nodes, in file order; see ``circle``. The way
    back of a TF1 loop, out of NextIteration, is none. Linear in the edges."""
    left = _not_settled(index)
    return sorted(circle({number: _producers(index, number) & left for number in left})) if left else []


def _not_settled(index: BodyIndex) -> set[int]:
    """Nodes that stand before one of their producers. Files are nearly in topological order, so they are few."""
    ops, controls = index.ops, index.controls
    settled = bytearray(len(ops))
    left = set()
    for number, before in enumerate(index.producers):
        for producer in (*before, *controls[number]) if number in controls else before:
            if producer is None or producer < 0 or settled[producer] or ops[producer] in _LOOP_BACK:
                continue
            left.add(number)
            break
        else:
            settled[number] = 1
    return left


def _producers(index: BodyIndex, number: int) -> set[int]:
    found = (*index.producers[number], *index.controls.get(number, ()))
    return {p for p in found if p is not None and p >= 0 and index.ops[p] not in _LOOP_BACK}


def _turned_round(edges: dict[T, set[T]]) -> dict[T, set[T]]:
    found: dict[T, set[T]] = {start: set() for start in edges}
    for start, ends in edges.items():
        for end in ends:
            found[end].add(start)
    return found


def _strip(needs: dict[T, set[T]], users: dict[T, set[T]]) -> set[T]:
    """What is left when whatever needs nothing of the rest is taken out, again and again."""
    counts = {name: len(ends) for name, ends in needs.items()}
    free = [name for name, count in counts.items() if not count]
    while free:
        name = free.pop()
        del counts[name]
        for user in users[name]:
            counts[user] -= 1
            if not counts[user]:
                free.append(user)
    return set(counts)
