"""What holds of all values that are made: they fit what the signature declares, and the same seed makes them again."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import smanalyze
from smanalyze.inputs.composites import Group
from smanalyze.inputs.given_trial import fits_shape
from smanalyze.inputs.make_groups import group_arrays
from smanalyze.inputs.make_values import Making
from smanalyze.inputs.records import Feed, SignatureInputs, Trial
from smanalyze.inputs.sizes import Dim
from smanalyze.inputs.tensors import Source
from smanalyze.model.dtypes import numpy_dtype
from tests.models import NAMES, corpus_models, each_broken_model, each_model, model_of

STYLES = st.sampled_from(["edge", "plain", "zeros", "ones"])


def declared(name: str, key: str, tags: tuple[str, ...]) -> dict[str, tuple[str, tuple[int | None, ...] | None]]:
    """dtype and shape by tensor name, components included."""
    found = {}
    for meta_graph in model_of(name).meta_graphs:
        for signature in meta_graph.signatures:
            if signature.key == key and meta_graph.tags == tags:
                for info in signature.inputs:
                    found[info.tensor_name] = info.dtype, info.shape
                    found.update({part.tensor_name: (part.dtype, part.shape) for part in info.components})
    return found


def content(feed: Feed) -> bytes:
    """What is fed, as bytes."""
    strings = feed.array.dtype == object
    return b"\0".join(feed.array.ravel()) if strings else feed.array.tobytes()


def trials(planned: SignatureInputs, count: int = 6) -> list[Trial]:
    """The first trials, each in three batches."""
    return [trial.with_batch(batch) for trial in islice(planned.trials, count) for batch in (2, 1, 3)]


@each_model
def test_what_is_fed_fits_the_signature(name: str) -> None:
    for planned in smanalyze.plan_inputs(model_of(name)):
        wanted = declared(name, planned.key, planned.tags)
        for trial in trials(planned):
            assert {feed.tensor_name for feed in trial.feeds} <= set(wanted)
            for feed in trial.feeds:
                dtype, shape = wanted[feed.tensor_name]
                assert feed.dtype == dtype
                assert feed.shape == feed.array.shape
                assert fits_shape(feed.shape, shape), (planned.key, feed.input, feed.shape, shape)
                assert feed.array.dtype == (object if dtype == "string" else numpy_dtype(dtype))
                if dtype == "string":
                    assert all(isinstance(value, bytes) for value in feed.array.ravel())


@each_model
def test_the_same_seed_makes_the_same_bytes(name: str) -> None:
    first, again = (
        [[content(feed) for trial in trials(planned, 3) for feed in trial.feeds]
         for planned in smanalyze.plan_inputs(model_of(name), seed=7)] for _ in range(2)
    )  # fmt: skip
    assert first == again


@each_model
def test_a_larger_batch_begins_with_the_rows_of_a_smaller(name: str) -> None:
    """So that what a model computes of a row can be compared."""
    for planned in smanalyze.plan_inputs(model_of(name)):
        for trial in islice(planned.trials, 3):
            encoded = any(feed.keyword != feed.input for feed in trial.feeds)
            for feed, more in zip(trial.with_batch(1).feeds, trial.with_batch(3).feeds, strict=True):
                if not encoded and feed.shape and feed.shape[1:] == more.shape[1:]:
                    assert more.array[: len(feed.array)].tolist() == feed.array.tolist()


@given(st.integers(0, 2**32), st.sampled_from(NAMES))
@settings(max_examples=25)
def test_any_seed_will_do(seed: int, name: str) -> None:
    for planned in smanalyze.plan_inputs(model_of(name), seed=seed):
        for trial in islice(planned.trials, 1):
            assert all(np.isfinite(f.array.astype(np.complex128)).all() for f in trial.feeds if f.array.dtype != object)


@pytest.mark.parametrize("place", corpus_models())
def test_models_of_others(place: str, corpus: object) -> None:
    """Whatever is in a model, planning does not fail."""
    folder = f"{corpus}/{place}"
    try:
        model = smanalyze.load(folder)
    except smanalyze.SmanalyzeError:
        return
    for planned in smanalyze.plan_inputs(model):
        for trial in islice(planned.trials, 2):
            assert all(feed.shape == feed.array.shape for feed in trial.feeds)


# Composite tensors --------------------------------------------------------------------------------------------------


@given(
    st.lists(st.one_of(st.none(), st.integers(1, 6)), min_size=1, max_size=4),
    st.integers(1, 5), STYLES, st.integers(0, 9), st.sampled_from([8, 16]),
)  # fmt: skip
def test_sparse_tensors_are_valid(shape: list[int | None], batch: int, style: str, seed: int, length: int) -> None:
    indices = Source("i", "int64", (Dim("n"), len(shape)))
    parts = (indices, Source("v", "float32", (Dim("n"),)), Source("s", "int64", (len(shape),)))
    making = Making({}, seed, style, length=length)
    rows, values, dense = group_arrays(Group("sparse", parts, tuple(shape)), making, batch)
    assert rows.shape == (len(values), len(shape))
    assert dense.shape == (len(shape),)
    assert all(wanted in (None, size) for wanted, size in zip(shape, dense, strict=True))
    assert (rows >= 0).all() and (rows < dense).all()
    assert [tuple(row) for row in rows] == sorted({tuple(row) for row in rows})  # in order, none twice


@given(st.integers(1, 3), st.integers(1, 5), STYLES, st.integers(0, 9), st.sampled_from(["int32", "int64"]))
def test_ragged_tensors_are_valid(levels: int, batch: int, style: str, seed: int, splits_dtype: str) -> None:
    values = Source("v", "string", (Dim("n"), 2))
    splits = tuple(Source(f"s{k}", splits_dtype, (Dim(f"m{k}"),)) for k in range(levels))
    made, *rows = group_arrays(Group("ragged", (values, *splits), None), Making({}, seed, style), batch)
    assert len(rows[0]) == batch + 1
    for outer, inner in zip(rows, (*(row[1:] for row in rows[1:]), made), strict=True):
        assert outer.dtype == numpy_dtype(splits_dtype)
        assert outer[0] == 0
        assert (np.diff(outer) >= 0).all()
        assert outer[-1] == len(inner)
    assert made.shape[1:] == (2,)


@each_broken_model
def test_damaged_models_are_planned(name: str) -> None:
    try:
        model = model_of(name)
    except smanalyze.SmanalyzeError:
        return
    for planned in smanalyze.plan_inputs(model):
        for trial in islice(planned.trials, 3):
            assert all(feed.shape == feed.array.shape for feed in trial.feeds)
