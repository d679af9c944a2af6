"""Code and references that Keras configurations bring along, and that nothing of it is ever run."""

from __future__ import annotations

import ast
import base64
import json
import pickle
import shutil
import time
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import smanalyze
from smanalyze.facts import keras_code
from smanalyze.facts.keras_act import KerasAct, has_keras_configs
from smanalyze.facts.keras_bytecode import payload, strings
from smanalyze.facts.keras_code import keras_acts, weights_keras_acts
from smanalyze.facts.keras_paths import is_system_place, leads_out
from smanalyze.facts.keras_walk import may_act
from smanalyze.load import load_weights_source
from smanalyze.model.checkpoint import Checkpoint
from smanalyze.model.weights import KerasText, WeightsFile
from tests.conftest import TESTDATA
from tests.models import NAMES, model_of

CODE = TESTDATA / "weights" / "keras_code"
HONEST = TESTDATA / "weights" / "keras_code_honest"
SOURCES = sorted((Path(smanalyze.__file__).parent / "facts").glob("keras_*.py"))

MENTIONS_OS_SYSTEM = "d952c17787d1e13c681af6818a638ccdb1a62c493835fe3e2fd72bc4eb706967"

EXPECTED = {
    "lambda.keras": [("lambda-code", "Lambda", "double")],
    "value.keras": [("lambda-code", "Dense", "dense")],
    "lambda.h5": [
        ("lambda-code", "Lambda", "double"),
        ("lambda-code", "Lambda", "shaped"),
        ("lambda-code", "Lambda", "shaped"),
        ("foreign-reference", "subprocess.call", ""),
    ],
    "lambda.yaml": [("lambda-code", "Lambda", "double")],
    "tag.yaml": [("foreign-reference", "os.system", "")],
    "foreign.keras": [
        ("foreign-reference", "os.system", "shell"),
        ("foreign-reference", "subprocess.Popen", "popen"),
        ("foreign-reference", "keras.src.utils.io_utils.os.system", "through"),
        ("foreign-reference", "eval", "python"),
        ("gadget", "numpy.load", "library"),
    ],
    "gadget.keras": [
        ("gadget", "keras.config.enable_unsafe_deserialization", "unsafe"),
        ("gadget", "keras.utils.get_file", "fetch"),
        ("gadget", "keras.models.load_model", "again"),
        ("gadget", "keras.layers.TorchModuleWrapper", "torch"),
        ("gadget", "keras.layers.TFSMLayer", "graph"),
        ("gadget", "keras.utils.plot_model", "plot"),
        ("gadget", "keras.datasets.mnist.load_data", "data"),
        ("gadget", "keras.applications.VGG16", "build"),
        ("gadget", "keras.config.enable_interactive_logging", "logging"),
    ],
    "graph.json": [
        ("gadget", "tf.io.write_file", "w"),
        ("gadget", "tf.raw_ops.ReadFile", "r"),
        ("gadget", "WriteFile", "n"),
        ("gadget", "PyFunc", "p"),
    ],
    "vocabulary.keras": [
        ("vocabulary-path", "StringLookup", "words"),
        ("vocabulary-path", "TextVectorization", "address"),
        ("vocabulary-path", "IntegerLookup", "up"),
        ("vocabulary-path", "StringLookup", "elsewhere"),
    ],
    "spelled.keras": [("gadget", "keras.utils.get_file", "fetch")],
    "utf16.keras": [("gadget", "keras.utils.get_file", "fetch")],
    "deep.keras": [("unreadable", "configuration", "")],
    "broken.keras": [("unreadable", "configuration", "")],
}


def acts_of(path: Path) -> tuple[KerasAct, ...]:
    weights = load_weights_source(path)
    assert weights is not None, path
    return weights_keras_acts(weights)


def told(acts: tuple[KerasAct, ...]) -> list[tuple[str, str, str]]:
    return [(act.kind, act.act.op, act.name) for act in acts]


def of_text(text: str, place: str = "config.json") -> tuple[KerasAct, ...]:
    return weights_keras_acts(WeightsFile("keras", "x.keras", Checkpoint("absent"), texts=(KerasText(place, text),)))


def test_the_fixtures_are_those_that_are_expected() -> None:
    assert sorted(EXPECTED) == sorted(path.name for path in CODE.iterdir())


@pytest.mark.parametrize("name", EXPECTED)
def test_everything_is_found_and_nothing_else(name: str) -> None:
    if name == "tag.yaml":  # is no architecture to the loader, and lies in a folder all the same
        acts = keras_code._Gathered()
        acts.add(keras_code._file_source(name, KerasText("", (CODE / name).read_text()), "keras-yaml"))
        assert told(acts.acts()) == EXPECTED[name]
        return
    if name in ("deep.keras", "broken.keras"):
        weights = load_weights_source(CODE / name)
        assert weights is not None and weights.unreadable
    assert told(acts_of(CODE / name)) == EXPECTED[name]


@pytest.mark.parametrize("path", sorted(HONEST.iterdir()), ids=lambda path: path.name)
def test_honest_files_need_no_more_than_names(path: Path) -> None:
    acts = acts_of(path)
    assert acts and {act.kind for act in acts} <= {"lambda-name", "custom-class"}


def test_a_weights_file_without_a_config_brings_nothing() -> None:
    for folder in ("keras3_h5", "keras_archive", "keras_archive_trained", "legacy_h5", "architecture"):
        for path in sorted((TESTDATA / "weights" / folder).iterdir()):
            assert acts_of(path) == (), path


def test_bytecode_is_measured_and_looked_into() -> None:
    (act,) = acts_of(CODE / "lambda.keras")
    assert act.code is not None
    assert (act.code.size, act.code.sha256) == (174, MENTIONS_OS_SYSTEM)
    assert act.code.strong == ("system",) and act.code.telling == ("os", "system")
    assert act.act.path == ("lambda.keras", "config.json", "Sequential crafted", "Lambda double", "config.function")
    assert (act.act.risk_class, act.act.when) == ("keras-code", ("keras-load",))
    assert "174 bytes" in act.evidence[1] and act.evidence[2] == "names: os, system"


def test_the_same_code_in_several_layers_is_told_once() -> None:
    first = acts_of(CODE / "lambda.h5")[0]
    assert (first.places, first.names) == (2, ("double", "twin"))
    assert first.evidence[-1] == "the same in 1 more place, of twin"


def test_what_is_called_with_is_told() -> None:
    fetch = acts_of(CODE / "gadget.keras")[1]
    assert [operand.text for operand in fetch.act.operands] == ["made.up", "https://example.com/made.up"]
    assert [operand.inside_model for operand in fetch.act.operands] == [None, False]
    write = acts_of(CODE / "graph.json")[0]
    assert [operand.text for operand in write.act.operands] == ["/home/author/made.up"]


# A SavedModel -------------------------------------------------------------------------------------------------------


def test_the_metadata_of_a_savedmodel() -> None:
    (act,) = keras_acts(model_of("keras2_custom_layer_lambda"))
    assert told((act,)) == [("lambda-code", "Lambda", "double")]
    assert act.act.path[:2] == ("keras_metadata.pb", "model") and act.act.path[-1] == "config.function"
    assert act.in_metadata and act.where.file == "keras_metadata.pb"


def test_metadata_in_the_object_graph_counts_even_beside_the_file() -> None:
    model = model_of("keras2_custom_layer_lambda")
    (meta_graph,) = model.meta_graphs
    assert meta_graph.objects is not None
    nodes = list(meta_graph.objects.nodes)
    hidden = {"class_name": "Lambda", "name": "hidden", "config": {
        "name": "hidden", "function": ["Y29kZQ==", None, None], "function_type": "lambda"}}  # fmt: skip
    nodes[2] = replace(nodes[2], identifier="whatever", metadata=json.dumps(hidden))
    objects = replace(meta_graph.objects, nodes=tuple(nodes))
    acts = keras_acts(replace(model, meta_graphs=(replace(meta_graph, objects=objects),)))
    assert [act.name for act in acts] == ["hidden", "double"]
    assert acts[0].act.path[0] == "object graph" and acts[0].where.file is None and acts[0].where.object_path
    without_file = replace(model, keras_nodes=(), meta_graphs=(replace(meta_graph, objects=objects),))
    assert [act.name for act in keras_acts(without_file)] == ["hidden"]


def test_metadata_counts_where_the_graph_was_not_read() -> None:
    model = replace(model_of("keras2_custom_layer_lambda"), meta_graphs=())
    assert [act.name for act in keras_acts(model)] == ["double"]


@pytest.mark.parametrize("name", [name for name in NAMES if name != "keras2_custom_layer_lambda"])
def test_good_models_bring_nothing(name: str) -> None:
    assert keras_acts(model_of(name)) == ()


def with_loose(folder: Path, **files: bytes | Path) -> Any:
    path = Path(shutil.copytree(TESTDATA / "models" / "module_one_signature", folder / "model"))
    for name, content in files.items():
        target = path / "assets" / name.replace("__", ".")
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(content if isinstance(content, bytes) else content.read_bytes())
    return smanalyze.load(path)


def test_keras_files_in_the_folder_are_looked_into(tmp_path: Path) -> None:
    model = with_loose(
        tmp_path,
        a__keras=CODE / "lambda.keras",
        b__h5=CODE / "lambda.h5",
        c__json=CODE / "graph.json",
        d__yaml=CODE / "tag.yaml",
        e__HDF5=CODE / "foreign.keras",
    )
    assert has_keras_configs(model)
    found = keras_acts(model)
    assert told(found) == [entry for name in ("lambda.keras", "lambda.h5", "graph.json", "tag.yaml", "foreign.keras")
                           for entry in EXPECTED[name]]  # fmt: skip
    assert {act.where.file for act in found} == {f"assets/{name}" for name in ("a.keras", "b.h5", "c.json", "d.yaml",
                                                                              "e.HDF5")}  # fmt: skip


def test_other_files_in_the_folder_are_left_alone(tmp_path: Path) -> None:
    words = json.dumps({"lambda": "os.system", "module": "os", "class_name": "Lambda"}).encode()
    model = with_loose(tmp_path, vocab__json=words, broken__json=b'{"module": "os", ', empty__json=b"",
                       list__json=b'["lambda", "\\u0061"]', text__yaml=b"module: os\nclass_name: x\n")  # fmt: skip
    assert keras_acts(model) == ()


def test_files_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    model = with_loose(tmp_path, a__h5=b"no HDF5 at all", b__keras=b"PK\x03\x04 cut", c__keras=b"",
                       d__json=b'{"class_name": "Lambda", "config": {')  # fmt: skip
    assert [(act.kind, act.where.file) for act in keras_acts(model)] == [
        ("unreadable", f"assets/{name}") for name in ("a.h5", "b.keras", "c.keras", "d.json")
    ]


def test_without_h5py_archives_are_read_and_hdf5_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from smanalyze.format import keras_child

    known = keras_child.importlib.util.find_spec
    monkeypatch.setattr(keras_child.importlib.util, "find_spec", lambda name: None if name == "h5py" else known(name))
    model = with_loose(tmp_path, a__keras=CODE / "lambda.keras", b__h5=CODE / "lambda.h5")
    first, second = keras_acts(model)
    assert first.kind == "lambda-code"
    assert second.kind == "unreadable" and "h5py" in second.act.reason


# Laws -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_nothing_can_run_what_it_reads(path: Path) -> None:
    """No marshal, pickle or import machinery, and no eval: what the configurations hold stays text."""
    forbidden = {"marshal", "pickle", "importlib", "runpy", "dill", "subprocess", "os.system", "yaml", "imp", "code"}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            assert not {alias.name.partition(".")[0] for alias in node.names} & forbidden
        if isinstance(node, ast.ImportFrom):
            assert (node.module or "").partition(".")[0] not in forbidden
        if isinstance(node, ast.Name):
            assert node.id not in {"eval", "exec", "compile", "__import__", "getattr"}


def test_what_the_quick_look_leaves_out_holds_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    paths = sorted((TESTDATA / "weights").glob("*/*.*"))
    files = [
        found for path in paths if path.suffix in (".keras", ".h5", ".json") and (found := load_weights_source(path))
    ]
    models = [model_of(name) for name in NAMES if has_keras_configs(model_of(name))]
    assert files and models
    quick = [told(weights_keras_acts(file)) for file in files] + [told(keras_acts(model)) for model in models]
    monkeypatch.setattr(keras_code, "may_act", lambda text: True)
    assert quick == [told(weights_keras_acts(file)) for file in files] + [told(keras_acts(model)) for model in models]


@pytest.mark.parametrize("act", [
    {"class_name": "Lambda", "config": {"f": "x", "f_type": "lambda"}},
    {"class_name": "Lambda", "config": {"name": "n", "function": "x", "function_type": "function"}},
    {"class_name": "X", "config": {"a": {"class_name": "__lambda__", "config": {"value": "eA=="}}}},
    {"class_name": "function", "config": "eval", "module": "builtins"},
    {"class_name": "function", "config": "os.system", "module": "keras.x"},
    {"class_name": "get_file", "config": {}},
    {"class_name": "Custom>X", "config": {}},
    {"class_name": "function", "config": "set_backend", "module": "keras.config"},
    {"class_name": "function", "config": "VGG16", "module": "tensorflow.keras.applications"},
    {"class_name": "function", "config": "write_graph", "module": "tensorflow.io"},
    {"class_name": "function", "config": "plot_model", "module": "tf_keras.utils"},
    {"class_name": "X", "config": {}, "module": None, "registered_name": "X"},
    {"class_name": "X", "config": {}, "module": "acme"},
    {"class_name": "function", "config": "acme>f", "module": "builtins"},
    {"class_name": "StringLookup", "config": {"vocabulary": "/x"}},
    {"class_name": "acme>StringLookup", "config": {"vocabulary": "/x"}},
    {"class_name": "KerasLayer", "config": {"handle": "https://tfhub.dev/x"}},
])  # fmt: skip
def test_each_kind_is_seen_by_the_quick_look(act: dict[str, Any]) -> None:
    for text in (json.dumps(act), json.dumps(act, indent=2), json.dumps(act, separators=(",", ":"))):
        assert may_act(text) and of_text(text)


WORDS = ["os", "Lambda", "__lambda__", "lambda", "function", "StringLookup", "/etc/x", "TFOpLambda", "keras.x", "io"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(WORDS),
    lambda below: st.lists(below, max_size=4) | st.dictionaries(st.sampled_from([
        "class_name", "config", "module", "function", "function_type", "vocabulary", "name", "value", "code", "items",
        "arguments", "inbound_nodes", "registered_name", "node_def"]), below, max_size=5),
    max_leaves=30,
)  # fmt: skip


@given(JSON)
def test_nothing_raises_whatever_stands_there(value: Any) -> None:
    for act in of_text(json.dumps(value)):
        assert act.evidence and act.act.path


def test_deep_and_wide_configurations_take_linear_time() -> None:
    deep = "x"
    for _ in range(300):
        deep = f'{{"class_name": "A", "config": {{"name": "n", "l": [{deep}]}}}}' if deep != "x" else '{"module": "os"}'
    wide = '{"class_name": "A", "config": {"layers": [' + ",".join(['{"module": "os", "x": {}}'] * 200_000) + "]}}"
    nested = deep.replace('{"module": "os"}', wide)
    start = time.process_time()
    assert of_text(nested) == ()
    assert time.process_time() - start < 20


def test_many_finds_are_cut_and_said() -> None:
    layers = [{"class_name": "X", "config": {}, "module": f"acme{k}"} for k in range(keras_code.MAX_ACTS + 5)]
    acts = of_text(json.dumps({"class_name": "Sequential", "config": {"layers": layers}}))
    assert len(acts) == keras_code.MAX_ACTS + 1
    assert acts[-1].kind == "unreadable" and "5 more" in acts[-1].act.reason


def test_one_thing_in_very_many_layers_takes_linear_time() -> None:
    code = {"function": ["4wEAAAA=", None, None], "function_type": "lambda"}
    layers = [{"class_name": "Lambda", "config": {"name": f"l{k}", **code}} for k in range(100_000)]
    start = time.process_time()
    (act,) = of_text(json.dumps({"class_name": "Sequential", "config": {"layers": layers}}))
    assert (act.places, len(act.names), act.names[:2]) == (100_000, 100_000, ("l0", "l1"))
    assert time.process_time() - start < 20


# Bytes and paths ------------------------------------------------------------------------------------------------------


def test_strings_of_pickles_and_of_code_without_lengths() -> None:
    assert "posix" in strings(b"\x80\x04\x8c\x05posix\x8c\x06system\x93.")
    text = pickle.dumps("https://example.com/x")
    assert payload(base64.b64encode(text).decode()).places == ("https://example.com/x",)
    assert strings(b"\x01\x02readable run\x00") == ["readable run"]


def test_words_in_sentences_and_file_names_tell_nothing() -> None:
    def f(x: Any) -> Any:
        return ("we open the system", x)[1]

    import marshal  # the test writes code as Keras does; what is tested never reads it

    code = f.__code__.replace(co_filename="/home/author/open/system/eval.py")
    said = payload(base64.b64encode(marshal.dumps(code)).decode())
    assert said.strong == () and "/home/author/open/system/eval.py" in said.places


@pytest.mark.parametrize("code", [None, 3, [], {}])
def test_code_that_is_no_text_is_said_to_be_unknown(code: Any) -> None:
    assert payload(code).problem


@pytest.mark.parametrize(("path", "way", "system"), [
    ("words.txt", "", False), ("assets/words.txt", "", False), ("./a..b/words.txt", "", False),
    ("/home/author/words.txt", "file-read", False), ("~/words.txt", "file-read", False),
    ("C:\\words.txt", "file-read", False), ("..\\words.txt", "file-read", False), ("a/../../w", "file-read", False),
    ("file:///etc/hosts", "file-read", True), ("/etc/passwd", "file-read", True), ("~/.ssh/id_rsa", "file-read", True),
    ("../../../etc/passwd", "file-read", True), ("gs://bucket/words.txt", "network", False),
    ("\\\\host\\share\\w", "network", False), ("http://169.254.169.254/latest", "network", True),
    ("/home/author/etc/words.txt", "file-read", False),
])  # fmt: skip
def test_where_paths_lead(path: str, way: str, system: bool) -> None:
    assert (leads_out(path), is_system_place(path)) == (way, system)


def test_an_archive_whose_config_is_no_text_is_told(tmp_path: Path) -> None:
    path = tmp_path / "x.keras"
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("config.json", b"\xff\xfe\xfa lambda \\u0061")
    assert [act.kind for act in acts_of(path)] in ([], ["unreadable"])
