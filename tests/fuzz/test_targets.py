"""What is fuzzed, on mutated seeds: nothing comes out but our own errors, nothing hangs, and memory is bounded.

``tests/format`` tests the readers one by one, mostly on any bytes or one changed byte; here damage is larger, and all
that is decoded only when asked is asked for. For longer runs see ``atheris_formats.py``.
"""

from __future__ import annotations

import signal
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz import dense
from tests.fuzz.targets import MAX_RATIO, TARGETS, memory_limit, seeds_of

HANG_SECONDS = 20
"""Of the clock, for one input; the slowest takes a fifth of a second. Far above what a busy machine adds."""

MAX_FILES = 8
"""Of which seeds are made here, from the smallest to one of the largest; atheris has all."""

SLACK = 256 << 10
"""What Python itself takes beside an input of some size."""

EXAMPLES = {"riegeli": 25, "fingerprint": 60, "pb": 60, "pbtxt": 60, "split": 60}
"""Of each target; 120 where nothing is said. Their seeds are whole models, and Riegeli's hash is slow in Python."""

_VARINTS = (b"\0", b"\x7f", b"\x80\1", b"\xff" * 4 + b"\x0f", b"\xff" * 4 + b"\x7f", b"\xff" * 9 + b"\1", b"\xff" * 10)
"""0, 127, 128, the most of 32 bits and of a varint32's five bytes, the most of 64 bits, one that never ends."""

each_target = pytest.mark.parametrize("name", TARGETS)


@cache
def samples(name: str) -> list[bytes]:
    """Some seeds of a target."""
    return list(seeds_of(name, MAX_FILES))


@st.composite
def mutated(draw: st.DrawFn, name: str) -> bytes:
    """A seed after one to four of: bytes changed, cut off, replaced by those of another seed, inserted, repeated."""
    data = bytearray(draw(st.sampled_from(samples(name))))
    for kind in draw(
        st.lists(st.sampled_from(["flip", "truncate", "splice", "insert", "repeat"]), min_size=1, max_size=4)
    ):
        place = draw(st.integers(0, len(data)))
        if kind == "flip" and place < len(data):
            data[place] ^= draw(st.integers(1, 255))
        elif kind == "truncate":
            del data[place:]
        elif kind == "splice":
            other = draw(st.sampled_from(samples(name)))
            start = draw(st.integers(0, len(other)))
            data[place : place + draw(st.integers(0, 64))] = other[start : start + draw(st.integers(0, 1024))]
        elif kind == "insert":
            data[place : place + draw(st.integers(0, 2))] = draw(st.sampled_from(_VARINTS) | st.binary(max_size=8))
        else:
            data[place:place] = data[place : place + draw(st.integers(1, 256))] * draw(st.integers(1, 20))
    return bytes(data)


@contextmanager
def no_hang() -> Iterator[None]:
    """Ends what takes longer than HANG_SECONDS, on systems that have an alarm."""

    def ring(*_: object) -> None:
        raise AssertionError(f"One input took more than {HANG_SECONDS} s.")

    if not hasattr(signal, "SIGALRM"):
        yield
        return
    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(HANG_SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def peak_of(name: str, data: bytes) -> int:
    """Bytes of Python's memory that one input takes at most."""
    tracemalloc.start()
    try:
        with no_hang():
            TARGETS[name].run(data)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@each_target
def test_there_are_seeds_and_they_are_survived(name: str) -> None:
    assert samples(name)
    for seed in samples(name):
        TARGETS[name].run(seed)


@each_target
def test_any_mutation_is_survived(name: str) -> None:
    @settings(max_examples=EXAMPLES.get(name, 120))
    @given(data=mutated(name))
    def survive(data: bytes) -> None:
        with no_hang():
            TARGETS[name].run(data)

    survive()


@each_target
def test_any_mutation_takes_little_memory(name: str) -> None:
    @settings(max_examples=EXAMPLES.get(name, 120) // 10)
    @given(data=mutated(name))
    def measure(data: bytes) -> None:
        assert peak_of(name, data) <= memory_limit(name, data)

    TARGETS[name].run(samples(name)[0])  # what is made once, such as our protos' classes, is not counted
    measure()


@pytest.mark.parametrize("case", dense.CASES)
def test_the_densest_inputs_keep_to_the_limit(case: str) -> None:
    """Nothing is known that takes more memory for its size."""
    name, make, is_small = dense.CASES[case]
    data = make()
    TARGETS[name].run(samples(name)[0])
    limit = memory_limit(name, data) if is_small else MAX_RATIO * len(data) + SLACK
    assert peak_of(name, data) <= limit
