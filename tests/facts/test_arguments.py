"""The Python arguments of functions: names, defaults, and what a call may leave out."""

from __future__ import annotations

import pytest

from smanalyze.facts.arguments import default_texts, spec_arguments, trace_arguments, wrapped_arguments
from smanalyze.model.objects import ConcreteFunction, FunctionSpec
from smanalyze.model.tensors import Structure
from smanalyze.report.sections import Callable
from tests.graph.made import function, library_of
from tests.models import report_of

ONE, TWO = Structure("int", value=1), Structure("int", value=2)
TENSOR = Structure("tensor", None, "x", "float32", (3,))
PRINTED = "TensorSpec(shape=(3,), dtype=tf.float32, name='x')"


def spec(
    names: str,
    *,
    defaults: tuple[Structure, ...] = (),
    kwonly: str = "",
    varargs: str | None = None,
    varkw: str | None = None,
    given: Structure | None = None,
    **kwonly_defaults: int,
) -> FunctionSpec:
    return FunctionSpec(
        tuple(names.split()), defaults, varargs, varkw, tuple(kwonly.split()),
        tuple(Structure("int", key, value=value) for key, value in kwonly_defaults.items()), False, given, "",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("found", "texts"),
    [
        (spec("a b c"), {}),
        (spec("a b c", defaults=(ONE,)), {"c": "1"}),
        (spec("a b c", defaults=(ONE, TWO)), {"b": "1", "c": "2"}),
        (spec("a", defaults=(ONE, TWO)), {"a": "2"}),
        (spec("a", kwonly="k m", m=7), {"m": "7"}),
        (spec("", defaults=(ONE,)), {}),
    ],
)
def test_defaults_belong_to_the_last_arguments(found: FunctionSpec, texts: dict[str, str]) -> None:
    assert default_texts(found) == texts


def test_a_definition() -> None:
    given = Structure("tuple", items=(TENSOR,))
    found = spec_arguments(spec("x y", defaults=(ONE,), kwonly="k", varargs="rest", varkw="named", given=given, k=3))
    assert [(argument.name, argument.text, argument.default) for argument in found] == [
        ("x", PRINTED, None), ("y", "", "1"), ("*rest", "", None), ("k", "", "3"), ("**named", "", None),
    ]  # fmt: skip
    assert spec_arguments(None) == ()


def trace(positional: tuple[Structure, ...], *keywords: Structure) -> ConcreteFunction:
    args = Structure("tuple", items=positional)
    return ConcreteFunction("f", (), Structure("tuple", items=(args, Structure("dict", items=keywords))), None)


def test_a_trace_takes_its_names_from_the_definition() -> None:
    found = trace_arguments(
        trace((TENSOR, ONE, TWO), Structure("int", "k", value=9)), spec("x", varargs="rest", kwonly="k", k=3)
    )
    assert [(a.name, a.text, a.default) for a in found] == [
        ("x", PRINTED, None), ("*rest[0]", "1", None), ("*rest[1]", "2", None), ("k", "9", "3"),
    ]  # fmt: skip


def test_a_trace_without_a_definition_takes_names_of_tensors() -> None:
    found = trace_arguments(trace((TENSOR, ONE)), None)
    assert [argument.name for argument in found] == ["x", "#2"]


def test_a_wrapped_function_takes_its_keywords_with_the_library_s_dtypes() -> None:
    library = library_of([], function("f", "x captured", []))
    found = wrapped_arguments(("args_0",), library.functions["f"])
    assert [(a.name, a.value.dtype, a.value.kind) for a in found] == [("args_0", "float32", "tensor")]
    assert [(a.name, a.text) for a in wrapped_arguments(("lost",), None)] == [("lost", "")]


def _callable(name: str, path: str) -> Callable:
    (found,) = [c for c in report_of(name).meta_graphs[0].callables if c.path == path]
    return found


def test_literals_of_the_fixture() -> None:
    """(self, x, training=False, power=2, rate=0.5, mode="sum", mask=None, *, bias=0.0), traced five times."""
    found = _callable("nested_arguments", "literals")
    assert [(a.name, a.default) for a in found.arguments] == [
        ("x", None), ("training", "False"), ("power", "2"), ("rate", "0.5"), ("mode", "'sum'"), ("mask", "None"),
        ("bias", "0.0"),
    ]  # fmt: skip
    assert len(found.traces) == 5
    told = [tuple(a.text for a in trace.arguments[1:]) for trace in found.traces]
    assert ("True", "2", "0.5", "'sum'", "None", "1.5") in told
    assert ("True", "3", "0.25", "'mean'", "None", "0.0") in told


def test_structures_of_the_fixture() -> None:
    found = _callable("nested_arguments", "structures")
    features, pair, points = found.arguments
    scalar = "TensorSpec(shape=(), dtype=tf.float32, name="
    assert (features.name, pair.name, points.name) == ("features", "pair", "points")
    assert features.text.startswith("{'a': " + scalar)
    assert "'b': {'deep': " + scalar in features.text
    assert pair.text.startswith("(" + scalar)
    assert points.text.startswith("[Point(x=" + scalar)


def test_variadic_of_the_fixture() -> None:
    found = _callable("nested_arguments", "variadic")
    assert "*xs" in [a.name for a in found.arguments] or "*xs[0]" in [a.name for a in found.arguments]
    (trace,) = found.traces
    assert [a.name for a in trace.arguments] == ["*xs[0]", "*xs[1]", "left", "right"]
