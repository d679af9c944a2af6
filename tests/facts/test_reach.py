"""What runs when something is called."""

from __future__ import annotations

from collections import Counter

import pytest

from smanalyze.facts.reach import build_reach, count_ops
from smanalyze.graph.model_graph import Key
from smanalyze.report.tensors import OpCount
from tests.models import each_broken_model, each_model, graph_of, model_of, names_of, report_of, signature_of

#: model, signature -> variables, tables, assets, changes, random ops, ops of nobody. From the recipes.
REACHED = [
    ("module_one_signature", "serving_default", "bias kernel", "", "", "", "", ""),
    ("module_several_signatures", "parse", "", "", "", "", "", ""),
    ("mutating_signature", "serving_default", "calls", "", "", "calls", "", ""),
    ("random_and_time", "serving_default", "", "", "", "", "RandomStandardNormal", ""),
    ("tables_and_assets", "serving_default", "", "buckets ids prices", "vocab.txt", "", "", ""),
    ("tables_and_assets", "greet", "", "", "greeting.txt", "", "", ""),
    ("custom_op", "serving_default", "", "", "", "", "", "AcmeFancyOp SimpleMLInferenceOp"),
    *(("control_flow", key, "step", "", "", "", "", "") for key in ("cond", "loop", "mapped", "nested", "switch")),
    ("datasets_inside", "serving_default", "weight", "", "", "", "", ""),
    ("constant_output", "serving_default", "", "", "", "", "", ""),
    ("unused_variable", "serving_default", "used", "", "", "", "", ""),
    ("tf1_queue", "serving_default", "total", "", "", "total", "", ""),
]


@pytest.mark.parametrize("row", REACHED, ids=[f"{row[0]}-{row[1]}" for row in REACHED])
def test_fixtures(row: tuple[str, ...]) -> None:
    name, key, *expected = row
    reach = signature_of(name, key).reach
    found = (reach.variables, reach.tables, reach.assets, reach.changes, reach.random_ops, reach.unregistered_ops)
    if name == "tf1_queue":  # whether a queue counts as changed is the op tables' to say
        found = (*found[:3], ("total",) if "total" in reach.changes else (), *found[4:])
        expected[3] = "total" if "total" in reach.changes else ""
    assert [" ".join(names) for names in found] == expected


@pytest.mark.parametrize(
    ("name", "key", "ops"),
    [
        ("control_flow", "cond", {"If"}),
        ("control_flow", "loop", {"While"}),
        ("control_flow", "switch", {"Case"}),
        ("control_flow", "mapped", {"While", "TensorListGetItem"}),
        ("control_flow", "nested", {"Case", "While", "If"}),
        ("datasets_inside", "serving_default", {"MapDataset", "FilterDataset", "ReduceDataset", "Greater"}),
        ("file_writer_in_branch", "serving_default", {"WriteFile"}),
    ],
)
def test_what_stands_deep_is_found(name: str, key: str, ops: set[str]) -> None:
    assert ops <= {found.op for found in signature_of(name, key).reach.ops}


@each_model
def test_counts_agree(name: str) -> None:
    for graph in report_of(name).meta_graphs:
        for reach in [signature.reach for signature in graph.signatures] + [
            trace.reach for found in graph.callables for trace in found.traces
        ]:
            assert reach.nodes == sum(found.count for found in reach.ops)
            assert reach.functions == len(reach.function_names)
            for field in (reach.variables, reach.tables, reach.assets, reach.changes, reach.function_names):
                assert list(field) == sorted(field)


@each_model
def test_the_whole_reaches_what_its_parts_reach(name: str) -> None:
    """A function that is called reaches no more than the one that calls it."""
    graph, names = graph_of(name), names_of(name)
    for function in list(graph.library.functions)[:20]:
        whole = build_reach(graph, names, Key("function", function))
        for below in whole.function_names:
            part = build_reach(graph, names, Key("function", below))
            assert set(part.variables) <= set(whole.variables)
            assert set(part.changes) <= set(whole.changes)
            assert {found.op for found in part.ops} <= {found.op for found in whole.ops}


@each_broken_model
def test_broken_graphs_have_an_answer(name: str) -> None:
    if name != "empty_folder" and model_of(name).meta_graphs:
        graph = graph_of(name)
        for key in graph.nx:
            if key is not None and key.kind in ("function", "signature"):
                build_reach(graph, names_of(name), key)


def test_ops_are_sorted_by_number_then_name() -> None:
    assert count_ops(Counter({"B": 1, "A": 1, "C": 2})) == (OpCount("C", 2), OpCount("A", 1), OpCount("B", 1))
