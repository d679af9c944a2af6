"""How specs and literals are printed, and the trees behind them."""

from __future__ import annotations

import ast
import functools
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smanalyze.facts.spec_text import MAX_TEXT, natural_order, shape_text, spec_text, split_signature, tensors_in
from smanalyze.model.tensors import Structure
from tests.conftest import TESTDATA
from tests.models import each_model, model_of

TENSOR = Structure("tensor", None, "x", "float32", (None, 3))


@pytest.mark.parametrize(("shape", "text"), [(None, "<unknown>"), ((), "()"), ((2,), "(2,)"), ((None, 3), "(None, 3)")])
def test_shapes(shape: tuple[int | None, ...] | None, text: str) -> None:
    assert shape_text(shape) == text


literals = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False, allow_infinity=False),
        st.text(max_size=8),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(st.text(max_size=4), inner, max_size=3),
    ),
    max_leaves=10,
)  # fmt: skip


def structure(value: Any, key: str | None = None) -> Structure:
    """A Python literal as TensorFlow stores it."""
    if value is None:
        return Structure("none", key)
    if isinstance(value, list | tuple):
        return Structure("list" if isinstance(value, list) else "tuple", key, items=tuple(map(structure, value)))
    if isinstance(value, dict):
        return Structure("dict", key, items=tuple(structure(value[name], name) for name in value))
    kind = {bool: "bool", int: "int", float: "float", str: "str"}[type(value)]
    return Structure(kind, key, value=value)  # type: ignore[arg-type]


@given(literals)
def test_literals_are_printed_as_python_writes_them(value: Any) -> None:
    assert ast.literal_eval(spec_text(structure(value))) == value


def test_a_hostile_tree_is_cut() -> None:
    tree = Structure("none")
    for _ in range(15):
        tree = Structure("list", items=(tree, tree))
    assert len(spec_text(tree)) <= MAX_TEXT + 2


def test_tensors_come_in_the_order_of_flattening() -> None:
    a, b, c = (Structure("tensor", key, key) for key in "abc")
    tree = Structure("tuple", items=(Structure("dict", items=(a, Structure("list", items=(b,)))), Structure("none"), c))
    assert [tensor.name for tensor in tensors_in(tree)] == ["a", "b", "c"]
    assert tensors_in(Structure("type_spec", items=(a,))) == [], "a composite counts by its class"


@pytest.mark.parametrize(
    ("names", "ordered"),
    [
        (["f_10", "f_9"], ["f_9", "f_10"]),
        (["g_1", "f_2"], ["f_2", "g_1"]),
        (["f", "f_1"], ["f", "f_1"]),
        (["f_" + "9" * 30, "f_1"], ["f_1", "f_" + "9" * 30]),
        (["f_٣", "f_2"], ["f_2", "f_٣"]),
    ],
)
def test_natural_order(names: list[str], ordered: list[str]) -> None:
    assert sorted(names, key=natural_order) == ordered


@given(st.lists(st.text(max_size=8), max_size=6))
def test_any_names_have_an_order(names: list[str]) -> None:
    sorted(names, key=natural_order)


@pytest.mark.parametrize(
    "inputs",
    [
        None,
        Structure("unknown"),
        Structure("tuple"),
        Structure("tuple", items=(TENSOR,)),
        Structure("list", items=(TENSOR, TENSOR)),
    ],
)
def test_signatures_of_an_unusual_form_have_no_arguments(inputs: Structure | None) -> None:
    assert split_signature(inputs) == ((), ())


@functools.cache
def stored(name: str) -> dict[str, Any]:
    path = TESTDATA / "oracle" / f"{name}.json"
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return found


def printed_by_tensorflow(name: str) -> Iterator[tuple[str, list[str], str]]:
    for loaded in stored(name).get("load", ()):
        for found in loaded.get("callables", ()):
            for trace in found["traces"]:
                yield found["path"], trace.get("texts", []), trace.get("returns", "")


@each_model
def test_what_tensorflow_prints_is_what_we_print(name: str) -> None:
    """The repr of each argument, as the loaded model gave it; ours are looked up among all we print."""
    ours = set()
    for meta_graph in model_of(name).meta_graphs:
        for concrete in meta_graph.objects.concrete_functions if meta_graph.objects else ():
            positional, keywords = split_signature(concrete.inputs)
            ours |= {spec_text(value) for value in (*positional, *keywords)}
    for path, texts, _ in printed_by_tensorflow(name):
        for text in texts:
            assert text in ours, f"{path}: TensorFlow prints {text}"
