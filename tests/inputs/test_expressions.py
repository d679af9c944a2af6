"""Expressions: what is allowed means what it means in numpy, and nothing else is computed."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smanalyze.errors import UsageError
from smanalyze.inputs import expression_calls as calls
from smanalyze.inputs.expressions import MAX_DEPTH, MAX_LENGTH, Random, evaluate

SAME = [
    "1", "-1.5", "'text'", "b'bytes'", "[1, 2.5, -3]", "((1, 2), (3, 4))", "{'a': [1], 2: 'b'}", "None", "True",
    "1 + 2 * 3 ** 2 // 2 % 5", "1e3 / 3", "2 ** 0.5", "(2 + 3j) * 1j", "1 < 2 <= 2 != 3", "1 == 2", "not True", "~5",
    "6 & 3 | 8 ^ 1", "[0] * 5 + [1, 2]", "3 * (1, 2)", "'ab' * 2 + 'c'", "[1, 2, 3][1]", "[1, 2, 3][::-1]",
    "{'a': 7}['a']", "'text'[1:3]", "np.pi", "numpy.pi * np.e", "np.nan", "-np.inf", "np.ones(3)", "np.ones((2, 3))",
    "np.zeros([2, 0, 3], dtype=np.int32)", "np.full((2, 2), 7)", "np.full(2, 'ab')", "np.array([[1, 2], [3, 4]])",
    "np.array([1, 2], np.float32)", "np.array([1, 2], dtype='int8')", "np.asarray(['a', 'bcd'])",
    "np.array([True, False])", "np.arange(5)", "np.arange(2, 9, 3)", "np.arange(0, 1, 0.25)", "np.arange(5, 0, -2)",
    "np.arange(5, dtype=np.float16)", "np.linspace(0, 1, 5)", "np.linspace(0, 1, num=3, endpoint=False)", "np.eye(3)",
    "np.eye(2, 3, k=1)", "np.ones_like([1, 2])", "np.zeros_like(np.ones((2, 2)))", "np.full_like([1, 2], 9)",
    "np.reshape(np.arange(6), (2, 3))", "np.arange(6).reshape(2, 3)", "np.arange(6).reshape((3, -1))",
    "np.arange(6).reshape(2, 3).T", "np.arange(6).reshape(2, 3).transpose(1, 0)", "np.transpose([[1, 2]])",
    "np.concatenate([[1, 2], np.arange(3)])", "np.concatenate(([[1]], [[2]]), axis=1)",
    "np.stack([[1, 2], [3, 4]], 1)", "np.repeat([1, 2], 3)", "np.repeat([[1, 2]], [2], axis=0)",
    "np.tile([1, 2], (2, 2))", "np.tile('a', 3)", "np.expand_dims([1, 2], 0)", "np.expand_dims([1, 2], axis=-1)",
    "np.squeeze([[[1]]])", "np.broadcast_to([1, 2], (3, 2))", "np.flip([1, 2, 3])", "np.abs([-1, 2])",
    "np.sqrt([4.0])", "np.round([1.26], 1)", "np.arange(3) * 2.5 - 1", "np.ones((2, 1)) + np.ones((1, 3))",
    "np.arange(4) % 2 == 0", "np.arange(6)[2:4]", "np.arange(6).reshape(2, 3)[:, 1]",
    "np.arange(6).reshape(2, 3)[..., np.newaxis]", "np.arange(6)[[0, 0, 5]]",
    "np.arange(4)[np.array([True, False] * 2)]", "np.arange(6).reshape(2, 3)[[0, 1], [1, 2]]", "np.float32(1.5)",
    "np.int8([1, 2])", "np.arange(3).astype(np.float64)", "np.arange(3).astype('uint8').tolist()",
    "np.ones((2, 3)).shape", "[np.ones(2), 3]", "{'a': {'b': np.zeros(1)}}", "-np.ones(2) ** 2",
    "np.array([1.0, np.nan, np.inf])", "np.ones(2, 'float32') * 2", "np.array([1, 2]) / np.array([0, 1])",
]  # fmt: skip


def same(one: Any, other: Any) -> bool:
    """Equal in type, dtype and every bit that can be seen."""
    if isinstance(one, np.ndarray | np.generic):
        return (
            type(one) is type(other)
            and one.dtype == other.dtype
            and one.shape == other.shape
            and repr(one) == repr(other)
        )
    if isinstance(one, list | tuple):
        return type(one) is type(other) and len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return list(one) == list(other) and all(map(same, one.values(), other.values()))
    return type(one) is type(other) and repr(one) == repr(other)


@pytest.mark.parametrize("text", SAME)
def test_it_means_what_it_means_in_numpy(text: str) -> None:
    with np.errstate(all="ignore"):
        expected = eval(text, {"np": np, "numpy": np})
    assert same(evaluate(text, Random(0)).value, expected)


@pytest.mark.parametrize(
    "text",
    ["rand(2, 3)", "randn(4)", "randint(0, 9, (2, 2))", "randint(5, size=3)", "uniform(-1, 1, 3)", "normal(size=(2,))",
     "randint(0, 9, 3, dtype=np.int32)", "random(3)", "rand()"],
)  # fmt: skip
def test_random_numbers_are_those_of_the_seed(text: str) -> None:
    state = np.random.RandomState(7)
    assert same(evaluate(f"np.random.{text}", Random(7)).value, eval(f"state.{text}", {"np": np, "state": state}))
    one, other = Random(7), Random(8)
    drawn = [evaluate(f"np.random.{text}", random).value for random in (one, one, other)]
    assert text.startswith("rand(") or not same(drawn[0], drawn[2])


def test_short_names() -> None:
    assert evaluate("[pi, -inf, 0]", Random(0)).value == [np.pi, -np.inf, 0]
    assert evaluate("np.zeros(2, float)", Random(0)).value.dtype == np.float64
    assert evaluate("np.ones(2, 'bfloat16')", Random(0)).value.dtype.name == "bfloat16"


REFUSED = [
    ("__import__('os').system('true')", 1, "only functions of np"),
    ("open('x')", 1, "only functions of np"),
    ("eval('1')", 1, "only functions of np"),
    ("().__class__", 1, ".__class__ cannot be used"),
    ("[1, os]", 5, "the name os"),
    ("np.load('x')", 1, "np.load is not among"),
    ("1 + np.fromfile('x')", 5, "np.fromfile is not among"),
    ("np.ones(2).dump('x')", 1, ".dump() cannot be called"),
    ("np.ones(2).tofile('x')", 1, ".tofile() cannot"),
    ("np.ones(2).__class__", 1, ".__class__ cannot"),
    ("np.ones", 1, "np.ones must be called"),
    ("np.random.seed(1)", 1, "np.random.seed is not among"),
    ("np.random.rand", 1, "must be called"),
    ("np", 1, "the name np"),
    ("np.__dict__", 1, "np.__dict__ is not among"),
    ("np.lib.npyio", 1, "not among"),
    ("[x for x in [1]]", 1, "ListComp"),
    ("lambda: 1", 1, "Lambda"),
    ("f'{1}'", 1, "JoinedStr"),
    ("1 if True else 2", 1, "IfExp"),
    ("(x := 1)", 2, "NamedExpr"),
    ("{1, 2}", 1, "Set"),
    ("{**{'a': 1}}", 4, "**"),
    ("[*[1]]", 2, "Starred"),
    ("np.ones(*[2])", 1, "* and **"),
    ("1 << 4", 1, "LShift"),
    ("np.ones((2, 2)) @ np.ones((2, 2))", 1, "MatMult"),
    ("'%9d' % 1", 1, "arithmetic takes numbers"),
    ("'a' + 1", 1, "only two lists"),
    ("np.array(['a']) + np.array(['b'])", 1, "arithmetic takes numbers"),
    ("1 in [1]", 1, "In"),
    ("import os", 1, "no expression"),
    ("1 +", 1, "no expression"),
    ("", 1, "no expression"),
    ("np.ones((2, 3)).reshape(4)", 1, "cannot reshape"),
    ("np.ones(2)[5]", 1, "out of bounds"),
    ("1 / 0", 1, "division by zero"),
    ("np.ones(2, order='F')", 1, "np.ones() got an unexpected keyword argument"),
    ("np.abs([1], out=np.ones(1))", 1, "np.abs takes no out"),
    ("np.ones(-1)", 1, "integers from 0 on"),
    ("np.ones(2.5)", 1, "integers from 0 on"),
    ("np.ones(2, 'object')", 1, "no dtype of numbers"),
    ("np.array([None])", 1, "numbers, truths or strings"),
    ("np.array([[1], [1, 2]])", 1, "inhomogeneous"),
    ("{'a': 1}['b']", 1, "'b'"),
]


@pytest.mark.parametrize(("text", "column", "why"), REFUSED, ids=[text for text, *_ in REFUSED])
def test_all_else_is_refused_with_its_place(text: str, column: int, why: str) -> None:
    with pytest.raises(UsageError) as caught:
        evaluate(text, Random(0))
    assert f"column {column}: " in caught.value.message
    assert why in caught.value.message
    assert "np.ones" in caught.value.message or "no expression" in why


LARGE = [
    "10 ** 10 ** 10", "2 ** 5000", "10 ** 600 * 10 ** 700", "'a' * 10 ** 9", "b'a' * 10 ** 9", "[0] * 10 ** 8",
    "[[[0] * 10 ** 4] * 10 ** 4] * 10 ** 4", "np.ones(10 ** 12)", "np.zeros((10 ** 5, 10 ** 5))",
    "np.full((10 ** 9,), 1)", "np.full(10 ** 6, 'a' * 10 ** 4)", "np.arange(10 ** 12)", "np.arange(0, 1, 1e-12)",
    "np.linspace(0, 1, 10 ** 10)", "np.eye(10 ** 6)", "np.array([[[0] * 1000] * 1000] * 1000)",
    "np.array(['a' * 10 ** 7] + ['b'] * 10 ** 4)", "np.repeat([1], 10 ** 10)", "np.repeat([1, 2], [1, 10 ** 10])",
    "np.tile([1, 2], 10 ** 9)", "np.broadcast_to(1, (10 ** 9,))", "np.random.rand(10 ** 10)",
    "np.random.uniform(0, 1, (10 ** 5, 10 ** 5))", "np.random.normal(0, 1, 10 ** 10)",
    "np.random.randint(0, 9, size=10 ** 10)", "np.stack([np.ones(10 ** 7)] * 10)",
    "np.zeros((10 ** 5, 1)) + np.zeros((1, 10 ** 5))", "np.zeros((10 ** 5, 1)) < np.zeros((1, 10 ** 5))",
    "np.zeros((1, 10 ** 6))[[0] * 1000]", "np.zeros((10 ** 6, 1))[:, [0] * 1000]",
    "np.concatenate([['a' * 10 ** 6], ['b'] * 10 ** 6])", "np.tile('a' * 10 ** 6, 10 ** 6)",
    "np.linspace(np.ones((10 ** 4, 1)), np.ones((1, 10 ** 4)))", "['a' * 10 ** 7] * 10 ** 6",
    "['a' * 10 ** 7] + [1] * 10 ** 6", "['a' * 10 ** 7, [1] * 10 ** 6]",
    "np.random.uniform(np.ones((10 ** 5, 1)), np.ones((1, 10 ** 5)))",
    "np.random.normal(0, scale=np.ones((10 ** 5, 1)), loc=np.ones((1, 10 ** 5)))",
    "np.full(10 ** 6, ['a' * 10 ** 7])", "np.full(10 ** 6, np.array('a' * 10 ** 7))",
    "np.array([np.array('a' * 10 ** 7)] * 10 ** 4)",
]  # fmt: skip


@pytest.mark.parametrize("text", LARGE)
def test_what_would_be_too_large_is_not_computed(text: str) -> None:
    begin = time.monotonic()
    with pytest.raises(UsageError, match="more than"):
        evaluate(text, Random(0))
    assert time.monotonic() - begin < 5


@pytest.mark.parametrize(
    "text",
    ["-" * 5000 + "1", "(" * 500 + "1" + ")" * 500, "[" * 150 + "]" * 150, "1 + " * (MAX_DEPTH + 5) + "1",
     "1 + " * 20_000 + "1", "[0, " * 90_000, "0" * (MAX_LENGTH + 1), "\0", "9" * 5000, "not " * 3000 + "1"],
    ids=["signs", "parentheses", "lists", "sum", "long sum", "open lists", "long", "zero byte", "digits", "nots"],
)  # fmt: skip
def test_deep_and_long_texts_are_refused(text: str) -> None:
    with pytest.raises(UsageError):
        evaluate(text, Random(0))


def test_a_dtype_that_is_named_is_meant() -> None:
    typed = ["np.float32(1)", "np.ones(2, np.float32)", "np.ones(2, dtype='int8')", "np.arange(3).astype('int8')",
             "[np.int64(3), 1]", "np.ones(2, 'float32')", "np.zeros(2, float)"]  # fmt: skip
    assert all(evaluate(text, Random(0)).typed for text in typed)
    assert not any(evaluate(text, Random(0)).typed for text in ["1", "np.ones(2)", "[1.5]", "np.random.rand(2) * 3"])


literals = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner),
    max_leaves=20,
)  # fmt: skip


@given(literals)
def test_every_literal_means_itself(value: Any) -> None:
    assert same(evaluate(repr(value), Random(0)).value, value)


@given(st.text(max_size=40))
def test_any_text_is_a_value_or_a_usage_error(text: str) -> None:
    try:
        evaluate(text, Random(0))
    except UsageError as error:
        assert error.message


def test_the_help_lists_what_there_is() -> None:
    from smanalyze.cli.run import _EPILOG

    words = set(_EPILOG.replace("random.", "").replace(",", " ").split())
    asked = {name for name in calls.functions() if name not in (*calls.DTYPES, "asarray")}
    assert asked <= words
    assert set(calls.random_functions(np.random.RandomState(0))) - {"random"} <= words
