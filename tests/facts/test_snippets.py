"""Ready code: that it is code, and that it runs."""

from __future__ import annotations

import ast
import json
import re
import shlex
import subprocess
import sys

import pytest

from smanalyze.facts.snippets import MAX_JSON_VALUES, build_snippets
from smanalyze.report.tensors import Snippet
from tests.graph.made import meta_graph
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
) -> dict[str, Snippet]:
    outputs = "outputs { key: 'y' value { name: 'y:0' } }"
    text = f"signature_def {{ key: {json.dumps(key)} value {{ method_name: '{method}' {inputs} {outputs} }} }}"
    graph = meta_graph("", text, f"meta_info_def {{ {tags} }}")
    return {found.language: found for found in build_snippets(graph.signatures[0], graph, path, several=several)}


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


@pytest.mark.parametrize("path", ["it's", "a b", "モデル", "$(reboot)", "`x`", "..", "a/b", "\udce9", "'; rm -rf ~; '"])
def test_names_are_no_shell_and_no_code(path: str) -> None:
    found = made(tensor("x", "DT_STRING", -1), key='it\'s $(a) `b` \\ "c"', path=path)
    assert body_of(found["rest"].code)["signature_name"] == 'it\'s $(a) `b` \\ "c"'
    tree = ast.parse(found["python"].code)
    texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    assert path in texts
    assert all(character.isascii() for character in found["python"].code + found["rest"].code + found["cpp"].code)


def test_inputs_with_a_default_are_not_sent() -> None:
    found = signature_of("module_several_signatures", "serving_default")
    assert [(info.name, info.default) for info in found.inputs] == [("features", None), ("temperature", "1.0")]
    for language in ("python", "rest", "cpp"):
        assert "temperature" not in snippet("module_several_signatures", "serving_default", language).code


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


#: Models whose Python snippet really runs: dense inputs of zeros or "text" are all they need.
RUNNING = [
    "constant_output", "control_flow", "datasets_inside", "keras2_functional", "keras3_export",
    "keras3_saved_model", "module_one_signature", "module_pbtxt", "mutating_signature", "names_japanese",
    "names_japanese_tf1", "reusable_hub", "sharded_slices", "tables_and_assets", "tf1_frozen", "tf1_pbtxt",
    "tf1_partitioned_variables", "tf1_queue", "unknown_rank", "unused_signature_input",
]  # fmt: skip


@pytest.mark.tensorflow
def test_python_snippets_run() -> None:
    pytest.importorskip("tensorflow")
    codes = []
    for name in RUNNING:
        for graph in report_of(name).meta_graphs:
            for signature in graph.signatures:
                code = snippet(name, signature.key, "python").code
                codes.append((f"{name} {signature.key}", code))
    runner = (
        "import json, sys, io, contextlib\n"
        "for place, code in json.load(sys.stdin):\n"
        "    try:\n"
        "        with contextlib.redirect_stdout(io.StringIO()) as printed:\n"
        "            exec(code, {})\n"
        "        assert 'tf.Tensor' in printed.getvalue(), 'nothing printed'\n"
        "    except Exception as error:\n"
        "        print(place, type(error).__name__, str(error)[:300].replace('\\n', ' '))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", runner], input=json.dumps(codes), capture_output=True, text=True, check=False, cwd=GOOD
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout == ""
    assert set(RUNNING) <= set(NAMES)
