"""The function library and the wiring of nodes: calls, inputs and captures that lead nowhere or in circles."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from smanalyze.checks.bodies import circle, cycle_members, uncalled_by_name
from smanalyze.checks.evidence import count_of, listed, named, stable_name
from smanalyze.checks.rule import ERROR, NOTE, WARNING, Found, rule
from smanalyze.checks.subject import OneMetaGraph
from smanalyze.graph.body import BodyIndex
from smanalyze.graph.ops import registered
from smanalyze.report.findings import Severity

MAIN = ""


def _bodies(meta_graph: OneMetaGraph) -> Iterator[tuple[str, BodyIndex]]:
    """(function name, "" for the main graph; index) of every body."""
    library = meta_graph.graph.library
    yield MAIN, library.main
    for name in library.functions:
        yield name, library.index(name)


def _place(function: str, node: str) -> str:
    return f"node {node} of {f'function {function}' if function else 'the main graph'}"


def _severity(meta_graph: OneMetaGraph, functions: set[str]) -> Severity:
    """Python makes every function of an object-based model when it loads it; other loaders only what is called."""
    if meta_graph.graph.meta_graph.objects is not None or MAIN in functions:
        return ERROR
    dead = {row.name for row in meta_graph.report.functions if row.role == "unreachable"}
    return WARNING if functions <= dead else ERROR


@rule("missing-function", ERROR)
def missing_function(meta_graph: OneMetaGraph) -> Iterator[Found]:
    """A node calls a function that is not in the library.

    Why: the model cannot be loaded, or the call fails, because nobody knows the function.
    Fix: export the model again; a tool that prunes a graph must keep the functions its nodes name.
    """
    if not meta_graph.facts.graph_is_whole:
        return
    library = meta_graph.graph.library.functions
    callers: dict[str, list[tuple[str, str]]] = {}
    for function, index in _bodies(meta_graph):
        for call in index.calls:
            # An attr may name an op in place of a function (SymbolicGradient does).
            if call.function and call.function not in library and registered(call.function) is None:
                callers.setdefault(call.function, []).append((function, index.names[call.node]))
    for name, places in callers.items():
        function, node = places[0]
        yield Found(
            meta_graph.place(function=function or None, node=node),
            f"{name} is called and is not in the library.",
            (*meta_graph.identity, stable_name(name)),
            listed(f"called by {_place(*place)}" for place in places),
            _severity(meta_graph, {function for function, _ in places}),
        )


@rule("missing-concrete-function", ERROR)
def missing_concrete_function(meta_graph: OneMetaGraph) -> Iterator[Found]:
    """The object graph names a function that is not in the library.

    Why: tf.saved_model.load looks every one of them up, and stops with a KeyError.
    Fix: export the model again; a tool that prunes a graph must keep what the object graph names.
    """
    objects, paths = meta_graph.graph.meta_graph.objects, meta_graph.names.paths
    if objects is None or paths is None or not meta_graph.facts.graph_is_whole:
        return
    library = meta_graph.graph.library.functions
    holders: dict[str, str] = {f.name: "" for f in objects.concrete_functions if f.name not in library}
    for node in objects.nodes:
        for trace in node.function.traces if node.function else ():
            if trace not in library:
                holders[trace] = holders.get(trace) or paths.python_path(node.id)
    for name, path in holders.items():
        yield Found(
            meta_graph.place(function=name, object_path=path or None),
            f"The object graph names the function {name}, and the library has none of that name.",
            (*meta_graph.identity, stable_name(name), path),
            (f"named by {path or 'the list of concrete functions'}",),
        )


@rule("unreachable-function", NOTE)
def unreachable_function(meta_graph: OneMetaGraph) -> Iterator[Found]:
    """Functions of the library that nothing calls.

    Why: no signature, function of the loaded object, saver, initializer or gradient leads to them; they take room and
    time at load.
    Fix: none is needed; a tool that edits graphs could prune them.
    """
    dead = [row for row in meta_graph.report.functions if row.role == "unreachable"]
    by_name = uncalled_by_name(meta_graph.graph)
    dead = [row for row in dead if row.name not in by_name]
    if dead and meta_graph.facts.graph_is_whole:
        yield Found(
            meta_graph.place(function=dead[0].name if len(dead) == 1 else None),
            f"Nothing leads to {count_of(len(dead), 'function')} of the library.",
            (*meta_graph.identity, *sorted({stable_name(row.name) for row in dead})),
            listed(f"{row.name}: {count_of(row.nodes, 'node')}" for row in dead),
        )


@rule("dangling-input", ERROR)
def dangling_input(meta_graph: OneMetaGraph) -> Iterator[Found]:
    """A node's input comes from a node that is not there.

    Why: the graph or function cannot be built: sessions and tf.saved_model.load refuse it.
    Fix: export the model again; a tool that removes nodes must rewire those that need them.
    """
    if not meta_graph.facts.graph_is_whole:
        return
    found: list[tuple[str, str, str]] = []
    for function, index in _bodies(meta_graph):
        lost = [number for number, before in enumerate(index.producers) if None in before]
        lost += [number for number, before in index.controls.items() if None in before]
        found += [
            (function, index.names[number], reference)
            for number in sorted(set(lost))
            for reference in index.inputs[number]
            if index.producer(reference) is None
        ]
        if function:
            found.extend((function, f"(output {name})", lost) for name, lost in _lost_returns(meta_graph, function))
    if found:
        function, node, _ = found[0]
        yield Found(
            meta_graph.place(function=function or None, node=node),
            f"{count_of(len(found), 'input comes', 'inputs come')} from nodes that are not there.",
            (*meta_graph.identity, *sorted({f"{stable_name(f)}\t{n}\t{r}" for f, n, r in found})),
            listed(f"{_place(f, n)}: input {reference!r}" for f, n, reference in found),
            _severity(meta_graph, {f for f, _, _ in found}),
        )


def _lost_returns(meta_graph: OneMetaGraph, name: str) -> Iterator[tuple[str, str]]:
    """(output, reference) of the outputs of a function that come from nowhere."""
    library = meta_graph.graph.library
    returns, index = library.functions[name].returns, library.index(name)
    for output in library.functions[name].outputs:
        reference = returns.get(output.name, "")
        if index.producer(reference) is None:
            yield output.name, reference


@rule("duplicate-node", ERROR)
def duplicate_node(meta_graph: OneMetaGraph) -> Iterator[Found]:
    """Two nodes have one name.

    Why: TensorFlow refuses such a graph or function ("Node ... is not unique").
    Fix: export the model again; a tool that merges graphs must rename nodes.
    """
    found: list[tuple[str, str]] = []
    for function, index in _bodies(meta_graph):
        if len(index.at) < len(index.names) + len(index.arguments):
            counts = Counter((*index.arguments, *index.names))
            found += [(function, name) for name, count in counts.items() if count > 1]
    if found:
        function, node = found[0]
        yield Found(
            meta_graph.place(function=function or None, node=node),
            f"{count_of(len(found), 'node has', 'nodes have')} the name of another: {named([n for _, n in found])}.",
            (*meta_graph.identity, *sorted({f"{stable_name(f)}\t{n}" for f, n in found})),
            listed(_place(*place) for place in found),
            _severity(meta_graph, {f for f, _ in found}),
        )


@rule("node-cycle", ERROR)
def node_cycle(meta_graph: OneMetaGraph) -> Iterator[Found]:
    """Nodes wait for each other in a circle.

    Why: TensorFlow refuses a graph with a cycle that is not a loop of its own (through NextIteration).
    Fix: export the model again; a tool that rewires nodes must not lead an output back to its own input.
    """
    for function, index in _bodies(meta_graph):
        members = cycle_members(index)
        if members:
            names = [index.names[number] for number in members]
            yield Found(
                meta_graph.place(function=function or None, node=names[0]),
                f"{count_of(len(names), 'node stands', 'nodes stand')} in a circle: {named(names)}.",
                (*meta_graph.identity, stable_name(function), *sorted(names)),
                listed(f"{name}: inputs {list(index.inputs[n])}" for name, n in zip(names, members, strict=True)),
                _severity(meta_graph, {function}),
            )


@rule("recursive-function", ERROR)
def recursive_function(meta_graph: OneMetaGraph) -> Iterator[Found]:
    """A function calls itself.

    Why: TensorFlow has no recursion. tf.saved_model.load refuses the library ("cyclic dependency between functions"),
    and a session that expands the call can crash.
    Fix: write the recursion as a loop (tf.while_loop).
    """
    library = meta_graph.graph.library
    calls = {n: {c.function for c in library.callees(n)} & set(library.functions) for n in library.functions}
    members = circle(calls)
    if members:
        names = [name for name in library.functions if name in members]
        yield Found(
            meta_graph.place(function=names[0]),
            f"{count_of(len(names), 'function calls itself', 'functions call themselves')}, directly or through "
            f"others: {named(names)}.",
            (*meta_graph.identity, *sorted({stable_name(name) for name in names})),
            listed(f"{name} calls {named(sorted(calls[name] & members))}" for name in names),
            _severity(meta_graph, members),
        )
