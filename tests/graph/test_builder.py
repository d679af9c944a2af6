"""What becomes a node and what an edge."""

from __future__ import annotations

import pytest

from smanalyze.graph.model_graph import Key, ModelGraph
from tests.models import each_broken_model, graph_of, model_of, names_of

from .made import func, function, model_graph, node, signature

OBJECTS = """
object_graph_def {
  nodes { children { node_id: 1 local_name: "v" } children { node_id: 2 local_name: "t" }
          children { node_id: 3 local_name: "f" }
          children { node_id: 4 local_name: "asset" } children { node_id: 5 local_name: "c" }
          children { node_id: 99 local_name: "gone" } children { node_id: -1 local_name: "below" } user_object {} }
  nodes { variable { name: "v" dtype: DT_FLOAT shape {} } }
  nodes { resource {} saveable_objects { key: "table" value {} } }
  nodes { function { concrete_functions: "__inference_f_1" } }
  nodes { asset { asset_file_def_index: 0 } }
  nodes { constant { operation: "Const" } }
  concrete_functions { key: "__inference_f_1" value { bound_inputs: 1 bound_inputs: 2 bound_inputs: 77 } }
}
"""
BODY = function(
    "__inference_f_1", "x hv ht hn",
    [node("r", "ReadVariableOp", "hv"), node("i", "LookupTableInsertV2", "ht", "x", "x")], y="r:value:0",
)  # fmt: skip


@pytest.fixture
def graph() -> ModelGraph:
    return model_graph([], OBJECTS, functions=(BODY,))


def test_objects_have_keys_of_their_kind(graph: ModelGraph) -> None:
    kinds = [key.kind if (key := graph.key_of(i)) else None for i in range(7)]
    assert kinds == ["object", "variable", "table", "object", "asset", "constant", None]
    assert graph.key_of(-1) is None


def test_children_that_do_not_exist_are_left_out(graph: ModelGraph) -> None:
    assert [key.id for key in graph.targets(Key("object", 0), "contains")] == [1, 2, 3, 4, 5]


def test_bound_inputs_meet_the_last_arguments(graph: ModelGraph) -> None:
    f = Key("function", "__inference_f_1")
    assert graph.targets(f, "captures") == [Key("variable", 1), Key("table", 2)]
    assert graph.targets(f, "reads") == [Key("variable", 1)]
    assert graph.targets(f, "writes") == [Key("table", 2)]
    assert Key("function", "__inference_f_1") in graph.targets(Key("object", 3), "contains")


def test_main_graph_nodes_stand_for_the_objects_that_calls_bind() -> None:
    """The names of the nodes say nothing: they are swapped here."""
    graph = model_graph(
        [
            node("x", "Placeholder"), node("table", "VarHandleOp"), node("variable", "MutableHashTableV2"),
            node("third", "VarHandleOp"),
            node("call", "StatefulPartitionedCall", "x", "table", "variable", "third", f=func("__inference_f_1")),
        ],
        OBJECTS, signature("s", {"x": "x:0"}, {"y": "call:0"}), functions=(BODY,),
    )  # fmt: skip
    assert [graph.main_resource(n) for n in (1, 2, 3)] == [Key("variable", 1), Key("table", 2), None]
    start = Key("signature", "s")
    assert graph.targets(start, "calls") == [Key("function", "__inference_f_1")]
    assert graph.touched(start, "writes", "table") == [Key("table", 2)]


def test_a_tensorflow_1_table_is_filled_from_its_asset() -> None:
    graph = model_graph(
        [
            node("path", "Const"), node("same", "Identity", "path"), node("t", "HashTableV2"),
            node("init", "InitializeTableFromTextFileV2", "t", "same"), node("x", "Placeholder"),
            node("find", "LookupTableFindV2", "t", "x", "x"),
        ],
        'asset_file_def { tensor_info { name: "path:0" } filename: "vocab.txt" }',
        signature("s", {"x": "x:0"}, {"y": "find:0"}),
        'collection_def { key: "legacy_init_op" value { node_list { value: "init" } } }',
    )  # fmt: skip
    asset, table = Key("asset", "vocab.txt"), Key("table", "t")
    assert graph.targets(asset, "initializes") == [table]
    assert graph.targets(Key("signature", "s"), "captures", "table") == [table]
    assert graph.targets(Key("signature", "s"), "reads") == [table]
    assert table in graph.targets(Key("init", "init"), "captures")


def test_gradients_are_edges() -> None:
    graph = graph_of("custom_gradient")
    edges = [(a, b) for a, b, kind in graph.nx.edges(keys=True) if kind == "gradient"]
    assert edges
    assert all(b.id in graph.library.functions for _, b in edges)


#: fixture -> how many tables and variables are nodes.
KINDS = {
    "tables_and_assets": {"table": 3, "variable": 0},
    "module_one_signature": {"table": 0, "variable": 2},
    "tf1_queue": {"table": 0, "variable": 1},
}


@pytest.mark.parametrize("name", KINDS)
def test_how_many_of_each(name: str) -> None:
    keys = [key for key in graph_of(name).nx if key is not None]
    assert {kind: sum(key.kind == kind for key in keys) for kind in ("table", "variable")} == KINDS[name]


def test_a_table_with_its_asset_in_tensorflow_2() -> None:
    graph, names = graph_of("tables_and_assets"), names_of("tables_and_assets")
    tables = {names.of(key): key for key in graph.nx if key is not None and key.kind == "table"}
    assert sorted(tables) == ["buckets", "ids", "prices"]
    filled = {names.of(a) for a in graph.sources(tables["ids"], "initializes") if a.kind == "asset"}
    assert filled == {"vocab.txt"}
    assert not [a for a in graph.sources(tables["buckets"], "initializes") if a.kind == "asset"]


@each_broken_model
def test_every_broken_graph_can_be_built(name: str) -> None:
    if name == "empty_folder":
        return
    for meta_graph in model_of(name).meta_graphs:
        graph = ModelGraph(meta_graph)
        assert all(isinstance(key, Key) for key in graph.nx)
