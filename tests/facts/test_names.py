"""What things are called in a report."""

from __future__ import annotations

import pytest

from smanalyze.facts.names import Names
from smanalyze.graph.model_graph import Key
from tests.graph.made import model_graph, node
from tests.models import each_broken_model, each_model, graph_of, model_of, names_of

OBJECTS = """
object_graph_def {
  nodes { user_object {} children { node_id: 1 local_name: "v" } children { node_id: 2 local_name: "nameless" }
          children { node_id: 3 local_name: "asset" } children { node_id: 4 local_name: "lost" } }
  nodes { variable { name: "scope/v" dtype: DT_FLOAT shape { dim { size: 2 } dim { size: 3 } } } }
  nodes { variable { dtype: DT_FLOAT shape { dim { size: -1 } } } }
  nodes { asset { asset_file_def_index: 0 } } nodes { asset { asset_file_def_index: 9 } }
  nodes { user_object {} }
}
asset_file_def { filename: "vocab.txt" }
"""


@pytest.mark.parametrize(
    ("key", "name", "elements"),
    [
        (Key("variable", 1), "scope/v", 6),
        (Key("variable", 2), "nameless", 0),
        (Key("asset", 3), "vocab.txt", 0),
        (Key("asset", 4), "lost", 0),
        (Key("object", 5), "object 5", 0),
        (Key("function", "f"), "f", 0),
    ],
)
def test_objects(key: Key, name: str, elements: int) -> None:
    names = Names(model_graph([], OBJECTS))
    assert (names.of(key), names.elements(key)) == (name, elements)


def test_nodes_of_tensorflow_1_are_called_as_they_are() -> None:
    names = Names(model_graph([node("v", "VariableV2", shape="shape { dim { size: 4 } }")]))
    assert (names.of(Key("variable", "v")), names.elements(Key("variable", "v"))) == ("v", 4)
    assert names.elements(Key("variable", "gone")) == 0


def _check_all(name: str) -> None:
    if name != "empty_folder" and model_of(name).meta_graphs:
        for key in graph_of(name).nx:
            if key is not None:
                assert names_of(name).of(key)
                assert names_of(name).elements(key) >= 0


@each_model
def test_everything_has_a_name(name: str) -> None:
    _check_all(name)


@each_broken_model
def test_everything_in_a_broken_model_has_a_name(name: str) -> None:
    _check_all(name)
