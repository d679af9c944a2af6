"""Which trace of a function is called with the values that somebody gave, without TensorFlow."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from smanalyze.errors import UsageError
from smanalyze.inputs.call_arguments import function_arguments
from smanalyze.inputs.flags import Given
from smanalyze.inputs.given_json import Flat
from smanalyze.model.tensors import Structure
from smanalyze.report.sections import Callable, Trace
from smanalyze.report.tensors import Argument, Reach

INTEGERS = Structure("tensor", name="x", dtype="int32", shape=(None,))
FLOATS = Structure("tensor", name="x", dtype="float32", shape=(None,))
REACH = Reach(0, 0, (), (), (), 0, (), (), (), (), ())
TRUE = Structure("bool", value=True)


def function(*traces: tuple[Structure, ...]) -> Callable:
    """A function of ``x`` and ``training`` that was traced for these."""
    made = [
        Trace("f", tuple(Argument(name, "", value) for name, value in zip(("x", "training"), values, strict=False)),
              "", None, 0, REACH)
        for values in traces
    ]  # fmt: skip
    return Callable("f", "function", 0, False, (), "", (), tuple(made), "")


def fed(called: Callable, x: Any, typed: bool = False, **more: Any) -> tuple[str, list[Any]]:
    """The dtype and the values that ``x`` is fed with."""
    given = {name: Given(value, typed, "given") for name, value in {"x": x, **more}.items()}
    (feed,) = function_arguments(called, given).feeds
    return feed.dtype, feed.array.tolist()


@pytest.mark.parametrize("order", [(INTEGERS, FLOATS), (FLOATS, INTEGERS)])
def test_numbers_go_where_they_are_of_the_kind(order: tuple[Structure, ...]) -> None:
    """As TensorFlow takes them; 1.0 is no integer where there is a trace for floats, in whatever order they stand."""
    called = function(*((one,) for one in order))
    assert fed(called, [1, 2]) == ("int32", [1, 2])
    assert fed(called, [1.0, 2.0]) == ("float32", [1.0, 2.0])
    assert fed(called, np.array([1], np.float32), typed=True) == ("float32", [1.0])
    assert fed(called, []) == (order[0].dtype, [])


def test_where_there_is_no_other_they_are_converted() -> None:
    assert fed(function((INTEGERS,)), [1.0, 2.0]) == ("int32", [1, 2])
    assert fed(function((FLOATS,)), Flat([1, 2], (2,))) == ("float32", [1.0, 2.0])
    assert fed(function((FLOATS,)), [1, 2]) == ("float32", [1.0, 2.0])


def test_a_truth_of_numpy_is_one_of_python() -> None:
    called = function((FLOATS, TRUE))
    assert fed(called, [1], training=np.bool_(True)) == ("float32", [1.0])
    assert fed(called, [1], training=np.array(True)) == ("float32", [1.0])
    for other in (np.bool_(False), np.int64(1), 1, np.array([True])):
        with pytest.raises(UsageError, match="'training' was traced for True, and is given"):
            fed(called, [1], training=other)
