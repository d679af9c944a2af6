"""The layer table of Keras 2 models, against the numbers that Keras 2.15 itself gives for them."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smanalyze.facts.layers import build_layer_table
from smanalyze.facts.layers_keras import references
from smanalyze.graph.model_graph import ModelGraph
from smanalyze.load import load
from smanalyze.model.saved_model import MetaGraph, SavedModel
from smanalyze.report.sections import LayerTable
from tests.conftest import TESTDATA

MODELS = TESTDATA / "models"

# name, class, output shapes, count_params(), elements of trainable_weights: as Keras 2.15 (TensorFlow 2.15.1) has them
# after loading the fixtures. It calls the class of acme>Shift Shift.
Row = tuple[str, str, tuple[tuple[int | None, ...], ...], int, int]
KERAS: dict[str, list[Row]] = {
    "keras2_functional": [
        ("left", "InputLayer", ((None, 2),), 0, 0),
        ("right", "InputLayer", ((None, 3),), 0, 0),
        ("join", "Concatenate", ((None, 5),), 0, 0),
        ("hidden", "Dense", ((None, 4),), 24, 24),
        ("norm", "BatchNormalization", ((None, 4),), 16, 8),
        ("dropout", "Dropout", ((None, 4),), 0, 0),
        ("score", "Dense", ((None, 1),), 5, 5),
    ],
    "keras2_custom_layer_lambda": [
        ("features", "InputLayer", ((None, 3),), 0, 0),
        ("shift", "acme>Shift", ((None, 3),), 3, 3),
        ("double", "Lambda", ((None, 3),), 0, 0),
        ("score", "Dense", ((None, 1),), 4, 4),
    ],
    "keras2_legacy_optimizer_slots": [("score", "Dense", ((None, 1),), 4, 4)],
    # Without traces the last layer's shape stands nowhere; Keras computes it anew ((None, 1)), we do not guess.
    "keras2_sequential_save_traces_false": [("hidden", "Dense", ((None, 2),), 8, 8), ("score", "Dense", (), 3, 3)],
}
TOTALS = {
    "keras2_functional": (45, 37),
    "keras2_custom_layer_lambda": (7, 7),
    "keras2_legacy_optimizer_slots": (4, 4),
    "keras2_sequential_save_traces_false": (11, 11),
}
# The same of public models: total, trainable, number of layers in model.layers.
CORPUS = {
    "Frost-Lord__JobVector__model@26838951": (23150, 23150, 5),
    "SciSharp__TensorFlow.NET__test__TensorFlowNET.Keras.UnitTest__Assets__simple_model_from_auto_compile": (
        79510,
        79510,
        5,
    ),
    "msteknoadam__country_religion_predictor__saved_model": (42690, 42690, 3),
    "tensorflow__tfx__tfx__components__testdata__trainer__keras__Format-Serving": (139, 139, 9),
}


def table_of(path: Path) -> LayerTable:
    model = load(path)
    meta_graph = model.meta_graphs[0]
    return build_layer_table(model, meta_graph, ModelGraph(meta_graph))


@pytest.mark.parametrize("name", KERAS)
def test_rows_are_those_of_keras(name: str) -> None:
    table = table_of(MODELS / name)
    rows = [
        (row.name, row.class_name, row.output_shapes, row.parameters, row.trainable_parameters) for row in table.rows
    ]
    assert rows == KERAS[name]
    assert (table.parameters, table.trainable_parameters) == TOTALS[name]
    assert table.source == "keras_metadata"


def test_model_and_connections() -> None:
    table = table_of(MODELS / "keras2_functional")
    assert (table.model_class, table.model_name) == ("Functional", "functional")
    assert [row.inbound for row in table.rows] == [
        (), (), ("left", "right"), ("join",), ("hidden",), ("norm",), ("dropout",),
    ]  # fmt: skip
    assert table.rows[3].variables == ("hidden/kernel", "hidden/bias")
    assert table.rows[4].nodes == 12


@pytest.mark.parametrize("name", CORPUS)
def test_public_models(corpus: Path, name: str) -> None:
    table = table_of(corpus / "public" / name)
    top = [row for row in table.rows if row.depth == 0]
    assert (table.parameters, table.trainable_parameters, len(top)) == CORPUS[name]
    assert sum(row.parameters for row in top) == table.parameters


@pytest.mark.parametrize(
    "release", ["1.15.0", "2.3.4", "2.5.3", "2.10.1", "2.11.1", "2.12.1", "2.13.1", "2.14.1", "2.15.1"]
)
def test_every_release_writes_the_same_table(corpus: Path, release: str) -> None:
    """Sequential of Dense(3), Dense(2) on four features; before 2.5 the metadata stands in the object graph."""
    table = table_of(corpus / "releases" / release / "keras")
    numbers = tuple(map(int, release.split(".")[:2]))
    assert table.source == ("keras_metadata" if numbers >= (2, 5) else "object_metadata")
    rows = [(row.name, row.class_name, row.output_shapes, row.parameters) for row in table.rows]
    assert rows == [("dense", "Dense", ((None, 3),), 15), ("dense_1", "Dense", ((None, 2),), 8)]


# Damage -------------------------------------------------------------------------------------------------------------


def damaged(metadata: str) -> tuple[SavedModel, MetaGraph]:
    """keras2_functional with another text as the metadata of the layer ``hidden``."""
    model = load(MODELS / "keras2_functional")
    nodes = tuple(replace(n, metadata=metadata) if n.object_id == 4 else n for n in model.keras_nodes)
    return replace(model, keras_nodes=nodes), model.meta_graphs[0]


@pytest.mark.parametrize("metadata", ["{", "[1]", "[" * 100_000, '{"a": ' + "9" * 5000 + "}", "\x00"])
def test_bad_json_is_a_note(metadata: str) -> None:
    model, meta_graph = damaged(metadata)
    table = build_layer_table(model, meta_graph, ModelGraph(meta_graph))
    assert any("1 objects is no JSON object (object 4)" in note for note in table.notes)
    assert (table.parameters, len(table.rows)) == (45, 7)
    assert table.rows[3].name == "hidden" and table.rows[3].class_name == ""


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
FIELDS = (
    "name",
    "class_name",
    "config",
    "trainable",
    "dtype",
    "batch_input_shape",
    "build_input_shape",
    "inbound_nodes",
)


@given(st.dictionaries(st.sampled_from(FIELDS), JSON))
def test_any_json_is_read(said: dict[str, object]) -> None:
    model, meta_graph = damaged(json.dumps(said))
    table = build_layer_table(model, meta_graph, ModelGraph(meta_graph))
    assert len(table.rows) == 7
    assert table.parameters == 45


def test_ids_out_of_range_are_left_out() -> None:
    model = load(MODELS / "keras2_functional")
    nodes = tuple(replace(node, object_id=node.object_id + 10_000) for node in model.keras_nodes)
    meta_graph = model.meta_graphs[0]
    assert (
        build_layer_table(replace(model, keras_nodes=nodes), meta_graph, ModelGraph(meta_graph)).source == "name_scopes"
    )


def test_a_model_that_holds_itself_ends() -> None:
    model = load(MODELS / "keras2_functional")
    meta_graph = model.meta_graphs[0]
    assert meta_graph.objects is not None
    objects = list(meta_graph.objects.nodes)
    # keras_api.layers (60) of the root: the root itself, a layer twice, and ids that do not exist.
    children = (("0", 0), ("1", 4), ("2", 4), ("3", 9999), ("4", -1))
    objects[60] = replace(objects[60], children=children)
    looped = replace(meta_graph, objects=replace(meta_graph.objects, nodes=tuple(objects)))
    table = build_layer_table(model, looped, ModelGraph(looped))
    assert [row.name for row in table.rows] == ["hidden"]


def test_references_reads_every_form() -> None:
    """Lists of calls, one flat call with keyword arguments, and nested structures (keras/engine/node.py)."""
    assert list(references([[["a", 0, 0, {}], ["b", 0, 1, {}]]])) == [("a", 0, 0), ("b", 0, 1)]
    assert list(references([["a", 0, 0, {"y": ["b", 1, 0]}]])) == [("a", 0, 0), ("b", 1, 0)]
    assert list(references([{"x": ["a", 0, 0]}])) == [("a", 0, 0)]
    assert list(references("a")) == []


ASK = """
import json, sys
import tensorflow as tf
answers = {}
for path in sys.argv[1:]:
    loaded = tf.saved_model.load(path)
    count = lambda variables: int(sum(variable.shape.num_elements() for variable in variables))
    answers[path] = [count(loaded.variables), count(loaded.trainable_variables)]
print(json.dumps(answers))
"""


@pytest.mark.tensorflow
def test_tensorflow_counts_the_same() -> None:
    paths = [str(MODELS / name) for name in ("keras2_functional", "keras2_custom_layer_lambda")]
    done = subprocess.run([sys.executable, "-c", ASK, *paths], capture_output=True, text=True, check=False)
    if done.returncode and "No module named 'tensorflow'" in done.stderr:
        pytest.skip("TensorFlow is not installed")
    answers = json.loads(done.stdout.splitlines()[-1])
    for path in paths:
        table = table_of(Path(path))
        assert [table.parameters, table.trainable_parameters] == answers[path]
