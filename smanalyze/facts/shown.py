"""What ``smanalyze show`` prints: the facts of saved_model_cli's ``show``, from the static model alone."""

from __future__ import annotations

from collections import Counter

from smanalyze.facts.objects import ObjectPaths, object_paths
from smanalyze.facts.spec_text import natural_order, spec_text, split_signature
from smanalyze.model.dtypes import dtype_enum
from smanalyze.model.objects import ConcreteFunction, SavedObject
from smanalyze.model.saved_model import MetaGraph, SavedModel, Signature
from smanalyze.model.tensors import Structure, TensorInfo
from smanalyze.report.show import (
    Shown,
    ShownArgument,
    ShownFunction,
    ShownMetaGraph,
    ShownSignature,
    ShownTensor,
    ShownTrace,
)  # fmt: skip

_TYPE_NAMES = {"none": "NoneType", "type_spec": "", "named_tuple": ""}


def build_shown(model: SavedModel, *, ops: bool, functions: bool) -> Shown:
    """All MetaGraphs in the order of their tags; ops and functions only where asked for, since they cost most."""
    graphs = sorted(model.meta_graphs, key=lambda graph: graph.tags)
    return Shown(
        path_name=model.found.path_name,
        found=_found(model),
        meta_graphs=tuple(_meta_graph(graph, ops, functions) for graph in graphs),
        warnings=tuple(
            f"{lost.file}: {lost.message}" if lost.file else lost.message
            for lost in model.unreadable
            if lost.part == "graph"
        ),
    )


def _found(model: SavedModel) -> str:
    found = model.found
    if found.given == "serving_base":
        others = f"; also there: {', '.join(found.others)}" if found.others else ""
        return f"{found.path_name} holds numbered versions; this is the newest, {found.chosen}{others}."
    return f"{found.path_name} holds one SavedModel, {found.chosen}." if found.given == "nested" else ""


def _meta_graph(graph: MetaGraph, ops: bool, functions: bool) -> ShownMetaGraph:
    plain = [(signature, False) for signature in graph.signatures]
    special = [(signature, True) for signature in graph.special_signatures]
    signatures = sorted(plain + special, key=lambda pair: pair[0].key)
    return ShownMetaGraph(
        tags=graph.tags,
        signatures=tuple(_signature(signature, is_special) for signature, is_special in signatures),
        functions=_functions(graph) if functions else (),
        ops=_ops(graph) if ops else (),
    )


def _signature(signature: Signature, special: bool) -> ShownSignature:
    return ShownSignature(
        signature.key,
        signature.method_name,
        tuple(_tensor(info) for info in signature.inputs),
        tuple(_tensor(info) for info in signature.outputs),
        special,
    )


def _tensor(info: TensorInfo) -> ShownTensor:
    return ShownTensor(
        info.name, dtype_enum(info.dtype_number), info.shape, info.tensor_name, info.encoding, info.components,
        info.type_spec, info.default,
    )  # fmt: skip


def _ops(graph: MetaGraph) -> tuple[tuple[str, int], ...]:
    counts = Counter(node.op for node in graph.graph.nodes)
    for function in graph.graph.functions.values():
        counts.update(node.op for node in function.nodes)
    return tuple((op, counts[op]) for op in sorted(counts))


def _functions(graph: MetaGraph) -> tuple[ShownFunction, ...]:
    if graph.objects is None:
        return ()
    paths = object_paths(graph.objects)
    concrete = {function.name: function for function in graph.objects.concrete_functions}
    inner = _inner_ids(paths)
    shown = [
        ShownFunction(
            path=paths.python_path(node.id),
            at_root=len(paths.names[node.id] or ()) == 1,
            traces=_traces(node, concrete),
        )
        for node in graph.objects.nodes
        if node.function is not None and paths.names[node.id] is not None and node.id not in inner
    ]
    return tuple(sorted(shown, key=lambda function: (not function.at_root, function.path)))


def _inner_ids(paths: ObjectPaths) -> set[int]:
    """Functions that hang below another function or below the signature map, by their shortest path."""
    nodes = paths.graph.nodes
    found = set()
    for node in nodes:
        parent = paths.parents[node.id]
        if parent is not None and (nodes[parent].function is not None or nodes[parent].identifier == "signature_map"):
            found.add(node.id)
    return found


def _traces(node: SavedObject, concrete: dict[str, ConcreteFunction]) -> tuple[ShownTrace, ...]:
    assert node.function is not None
    return tuple(
        _trace(node, concrete[name]) if name in concrete else ShownTrace((), (), "")
        for name in sorted(set(node.function.traces), key=natural_order)
    )


def _trace(node: SavedObject, concrete: ConcreteFunction) -> ShownTrace:
    positional, named = split_signature(concrete.inputs)
    outputs = concrete.outputs
    arguments = tuple(_argument(None, value) for value in positional)
    if not arguments and not named and node.function is not None:
        arguments = tuple(ShownArgument(None, keyword, None) for keyword in node.function.argument_keywords)
    return ShownTrace(
        arguments,
        tuple(_argument(value.key, value) for value in named),
        spec_text(outputs) if outputs is not None and outputs.kind != "unknown" else "",
    )


def _argument(name: str | None, value: Structure) -> ShownArgument:
    if value.kind == "tensor":
        return ShownArgument(name if name is not None else value.name or "None", spec_text(value), None)
    if value.kind == "str":
        return ShownArgument(name, str(value.value), "str")
    type_name = _TYPE_NAMES.get(value.kind) or value.name or value.kind
    return ShownArgument(name, spec_text(value), type_name)
