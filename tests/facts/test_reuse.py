"""How a model can be loaded again: tables over the fixtures, and what TensorFlow says when it is asked."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from smanalyze.errors import NotASavedModelError
from smanalyze.facts.layers_metadata import KerasMetadata
from smanalyze.facts.layers_objects import ObjectTree
from smanalyze.facts.reuse import NOTHING, build_reuse
from smanalyze.facts.reuse_keras import KerasFacts
from smanalyze.facts.reuse_obstacles import VERSION
from smanalyze.facts.reuse_refused import NODE_NAME, circle
from smanalyze.graph.model_graph import ModelGraph
from smanalyze.load import load
from smanalyze.model.saved_model import Found, SavedModel
from smanalyze.report.sections import ReuseAnswer, ReuseReport
from tests.checks.helpers import Change, edited, good, graph, lone_file
from tests.conftest import TESTDATA

MODELS = sorted(path for path in (TESTDATA / "models").iterdir() if path.is_dir())
BROKEN = sorted(path for path in (TESTDATA / "broken").iterdir() if path.is_dir())
LOADERS = (
    "tf.saved_model.load",
    "keras.layers.TFSMLayer",
    "keras.models.load_model",
    "tf_keras.models.load_model",
    "hub.KerasLayer",
)

# works of the five answers, and the endpoint of TFSMLayer ("" for none). Checked with TensorFlow 2.21, Keras 3.15,
# tf_keras 2.21 and tensorflow_hub 0.16.1.
ANSWERS: dict[str, tuple[str, str]] = {
    "absolute_path_constant": ("yes no no no partly", ""),  # its function takes no argument
    "composite_signature": ("yes no no no partly", ""),
    "control_flow": ("yes yes no no partly", "cond"),
    "custom_op": ("partly partly no no partly", "serving_default"),
    "estimator_linear": ("yes yes no no partly", "serving_default"),
    "keras2_custom_layer_lambda": ("yes yes no yes yes", "serving_default"),
    "keras2_functional": ("yes yes no yes yes", "__call__"),  # the signature has two inputs
    "keras2_legacy_optimizer_slots": ("partly partly no yes yes", "serving_default"),
    "keras2_sequential_save_traces_false": ("partly no no yes no", ""),
    "keras3_export": ("yes yes no no partly", "serve"),
    "keras3_saved_model": ("yes yes no no partly", "serving_default"),
    "module_no_signature": ("yes yes no no no", "shift"),  # read_offset takes no argument
    "module_one_signature": ("yes yes no no partly", "serving_default"),
    "reusable_hub": ("yes yes no no no", "serving_default"),  # its tfhub_module.pb says TF1
    "tf1_builder_multi_metagraph": ("yes no no no partly", ""),
    "tf1_frozen": ("yes yes no no partly", "serving_default"),
    "tf1_queue": ("yes yes no no partly", "serving_default"),
    "unused_signature_input": ("yes no no no partly", ""),  # __call__ takes two arguments, the signature two inputs
}


def reuse_of(path: Path) -> ReuseReport:
    model = load(path)
    return build_reuse(model, tuple(map(ModelGraph, model.meta_graphs)))


def endpoint(answer: ReuseAnswer) -> str:
    found = re.search(r"call_endpoint='(.*)'\)", answer.loader)
    return found.group(1) if found else ""


@pytest.mark.parametrize("name", ANSWERS)
def test_answers(name: str) -> None:
    answers = reuse_of(TESTDATA / "models" / name).answers
    works, call_endpoint = ANSWERS[name]
    assert (" ".join(answer.works for answer in answers), endpoint(answers[1])) == (works, call_endpoint)


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.name)
def test_laws_of_fixtures(path: Path) -> None:
    holds(reuse_of(path))


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.name)
def test_broken_models_never_raise(path: Path) -> None:
    try:
        holds(reuse_of(path))
    except NotASavedModelError:
        return


def holds(report: ReuseReport) -> None:
    """Each loader is answered once, in order, with a reason; what has no variables has none to train."""
    if report == NOTHING:
        return
    assert [answer.loader.split("(")[0] for answer in report.answers] == list(LOADERS)
    for answer in report.answers:
        assert answer.works in ("yes", "partly", "no", "unknown")
        assert answer.says and all(sentence.endswith(".") for sentence in answer.says), answer
    assert report.gradients
    if report.answers[0].works == "no":
        assert all(answer.works == "no" for answer in report.answers)


def test_no_meta_graph() -> None:
    assert build_reuse(SavedModel(Found("saved_model", "empty"), "none", 0, 0), ()) == NOTHING


def test_what_keras_was_compiled_with() -> None:
    report = reuse_of(TESTDATA / "models" / "keras2_functional")
    assert (report.optimizer, report.loss, report.metrics) == ("Adam", "mse", ("mean_absolute_error",))
    assert report.save_traces is True
    assert reuse_of(TESTDATA / "models" / "keras2_sequential_save_traces_false").save_traces is False
    assert reuse_of(TESTDATA / "models" / "module_one_signature").save_traces is None
    custom = reuse_of(TESTDATA / "models" / "keras2_custom_layer_lambda")
    assert custom.custom_classes == ("acme>Shift",)
    assert any("Lambda layer double" in sentence for sentence in custom.answers[3].says)
    assert reuse_of(TESTDATA / "models" / "keras3_saved_model").optimizer == "adam"


@pytest.mark.parametrize(
    ("config", "loss", "metrics", "unknown"),
    [
        ({"loss": {"a": "mse", "b": ["mae"]}}, "mse, mae", (), ()),
        ({"loss": {"class_name": "Huber", "config": {"name": "huber_loss"}}}, "huber_loss", (), ()),
        ({"loss": {"class_name": "Mine", "config": {}}}, "Mine", (), ("Mine",)),
        ({"metrics": [[{"class_name": "MeanMetricWrapper", "config": {"fn": "my"}}]]}, "", ("my",), ("my",)),
        ({"metrics": ["accuracy"], "optimizer_config": {"class_name": "Custom>Adam"}}, "", ("accuracy",), ()),
        ({"optimizer_config": {"class_name": "Addons>LAMB"}}, "", (), ("Addons>LAMB",)),
        ("no config", "", (), ()),
    ],
)  # fmt: skip
def test_training_configs(config: object, loss: str, metrics: tuple[str, ...], unknown: tuple[str, ...]) -> None:
    model = load(TESTDATA / "models" / "keras2_sequential_save_traces_false")
    metadata = KerasMetadata(model, model.meta_graphs[0])
    metadata.of(0)["training_config"] = config
    facts = KerasFacts(metadata, ObjectTree(model.meta_graphs[0].objects))
    assert (facts.loss, facts.metrics, facts.unknown_compiled) == (loss, metrics, unknown)


def test_what_can_be_trained() -> None:
    hub = reuse_of(TESTDATA / "models" / "reusable_hub")
    assert hub.has_variables and hub.has_trainable_variables and hub.has_regularization_losses
    assert "was traced for True and for False" in hub.training_argument
    assert hub.gradients.startswith("1 of 2 bound variables is trainable.")
    plain = reuse_of(TESTDATA / "models" / "module_one_signature")
    assert not plain.has_variables and "takes no training argument" in plain.training_argument
    assert reuse_of(TESTDATA / "models" / "tf1_frozen").gradients.startswith("Nothing to train")
    queue = reuse_of(TESTDATA / "models" / "tf1_queue").gradients
    assert queue.startswith("1 of 1 bound variable is a reference of TensorFlow 1,") and queue.endswith("reaches it.")
    assert reuse_of(TESTDATA / "models" / "tf1_queue").has_variables is False


def edited_reuse(folder: Path, name: str, change: Change) -> ReuseReport:
    return reuse_of(edited(name, change)(folder))


def mistyped_variables(message: Any) -> None:
    """Makes every variable of the object graph an integer."""
    for item in message.meta_graphs[0].object_graph_def.nodes:
        if item.HasField("variable"):
            item.variable.dtype = 9


def without_signatures_captures(message: Any) -> None:
    """Leaves the bound variables to the functions of the root, as TF-TRT does."""
    objects = message.meta_graphs[0].object_graph_def
    for name, concrete in objects.concrete_functions.items():
        if "signature_wrapper" in name:
            del concrete.bound_inputs[:]
    graph(message).ClearField("node")
    for key in list(message.meta_graphs[0].signature_def):
        message.meta_graphs[0].signature_def[key].outputs.clear()


def test_only_dtypes_with_gradients_are_trained(tmp_path: Path) -> None:
    counter = reuse_of(TESTDATA / "models" / "mutating_signature").gradients
    assert counter.startswith("No bound variable can be trained. 1 marked as trainable have no gradients")
    assert "int64" in edited_reuse(tmp_path, "keras2_functional", mistyped_variables).gradients


def test_variables_that_only_functions_bind_count(tmp_path: Path) -> None:
    report = edited_reuse(tmp_path, "module_one_signature", without_signatures_captures)
    assert "bound variables are trainable" in report.gradients
    assert "Only functions of the root bind them" in report.gradients


def call_nothing(name: str, body: str) -> Change:
    """Adds a node without inputs or attrs: to the main graph, or to the first function."""

    def change(message: Any) -> None:
        nodes = graph(message).node if body == "main" else graph(message).library.function[0].node_def
        nodes.add(name=name, op={"a b": "NoOp", "empty": "Const", "read": "ReadFile"}[name])

    return change


@pytest.mark.parametrize(
    ("model", "body", "works"),
    [("tf1_frozen", "main", "no"), ("module_one_signature", "function", "no"),
     ("module_one_signature", "main", "yes")],  # with an object graph, load never makes the main graph
)  # fmt: skip
@pytest.mark.parametrize(
    ("name", "says"),
    [("a b", "a b (NoOp) has a name"), ("empty", "empty (Const) has no dtype and value"),
     ("read", "read (ReadFile) has 0 of at least 1 inputs")],
)  # fmt: skip
def test_nodes_that_tensorflow_refuses(model: str, body: str, works: str, name: str, says: str, tmp_path: Path) -> None:
    """As TensorFlow 2.21 answered for each of these models."""
    answer = edited_reuse(tmp_path, model, call_nothing(name, body)).answers[0]
    assert answer.works == works
    assert any(says in sentence for sentence in answer.says) == (works == "no")


@pytest.mark.parametrize(
    ("name", "valid"),
    [("a", True), (".a", True), ("a/", True), ("a//b", True), ("a>b", True), ("a/>b", True), ("A_0-9", True),
     ("", False), ("_a", False), ("-a", False), ("/a", False), (">a", False), ("a b", False), ("a\\b", False),
     ("a:0", False), ("a+b", False), ("a\n", False), ("é", False)],
)  # fmt: skip
def test_node_names_as_tensorflow_takes_them(name: str, valid: bool) -> None:
    """TensorFlow 2.21 was given a graph with a node of each name."""
    assert bool(NODE_NAME.fullmatch(name)) == valid


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("unused_signature_input", "layer({'ignored': …, 'x': …})"),
        ("composite_signature", "layer({'ragged_component_0': …, 'ragged_component_1': …})"),
        ("sparse_signature", "layer({'sparse_indices': …, 'sparse_values': …, 'sparse_dense_shape': …})"),
        ("absolute_path_constant", "layer({})"),
        ("tf1_frozen", ""),  # one tensor goes in by position
    ],
)  # fmt: skip
def test_how_a_hub_layer_is_called(name: str, call: str) -> None:
    """tensorflow_hub 0.16.1 took each of these calls."""
    says = " ".join(reuse_of(TESTDATA / "models" / name).answers[4].says)
    assert call in says
    assert ("Call the layer with a dict" in says) == bool(call)


def test_presence_is_worded(tmp_path: Path) -> None:
    says = reuse_of(lone_file(good("module_one_signature"))(tmp_path)).answers[0].says
    assert "The variables' values are not fetched." in says


@pytest.mark.parametrize(
    ("version", "valid"),
    [("2.21.0", True), ("1.1.0-rc2", True), ("2.9.0-dev20220227", True), ("1.15.0+nv20.12", True), ("0.12.head", False),
     ("2.1.1-dlenv_tfe", False)],
)  # fmt: skip
def test_versions_that_tensorflow_can_read(version: str, valid: bool) -> None:
    """As packaging.version does, with which TensorFlow reads the version of a TF1 graph."""
    assert bool(VERSION.fullmatch(version)) == valid


def test_the_corpus_loads_where_we_say_so(corpus: Path) -> None:
    """expected.json holds what TensorFlow 2.21 said to tf.saved_model.load of each model."""
    wrong = []
    for entry in json.loads((corpus / "expected.json").read_text(encoding="utf-8")):
        try:
            report = reuse_of(corpus / "public" / entry["name"])
        except NotASavedModelError:
            continue
        if report == NOTHING:
            continue
        loads = entry["tf221_load"] == "ok"
        works = report.answers[0].works
        if (works == "yes") != loads and works != "partly":
            wrong.append((entry["name"], works, entry["tf221_load"]))
    assert wrong == []


ASK = """
import json, sys
import tensorflow as tf
answers = {}
for path, endpoint in json.loads(sys.argv[1]):
    try:
        layer = tf.keras.layers.TFSMLayer(path, call_endpoint=endpoint or "serving_default")
        signature = getattr(layer.call_endpoint_fn, "structured_input_signature", None)
        if signature is not None:
            (spec,) = signature[1].values()
            layer(tf.zeros([1 if size is None else size for size in spec.shape], spec.dtype))
        answers[path] = "yes"
    except Exception as error:
        answers[path] = f"no: {error}"[:300]
print(json.dumps(answers))
"""
ASKED = (
    "composite_signature", "keras2_custom_layer_lambda", "keras2_functional", "keras2_legacy_optimizer_slots",
    "keras2_sequential_save_traces_false", "keras3_export", "keras3_saved_model", "module_no_signature",
    "module_one_signature", "tf1_builder_multi_metagraph", "tf1_frozen", "reusable_hub",
)  # fmt: skip


@pytest.mark.tensorflow
def test_tfsm_layer_does_what_we_say() -> None:
    answers = {name: reuse_of(TESTDATA / "models" / name).answers[1] for name in ASKED}
    asked = json.dumps([(str(TESTDATA / "models" / name), endpoint(answer)) for name, answer in answers.items()])
    done = subprocess.run([sys.executable, "-c", ASK, asked], capture_output=True, text=True, check=False)
    if done.returncode and "No module named 'tensorflow'" in done.stderr:
        pytest.skip("TensorFlow is not installed")
    said = json.loads(done.stdout.splitlines()[-1])
    for name, answer in answers.items():
        truth = said[str(TESTDATA / "models" / name)]
        # "partly" is a model that loads once tf_keras is imported, which this process did not do.
        assert (answer.works == "yes") == (truth == "yes"), (name, answer, truth)


def test_functions_that_call_one_another_in_a_circle_are_refused() -> None:
    """As tf.saved_model.load says of it: "There is a cyclic dependency between functions"."""
    answers = reuse_of(TESTDATA / "broken" / "recursive_function").answers
    assert answers[0].works == "no"
    assert "in a circle: __inference_ping_900 → __inference_pong_900 → __inference_ping_900" in " ".join(
        answers[0].says
    )


def test_the_circle_alone_is_told_not_what_leads_there() -> None:
    library = ModelGraph(load(TESTDATA / "broken" / "recursive_function").meta_graphs[0]).library
    turning = circle(library)
    for name, after in zip(turning, (*turning[1:], turning[0]), strict=True):
        assert after in {call.function for call in library.callees(name)}


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.name)
def test_no_sound_model_turns_in_a_circle(path: Path) -> None:
    assert [circle(ModelGraph(one).library) for one in load(path).meta_graphs if circle(ModelGraph(one).library)] == []
