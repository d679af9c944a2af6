"""How far apart two outputs are said to be."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from smanalyze.report.against import GATES, LEVELS, OutputAgainst, Tolerance, Worst
from smanalyze.verify.judge import DEFAULTS, Kept, compare, judge, worst_level

F32 = DEFAULTS["float32"]
PAIRS = hnp.array_shapes(max_dims=3, max_side=4).flatmap(
    lambda shape: st.tuples(*[hnp.arrays(np.float32, shape, elements=st.floats(-1e3, 1e3, width=32))] * 2)
)
FLOATS = hnp.arrays(np.float32, hnp.array_shapes(max_dims=3, max_side=4), elements=st.floats(-1e3, 1e3, width=32))


def kept(values: Any, dtype: str = "") -> Kept:
    """An output as it was kept."""
    array = np.asarray(values)
    digest = hashlib.sha256(array.tobytes() if array.dtype != object else repr(array).encode()).hexdigest()
    return Kept(dtype or str(array.dtype), array.shape, digest, lambda: array)


def judged(old: Any, new: Any, noise: float | None = None, **given_for: Tolerance) -> OutputAgainst:
    return judge(("y", "y"), [(kept(old), kept(new))], noise, given_for)


def f32(*values: float) -> Any:
    return np.array(values, np.float32)


@pytest.mark.parametrize(
    ("old", "new", "noise", "level"),
    [
        (f32(1, 2), f32(1, 2), None, "bitwise"),
        (f32(1, np.nan), f32(1, np.nan), None, "bitwise"),
        (f32(1, 2), f32(1, 2.0001), None, "within tolerance"),
        (f32(1, 2), f32(1, 2.0001), 0.001, "within noise"),
        (f32(1, 2), f32(1, 2.1), 0.001, "different"),
        (f32(1, 2), f32(1, 2.1), 0.2, "within noise"),
        (f32(0.0), f32(-0.0), None, "within tolerance"),
        (f32(1, np.nan), f32(np.nan, 1), 9.0, "different"),
        (f32(1, np.inf), f32(1, -np.inf), 9.0, "different"),
        (np.array([3]), np.array([4]), None, "different"),
        (np.array([2**53]), np.array([2**53 + 1]), None, "different"),
        (np.array([True]), np.array([False]), None, "different"),
        (f32(1, 2), f32(1), None, "incomparable"),
        (f32(1), np.array([1]), None, "incomparable"),
        (f32(1), np.array([1.0]), None, "within tolerance"),
        (f32(1), np.array([1.00001]), 0.1, "within tolerance"),
        (f32(1), np.array([1.00001]), None, "within tolerance"),
        (np.array([1 + 1j]), np.array([1 + 2j]), None, "different"),
    ],
)
def test_levels(old: Any, new: Any, noise: float | None, level: str) -> None:
    assert judged(old, new, noise).level == level
    assert judged(new, old, noise).level == level


def test_strings_are_equal_or_different() -> None:
    one = kept(np.array([[b"a", b"b"], [b"c", b"d"]], object), "string")
    other = kept(np.array([[b"a", b"b"], [b"x", b"y"]], object), "string")
    assert judge(("y", "y"), [(one, one)], None, {}).level == "bitwise"
    row = judge(("y", "y"), [(one, other)], None, {})
    assert (row.level, row.reason, row.max_abs) == ("different", "2 of 4 strings differ", None)
    assert row.worst == Worst(0, (1, 0), "b'c'", "b'x'")


def test_what_was_too_large_to_keep_is_different_without_measures() -> None:
    one, other = Kept("float32", (9,), "a", None), Kept("float32", (9,), "b", None)
    row = judge(("y", "y"), [(one, other)], None, {})
    assert (row.level, row.reason, row.worst) == ("different", "it is too large to keep", None)


def test_a_tolerance_is_that_of_the_output_then_of_all_then_of_the_coarser_dtype() -> None:
    old, new = f32(1), f32(1.01)
    loose, tight = Tolerance(0.1, 0), Tolerance(0, 0)
    assert judged(old, new).level == "different"
    assert judge(("y", "y"), [(kept(old), kept(new))], None, {"": loose}).level == "within tolerance"
    assert judged(old, new, y=loose).level == "within tolerance"
    both = {"": loose, "y": tight}
    assert judge(("y", "y"), [(kept(old), kept(new))], None, both).level == "different"
    half = judged(np.array([1], np.float16), f32(1.005))
    assert (half.level, half.tolerance, half.dtype) == ("within tolerance", DEFAULTS["float16"], "float16 → float32")


def test_the_worst_probe_is_told() -> None:
    pairs = [(kept(f32(1, 2)), kept(f32(1, new))) for new in (2.0, 2.5, 2.25)]
    row = judge(("a", "b"), pairs, None, {})
    assert row.worst is not None
    assert (row.worst.probe, row.worst.index, row.worst.old, row.worst.new) == (1, (1,), "2.0", "2.5")
    assert (row.old_name, row.name, row.max_abs, row.argmax) == ("a", "b", 0.5, 1.0)


def test_rows_with_another_largest_are_counted() -> None:
    old = np.array([[1, 2], [3, 1], [0, 5], [9, 8]], np.float32)
    new = np.array([[2, 1], [3, 1], [0, 5], [9, 8]], np.float32)
    assert judged(old, new).argmax == 0.75


@settings(max_examples=60, deadline=None)
@given(FLOATS, st.floats(-0.5, 0.5))
def test_the_smallest_rtol_passes_and_none_below(array: Any, by: float) -> None:
    other = (array * np.float32(1 + by)).astype(np.float32)
    needed = compare(array, other, F32).numbers["needed_rtol"]
    assert compare(array, other, Tolerance(needed * (1 + 1e-9) + 1e-12, F32.atol)).passes
    if needed > 1e-6:
        assert not compare(array, other, Tolerance(needed * 0.99, F32.atol)).passes


@settings(max_examples=60, deadline=None)
@given(PAIRS)
def test_measures_do_not_depend_on_the_side(pair: Any) -> None:
    array, other = pair
    one, back = compare(array, other, F32), compare(other, array, F32)
    same = ("max_abs", "mean_abs", "max_rel", "needed_rtol", "ulp", "cosine", "argmax")
    assert [one.numbers[name] for name in same] == [back.numbers[name] for name in same]
    assert one.passes == back.passes


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_ulp_counts_the_numbers_between(dtype: Any) -> None:
    array = np.array([-1, -0.0, 1e-7, 3], dtype)
    up = array
    for _ in range(3):
        up = np.nextafter(up, dtype(np.inf))
    found = compare(array[[0, 3]], up[[0, 3]], None).numbers["ulp"]
    assert found == 3
    tiny = np.finfo(dtype).smallest_subnormal
    assert compare(np.array([-tiny]), np.array([tiny]), None).numbers["ulp"] == 3  # -0, 0, and the other


def test_the_largest_numbers_have_finite_measures() -> None:
    most = np.finfo(np.float64).max
    row = judged(np.full(4, most), np.full(4, -most))
    measures = row.max_abs, row.mean_abs, row.p99_abs, row.max_rel, row.needed_rtol
    assert row.level == "different"
    assert all(one is not None and np.isfinite(one) for one in measures)


def test_gates_let_less_and_less_pass() -> None:
    assert [len(GATES[name]) for name in ("different", "tolerance", "noise")] == [2, 3, 4]
    assert worst_level([]) == LEVELS[0]
    assert worst_level(LEVELS) == "incomparable"
