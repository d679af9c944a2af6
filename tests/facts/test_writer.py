"""Which tool wrote a model: a table over the fixtures, and the evidence behind each answer."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from smanalyze.errors import NotASavedModelError
from smanalyze.facts.writer import DETECTORS, UNKNOWN, name_writer
from smanalyze.facts.writer_traces import Traces
from smanalyze.graph.model_graph import ModelGraph
from smanalyze.load import load
from smanalyze.model.saved_model import Found, SavedModel
from tests.conftest import TESTDATA

MODELS = sorted(path.name for path in (TESTDATA / "models").iterdir() if path.is_dir())
BROKEN = sorted(path.name for path in (TESTDATA / "broken").iterdir() if path.is_dir())
PLAIN = "tf.saved_model.save"
BUILDER = "TF1 SavedModelBuilder (or simple_save)"
WRITERS = {
    "composite_signature": BUILDER,
    "estimator_linear": "Estimator",
    "keras2_custom_layer_lambda": "Keras 2.15.0 (model.save)",
    "keras2_functional": "Keras 2.15.0 (model.save)",
    "keras2_legacy_optimizer_slots": "Keras 2.15.0 (model.save)",
    "keras2_sequential_save_traces_false": "Keras 2.15.0 (model.save)",
    "keras3_export": "Keras 3 (model.export)",
    "keras3_saved_model": "Keras 3 (tf.saved_model.save)",
    "names_japanese_tf1": BUILDER,
    "reusable_hub": "tf.saved_model.save (reusable SavedModel, for TF-Hub)",
    "sparse_signature": BUILDER,
    "tf1_builder_multi_metagraph": BUILDER,
    "tf1_frozen": BUILDER,
    "tf1_partitioned_variables": BUILDER,
    "tf1_pbtxt": BUILDER,
    "tf1_queue": BUILDER,
}
FLAVOURS = {
    "keras3-export": ("Keras 3 (model.export)",),
    "tensorrt": ("TF-TRT (TensorRT converter)",),
    "tf-agents-policy": ("TF-Agents (PolicySaver)",),
    "tf-df": ("TensorFlow Decision Forests or YDF",),
    "tf-hub-module": ("TF-Hub (hub.Module of TF1)",),
    "tft": ("TensorFlow Transform (transform_fn)", "TensorFlow Model Analysis (EvalSavedModel)", "Estimator"),
    # What is built on Keras 2 is named by what it is, not by what it is built on.
    "keras2(keras_metadata.pb)": ("Keras 2", "TensorFlow Decision Forests or YDF", "AWS Neuron compiler"),
}
"""Beginnings of our answer for what the corpus' expected.json says of a model (by its own heuristics)."""


@pytest.mark.parametrize("name", MODELS)
def test_fixture(name: str) -> None:
    writer = name_writer(load(TESTDATA / "models" / name))
    assert writer.name == WRITERS.get(name, PLAIN)
    assert writer.evidence


@pytest.mark.parametrize("name", ["keras3_export", "estimator_linear", "custom_op"])
def test_graphs_only_save_time(name: str) -> None:
    model = load(TESTDATA / "models" / name)
    graphs = tuple(map(ModelGraph, model.meta_graphs))
    assert name_writer(model, graphs) == name_writer(model)


def test_one_op_of_a_library_is_no_export_by_it() -> None:
    """custom_op calls an op of TF-DF, but has no model of it."""
    assert "Decision Forests" not in name_writer(load(TESTDATA / "models" / "custom_op")).name


def test_nothing_read_is_unknown() -> None:
    empty = SavedModel(Found("saved_model", "empty"), "none", 0, 0)
    assert name_writer(empty).name == UNKNOWN
    assert name_writer(empty).evidence == ()
    assert all(detect(Traces(empty)) is None for detect in DETECTORS)


@pytest.mark.parametrize("name", BROKEN)
def test_broken_model_never_raises(name: str) -> None:
    try:
        model = load(TESTDATA / "broken" / name)
    except NotASavedModelError:
        return
    writer = name_writer(model)
    assert bool(writer.evidence) == (writer.name != UNKNOWN)


def test_corpus_agrees_with_what_others_say(corpus: Path) -> None:
    """Where expected.json names a flavour that belongs to one tool, we name that tool or one built on it."""
    for entry in json.loads((corpus / "expected.json").read_text(encoding="utf-8")):
        try:
            model = load(corpus / "public" / entry["name"])
        except NotASavedModelError:
            continue
        writer = name_writer(model)
        for flavour in entry["flavour"] or ():
            begins = FLAVOURS.get(flavour)
            if begins and model.meta_graphs:
                assert writer.name.startswith(begins), (entry["name"], writer)


@pytest.mark.parametrize("release", ["2.3.4", "2.5.3", "2.10.1", "2.15.1", "2.16.2", "2.21.0"])
def test_releases_of_keras(corpus: Path, release: str) -> None:
    name = name_writer(load(corpus / "releases" / release / "keras")).name
    numbers = tuple(map(int, release.split(".")[:2]))
    if numbers >= (2, 16):
        assert name == "Keras 3 (model.export)"
    else:
        how = "model.save" if numbers >= (2, 5) else "model.save or tf.saved_model.save"
        assert name.startswith("Keras 2.") and name.endswith(f"({how})")
