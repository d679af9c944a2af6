"""Ready code: that it is code, and that it runs."""

from __future__ import annotations

import ast
import base64
import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import smanalyze
from smanalyze.facts.parse_spec import ExampleInput, Feature
from smanalyze.facts.snippets import MAX_JSON_VALUES, Caller, build_snippets, needed_imports
from smanalyze.facts.snippets_feeds import code_text, example_base64
from smanalyze.report.document import Report
from smanalyze.report.tensors import Snippet
from tests.graph.made import library_of, meta_graph, node
from tests.models import GOOD, NAMES, each_model, report_of, signature_of


def snippet(name: str, key: str, language: str) -> Snippet:
    (found,) = [found for found in signature_of(name, key).snippets if found.language == language]
    return found


def body_of(code: str) -> dict[str, object]:
    """The JSON that a curl command sends, as a shell would hand it over."""
    words = shlex.split(code.replace("\\\n", " "))
    assert words[:3] == ["curl", "-X", "POST"]
    assert re.fullmatch(r"http://localhost:8501/v1/models/[\w.-]+:(predict|classify|regress)", words[3], re.ASCII)
    found: dict[str, object] = json.loads(words[words.index("-d") + 1])
    return found


@each_model
def test_every_snippet_is_code(name: str) -> None:
    for graph in report_of(name).meta_graphs:
        for signature in graph.signatures:
            assert [found.language for found in signature.snippets] == ["python", "rest", "cpp"]
            for found in signature.snippets:
                if found.language == "python" or found.code.startswith("import json"):
                    ast.parse(found.code)
                elif found.language == "rest" and found.code:
                    assert body_of(found.code)["signature_name"] == signature.key
                elif found.language == "rest":
                    assert found.note.startswith("Not possible")


def made(
    inputs: str,
    *,
    key: str = "s",
    method: str = "tensorflow/serving/predict",
    path: str = "m",
    several: bool = False,
    tags: str = "tags: 'serve'",
    examples: tuple[ExampleInput, ...] = (),
    imports: tuple[str, ...] = (),
) -> dict[str, Snippet]:
    outputs = "outputs { key: 'y' value { name: 'y:0' } }"
    text = f"signature_def {{ key: {json.dumps(key)} value {{ method_name: '{method}' {inputs} {outputs} }} }}"
    graph = meta_graph("", text, f"meta_info_def {{ {tags} }}")
    caller = Caller(graph.signatures[0], graph.tags, several, path, examples, imports)
    return {found.language: found for found in build_snippets(caller)}


def tensor(name: str, dtype: str, *sizes: int, unknown: bool = False) -> str:
    shape = "unknown_rank: true" if unknown else " ".join(f"dim {{ size: {size} }}" for size in sizes)
    return f"inputs {{ key: {json.dumps(name)} value {{ name: 'x:0' dtype: {dtype} tensor_shape {{ {shape} }} }} }}"


PYTHON = [
    (tensor("x", "DT_FLOAT", -1, 3), "x=tf.zeros([1, 3], tf.float32)"),
    (tensor("x", "DT_FLOAT"), "x=tf.zeros([], tf.float32)"),
    (tensor("x", "DT_FLOAT", unknown=True), "x=tf.zeros([], tf.float32)"),
    (tensor("x", "DT_STRING", -1), 'x=tf.fill([1], "text")'),
    (tensor("x", "DT_STRING"), 'x=tf.constant("text")'),
    (tensor("x", "DT_INT32_REF", 2), "x=tf.zeros([2], tf.int32)"),
    (tensor("class", "DT_FLOAT"), '"class": tf.zeros([], tf.float32)'),
    (tensor("0/observation", "DT_FLOAT"), '"0/observation": tf.zeros([], tf.float32)'),
    (tensor('"quoted"', "DT_FLOAT"), '"\\"quoted\\"": tf.zeros([], tf.float32)'),
]


@pytest.mark.parametrize(("inputs", "words"), PYTHON, ids=[case[1] for case in PYTHON])
def test_python(inputs: str, words: str) -> None:
    found = made(inputs)["python"]
    ast.parse(found.code)
    assert words in found.code


@pytest.mark.parametrize("text", ["it's", "モデル", "😀", "\x00\n\t", '"\\"', "\udce9", "a\u2028b"])
def test_texts_in_code_are_ascii_and_the_same(text: str) -> None:
    assert code_text(text).isascii() and ast.literal_eval(code_text(text)) == text


def test_python_names_the_tags_where_it_must() -> None:
    assert "tags=" not in made("", several=False)["python"].code
    assert 'tags=["serve", "gpu"]' in made("", several=True, tags="tags: 'serve' tags: 'gpu'")["python"].code


def test_rest_sends_rows_where_it_can() -> None:
    rows = body_of(made(tensor("x", "DT_FLOAT", -1, 2) + tensor("z", "DT_BOOL", -1))["rest"].code)
    assert rows == {"signature_name": "s", "instances": [{"x": [0.0, 0.0], "z": False}]}
    columns = body_of(made(tensor("x", "DT_INT64", 2))["rest"].code)
    assert columns == {"signature_name": "s", "inputs": {"x": [0, 0]}}
    assert body_of(made("")["rest"].code) == {"signature_name": "s", "inputs": {}}


def test_rest_of_a_large_input_is_code_that_makes_it() -> None:
    found = made(tensor("x", "DT_FLOAT", -1, MAX_JSON_VALUES + 1))["rest"]
    tree = ast.parse(found.code)
    kept = [statement for statement in tree.body if not isinstance(statement, ast.Import | ast.Expr)]
    space: dict[str, object] = {}
    exec(compile(ast.Module(kept, []), "snippet", "exec"), space)  # all but the request itself
    assert space["body"] == {"signature_name": "s", "instances": [{"x": [0] * (MAX_JSON_VALUES + 1)}]}
    assert made(tensor("x", "DT_FLOAT", -1, MAX_JSON_VALUES))["rest"].code.startswith("curl")


def test_rest_of_an_estimator_sends_examples() -> None:
    assert "examples" in body_of(
        made(tensor("inputs", "DT_STRING", -1), method="tensorflow/serving/classify")["rest"].code
    )
    assert ":regress" in made(tensor("inputs", "DT_STRING", -1), method="tensorflow/serving/regress")["rest"].code


EXAMPLES = (
    ExampleInput(
        "x",
        (
            Feature("age", "float32", "dense", (2,), False), Feature("city", "string", "sparse", None, True),
            Feature("é", "int64", "dense", (), True),
        ),
    ),
)  # fmt: skip


def test_python_makes_the_examples_that_the_model_parses() -> None:
    code = made(tensor("x", "DT_STRING", unknown=True), examples=EXAMPLES)["python"].code
    ast.parse(code)
    for line in (
        "example = tf.train.Example(features=tf.train.Features(feature={",
        '    "age": tf.train.Feature(float_list=tf.train.FloatList(value=[0.0] * 2)),',
        '    "city": tf.train.Feature(bytes_list=tf.train.BytesList(value=[b"text"])),',
        '    "\\u00e9": tf.train.Feature(int64_list=tf.train.Int64List(value=[0])),',
        "    x=tf.constant([example.SerializeToString()]),",
    ):
        assert line in code.splitlines()
    assert "x=tf.constant(example.Ser" in made(tensor("x", "DT_STRING"), examples=EXAMPLES)["python"].code
    assert "x=tf.fill([2, 1], exam" in made(tensor("x", "DT_STRING", 2, -1), examples=EXAMPLES)["python"].code


def test_each_input_of_examples_has_its_own() -> None:
    both = (*EXAMPLES, ExampleInput("z", ()))
    found = made(tensor("x", "DT_STRING", -1) + tensor("z", "DT_STRING", -1), examples=both)["python"]
    assert "z=tf.constant([example_2.SerializeToString()])" in found.code
    assert "example_2 = tf.train.Example()" in found.code
    assert found.note == "z takes serialized tf.Examples whose features are not told by constants."


def test_rest_sends_a_serialized_example() -> None:
    found = made(tensor("x", "DT_STRING", -1), examples=EXAMPLES)["rest"]
    encoded = example_base64(EXAMPLES[0])
    assert body_of(found.code) == {"signature_name": "s", "instances": [{"x": {"b64": encoded}}]}
    assert "tf.Example" in found.note


@pytest.mark.tensorflow
@pytest.mark.parametrize("count", [1, 3, 200, 70_000])
def test_a_serialized_example_is_what_tensorflow_makes_of_the_python_code(count: int) -> None:
    tf = pytest.importorskip("tensorflow")
    kinds = (("f", "float32"), ("i", "int64"), ("s", "string"))
    example = ExampleInput("x", tuple(Feature(name, dtype, "dense", (count,), False) for name, dtype in kinds))
    read = tf.train.Example.FromString(base64.b64decode(example_base64(example)))
    feature = read.features.feature
    assert list(feature["f"].float_list.value) == [0.0] * count
    assert list(feature["i"].int64_list.value) == [0] * count
    assert list(feature["s"].bytes_list.value) == [b"text"] * count
    assert len(feature) == 3


def test_rest_of_a_large_example_is_code_that_makes_it() -> None:
    large = (ExampleInput("x", (Feature("pixels", "float32", "dense", (28, 28), False),)),)
    code = made(tensor("x", "DT_STRING", -1), examples=large)["rest"].code
    ast.parse(code)
    assert "value=[0.0] * 784" in code and '"b64": base64.b64encode(example.SerializeToString()).decode()' in code
    code = made(tensor("x", "DT_STRING", -1), method="tensorflow/serving/classify", examples=large)["rest"].code
    ast.parse(code)
    assert '"examples": [{"pixels": [0.0] * 784}]' in code and ":classify" in code


def test_rest_of_an_estimator_names_the_features() -> None:
    found = made(tensor("x", "DT_STRING", -1), method="tensorflow/serving/regress", examples=EXAMPLES)["rest"]
    assert body_of(found.code)["examples"] == [{"age": [0.0, 0.0], "city": "text", "é": 0}]


def test_cpp_makes_the_examples_too() -> None:
    code = made(tensor("x", "DT_STRING", -1), examples=EXAMPLES)["cpp"].code
    assert '#include "tensorflow/core/example/example.pb.h"' in code
    assert '["age"].mutable_float_list()->mutable_value()->Resize(2, 0);' in code
    assert "setConstant(example0.SerializeAsString())" in code


@pytest.mark.parametrize("sizes", [(0, 10**12), (10**12, 0)])
def test_absurd_sizes_are_code(sizes: tuple[int, ...]) -> None:
    assert made(tensor("x", "DT_FLOAT", *sizes))["rest"].code.startswith("import json")


def test_the_folder_that_was_read_is_named() -> None:
    for name, path in (("serving_versions", "serving_versions/3"), ("nested_single", "nested_single/download/model")):
        assert f'load("{path}")' in snippet(name, "serving_default", "python").code
        assert f"/v1/models/{name}:predict" in snippet(name, "serving_default", "rest").code
        assert f'"{path}"' in snippet(name, "serving_default", "cpp").code


def test_what_registers_foreign_ops_is_imported_first() -> None:
    code = snippet("custom_op", "serving_default", "python").code
    assert code.startswith("import tensorflow_decision_forests\nimport tensorflow as tf\n")
    library = library_of([node("a", "AcmeFancyOp"), node("b", "SentencepieceOp"), node("c", "SimpleMLInferenceOp")])
    assert needed_imports(library) == ("import tensorflow_decision_forests", "import tensorflow_text")


COMPONENTS = {
    "sparse_signature": [
        "sparse_indices=tf.zeros([1, 2], tf.int64)", "sparse_values=tf.zeros([1], tf.float32)",
        "sparse_dense_shape=tf.constant([1, 4], tf.int64)",
    ],
    "composite_signature": [
        "ragged_component_0=tf.zeros([1], tf.int64)", "ragged_component_1=tf.constant([0, 1], tf.int64)",
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", COMPONENTS)
def test_encoded_inputs_are_fed_by_their_components(name: str) -> None:
    found = snippet(name, "serving_default", "python")
    assert [line.strip(" ,") for line in found.code.splitlines() if line[:4] == "    "] == COMPONENTS[name]
    assert "by its components" in found.note


def ragged(spec_shape: str, *parts: str) -> str:
    """A ragged input; ``parts`` are the shapes of its components."""
    components = "".join(
        f"components {{ name: 'c:{i}' dtype: DT_INT64 tensor_shape {{ {part} }} }} " for i, part in enumerate(parts)
    )
    spec = "type_spec { type_spec_class: RAGGED_TENSOR_SPEC }"
    return (
        f"inputs {{ key: 'r' value {{ dtype: DT_INT64 tensor_shape {{ {spec_shape} }} "
        f"composite_tensor {{ {spec} {components} }} }} }}"
    )


RAGGED = [
    ([1], "", "unknown_rank: true", "dim { size: -1 }"),
    ([1, 8], "", "dim { size: -1 } dim { size: 8 }", "dim { size: -1 }"),
    ([1, 8], "dim { size: -1 } dim { size: -1 } dim { size: 8 }", "unknown_rank: true", "dim { size: -1 }"),
    ([1], "", "dim { size: -1 }", "dim { size: 4 }", "dim { size: -1 }"),
    ([0], "", "dim { size: -1 }", "dim { size: 1 }"),
]


@pytest.mark.parametrize(("flat", "shape", "parts"), [(case[0], case[1], case[2:]) for case in RAGGED])
def test_the_components_of_a_ragged_input_fit_each_other(flat: list[int], shape: str, parts: tuple[str, ...]) -> None:
    code = made(ragged(shape, *parts))["python"].code
    assert f"r_component_0=tf.zeros({flat}, tf.int64)" in code
    splits = [json.loads(text) for text in re.findall(r"tf\.constant\((\[.*?\])", code)]
    assert len(splits) == len(parts) - 1
    for split, below in zip(splits, [*(len(split) - 1 for split in splits[1:]), flat[0]], strict=True):
        assert split[0] == 0 and split[-1] == below and split == sorted(split)


@pytest.mark.parametrize("path", ["it's", "a b", "モデル", "$(reboot)", "`x`", "..", "a/b", "\udce9", "'; rm -rf ~; '"])
def test_names_are_no_shell_and_no_code(path: str) -> None:
    found = made(tensor("x", "DT_STRING", -1), key='it\'s $(a) `b` \\ "c"', path=path)
    assert body_of(found["rest"].code)["signature_name"] == 'it\'s $(a) `b` \\ "c"'
    tree = ast.parse(found["python"].code)
    texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    assert path in texts
    assert all(character.isascii() for character in found["python"].code + found["rest"].code + found["cpp"].code)


def test_python_alone_sends_inputs_with_a_default() -> None:
    """Serving knows SignatureDef.defaults and a session PlaceholderWithDefault; a signature loaded in Python asks for
    all its inputs (test_python_snippets_run)."""
    found = signature_of("module_several_signatures", "serving_default")
    assert [(info.name, info.default) for info in found.inputs] == [("features", None), ("temperature", "1.0")]
    for language in ("rest", "cpp"):
        assert "temperature" not in snippet("module_several_signatures", "serving_default", language).code
    python = snippet("module_several_signatures", "serving_default", "python")
    assert "    temperature=tf.constant(1.0, tf.float32),\n" in python.code
    assert "temperature must be sent" in python.note


DEFAULTS = [
    # dtype, shape, content of the default, what Python says
    ("DT_BOOL", "", "bool_val: true", "tf.constant(True, tf.bool)"),
    ("DT_STRING", "", "string_val: 'a'", "tf.constant(b'a', tf.string)"),
    ("DT_INT32", "dim { size: 2 }", "int_val: 7", "tf.constant([7, 7], tf.int32)"),
    ("DT_INT32", "dim { size: 1 } dim { size: 2 }", "int_val: 7", "tf.constant([7, 7], tf.int32, shape=[1, 2])"),
    # what the text of a default does not tell
    ("DT_INT32", "dim { size: 9 }", "int_val: 7", "tf.zeros([9], tf.int32)"),
    ("DT_FLOAT", "", "float_val: nan", "tf.zeros([], tf.float32)"),
    ("DT_BFLOAT16", "", "half_val: 1", "tf.zeros([], tf.bfloat16)"),
]


@pytest.mark.parametrize(("dtype", "shape", "content", "words"), DEFAULTS, ids=[case[3] for case in DEFAULTS])
def test_values_of_defaults(dtype: str, shape: str, content: str, words: str) -> None:
    info = f"inputs {{ key: 'x' value {{ name: 'x:0' dtype: {dtype} tensor_shape {{ {shape} }} }} }}"
    value = f"value {{ dtype: {dtype} tensor_shape {{ {shape} }} {content} }}"
    assert f"    x={words},\n" in made(f"{info} defaults {{ key: 'x' {value} }}")["python"].code


def test_sparse_inputs_cannot_go_by_rest() -> None:
    for name in ("sparse_signature", "composite_signature"):
        found = snippet(name, "serving_default", "rest")
        assert (found.code, found.note[:12]) == ("", "Not possible")


def test_cpp_feeds_the_components_of_a_sparse_input() -> None:
    code = snippet("sparse_signature", "serving_default", "cpp").code
    signature = signature_of("sparse_signature", "serving_default")
    for info in signature.inputs:
        for component in info.components:
            assert json.dumps(component.tensor_name) in code


#: Model, or model and signature -> why its Python snippet cannot run here; every other one of testdata does.
NOT_RUNNING = {
    "absolute_path_constant": "NotFoundError", "custom_op": "ModuleNotFoundError",
    "device_placement": "InvalidArgumentError", "hostile_names": "ValueError",
    "keras2_legacy_optimizer_slots": "AttributeError",
    "module_several_signatures parse": "InvalidArgumentError",  # wants a line of CSV
}  # fmt: skip

#: Executes snippets; those that fail are printed. The folder it runs in is the models' own.
RUNNER = """
import json, sys, io, contextlib
for place, code in json.load(sys.stdin):
    try:
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            exec(code, {})
        assert "tf.Tensor" in printed.getvalue(), "nothing printed"
    except Exception as error:
        print(json.dumps([place, type(error).__name__, str(error)[:300]]))
"""


def python_snippets(report: Report) -> Iterator[tuple[str, str]]:
    """(signature, code) of each."""
    for graph in report.meta_graphs:
        for signature in graph.signatures:
            yield from ((signature.key, found.code) for found in signature.snippets if found.language == "python")


def failures(codes: list[tuple[str, str]], folder: Path) -> list[tuple[str, str, str]]:
    """(place, error, message) of those that do not run."""
    done = subprocess.run(
        [sys.executable, "-c", RUNNER], input=json.dumps(codes), capture_output=True, text=True, check=False, cwd=folder
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return [tuple(json.loads(line)) for line in done.stdout.splitlines()]  # type: ignore[misc]


@pytest.mark.tensorflow
def test_python_snippets_run() -> None:
    pytest.importorskip("tensorflow")
    codes = [(f"{name} {key}", code) for name in NAMES for key, code in python_snippets(report_of(name))]
    wrong = {place: (error, message) for place, error, message in failures(codes, GOOD)}
    expected = {
        place: error
        for place, _ in codes
        for start, error in NOT_RUNNING.items()
        if f"{place} ".startswith(f"{start} ")
    }
    assert {place: told for place, told in wrong.items() if expected.get(place) != told[0]} == {}
    assert set(wrong) == set(expected)


SAVING = {"SaveV2", "RestoreV2", "MergeV2Checkpoints", "ShardedFilename"}


@pytest.mark.tensorflow
def test_python_snippets_of_the_corpus_run(corpus: Path) -> None:
    """Of the models that load here, but for those with ops that touch files or run code.

    A signature that the corpus knows to refuse zeros may still refuse them (an image, a line of CSV), but not because
    of how it is called or of its Examples.
    """
    pytest.importorskip("tensorflow")
    codes, on_zeros = [], {}
    for entry in json.loads((corpus / "expected.json").read_text(encoding="utf-8")):
        suspect = {op for graph in entry["meta_graphs"] or () for op in graph["suspect_ops"]}
        if entry["tf221_load"] == "ok" and suspect <= SAVING:
            report = smanalyze.analyze(smanalyze.load(corpus / "public" / entry["name"]))
            for key, code in python_snippets(report):
                codes.append((f"{entry['name']} {key}", code))
                on_zeros[codes[-1][0]] = entry["tf221_signatures_on_zeros"].get(key, "ok")
    wrong = failures(codes, corpus / "public")
    ours = [
        (place, error, message)
        for place, error, message in wrong
        if "add_slot" not in message  # Keras 2's legacy optimizers load with tf_keras alone
        and (on_zeros[place] == "ok" or error == "TypeError" or "xample" in message)
    ]
    assert ours == []
    ran = set(on_zeros) - {place for place, _, _ in wrong}
    assert len({place.split()[0] for place in ran}) > 15
    assert sum(on_zeros[place] != "ok" for place in ran) > 15  # those of Examples
