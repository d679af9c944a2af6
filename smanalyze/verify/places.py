"""What to look at in the loaded object: its variables, functions, assets and tables, and how Python gets there."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from smanalyze.facts.objects import object_paths
from smanalyze.model.saved_model import MetaGraph
from smanalyze.report.document import MetaGraphReport
from smanalyze.report.sections import VariableRow


def places(meta_graph: MetaGraph, said: MetaGraphReport) -> list[dict[str, Any]]:
    """``path`` (as a report writes it) and ``steps`` of each object that a report speaks of; none for a TF1 graph."""
    if meta_graph.objects is None:
        return []
    paths = object_paths(meta_graph.objects)
    callables = {one.object_id for one in said.callables}
    tables = {path for table in said.tables for path in table.object_paths}
    found: dict[str, list[list[str]]] = {}
    for node in meta_graph.objects.nodes:
        path = paths.python_path(node.id)
        told = node.variable is not None or node.asset_index is not None or node.id in callables or path in tables
        if told and path:
            found.setdefault(path, [list(step) for step in paths.steps(node.id)])
    return [{"path": path, "steps": steps} for path, steps in found.items()]


def variables_of(rows: Iterable[VariableRow], number: int, *, objects: bool) -> dict[str, VariableRow]:
    """The variables of one MetaGraph by the path at which the loaded object has them; those of a TF1 graph by the name
    that TensorFlow gives them (``objects``: there is an object graph). Without those that hang nowhere, and those that
    it loads in parts."""
    found: dict[str, VariableRow] = {}
    for row in rows:
        if number not in row.meta_graphs:
            continue
        if row.object_paths:
            found.setdefault(row.object_paths[0], row)
        elif not row.slices and not objects:
            found.setdefault(f"{row.name}:0", row)
    return found
