"""Functions of the object tree, by path; their traces, by what they take; other objects, by path."""

from __future__ import annotations

import json
from collections.abc import Iterable

from smanalyze.diff.renames import Renames
from smanalyze.facts.names import Names
from smanalyze.graph.model_graph import ModelGraph
from smanalyze.model.saved_model import SavedModel
from smanalyze.report.changes import CallablePair, LayerFact, LayerPair, ObjectPair, ObjectRow, TracePair
from smanalyze.report.sections import Callable, Trace

_PLAIN = frozenset({
    "trackable_list_wrapper", "trackable_dict_wrapper", "trackable_tuple_wrapper", "signature_map",
    "_generic_user_object",
})  # fmt: skip


def match_callables(old: tuple[Callable, ...], new: tuple[Callable, ...], renames: Renames) -> tuple[CallablePair, ...]:
    """Every function that users may call; those TensorFlow and Keras made for themselves are left out."""
    there = _by_path(old), _by_path(new)
    declared = dict(renames.pairs("function", there[0], there[1]))
    found, taken = [], set()
    for path, one in there[0].items():
        other = there[1].get(declared.get(path, path))
        if other is not None:
            taken.add(other.path)
        traces = match_traces(one.traces, other.traces) if other is not None else ()
        found.append(CallablePair(one, other, traces, "declared" if path in declared else "path"))
    found += [CallablePair(None, one, ()) for path, one in there[1].items() if path not in taken]
    return tuple(found)


def _by_path(callables: tuple[Callable, ...]) -> dict[str, Callable]:
    """Those that Python code can name: Keras 2 hangs its layers under names like ``layer-3``, too."""
    return {
        one.path: one
        for one in callables if not one.internal and one.kind not in ("saver", "resource") and "-" not in one.path
    }  # fmt: skip


def match_traces(old: tuple[Trace, ...], new: tuple[Trace, ...]) -> tuple[TracePair, ...]:
    """Traces by what they take: names, structure, dtypes and shapes of the arguments."""
    there = {takes(one): one for one in old}, {takes(one): one for one in new}
    pairs = [TracePair(one, there[1].get(key), key) for key, one in there[0].items()]
    return (*pairs, *(TracePair(None, one, key) for key, one in there[1].items() if key not in there[0]))


def takes(trace: Trace) -> str:
    """What a trace takes, in words."""
    return ", ".join(f"{argument.name}={argument.text}" for argument in trace.arguments)


# Objects --------------------------------------------------------------------------------------------------------------


def match_objects(old: tuple[ModelGraph, Names] | None, new: tuple[ModelGraph, Names] | None) -> tuple[ObjectPair, ...]:
    """Objects that are neither functions nor variables nor lists, by path; those of one class that are left and alone
    have moved."""
    there = dict(_objects(*old)) if old else {}, dict(_objects(*new)) if new else {}
    left = {path: row for path, row in there[0].items() if path not in there[1]}
    right = {path: row for path, row in there[1].items() if path not in there[0]}
    pairs = [ObjectPair(row, there[1][path]) for path, row in there[0].items() if path in there[1]]
    for path, row in list(left.items()):
        same = [other for other in right.values() if _class_of(other) == _class_of(row)]
        alike = [other for other in left.values() if _class_of(other) == _class_of(row)]
        if len(same) == len(alike) == 1 and _class_of(row)[1] not in _PLAIN:
            pairs.append(ObjectPair(row, same[0], "class"))
            del left[path], right[same[0].path]
    pairs += [ObjectPair(row, None) for row in left.values()]
    return (*pairs, *(ObjectPair(None, row) for row in right.values()))


def _class_of(row: ObjectRow) -> tuple[str, str, str]:
    return row.kind, row.identifier, row.registered_name


def _objects(graph: ModelGraph, names: Names) -> Iterable[tuple[str, ObjectRow]]:
    objects, paths = graph.meta_graph.objects, names.paths
    for node in objects.nodes if objects is not None and paths is not None else ():
        assert paths is not None
        steps = paths.names[node.id]
        public = steps is not None and not any(
            (step.startswith("_") and step != "__call__") or step == "keras_api" for step in steps
        )
        if node.kind == "user_object" and public and node.identifier not in _PLAIN:
            path = paths.python_path(node.id)
            yield path, ObjectRow(path, node.kind, node.identifier, node.registered_name)


# Keras layers --------------------------------------------------------------------------------------------------------


def layer_facts(model: SavedModel, graph: ModelGraph) -> tuple[LayerFact, ...]:
    """The layers that Keras metadata tells of, with their configurations."""
    objects = graph.meta_graph.objects
    texts = [(node.path, node.identifier, node.metadata) for node in model.keras_nodes]
    if not texts and objects is not None:
        texts = [("", node.identifier, node.metadata) for node in objects.nodes if node.metadata]
    found = []
    for path, identifier, text in texts:
        if "metric" not in identifier:
            fact = _layer(path, text)
            if fact is not None:
                found.append(fact)
    return tuple(found)


def _layer(path: str, text: str) -> LayerFact | None:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(data, dict) or not isinstance(data.get("class_name"), str):
        return None
    config = data.get("config")
    name = data.get("name") or (config.get("name") if isinstance(config, dict) else "") or path
    own = (
        {k: v for k, v in config.items() if k not in ("name", "layers", "input_layers", "output_layers")}
        if isinstance(config, dict)
        else {}
    )
    class_name = data["class_name"]
    has_lambda = class_name == "Lambda" or '"class_name": "Lambda"' in text or "__lambda__" in text
    registered = data.get("registered_name") or ""
    return LayerFact(path, str(name), class_name, str(registered), json.dumps(own, sort_keys=True), has_lambda)


def match_layers(old: tuple[LayerFact, ...], new: tuple[LayerFact, ...]) -> tuple[LayerPair, ...]:
    """Layers by path and name; then those of one class and configuration, in order."""
    there = {(one.name, one.class_name): one for one in old}, {(one.name, one.class_name): one for one in new}
    pairs = [LayerPair(one, there[1][key]) for key, one in there[0].items() if key in there[1]]
    left = [one for key, one in there[0].items() if key not in there[1]]
    right = [one for key, one in there[1].items() if key not in there[0]]
    for one in list(left):
        twin = next(
            (other for other in right if (other.class_name, other.config) == (one.class_name, one.config)), None
        )
        if twin is not None:
            pairs.append(LayerPair(one, twin, "config"))
            left.remove(one)
            right.remove(twin)
    pairs += [LayerPair(one, None) for one in left]
    return (*pairs, *(LayerPair(None, one) for one in right))
