"""The functions of the object tree: every path and every call is Python, and reaches the function."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import smanalyze
from smanalyze.facts.callables import build_callables
from smanalyze.facts.names import Names
from smanalyze.model.objects import ConcreteFunction
from smanalyze.report.sections import Callable
from tests.graph.made import model_graph
from tests.models import NAMES, corpus_models, each_model, folder_of, report_of

PATHS = {
    "module_one_signature": ["__call__"],
    "module_no_signature": ["read_offset", "shift", "scale.times"],
    "nested_arguments": ["literals", "structures", "variadic"],
    "reusable_hub": ["__call__", "kernel_loss"],
    "tf1_frozen": [],
    "keras2_sequential_save_traces_false": [],
}


@pytest.mark.parametrize("name", PATHS)
def test_paths_for_users(name: str) -> None:
    found = [found.path for found in report_of(name).meta_graphs[0].callables if not found.internal]
    assert found == PATHS[name]


def all_callables(name: str) -> Iterator[Callable]:
    for graph in report_of(name).meta_graphs:
        yield from graph.callables


@each_model
def test_every_call_of_a_fixture_is_python(name: str) -> None:
    for found in all_callables(name):
        (call,) = [node for node in ast.walk(ast.parse(found.call, mode="eval")) if isinstance(node, ast.Call)][:1]
        assert isinstance(call, ast.Call)
        assert found.call.startswith("model") or found.call.startswith("getattr(")


@pytest.mark.parametrize("path", corpus_models())
def test_every_call_of_the_corpus_is_python(path: str, corpus: Path) -> None:
    try:
        report = smanalyze.analyze(smanalyze.load(corpus / path))
    except smanalyze.errors.SmanalyzeError:
        pytest.skip("not readable as a whole")
    for graph in report.meta_graphs:
        for found in graph.callables:
            ast.parse(found.call, mode="eval")
        for signature in graph.signatures:
            for snippet in signature.snippets:
                if snippet.language == "python":
                    ast.parse(snippet.code)


def _spec(
    args: str,
    defaults: str = "",
    kwonly: str = "",
    kwdefaults: str = "",
    varargs: str = "none_value {}",
    varkw: str = "none_value {}",
) -> str:
    def texts(names: str) -> str:
        return " ".join(f'values {{ string_value: "{name}" }}' for name in names.split())

    fields = [
        ("args", f"list_value {{ {texts(args)} }}"), ("defaults", f"tuple_value {{ {defaults} }}"),
        ("varargs", varargs), ("varkw", varkw), ("kwonlyargs", f"list_value {{ {texts(kwonly)} }}"),
        ("kwonlydefaults", f"dict_value {{ {kwdefaults} }}"),
    ]  # fmt: skip
    values = " ".join(f'values {{ key: "{key}" value {{ {text} }} }}' for key, text in fields)
    return f'function_spec {{ fullargspec {{ named_tuple_value {{ name: "FullArgSpec" {values} }} }} }}'


SPEC = "tensor_spec_value { shape {} dtype: DT_FLOAT }"
CALLS = [
    # name of the function, its definition, the call
    ("f", _spec("x y"), "model.f(x, y)"),
    ("f", _spec("x y", "values { int64_value: 2 }"), "model.f(x, y=2)"),
    ("f", _spec("x", "", "k", "fields { key: 'k' value { bool_value: true } }"), "model.f(x, k=True)"),
    ("f", _spec("x", "", "k j", "fields { key: 'j' value { int64_value: 1 } }"), "model.f(x, k=k, j=1)"),
    # *args and **kwargs of which no trace says more
    ("f", _spec("x", varargs="string_value: 'xs'", varkw="string_value: 'more'"), "model.f(x)"),
    # a keyword-only argument after a default
    ("f", _spec("x", "values { none_value {} }", "k"), "model.f(x=None, k=k)"),
    ("f", _spec("x", 'values { string_value: "it\'s" }'), 'model.f(x="it\'s")'),
    # a default that code cannot write
    ("f", _spec("x", f"values {{ {SPEC} }}"), "model.f(x=TensorSpec(shape=(), dtype=tf.float32, name=None))"),
    ("f", _spec("x", "values { tensor_spec_value { shape { unknown_rank: true } } }"), "model.f(x=...)"),
    ("f", _spec("x", "values {}"), "model.f(x=...)"),
    ("class", _spec("x"), "getattr(model, 'class')(x)"),
    ("a-b", _spec("x"), "getattr(model, 'a-b')(x)"),
    ("__call__", _spec("x"), "model(x)"),
    ("f", _spec(""), "model.f()"),
]


@pytest.mark.parametrize(("name", "spec", "call"), CALLS, ids=[case[2] for case in CALLS])
def test_calls(name: str, spec: str, call: str) -> None:
    graph = model_graph(
        [],
        f"object_graph_def {{ nodes {{ user_object {{}} children {{ node_id: 1 local_name: {json.dumps(name)} }} }}"
        f"nodes {{ function {{ {spec} }} }} }}",
    )
    (found,) = build_callables(graph, Names(graph))
    assert found.call == call
    ast.parse(found.call, mode="eval")


def traced(positional: int, *keywords: str, spec: str = "") -> Callable:
    """A function with one trace of that many positional values and those keywords."""
    values = " ".join(f"values {{ {SPEC} }}" for _ in range(positional))
    fields = " ".join(f"fields {{ key: {json.dumps(key)} value {{ {SPEC} }} }}" for key in keywords)
    inputs = f"tuple_value {{ values {{ tuple_value {{ {values} }} }} values {{ dict_value {{ {fields} }} }} }}"
    graph = model_graph(
        [],
        "object_graph_def { nodes { user_object {} children { node_id: 1 local_name: 'f' } } "
        f"nodes {{ function {{ concrete_functions: 'g' {spec} }} }} "
        f"concrete_functions {{ key: 'g' value {{ canonicalized_input_signature {{ {inputs} }} }} }} }}",
    )
    (found,) = build_callables(graph, Names(graph))
    ast.parse(found.call, mode="eval")
    return found


XS, MORE = "string_value: 'xs'", "string_value: 'more'"
TRACED = [
    # positional values and keywords of the trace, the definition, the call
    (2, ("left", "right"), _spec("", varargs=XS, varkw=MORE), "model.f(x1, x2, left=left, right=right)"),
    (3, (), _spec("a", varargs=XS), "model.f(a, x1, x2)"),
    # a default before *args must be passed by position
    (3, ("k",), _spec("a b", "values { int64_value: 2 }", "k", varargs=XS), "model.f(a, 2, x1, k=k)"),
    (2, (), _spec("a b", "values { int64_value: 2 }", varargs=XS), "model.f(a, b=2)"),
    # a name that a placeholder would take
    (1, ("x1",), _spec("", "", "x1", varargs=XS), "model.f(value_1, x1=x1)"),
    (1, ("a b",), _spec("x", varkw=MORE), "model.f(x, **{'a b': value_2})"),
    # names that look like what they are not
    (1, ("*xs[0]", "*x", "**y"), _spec("x", varkw=MORE), None),
    # nothing but the trace
    (1, ("k",), "", "model.f(value_1, k=k)"),
]


@pytest.mark.parametrize(("positional", "keywords", "spec", "call"), TRACED, ids=[str(case[3]) for case in TRACED])
def test_calls_of_what_a_trace_passed(positional: int, keywords: tuple[str, ...], spec: str, call: str | None) -> None:
    found = traced(positional, *keywords, spec=spec).call
    assert call is None or found == call


def test_varargs_after_an_input_signature_are_those_of_the_trace() -> None:
    """The definition has types, so it tells the arguments; the values of ``*args`` are in the trace alone."""
    given = f"input_signature {{ tuple_value {{ values {{ {SPEC} }} values {{ {SPEC} }} }} }}"
    spec = _spec("a", varargs=XS, varkw=MORE).removesuffix("}") + given + " }"
    found = traced(2, "k", spec=spec)
    assert found.call == "model.f(a, x1, k=k)"
    assert [argument.name for argument in found.arguments] == ["a", "*xs", "**more"]


def test_a_trace_without_names_is_still_called() -> None:
    """A wrapped TF1 function has no definition, and its arguments no names."""
    args = f"tuple_value {{ values {{ {SPEC} }} values {{ {SPEC} }} }}"
    kwargs = f"dict_value {{ fields {{ key: 'a b' value {{ {SPEC} }} }} }}"
    inputs = f"tuple_value {{ values {{ {args} }} values {{ {kwargs} }} }}"
    graph = model_graph(
        [],
        "object_graph_def { nodes { user_object {} children { node_id: 1 local_name: 'f' } } "
        "nodes { function { concrete_functions: 'g' } } "
        f"concrete_functions {{ key: 'g' value {{ canonicalized_input_signature {{ {inputs} }} }} }} }}",
    )
    (found,) = build_callables(graph, Names(graph))
    ast.parse(found.call, mode="eval")
    assert [argument.name for argument in found.arguments] == ["#1", "#2", "a b"]


@each_model
def test_traces_name_functions_that_are_there(name: str) -> None:
    for number, graph in enumerate(report_of(name).meta_graphs):
        functions = {function.name for function in report_of(name).meta_graphs[number].functions}
        for found in graph.callables:
            assert {trace.function for trace in found.traces} <= functions


def test_users_come_first_and_roots_before_children() -> None:
    for name in NAMES:
        for graph in report_of(name).meta_graphs:
            order = [(found.internal, found.path.count("."), found.path) for found in graph.callables]
            assert order == sorted(order)


def test_other_paths_are_written_as_the_first_is() -> None:
    (found,) = [found for found in all_callables("reusable_hub") if found.path == "kernel_loss"]
    assert found.other_paths == ("regularization_losses[0]",)


def test_concrete_functions_without_outputs() -> None:
    assert ConcreteFunction("f", (), None, None).outputs is None
    for found in all_callables("module_one_signature"):
        for trace in found.traces:
            assert trace.returns.startswith("{'y': TensorSpec(")


REACH = """
import json, sys
import tensorflow as tf
found = {}
for folder, calls in json.load(sys.stdin).items():
    try:
        model = tf.saved_model.load(folder)
    except Exception as error:
        found[folder] = f"cannot be loaded: {error}"[:200]
        continue
    wrong = []
    for text in calls:
        try:
            reached = eval(text, {"model": model})
        except Exception as error:
            wrong.append(f"{text}: {error}"[:200])
            continue
        if not callable(reached):
            wrong.append(f"{text} is no function")
    found[folder] = wrong
print(json.dumps(found))
"""

#: TensorFlow 2.21 loads none of these (testdata/README.md).
NOT_LOADED = {"custom_op", "hostile_names", "keras2_legacy_optimizer_slots", "nested_single", "serving_versions"}


@pytest.mark.tensorflow
def test_every_call_reaches_a_function_of_the_loaded_model() -> None:
    pytest.importorskip("tensorflow")
    asked = {}
    for name in NAMES:
        graphs = report_of(name).meta_graphs
        if name in NOT_LOADED or len(graphs) != 1:
            continue
        calls = [ast.parse(found.call, mode="eval").body for found in graphs[0].callables if not found.internal]
        asked[str(folder_of(name))] = [ast.unparse(call.func) for call in calls if isinstance(call, ast.Call)]
    done = subprocess.run(
        [sys.executable, "-c", REACH], input=json.dumps(asked), capture_output=True, text=True, check=True
    )
    answers = json.loads(done.stdout.splitlines()[-1])
    assert {Path(folder).name: wrong for folder, wrong in answers.items() if wrong} == {}
    assert sum(map(len, asked.values())) > 40
