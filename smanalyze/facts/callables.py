"""Every function that the loaded object offers, by path, with its traces."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

from smanalyze.facts.arguments import spec_arguments, trace_arguments, wrapped_arguments
from smanalyze.facts.names import Names
from smanalyze.facts.objects import ObjectPaths, function_holders, is_word, python_step
from smanalyze.facts.reach import build_names, build_reach
from smanalyze.facts.spec_text import natural_order, spec_text, split_signature
from smanalyze.graph.model_graph import Key, ModelGraph
from smanalyze.model.objects import ConcreteFunction, FunctionSpec, ObjectFunction, SavedObject
from smanalyze.model.record import record
from smanalyze.report.sections import Callable, Trace
from smanalyze.report.tensors import Argument

MAX_OTHER_PATHS = 8


def build_callables(graph: ModelGraph, names: Names, *, names_only: bool = False) -> tuple[Callable, ...]:
    """Functions of the object tree: those for users first, then the ones nearest to the root, then by path.

    Those below ``signatures`` are left out (they are signatures), and so are the traces that TensorFlow hangs below
    each function. ``names_only``: of what a trace runs only the names of functions are told, and no other paths.
    """
    if names.paths is None:
        return ()
    built = _Builder(graph, names, names.paths, names_only)
    found = [
        built.callable(node, node.function)
        for node in names.paths.graph.nodes
        if node.function is not None
        and names.paths.names[node.id] is not None
        and not _is_part(node, names.paths, built.parents)
    ]
    return tuple(sorted(found, key=lambda item: (item.internal, item.path.count("."), item.path)))


class _Builder:
    """What the callables of one MetaGraph are told from. Functions share the records of what they take
    (``format.object_graph``), and a model lives as long as its callables are made: so a record's id is a key."""

    def __init__(self, graph: ModelGraph, names: Names, paths: ObjectPaths, names_only: bool) -> None:
        self.graph, self.names, self.paths, self.names_only = graph, names, paths, names_only
        self.concrete = {function.name: function for function in paths.graph.concrete_functions}
        self.parents = function_holders(paths.graph)
        self._defined: dict[int, tuple[Argument, ...]] = {}
        self._traced: dict[tuple[int, int], tuple[Argument, ...]] = {}

    def callable(self, node: SavedObject, function: ObjectFunction) -> Callable:
        """One function of the object tree."""
        paths = self.paths
        path = paths.python_path(node.id)
        traces = tuple(self._trace(name, function) for name in sorted(set(function.traces), key=natural_order))
        arguments = self._arguments(function, traces)
        passed = _passed(arguments, traces, _keywords(function, traces, self.concrete))
        kind = _kind(node, paths, self.parents)
        return Callable(
            path=path,
            kind=kind,
            object_id=node.id,
            internal=kind in ("resource", "saver") or _is_internal(paths.names[node.id] or ()),
            other_paths=() if self.names_only else _other_paths(node, paths, self.parents, path),
            call=f"{paths.expression(node.id)}({_call_text(passed)})",
            arguments=arguments,
            traces=traces,
            jit_compile=function.spec.jit_compile if function.spec else "",
        )

    def _arguments(self, function: ObjectFunction, traces: tuple[Trace, ...]) -> tuple[Argument, ...]:
        """The arguments as defined; a definition without types says less than the first trace does."""
        defined = self._defined.get(id(function.spec))
        if defined is None:
            defined = self._defined[id(function.spec)] = spec_arguments(function.spec)
        told = any(argument.text for argument in defined) or not traces
        return defined if told else traces[0].arguments or defined

    def _trace(self, name: str, function: ObjectFunction) -> Trace:
        concrete = self.concrete.get(name)
        outputs = concrete.outputs if concrete else None
        if outputs is not None and outputs.kind == "unknown":
            outputs = None
        arguments = self._trace_arguments(concrete, function.spec) if concrete else ()
        if not arguments:
            arguments = wrapped_arguments(function.argument_keywords, self.graph.library.functions.get(name))
        reach = build_names if self.names_only else build_reach
        return Trace(
            function=name,
            arguments=arguments,
            returns=spec_text(outputs) if outputs is not None else "",
            returns_value=outputs,
            captures=len(concrete.bound_inputs) if concrete else 0,
            reach=reach(self.graph, self.names, Key("function", name)),
        )

    def _trace_arguments(self, concrete: ConcreteFunction, spec: FunctionSpec | None) -> tuple[Argument, ...]:
        key = id(concrete.inputs), id(spec)
        found = self._traced.get(key)
        if found is None:
            found = self._traced[key] = trace_arguments(concrete, spec)
        return found


def _is_part(node: SavedObject, paths: ObjectPaths, parents: dict[int, list[tuple[int, str]]]) -> bool:
    """Whether the object is only a trace of another function, or a member of the signature map."""
    owners = [paths.graph.nodes[parent] for parent, _ in parents.get(node.id, ())]
    return bool(owners) and all(owner.function is not None or owner.identifier == "signature_map" for owner in owners)


def _is_internal(names: tuple[str, ...]) -> bool:
    """Whether a part of the path is private, or one of the functions that Keras saves for its own loader."""
    private = any(name.startswith("_") and not name.endswith("__") for name in names)
    return private or names[-1:] in (
        ("call_and_return_conditional_losses",),
        ("call_and_return_all_conditional_losses",),
    )


def _kind(node: SavedObject, paths: ObjectPaths, parents: dict[int, list[tuple[int, str]]]) -> str:
    owners = [paths.graph.nodes[parent] for parent, _ in parents.get(node.id, ())]
    if any(owner.kind == "resource" for owner in owners):
        return "resource"
    saved_by = {name for _, name in parents.get(node.id, ())}
    if saved_by and saved_by <= {"_traced_save", "_traced_restore", "save_fn", "restore_fn"}:
        return "saver"
    return "concrete function" if node.kind == "bare_concrete_function" else "function"


def _other_paths(
    node: SavedObject, paths: ObjectPaths, parents: dict[int, list[tuple[int, str]]], path: str
) -> tuple[str, ...]:
    found = set()
    for parent, name in parents.get(node.id, ()):
        if paths.names[parent] is not None and paths.graph.nodes[parent].function is None:
            step = python_step(paths.graph.nodes[parent], name)
            found.add((paths.python_path(parent) + step).removeprefix("."))
    found.discard(path)
    return tuple(sorted(found)[:MAX_OTHER_PATHS])


def _keywords(
    function: ObjectFunction, traces: tuple[Trace, ...], concrete: dict[str, ConcreteFunction]
) -> frozenset[str]:
    """Names that the definition, or the first trace, takes as keywords alone."""
    defined = function.spec.kwonly if function.spec else ()
    first = concrete.get(traces[0].function) if traces else None
    return frozenset((*defined, *(value.key or "" for value in split_signature(first.inputs if first else None)[1])))


@record
class _Passed:
    """One argument of a call: by keyword alone, by position alone (one of ``*args``), or either way."""

    argument: Argument
    way: Literal["keyword", "position", "either"]


def _passed(arguments: tuple[Argument, ...], traces: tuple[Trace, ...], keywords: frozenset[str]) -> list[_Passed]:
    """What a call passes, in order. A definition's ``*args`` and ``**kwargs`` are what the first trace passes there."""
    traced = traces[0].arguments if traces else ()
    names = {argument.name for argument in arguments}
    found = []
    for argument in arguments:
        if argument.name in keywords:
            found.append(_Passed(argument, "keyword"))
        elif argument.name.startswith("**"):
            more = (one for one in traced if one.name in keywords and one.name not in names)
            found += [_Passed(one, "keyword") for one in more]
        elif argument.name.startswith("*"):
            # Either the definition's *args, or a trace's *args[0].
            rest = (one for one in traced if one.name.startswith(f"{argument.name}["))
            spread = [argument] if argument.name.endswith("]") else [one for one in rest if one.name not in keywords]
            found += [_Passed(one, "position") for one in spread]
        else:
            found.append(_Passed(argument, "either"))
    return found


def _call_text(passed: list[_Passed]) -> str:
    """The arguments of a call: those without a default by position, as long as that is possible."""
    words: list[str] = []
    names = {one.argument.name for one in passed}
    last = max((i for i, one in enumerate(passed) if one.way == "position"), default=-1)
    keywords, extra = False, 0
    for i, one in enumerate(passed):
        name, default = one.argument.name, one.argument.default
        value = f"value_{i + 1}"
        if default is not None:
            value = default if _is_python(default) else "..."
        elif one.way == "position":
            extra += 1
            value = f"x{extra}" if f"x{extra}" not in names else value
        elif is_word(name):
            value = name
        keywords = keywords or one.way == "keyword" or (default is not None and is_word(name))
        if i <= last or not keywords:  # what stands before a value of *args is passed by position too
            words.append(value)
        else:
            words.append(f"{name}={value}" if is_word(name) else f"**{{{name!r}: {value}}}")
    return ", ".join(words)


@lru_cache(maxsize=4096)
def _is_python(text: str) -> bool:
    """Whether the text of a default can stand in code; that of a spec cannot."""
    try:
        compile(text, "default", "eval")
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return False
    return True
