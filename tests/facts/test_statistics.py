"""Figures of tensors against numpy's own, for every dtype."""

from __future__ import annotations

import math
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from smanalyze.errors import FormatError
from smanalyze.facts import statistics
from smanalyze.facts.statistics import BINS, tensor_statistics
from smanalyze.report.audit import TensorStatistics
from tests.format.bundle_writer import BundleWriter, slice_key
from tests.format.test_bundle_reader import NUMERIC, opened, swapped

SHORT = ["bfloat16", "float8_e5m2", "float8_e4m3fn", "float8_e4m3fnuz", "float8_e4m3b11fnuz", "float8_e5m2fnuz"]
INTEGERS = [
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "qint8",
    "quint16",
    "int4",
    "uint4",
]


def described(values: Any, number: int, big: bool = False) -> TensorStatistics:
    bundle = BundleWriter(big)
    bundle.add(b"a", 4, [1], b"x")
    bundle.add(b"b", number, values.shape, swapped(values) if big else values.tobytes())
    entries, reader = opened(bundle)
    row = tensor_statistics(reader, entries["b"])
    assert row is not None
    return row


def compare(row: TensorStatistics, stored: Any) -> None:
    """The same figures, as numpy computes them of the whole array in float64."""
    flat = stored.reshape(-1)
    wide = flat.astype(np.complex128 if flat.dtype.kind == "c" else np.float64)
    finite = np.isfinite(wide)
    assert row.elements == len(flat)
    assert row.nan == np.count_nonzero(np.isnan(wide))
    assert row.infinite == len(flat) - np.count_nonzero(finite) - row.nan
    assert row.sparsity == (np.count_nonzero(wide == 0) / len(flat) if len(flat) else None)
    assert row.all_zero == (len(flat) > 0 and not wide.any())
    kept = wide[finite]
    # Of the values themselves: two large integers may differ and be one float64.
    assert row.constant == (len(flat) > 0 and len(kept) == len(flat) and bool((flat == flat[0]).all()))
    if not len(kept):
        assert (row.minimum, row.maximum, row.mean, row.std, row.histogram) == (None,) * 5
        return
    kept = np.abs(kept) if kept.dtype.kind == "c" else kept
    assert (row.minimum, row.maximum) == (kept.min(), kept.max())
    scale = max(abs(kept.min()), abs(kept.max())) or 1.0
    assert row.mean is not None and row.std is not None and row.histogram is not None
    assert row.mean / scale == pytest.approx(np.mean(kept / scale), rel=1e-9, abs=1e-15)
    assert row.std / scale == pytest.approx(np.std(kept / scale), rel=1e-6, abs=1e-9)
    assert sum(row.histogram.counts) == len(kept)
    assert (row.histogram.low, row.histogram.high) == (kept.min(), kept.max())
    if row.minimum == row.maximum:
        assert row.histogram.counts == (len(kept),)
    elif scale < 2**52 and kept.max() - kept.min() > 1e-300:
        counts, _ = np.histogram(kept, BINS, (kept.min(), kept.max()))
        assert row.histogram.counts == tuple(counts)


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("name", NUMERIC)
def test_every_dtype_in_several_slices(name: str, big: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statistics, "SLICE_BYTES", 256)
    number, kind = NUMERIC[name]
    values = np.random.default_rng(7).integers(0, 8, (31, 13)).astype(kind)
    if values.dtype.kind == "c":
        values = values * values.dtype.type(1 - 2j)
    row = described(values, number, big)
    assert (row.key, row.dtype, row.shape) == ("b", name, (31, 13))
    compare(row, values)


@given(data=st.data(), name=st.sampled_from(["float16", "float32", "float64", "complex64", "complex128"]))
def test_floats_of_any_size_with_nan_and_infinities(data: st.DataObject, name: str) -> None:
    number, kind = NUMERIC[name]
    shape = arrays.array_shapes(max_dims=2, max_side=40)
    values = data.draw(arrays.arrays(np.dtype(kind), shape))
    if np.dtype(kind).kind == "c":
        values = values.clip(-1e30, 1e30)  # beyond, a magnitude may overflow in numpy's own figures
    compare(described(values, number), values)


@given(data=st.data(), name=st.sampled_from(SHORT))
def test_short_floats_of_any_bits(data: st.DataObject, name: str) -> None:
    number, kind = NUMERIC[name]
    raw = np.frombuffer(data.draw(st.binary(min_size=2, max_size=200)).ljust(200, b"\1"), np.uint8)
    values = raw[: 2 * (len(raw) // 2)].view(kind)
    compare(described(values, number), values)


@given(data=st.data(), name=st.sampled_from(INTEGERS))
def test_integers_of_any_size(data: st.DataObject, name: str) -> None:
    number, kind = NUMERIC[name]
    limits = (0, 7) if name.endswith("int4") else (int(np.iinfo(kind).min), int(np.iinfo(kind).max))
    drawn = data.draw(st.lists(st.integers(*limits), min_size=1, max_size=99))
    values = np.array(drawn, None if name.endswith("int4") else kind).astype(kind)
    row = described(values, number)
    compare(row, values)
    assert (row.minimum, row.maximum) == (float(min(drawn)), float(max(drawn)))


def test_integers_beyond_float64_fall_into_exact_bins() -> None:
    values = np.array([2**63 - 17 + i for i in range(17)], np.int64)
    row = described(values, 9)
    assert row.histogram is not None
    assert row.histogram.counts == (1,) * 15 + (2,)


def test_a_boolean_counts_as_zero_and_one() -> None:
    row = described(np.array([True, False, True, True]), 10)
    assert (row.minimum, row.maximum, row.mean, row.sparsity) == (0, 1, 0.75, 0.25)


def test_a_large_offset_costs_no_digits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statistics, "SLICE_BYTES", 1024)
    noise = np.random.default_rng(1).standard_normal(20_000)
    row = described(noise + 1e9, 2)
    assert row.std == pytest.approx(np.std(noise + 1e9), rel=1e-12)
    assert row.mean == pytest.approx(np.mean(noise) + 1e9, rel=1e-15)


@pytest.mark.parametrize("scale", [1e308, 1e200, 1e-200, 5e-324])
def test_extreme_values_neither_overflow_nor_vanish(scale: float) -> None:
    values = np.array([scale, -scale, scale, 0.0])
    row = described(values, 2)
    assert row.mean is not None and row.std is not None and row.histogram is not None
    assert row.mean / scale == pytest.approx(0.25, abs=0.5 if scale < 1e-300 else 1e-12)
    assert row.std / scale == pytest.approx(math.sqrt(0.6875), abs=0.5 if scale < 1e-300 else 1e-12)
    assert sum(row.histogram.counts) == 4
    assert row.histogram.counts[-1] == 2


def test_complex_numbers_count_by_magnitude_and_are_constant_only_where_equal() -> None:
    row = described(np.array([3 + 4j, -5 + 0j], np.complex64), 8)
    assert (row.minimum, row.maximum, row.std, row.constant) == (5, 5, 0, False)
    row = described(np.array([complex(float("nan"), float("inf")), complex(1, float("inf"))], np.complex128), 18)
    assert (row.nan, row.infinite, row.mean) == (1, 1, None)


@pytest.mark.parametrize("values", [[0.0, -0.0], [3.0], [math.nan], [math.inf, math.inf], []])
def test_degenerate_tensors(values: list[float]) -> None:
    compare(described(np.array(values, np.float32), 1), np.array(values, np.float32))


def test_slices_of_a_partitioned_tensor_count_together() -> None:
    bundle = BundleWriter()
    whole = np.arange(12, dtype=np.float32).reshape(4, 3)
    bundle.add_partitioned(b"p", 1, [4, 3], [[(0, 1), (0, -1)], [(1, 3), (0, -1)]])
    bundle.add(slice_key(b"p", [(0, 1), (0, -1)]), 1, [1, 3], whole[:1].tobytes())
    bundle.add(slice_key(b"p", [(1, 3), (0, -1)]), 1, [3, 3], whole[1:].tobytes())
    entries, reader = opened(bundle)
    row = tensor_statistics(reader, entries["p"])
    assert row is not None
    compare(row, whole)


def test_strings_are_skipped_and_missing_bytes_are_an_error() -> None:
    bundle = BundleWriter()
    bundle.add_strings(b"s", [1], [b"one"])
    bundle.add(b"f", 1, [2], bytes(8))
    entries, reader = opened(bundle)
    assert tensor_statistics(reader, entries["s"]) is None
    reader._open_shard = [bytes(9)].__getitem__
    reader._shards.clear()
    with pytest.raises(FormatError):
        tensor_statistics(reader, entries["f"])


def test_progress_reaches_the_stored_bytes() -> None:
    bundle = BundleWriter()
    values = np.ones(200_000, ml_dtypes.bfloat16)
    bundle.add(b"b", 14, values.shape, values.tobytes())
    entries, reader = opened(bundle)
    told: list[int] = []
    tensor_statistics(reader, entries["b"], progress=told.append)
    assert told == sorted(told) and told[-1] == values.nbytes
