"""How values changed, against numpy's own figures; what is read for it, and what is not."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from smanalyze.diff import weight_streams, weights
from smanalyze.diff.weight_streams import side_by_side
from smanalyze.diff.weight_tally import Tally
from smanalyze.errors import FormatError
from smanalyze.report.changes import WeightDelta
from smanalyze.report.diff import DiffReport, WeightRow
from tests.checks.compat.helpers import TESTDATA, Maker, pair, report, same, with_files
from tests.diff.bundles import restored, stored_again, then
from tests.format.bundle_writer import BundleWriter, slice_key
from tests.format.test_bundle_reader import NUMERIC, opened
from tests.pairs import NOISE_NAMES

RANDOM = np.random.default_rng(5)
WEIGHTS = RANDOM.standard_normal(4000).astype(np.float32)


def weighed(old: Any, new: Any, step: int = 1000, trained: bool = True) -> WeightDelta | None:
    tally = Tally(len(old), trained)
    for start in range(0, len(old), step):
        tally.add(old[start : start + step], new[start : start + step])
    return tally.delta()


def delta_of(old: Any, new: Any, **options: Any) -> WeightDelta:
    found = weighed(old, new, **options)
    assert found is not None
    return found


# The arithmetic -------------------------------------------------------------------------------------------------------

DTYPES = ["float32", "float64", "float16", "bfloat16", "float8_e5m2", "int8", "int32", "uint8", "uint16", "qint8"]


@pytest.mark.parametrize("dtype", DTYPES)
@given(data=st.data())
def test_figures_are_numpys(dtype: str, data: st.DataObject) -> None:
    kind = NUMERIC[dtype][1]
    length = data.draw(st.integers(1, 40))
    numbers = st.integers(0, 100) if dtype.startswith(("int", "uint", "qint")) else st.floats(-1e3, 1e3, width=16)
    special = st.sampled_from([math.nan, math.inf, -math.inf]) if "float" in dtype else st.nothing()
    old, new = (data.draw(arrays.arrays(np.float64, length, elements=numbers | special)).astype(kind) for _ in range(2))
    found = weighed(old, new, step=data.draw(st.integers(1, 50)))
    bits = [side.view(f"u{side.dtype.itemsize}") for side in (old, new)]
    changed = int(np.count_nonzero(bits[0] != bits[1]))
    if found is None:
        assert not changed
        return
    a, b = (side.astype(np.float64) for side in (old, new))
    assert (found.elements, found.changed) == (length, changed)
    finite = np.isfinite(a), np.isfinite(b)
    assert (found.old_nonfinite, found.new_nonfinite) == tuple(np.count_nonzero(~side) for side in finite)
    for values, mask, mean, std in ((a, finite[0], found.old_mean, found.old_std),
                                    (b, finite[1], found.new_mean, found.new_std)):  # fmt: skip
        if mask.any():
            assert mean == pytest.approx(values[mask].mean(), rel=1e-9, abs=1e-9)
            assert std == pytest.approx(values[mask].std(), rel=1e-9, abs=1e-6)
        else:
            assert mean is None and std is None
    a, b = a[finite[0] & finite[1]], b[finite[0] & finite[1]]
    assert found.max_abs == np.abs(b - a).max(initial=0.0)
    if a.any():
        assert found.relative == pytest.approx(np.linalg.norm(b - a) / np.linalg.norm(a), rel=1e-9)
    else:
        assert found.relative is None
    if a.any() and b.any():
        assert found.cosine == pytest.approx(a @ b / np.linalg.norm(a) / np.linalg.norm(b), rel=1e-9, abs=1e-9)


def test_means_far_from_zero_keep_their_digits() -> None:
    old = np.full(5000, 1e9) + np.arange(5000) % 2
    found = delta_of(old, old + 1e-3)
    assert found.old_std == pytest.approx(0.5, rel=1e-6)
    assert found.max_abs == pytest.approx(1e-3, rel=1e-3)


def test_figures_are_never_infinite() -> None:
    found = delta_of(np.full(8, 1e300), np.linspace(-1e300, 1e300, 8))
    told = (found.max_abs, found.relative, found.cosine, found.old_mean, found.new_std)
    assert all(number is None or math.isfinite(number) for number in told)


def test_complex_numbers_count_their_parts() -> None:
    old = np.array([1 + 1j, 2, 3], np.complex64)
    found = delta_of(old, old + np.array([0, 3 + 4j, 0], np.complex64))
    assert (found.elements, found.changed, found.max_abs) == (3, 1, 4.0)
    assert found.relative == pytest.approx(5 / 15**0.5)


def test_the_sign_of_zero_is_a_change_of_bits_and_no_more() -> None:
    found = delta_of(np.zeros(4, np.float32), -np.zeros(4, np.float32))
    assert (found.changed, found.max_abs) == (4, 0.0)


def ulps(values: Any, by: int) -> Any:
    return (values.view(np.uint32) + np.uint32(by)).view(np.float32)


KINDS = {
    "four ulps": (WEIGHTS, ulps(WEIGHTS, 4), "rounding"),
    "five ulps": (WEIGHTS, ulps(WEIGHTS, 5), "fine-tuned"),
    "four ulps but for one in a thousand": (
        WEIGHTS, np.where(np.arange(4000) % 1000 == 7, WEIGHTS + 1, ulps(WEIGHTS, 4)), "rounding",
    ),
    "four ulps but for two in a thousand": (
        WEIGHTS, np.where(np.arange(4000) % 500 == 7, WEIGHTS + 1, ulps(WEIGHTS, 4)), "fine-tuned",
    ),
    "signs of zero": (np.where(np.arange(4000) % 2, WEIGHTS, 0).astype("f4"),
                      np.where(np.arange(4000) % 2, WEIGHTS, -0.0).astype("f4"), "rounding"),
    "a little": (WEIGHTS, WEIGHTS * np.float32(1.1), "fine-tuned"),
    "further": (WEIGHTS, WEIGHTS * np.float32(1.8), "re-trained"),
    "from the start": (WEIGHTS, WEIGHTS[::-1].copy(), "re-initialised"),
    "the other way": (WEIGHTS, -WEIGHTS, "changed"),
    "zero": (WEIGHTS, np.zeros_like(WEIGHTS), "degenerate"),
    "constant": (WEIGHTS, np.ones_like(WEIGHTS), "degenerate"),
    "ones to zeros": (np.ones(9, np.float32), np.zeros(9, np.float32), "degenerate"),
    "zeros to ones": (np.zeros(9, np.float32), np.ones(9, np.float32), "changed"),
    "one NaN": (WEIGHTS, np.where(np.arange(4000) == 5, np.nan, WEIGHTS), "degenerate"),
    "no NaN any more": (np.where(np.arange(4000) < 9, np.nan, WEIGHTS), WEIGHTS, "fine-tuned"),
    "a scalar to zero": (np.ones(1, np.float32), np.zeros(1, np.float32), "changed"),
    "booleans": (np.array([True, False]), np.array([True, True]), "degenerate"),
    "integers": (np.arange(100), np.arange(100) + 1, "fine-tuned"),
    "rounded to bfloat16": (WEIGHTS, WEIGHTS.astype(ml_dtypes.bfloat16), "rounding"),
    "widened from bfloat16": (WEIGHTS.astype(ml_dtypes.bfloat16), WEIGHTS, "rounding"),
    "another dtype and other values": (WEIGHTS, (WEIGHTS * 1.2).astype(ml_dtypes.bfloat16), "fine-tuned"),
}  # fmt: skip


@pytest.mark.parametrize("case", KINDS)
def test_each_kind(case: str) -> None:
    old, new, kind = KINDS[case]
    new = new.astype(old.dtype) if new.dtype == np.float64 else new
    assert delta_of(old, new).kind == kind
    assert delta_of(old, new, step=7).kind == kind


def test_what_no_training_moves_is_changed_and_no_more() -> None:
    for new in (WEIGHTS * 2, np.zeros_like(WEIGHTS)):
        assert delta_of(WEIGHTS, new, trained=False).kind == "changed"


def test_equal_bits_are_no_change() -> None:
    nan = np.array([1, math.nan, math.inf], np.float32)
    assert weighed(nan, nan.copy()) is None


# Both sides in slices -------------------------------------------------------------------------------------------------

GRID = np.arange(60, dtype=np.float32).reshape(6, 10)
ROWS = [[(0, 2), (0, -1)], [(2, 4), (0, -1)]]
OTHER_ROWS = [[(0, 1), (0, 10)], [(1, 3), (0, 10)], [(4, 2), (0, 10)]]
COLUMNS = [[(0, -1), (0, 4)], [(0, -1), (4, 6)]]
CUTS: dict[str, Any] = {"whole": None, "rows": ROWS, "other rows": OTHER_ROWS, "columns": COLUMNS}


def stored(values: Any, pieces: Any) -> Any:
    bundle = BundleWriter()
    bundle.add(b"a", 4, [1], b"x")
    if pieces is None:
        bundle.add(b"b", 1, values.shape, values.tobytes())
    else:
        bundle.add_partitioned(b"b", 1, values.shape, pieces)
        for extents in pieces:
            place = tuple(slice(start, None if size < 0 else start + size) for start, size in extents)
            bundle.add(slice_key(b"b", extents), 1, values[place].shape, values[place].copy().tobytes())
    entries, reader = opened(bundle)
    return reader, entries["b"]


@pytest.mark.parametrize("new", CUTS)
@pytest.mark.parametrize("old", CUTS)
def test_partitions_are_read_side_by_side(old: str, new: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weight_streams, "SLICE_BYTES", 28)
    steps = list(side_by_side(stored(GRID, CUTS[old]), stored(GRID + 100, CUTS[new])))
    assert all(len(a) == len(b) <= 7 and ((b - a) == 100).all() for a, b in steps)
    assert sorted(value for a, _ in steps for value in a) == list(range(60))


def test_partitions_across_each_other_are_put_together_only_while_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weight_streams, "MAX_ASSEMBLED", 100)
    with pytest.raises(FormatError, match="across"):
        list(side_by_side(stored(GRID, None), stored(GRID, COLUMNS)))
    assert list(side_by_side(stored(GRID, COLUMNS), stored(GRID, COLUMNS)))


def test_scalars_and_nothing() -> None:
    assert [a.tolist() for a, _ in side_by_side(*[stored(np.float32(3).reshape(()), None)] * 2)] == [[3.0]]
    assert list(side_by_side(*[stored(np.zeros((0, 3), np.float32), None)] * 2)) == []


# Whole models ---------------------------------------------------------------------------------------------------------


def row(answer: DiffReport, name: str) -> WeightRow:
    (found,) = [row for row in answer.weights.tensors if row.name == name]
    return found


def test_every_dtype_of_a_model(tmp_path: Path) -> None:
    names = ("float16", "float64", "bfloat16", "float8_e5m2", "float8_e4m3fn", "int8", "int16", "int32", "int64",
             "uint8", "uint16", "uint32", "uint64", "int4", "uint4", "complex64", "complex128", "bool")  # fmt: skip

    def turned(values: Any) -> Any:
        return np.concatenate([[not values[0] if values.dtype == bool else values[0] + values.dtype.type(1)],
                               values[1:]]).astype(values.dtype)  # fmt: skip

    new: dict[str, Any] = dict.fromkeys(names, turned)
    new["string"] = [b"other", b"", b"b", b"c"]
    answer = report(restored("dtypes_all", new=new)(tmp_path))
    assert answer.weights.changed == len(names) + 1
    for name in names:
        delta = row(answer, name).delta
        assert delta is not None and delta.changed == 1, name
        assert (delta.relative is None) == (name == "bool"), name
    strings = row(answer, "string").delta
    assert strings is not None and strings.elements == 4 and strings.max_abs is None and strings.kind == "changed"


@pytest.mark.parametrize("name", NOISE_NAMES)
def test_nothing_is_read_where_checksums_agree(name: str, tmp_path: Path) -> None:
    assert report(pair(name)(tmp_path)).weights.read_bytes == 0


def test_another_byte_order_is_read_and_equal(tmp_path: Path) -> None:
    sides = restored("module_one_signature", big=True)(tmp_path)
    answer = report(sides)
    assert (answer.weights.changed, answer.weights.equal, answer.weights.not_compared) == (0, 2, 0)
    assert answer.weights.read_bytes > 0
    assert report(sides, weights="crc").weights.not_compared == 2


def test_another_partition_is_read_and_equal(tmp_path: Path) -> None:
    maker = restored("sharded_slices", pieces={"kernel": [[(0, 3), (0, -1)], [(3, 3), (0, -1)]]})
    answer = report(maker(tmp_path))
    assert (answer.weights.changed, answer.weights.equal) == (0, 3)
    assert answer.weights.read_bytes == 2 * 6 * 4 * 4 + 2 * 4 * 4 * 4
    crc = report((tmp_path / "old" / "model", tmp_path / "new" / "model"), weights="crc")
    assert (crc.weights.changed, crc.weights.not_compared) == (0, 2)


def test_pieces_are_compared_by_their_checksums(tmp_path: Path) -> None:
    answer = report(same("sharded_slices")(tmp_path))
    assert (answer.weights.changed, answer.weights.equal, answer.weights.read_bytes) == (0, 3, 0)


def nudged(*names: str) -> Maker:
    return restored("module_one_signature", new=dict.fromkeys(names, lambda values: values * 1.01 + 1e-3))


def test_what_exceeds_the_budget_is_left_out(tmp_path: Path) -> None:
    sides = nudged("kernel", "bias")(tmp_path)
    whole = report(sides)
    kernel, bias = row(whole, "kernel"), row(whole, "bias")
    assert kernel.delta is not None and bias.delta is not None
    assert whole.weights.read_bytes == 2 * (kernel.size + bias.size)
    part = report(sides, budget=kernel.size + bias.size - 1)
    assert part.weights.changed == 2
    assert [row.delta is None for row in (row(part, "kernel"), row(part, "bias"))] == [False, True]
    assert any(f"budget of {kernel.size + bias.size - 1:,} bytes was used up" in said for said in part.weights.says)
    assert report(sides, budget=0).weights.read_bytes == 0
    assert not any("budget" in said for said in whole.weights.says)


def test_progress_reaches_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weight_streams, "SLICE_BYTES", 8)
    told: list[tuple[int, int]] = []
    answer = report(nudged("kernel", "bias")(tmp_path), progress=lambda done, total: told.append((done, total)))
    assert told == sorted(told) and len(told) > 2
    assert told[-1] == (answer.weights.read_bytes,) * 2


def removed_data(model: Path) -> None:
    (model / "variables" / "variables.data-00000-of-00001").unlink()


def cut_data(model: Path) -> None:
    data = model / "variables" / "variables.data-00000-of-00001"
    data.write_bytes(data.read_bytes()[:2])


def pointer(model: Path) -> None:
    data = model / "variables" / "variables.data-00000-of-00001"
    size = data.stat().st_size
    data.write_text(f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize {size}\n")


@pytest.mark.parametrize(
    ("change", "word"), [(removed_data, "not here"), (pointer, "not here"), (cut_data, "cannot be read")]
)
def test_data_that_is_not_there_is_changed_by_its_checksum(change: Any, word: str, tmp_path: Path) -> None:
    answer = report(then(nudged("kernel"), change)(tmp_path))
    assert (answer.weights.changed, answer.weights.equal) == (1, 1)
    assert row(answer, "kernel").delta is None
    assert any(word in said for said in answer.weights.says)


def test_another_shape_has_no_figures(tmp_path: Path) -> None:
    answer = report(pair("change_variable_shape")(tmp_path))
    deltas = [row.delta for row in answer.weights.tensors]
    assert [(delta.kind, delta.elements, delta.relative) for delta in deltas if delta] == [("changed", 0, None)] * 3


def test_large_strings_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "MAX_STRINGS", 3)
    delta = row(report(restored("dtypes_all", new={"string": [b"", b"a", b"b", b"c"]})(tmp_path)), "string").delta
    assert delta is not None and (delta.kind, delta.elements) == ("changed", 0)


def test_pairs_are_what_their_names_say(tmp_path: Path) -> None:
    kinds = {"nudged": "fine-tuned", "retrained": "re-initialised", "nan": "degenerate", "zero": "degenerate"}
    for name, kind in kinds.items():
        answer = report(pair(f"change_weights_{name}")(tmp_path))
        assert [(row.name, row.delta.kind) for row in answer.weights.tensors if row.delta] == [("hidden", kind)]
        assert answer.weights.equal == 1


def test_a_checkpoint_written_again_is_the_same(tmp_path: Path) -> None:
    sides = restored("dtypes_all")(tmp_path)
    stored_again(sides[1])
    assert report(sides).weights.changed == 0


def test_values_in_the_first_format_of_checkpoints_are_here_and_were_not_read(tmp_path: Path) -> None:
    index = (TESTDATA / "models/module_one_signature/variables/variables.index").read_bytes()
    files = {"variables/variables.index": None, "variables/variables": index}
    found = report(with_files(same("module_one_signature"), old=files)(tmp_path))
    assert {row.status for row in found.weights.tensors} == {"not-read"}
    assert [say for say in found.weights.says if "fetched" in say or "0 of" in say] == []
    assert [one.part for one in found.not_compared] == ["old: variables/variables"]


def test_values_that_are_not_here_were_not_fetched(tmp_path: Path) -> None:
    found = report(with_files(same("module_one_signature"), old={"variables/variables.index": None})(tmp_path))
    assert {row.status for row in found.weights.tensors} == {"not-fetched"}
    assert [one.part for one in found.not_compared] == ["old: variables"]


def test_what_is_trained_leads_and_what_training_keeps_comes_last(tmp_path: Path) -> None:
    """The slots of an optimizer change most of all, and matter least."""
    momentum, velocity = (f"optimizer/_variables/{number}" for number in (2, 3))
    old = {momentum: np.ones_like, velocity: np.ones_like}
    new = {momentum: lambda v: v + 5, velocity: lambda v: v + 90, "kernel": lambda v: v * np.float32(1.01)}
    rows = report(restored("optimizer_checkpoint", old, new)(tmp_path)).weights
    assert [row.role for row in rows.tensors] == ["weight", "optimizer", "optimizer"]
    told = [row.delta.relative or 0.0 for row in rows.tensors if row.delta is not None]
    assert told[1] > told[2] > told[0]
    assert [layer.layer for layer in rows.layers] == ["", "adam"]
