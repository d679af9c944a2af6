"""What shall be called: a signature of one MetaGraph, or a function of its object tree."""

from __future__ import annotations

from collections.abc import Iterator

from smanalyze.errors import UsageError
from smanalyze.facts.callables import build_callables
from smanalyze.facts.names import Names
from smanalyze.facts.objects import object_paths
from smanalyze.graph.model_graph import ModelGraph
from smanalyze.model.record import record
from smanalyze.model.saved_model import MetaGraph, SavedModel, Signature, select_meta_graphs
from smanalyze.model.tensors import Structure
from smanalyze.report.sections import Callable

DEFAULT_KEY = "serving_default"
_OWN = "__saved_model_"
"""Signatures that TensorFlow keeps its init and train ops in."""


@record
class Target:
    """One thing to call. Either ``signature`` or ``function`` is there; ``steps`` lead to the function."""

    graph: ModelGraph
    names: Names
    signature: Signature | None
    function: Callable | None
    steps: tuple[tuple[str, str], ...] = ()

    @property
    def tags(self) -> tuple[str, ...]:
        """The tags of its MetaGraph."""
        return self.graph.meta_graph.tags

    @property
    def key(self) -> str | None:
        """The signature's key."""
        return self.signature.key if self.signature is not None else None

    @property
    def path(self) -> str | None:
        """The function's path."""
        return self.function.path if self.function is not None else None

    @property
    def name(self) -> str:
        """What people call it."""
        return f"signature {self.key}" if self.signature is not None else f"function {self.path}"


def find_target(model: SavedModel, tags: tuple[str, ...] | None, signature: str | None, function: str | None) -> Target:
    """The signature of that key (None: ``serving_default``, or the only one), or the function at that path. Raises
    UsageError that lists what there is."""
    if signature is not None and function is not None:
        raise UsageError("Either a signature is called or a function; leave out --signature-def or --function.")
    meta_graph = _meta_graph(model, tags)
    graph = ModelGraph(meta_graph)
    names = Names(graph)
    if function is None:
        return Target(graph, names, _signature(meta_graph, graph, names, signature), None)
    return _function(meta_graph, graph, names, function)


def _meta_graph(model: SavedModel, tags: tuple[str, ...] | None) -> MetaGraph:
    chosen = select_meta_graphs(model, tags).meta_graphs if tags is not None else model.meta_graphs
    if tags is None and len(chosen) > 1:
        fitting = [graph for graph in chosen if graph.tags == ("serve",)]
        there = "; ".join(",".join(graph.tags) for graph in chosen)
        if not fitting:
            raise UsageError(f"The model has several MetaGraphs; choose one with --tag-set: {there}.")
        chosen = tuple(fitting)
    if not chosen:
        raise UsageError("There is no MetaGraph to run.")
    return chosen[0]


def _signature(meta_graph: MetaGraph, graph: ModelGraph, names: Names, key: str | None) -> Signature:
    there = {one.key: one for one in meta_graph.signatures if not one.key.startswith(_OWN)}
    found = there.get(key or DEFAULT_KEY)
    if found is None and key is None and len(there) == 1:
        found = next(iter(there.values()))
    if found is not None:
        return found
    said = f"There is no signature {key!r}." if key is not None else f"There is no {DEFAULT_KEY}."
    if there:
        raise UsageError(f"{said} Choose one with --signature-def: {', '.join(sorted(there))}.")
    functions = [one.path for one in build_callables(graph, names, names_only=True) if not one.internal]
    more = f" Its functions can be called with --function: {_listed(functions)}." if functions else ""
    raise UsageError(f"The model has no signatures.{more}")


def _function(meta_graph: MetaGraph, graph: ModelGraph, names: Names, path: str) -> Target:
    every = build_callables(graph, names, names_only=True)
    wanted = path.removeprefix("model.").removeprefix(".")
    found = next((one for one in every if wanted == one.path), None)
    if found is None:  # a function may hang in several places
        same = (one.path for one in build_callables(graph, names) if wanted in one.other_paths)
        found = next((one for path in same for one in every if one.path == path), None)
    open_ones = [one.path for one in every if not one.internal]
    if found is None or meta_graph.objects is None:
        there = f"Functions: {_listed(open_ones)}." if open_ones else "The model has none."
        raise UsageError(f"There is no function {path!r}. {there}")
    if found.kind in ("resource", "saver"):
        raise UsageError(f"{path} is TensorFlow's own, and called by it alone. Functions: {_listed(open_ones)}.")
    return Target(graph, names, None, found, object_paths(meta_graph.objects).steps(found.object_id))


def _listed(paths: list[str]) -> str:
    shown = ", ".join(paths[:20])
    return f"{shown} and {len(paths) - 20:,} more" if len(paths) > 20 else shown or "none"


def output_names(target: Target) -> tuple[str, ...]:
    """The names that the outputs of a call will have, as far as the model tells before."""
    if target.signature is not None:
        return tuple(f"{output}.{role}" if role else output for output, role, _ in fetched(target))
    traces = target.function.traces if target.function is not None else ()
    told = [trace.returns_value for trace in traces if trace.returns_value is not None]
    return tuple(dict.fromkeys(name for value in told for name in _returned(value, "")))


def fetched(target: Target) -> tuple[tuple[str, str, str], ...]:
    """(output, role, name of the tensor) of each dense tensor that a signature gives."""
    found: list[tuple[str, str, str]] = []
    for one in target.signature.outputs if target.signature is not None else ():
        names = [one.tensor_name]
        if one.encoding != "dense":
            names = [part.tensor_name for part in one.components]
        if one.encoding == "sparse":
            by_role = {part.role: part.tensor_name for part in one.components}
            names = [by_role.get(role, "") for role in _roles("sparse", 3)]
        found += [(one.name, role, name) for role, name in zip(_roles(one.encoding, len(names)), names, strict=True)]
    return tuple(found)


def _roles(encoding: str, count: int) -> tuple[str, ...]:
    """As the worker calls the dense tensors of an output."""
    if encoding == "dense":
        return ("",)
    if encoding == "sparse":
        return ("indices", "values", "dense_shape")
    if encoding == "ragged":
        return ("values", *(f"splits_{level}" for level in range(count - 1)))
    return tuple(f"part_{number}" for number in range(count))


def _returned(value: Structure, name: str) -> Iterator[str]:
    """The same for what a function returns (worker.py: named)."""
    if value.kind in ("tensor", "bounded_tensor"):
        yield name or "output_0"
    elif value.kind == "type_spec":
        levels = next((int(item.value or 1) for item in value.items if item.kind == "int"), 1)
        kind = {"SparseTensorSpec": "sparse", "RaggedTensorSpec": "ragged"}.get(value.name or "", "")
        for role in _roles(kind, levels + 1) if kind else ():
            yield f"{name or 'output_0'}.{role}"
    elif value.kind in ("dict", "named_tuple", "list", "tuple"):
        for number, item in enumerate(value.items):
            plain = value.kind in ("list", "tuple")
            word = str(number) if plain else item.key or ""
            yield from _returned(item, f"{name}.{word}" if name else f"output_{word}" if plain else word)
