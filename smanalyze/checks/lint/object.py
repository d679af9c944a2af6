"""The object graph: numbers that must name objects."""

from __future__ import annotations

from collections.abc import Iterator

from smanalyze.checks.evidence import count_of, listed, stable_name
from smanalyze.checks.rule import ERROR, WARNING, Found, rule
from smanalyze.checks.subject import OneMetaGraph


@rule("missing-bound-input", ERROR)
def missing_bound_input(meta_graph: OneMetaGraph) -> Iterator[Found]:
    """A function captures an object that is not there.

    Why: tf.saved_model.load binds each capture to an object of the object graph, and stops at a number without one.
    Fix: export the model again; a tool that removes objects must renumber the captures.
    """
    objects = meta_graph.graph.meta_graph.objects
    if objects is None or not meta_graph.facts.graph_is_whole:
        return
    count = len(objects.nodes)
    found = [
        (function.name, position, number)
        for function in objects.concrete_functions
        for position, number in enumerate(function.bound_inputs) if not 0 <= number < count
    ]  # fmt: skip
    if found:
        yield Found(
            meta_graph.place(function=found[0][0]),
            f"{count_of(len(found), 'capture leads', 'captures lead')} to objects that the object graph does not have.",
            (*meta_graph.identity, *sorted({f"{stable_name(name)}\t{k}" for name, k, _ in found})),
            listed(f"{name}: capture {k} is object {number} of {count}" for name, k, number in found),
        )


@rule("missing-object", ERROR)
def missing_object(meta_graph: OneMetaGraph) -> Iterator[Found]:
    """An object refers to one that is not there.

    Why: tf.saved_model.load follows each child, slot variable and asset by number, and stops with an IndexError.
    Fix: export the model again; a tool that removes objects must renumber those that are left.
    """
    objects, paths = meta_graph.graph.meta_graph.objects, meta_graph.names.paths
    if objects is None or paths is None or not meta_graph.facts.graph_is_whole:
        return
    count = len(objects.nodes)
    found: list[tuple[int, str, str, bool]] = []
    for node in objects.nodes:
        links = [(f"child {name}", number) for name, number in node.children]
        links += [(f"variable of the slot {name}", number) for number, name, _ in node.slot_variables]
        links += [(f"slot {name}", number) for _, name, number in node.slot_variables]
        found += [
            (node.id, what, f"object {number} of {count}", -count <= number < 0)
            for what, number in links if not 0 <= number < count
        ]  # fmt: skip
        declared = sum(asset.declared_in == "asset_file_def" for asset in meta_graph.graph.meta_graph.assets)
        if node.asset_index is not None and not 0 <= node.asset_index < declared:
            negative = -declared <= node.asset_index < 0
            found.append((node.id, "asset file", f"{node.asset_index} of {declared}", negative))
    if found:
        owner = found[0][0]
        yield Found(
            meta_graph.place(object_path=paths.python_path(owner) or None),
            f"{count_of(len(found), 'reference leads', 'references lead')} nowhere in the object graph.",
            (*meta_graph.identity, *sorted({f"{paths.python_path(o)}\t{what}" for o, what, _, _ in found})),
            listed(f"{paths.python_path(o) or f'object {o}'}: {what} is {number}" for o, what, number, _ in found),
            # Python takes a negative number from the end of its list: a wrong object, and no exception.
            WARNING if all(negative for _, _, _, negative in found) else None,
        )
