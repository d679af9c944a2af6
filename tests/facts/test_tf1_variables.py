"""Variables of graphs without objects."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import smanalyze
from smanalyze.facts.tf1_variables import build_graph_variables
from tests.checks.helpers import edited
from tests.graph.made import model_graph, node
from tests.models import graph_of, model_of, report_of

KEYS = "tensor { dtype: DT_STRING tensor_shape { dim { size: 2 } } string_val: 'stored/a' string_val: 'stored/b' }"
SLICES = "tensor { dtype: DT_STRING tensor_shape { dim { size: 2 } } string_val: '' string_val: '10,2:0,4:-' }"
DTYPE, SHAPE = "type: DT_FLOAT", "shape { dim { size: 3 } }"


def restored(*assigns: str) -> dict[str, tuple[str, str]]:
    """Name -> (checkpoint key, slice) in a graph with a saver, a reference and a resource variable."""
    graph = model_graph(
        [
            node("save/keys", "Const", value=KEYS), node("save/slices", "Const", value=SLICES),
            node("save/RestoreV2", "RestoreV2", "file", "save/keys", "save/slices"),
            node("old", "VariableV2", dtype=DTYPE, shape=SHAPE),
            node("new", "VarHandleOp", dtype=DTYPE, shape=SHAPE, shared_name="s: 'shared'"),
            *assigns,
        ]
    )  # fmt: skip
    return {found.name: (found.key, found.slice_spec) for found in build_graph_variables(graph)}


def test_keys_come_from_the_saver() -> None:
    assert restored(
        node("a1", "Assign", "old", "save/RestoreV2:1"),
        node("same", "Identity", "save/RestoreV2"),
        node("a2", "AssignVariableOp", "new", "same"),
    ) == {"old": ("stored/b", "10,2:0,4:-"), "new": ("stored/a", "")}


def test_without_a_saver_the_name_is_the_key() -> None:
    assert restored() == {"old": ("old", ""), "new": ("shared", "")}


@pytest.mark.parametrize(
    "assign",
    [
        node("a", "Assign", "old", "save/RestoreV2:9"),  # an output that the names do not have
        node("a", "Assign", "old", "save/keys"),  # an initial value
        node("a", "Assign", "old", "gone"),
        node("a", "Assign", "old"),
        node("a", "Assign", "gone", "save/RestoreV2"),
        node("a", "Assign", "old", "a"),
    ],
)
def test_other_assigns_say_nothing(assign: str) -> None:
    assert restored(assign)["old"] == ("old", "")


def test_a_variable_by_its_node() -> None:
    graph = model_graph([node("v", "VariableV2", dtype="type: DT_FLOAT_REF", shape=SHAPE), node("c", "Const")])
    (found,) = build_graph_variables(graph)
    assert (found.number, found.dtype, found.shape, found.definition) == (0, "float32", (3,), None)


@pytest.mark.parametrize(
    "name", ["tf1_pbtxt", "tf1_queue", "tf1_builder_multi_metagraph", "tf1_partitioned_variables", "estimator_linear"]
)
def test_every_key_of_a_fixture_is_stored(name: str) -> None:
    stored = {entry.key for entry in model_of(name).checkpoint.entries}
    found = build_graph_variables(graph_of(name))
    assert found
    assert {variable.key for variable in found} == stored
    assert all(variable.definition is not None for variable in found), "each is in a collection"


def test_three_partitions_have_one_key() -> None:
    found = build_graph_variables(graph_of("tf1_partitioned_variables"))
    assert len(found) == 3
    assert {variable.key for variable in found} == {"part/embedding"}
    assert [variable.slice_spec for variable in found] == ["10 2 0,4:0,2", "10 2 4,3:0,2", "10 2 7,3:0,2"]
    assert len(report_of("tf1_partitioned_variables").variables) == 1


def test_what_metrics_keep_is_no_parameter(tmp_path: Path) -> None:
    """TensorFlow 1 lists it in the collection metric_variables: no weight, and in no layer."""

    def listed(message: Any) -> None:
        for one in message.meta_graphs:
            one.collection_def["metric_variables"].node_list.value.append("kernel:0")

    report = smanalyze.analyze(smanalyze.load(edited("tf1_builder_multi_metagraph", listed)(tmp_path)))
    assert {row.name: row.role for row in report.variables} == {
        "embedding": "weight", "global_step": "counter", "kernel": "metric",
    }  # fmt: skip
    assert (report.model.parameters.total, report.model.parameters.other_state) == (12, 6)
    assert [graph.layers.parameters for graph in report.meta_graphs] == [0, 12, 12]  # nothing is served from the first
