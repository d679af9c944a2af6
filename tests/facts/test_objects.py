"""Paths of objects: as checkpoints spell them, and as Python reaches them."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smanalyze.facts.objects import ObjectPaths, object_paths
from smanalyze.model.objects import ObjectGraph, SavedObject
from tests.models import each_broken_model, each_model, model_of


def graph(*nodes: tuple[str, dict[str, int]]) -> ObjectPaths:
    """Objects as (identifier, children)."""
    return object_paths(
        ObjectGraph(
            tuple(
                SavedObject(i, "user_object", tuple(children.items()), identifier)
                for i, (identifier, children) in enumerate(nodes)
            ),
            (),
        )
    )


#: (identifier of the parent, name of the child, checkpoint path, path, expression)
STEPS = [
    ("", "kernel", "kernel", "kernel", "model.kernel"),
    ("", "a.b", "a..b", "a.b", "getattr(model, 'a.b')"),
    ("", "a/b", "a.Sb", "a/b", "getattr(model, 'a/b')"),
    ("", "重み", "重み", "重み", "model.重み"),
    ("", "layer-0", "layer-0", "layer-0", "getattr(model, 'layer-0')"),
    ("", "0", "0", "0", "getattr(model, '0')"),
    ("", "class", "class", "class", "getattr(model, 'class')"),
    ("", "it's", "it's", "it's", 'getattr(model, "it\'s")'),
    ("", "__call__", "__call__", "__call__", "model"),
    ("trackable_list_wrapper", "2", "2", "[2]", "model[2]"),
    ("trackable_tuple_wrapper", "0", "0", "[0]", "model[0]"),
    ("trackable_dict_wrapper", "key", "key", "['key']", "model['key']"),
    ("trackable_dict_wrapper", "a b", "a b", "['a b']", "model['a b']"),
    ("signature_map", "serving_default", "serving_default", "['serving_default']", "model['serving_default']"),
]


@pytest.mark.parametrize(("identifier", "name", "checkpoint", "path", "expression"), STEPS)
def test_one_step(identifier: str, name: str, checkpoint: str, path: str, expression: str) -> None:
    paths = graph((identifier, {name: 1}), ("", {}))
    assert paths.checkpoint_path(1) == checkpoint
    assert paths.python_path(1) == path
    assert paths.expression(1) == expression
    ast.parse(paths.expression(1), mode="eval")


def test_the_shortest_path_counts_and_the_first_of_equals() -> None:
    paths = graph(("", {"long": 1, "b": 2, "a": 2}), ("", {"x": 3}), ("", {"x": 3}), ("", {"up": 0}))
    assert paths.names == ((), ("long",), ("b",), ("long", "x"))
    assert paths.expression(0) == "model"
    assert paths.python_path(0) == ""


def test_what_no_path_reaches() -> None:
    paths = graph(("", {}), ("", {"self": 1}))
    assert paths.names[1] is None
    assert paths.checkpoint_path(1) is None
    assert paths.python_path(1) == ""


def test_no_objects() -> None:
    assert object_paths(ObjectGraph((), ())).names == ()


def test_a_long_chain_ends() -> None:
    paths = graph(*(("", {"next": i + 1}) for i in range(5000)))
    assert paths.names[100] is not None
    assert paths.names[4999] is None


@given(st.lists(st.dictionaries(st.text(max_size=5), st.integers(-3, 12), max_size=4), min_size=1, max_size=10))
def test_any_graph_has_paths_that_lead_there(children: list[dict[str, int]]) -> None:
    paths = graph(*(("", found) for found in children))
    for number, names in enumerate(paths.names):
        current = 0
        for name in names or ():
            current = children[current][name]
        assert names is None or current == number
        if names is not None:
            assert len(names) <= len(children)
            ast.parse(paths.expression(number), mode="eval")


@given(st.text(max_size=12))
def test_any_name_makes_an_expression(name: str) -> None:
    for identifier in ("", "trackable_dict_wrapper", "trackable_list_wrapper", "signature_map"):
        ast.parse(graph((identifier, {name: 1}), ("", {})).expression(1), mode="eval")


def _check_expressions(name: str) -> None:
    for meta_graph in model_of(name).meta_graphs:
        if meta_graph.objects is None:
            continue
        paths = object_paths(meta_graph.objects)
        for node in meta_graph.objects.nodes:
            if paths.names[node.id] is not None:
                ast.parse(paths.expression(node.id), mode="eval")


@each_model
def test_every_object_of_a_fixture_has_an_expression(name: str) -> None:
    _check_expressions(name)


@each_broken_model
def test_every_object_of_a_broken_model_has_one_too(name: str) -> None:
    if name != "empty_folder":
        _check_expressions(name)


@each_model
def test_checkpoint_paths_are_those_of_the_checkpoint(name: str) -> None:
    """Keys begin with the path that TensorFlow's own walk found; slots with that of their variable."""
    model = model_of(name)
    if model.checkpoint_objects is None or len(model.meta_graphs) != 1 or model.meta_graphs[0].objects is None:
        return
    paths = object_paths(model.meta_graphs[0].objects)
    for attribute in model.checkpoint_objects.attributes:
        path = paths.checkpoint_path(attribute.object_id)
        if path is not None:
            assert attribute.key.startswith(f"{path}/.ATTRIBUTES/")
