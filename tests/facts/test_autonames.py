"""Counters in names: what is the same in two processes, and what stays apart in one."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smanalyze.facts.autonames import AutoNames


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (["conv2d/kernel:0", "conv2d_1/kernel:0"], ["conv2d_7/kernel:0", "conv2d_12/kernel:0"]),
        (["dense/bias"], ["dense_3/bias"]),
        (["model/block_1/w", "model/block_2/w"], ["model/block_5/w", "model/block_9/w"]),
        (["a.b_1[0].c"], ["a.b[0].c_2"]),
        (["v_10", "v_9"], ["v_3", "v_2"]),
    ],
)
def test_counters_that_moved_are_the_same(old: list[str], new: list[str]) -> None:
    before, after = AutoNames(old), AutoNames(new)
    assert list(map(before.plain, old)) == list(map(after.plain, new))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (["conv2d/kernel"], ["conv3d/kernel"]),
        (["conv2d/kernel"], ["conv2d/bias"]),
        (["a/w", "a_1/w"], ["a/w", "b_1/w"]),
        (["x_01"], ["x_02"]),  # no counter writes zeros in front
        (["_1"], ["_2"]),  # a number alone is a name
    ],
)
def test_other_names_are_others(old: list[str], new: list[str]) -> None:
    before, after = AutoNames(old), AutoNames(new)
    assert list(map(before.plain, old)) != list(map(after.plain, new))


NAMES = st.lists(st.from_regex(r"[a-c](_[0-9]{1,2})?(/[a-b](_[1-9])?)?", fullmatch=True), min_size=1, unique=True)


@given(NAMES)
def test_two_names_of_one_model_stay_two(names: list[str]) -> None:
    auto = AutoNames(names)
    assert len(set(map(auto.plain, names))) == len(names)


COUNTED = st.lists(st.from_regex(r"[a-c]_[1-9][0-9]?(/[a-b]_[1-9])?", fullmatch=True), min_size=1, unique=True)


@given(COUNTED, st.integers(1, 50))
def test_a_shift_of_all_counters_is_not_seen(names: list[str], by: int) -> None:
    shifted = [re.sub(r"_(\d+)", lambda match: f"_{int(match[1]) + by}", name) for name in names]
    before, after = AutoNames(names), AutoNames(shifted)
    assert list(map(before.plain, names)) == list(map(after.plain, shifted))
