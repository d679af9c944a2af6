"""The function library of one MetaGraph: who calls whom, and in what role."""

from __future__ import annotations

from smanalyze.facts.op_report import SAVER_PREFIXES
from smanalyze.facts.spec_text import natural_order
from smanalyze.graph.model_graph import Key, ModelGraph
from smanalyze.report.sections import Callable, LibraryFunction

_ROLES = ("signature", "callable", "called", "gradient", "initializer", "saver", "unreachable")


def build_library(
    graph: ModelGraph, callables: tuple[Callable, ...], *, roles_only: bool = False
) -> tuple[LibraryFunction, ...]:
    """Every function of the library: signatures and callables first, the saver's last; within a role by name.

    A function is ``unreachable`` where nothing leads to it: no signature, init op, callable, saver, initializer,
    gradient, or node of the main graph. ``roles_only``: nothing else is told of it.
    """
    roots = _roots(graph, callables)
    reached = set(graph.functions_below(Key("function", name) for name in roots))
    reached |= _gradients_of(graph, reached)
    rows = []
    for name in graph.library.functions:
        role = roots.get(name) or _inner_role(graph, Key("function", name), name in reached)
        rows.append(LibraryFunction(name, role, 0, 0, 0, False, (), (), ()) if roles_only else _row(graph, name, role))
    return tuple(sorted(rows, key=lambda row: (_ROLES.index(row.role), natural_order(row.name))))


def _row(graph: ModelGraph, name: str, role: str) -> LibraryFunction:
    key = Key("function", name)
    callers = graph.edges.sources(key, "calls")
    alike = graph.library.functions[graph.library.twin(name)]
    return LibraryFunction(
        name=name,
        role=role,
        nodes=alike.node_count,
        inputs=len(alike.argument_types),
        outputs=len(alike.outputs),
        stateful=alike.is_stateful,
        calls=tuple(sorted([str(end.id) for end in graph.edges.targets(key, "calls")])),
        called_by=tuple(sorted([str(end.id) for end in callers if end.kind == "function"])),
        via=tuple(sorted({attributes["op"] for attributes in callers.values()})),
    )


def _roots(graph: ModelGraph, callables: tuple[Callable, ...]) -> dict[str, str]:
    """Functions that something outside the library runs, with their role; the first role found counts."""
    roots: dict[str, str] = {}
    for signature in graph.meta_graph.signatures:
        for key in graph.targets(Key("signature", signature.key), "calls", "function"):
            roots[str(key.id)] = "signature"
    for callable_ in callables:
        role = {"resource": "initializer", "saver": "saver"}.get(callable_.kind, "callable")
        for trace in callable_.traces:
            roots.setdefault(trace.function, role)
    objects = graph.meta_graph.objects
    for concrete in objects.concrete_functions if objects else ():
        if not graph.sources(Key("function", concrete.name), "gradient"):
            roots.setdefault(concrete.name, "saver" if is_saver(concrete.name) else "callable")
    for call in graph.library.main.calls:
        roots.setdefault(call.function, "saver" if is_saver(call.function) else "called")
    return roots


def is_saver(name: str) -> bool:
    """Whether TensorFlow made the function to save or restore; asked only of those that no object offers."""
    return name.startswith((*SAVER_PREFIXES, "__inference_save_fn", "__inference_restore_fn"))


def _gradients_of(graph: ModelGraph, reached: set[str]) -> set[str]:
    """Gradient functions of what is reached, and what they call in turn."""
    found: set[str] = set()
    frontier = set(reached)
    while frontier:
        ends = {end for name in frontier for end in _gradient_targets(graph, name)}
        below = set(graph.functions_below(ends)) - found - reached
        found |= below
        frontier = below
    return found


def _gradient_targets(graph: ModelGraph, name: str) -> list[Key]:
    key = Key("function", name)
    return graph.targets(key, "gradient", "function") if key in graph.edges else []


def _inner_role(graph: ModelGraph, key: Key, reached: bool) -> str:
    if graph.sources(key, "gradient"):
        return "gradient"
    return "called" if reached else "unreachable"
