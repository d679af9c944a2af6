"""Layers from the object graph, on objects made by hand."""

from __future__ import annotations

import time

from smanalyze.facts.layers_object_rows import build_object_table
from smanalyze.facts.layers_objects import ObjectTree
from smanalyze.model.objects import ObjectGraph, ObjectVariable, SavedObject
from smanalyze.report.sections import LayerTable


def node(number: int, *children: tuple[str, int], identifier: str = "_generic_user_object") -> SavedObject:
    return SavedObject(number, "user_object", children, identifier)


def variable(number: int, name: str, *shape: int) -> SavedObject:
    return SavedObject(number, "variable", variable=ObjectVariable(name, "float32", shape, trainable=True))


def table(*nodes: SavedObject) -> LayerTable | None:
    return build_object_table(ObjectTree(ObjectGraph(nodes, ())))


def test_modules_in_lists_and_in_each_other() -> None:
    made = table(
        node(0, ("encoder", 1), ("blocks", 2), ("scale", 7)),
        node(1, ("inner", 3)),
        node(2, ("0", 4), ("1", 4), identifier="trackable_list_wrapper"),
        node(3, ("w", 5)),
        node(4, ("w", 6)),
        variable(5, "w", 2, 3),
        variable(6, "w", 4),
        variable(7, "scale"),
    )
    assert made is not None
    assert [(row.path, row.depth, row.parameters) for row in made.rows] == [
        ("encoder", 0, 6), ("encoder/inner", 1, 6), ("blocks[0]", 0, 4),
    ]  # fmt: skip
    assert made.parameters == 11
    assert "1 variables with 1 elements belong to the root itself." in made.notes


def test_layers_of_keras_3_are_named_by_their_variables() -> None:
    made = table(
        node(0, ("_functional", 1), ("optimizer", 5), ("_layers", 2)),
        node(1, ("_operations", 2)),
        node(2, ("0", 3), ("1", 4), identifier="trackable_list_wrapper"),
        node(3, ("_inbound_nodes", 2)),
        node(4, ("_kernel", 6), ("bias", 7)),
        node(5, ("_iterations", 8)),
        variable(6, "net/hidden/kernel", 2, 2),
        variable(7, "net/hidden/bias", 2),
        variable(8, "adam/iteration"),
    )
    assert made is not None
    assert [(row.name, row.parameters) for row in made.rows] == [("hidden", 6)]
    assert made.parameters == 6  # what the optimizer holds is no part of the model


def test_nothing_but_the_root_owns_variables() -> None:
    assert table(node(0, ("w", 1)), variable(1, "w", 2)) is None
    assert table() is None


def test_hostile_graphs_end_soon() -> None:
    """Cycles, ids that do not exist, and 20 000 objects that all hold the same 20 000."""
    assert table(node(0, ("a", 0), ("b", 7), ("c", -1))) is None
    count = 20_000
    shared = tuple((f"c{i}", i + 1) for i in range(count))
    crowd = [node(0, *shared), *(node(i + 1, ("all", 0), ("list", count + 1)) for i in range(count))]
    tree = ObjectTree(ObjectGraph((*crowd, node(count + 1, *shared, identifier="trackable_list_wrapper")), ()))
    start = time.process_time()
    assert build_object_table(tree) is None
    for number in range(count):
        tree.weights_of(number)
    assert time.process_time() - start < 20
