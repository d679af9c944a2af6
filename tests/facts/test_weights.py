"""Whether the weights of a file are those of a model: same, changed, swapped, equal among themselves, not readable."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from smanalyze.facts.weights import compare_weights
from smanalyze.facts.weights_content import Content
from smanalyze.facts.weights_file import audit_weights_file
from smanalyze.facts.weights_match import Outcome, Side, match_tensors
from smanalyze.facts.weights_names import Named, aliases_of
from smanalyze.load import load, load_weights_source
from smanalyze.model.bundle import BundleEntry
from smanalyze.model.weights import WeightsFile
from smanalyze.report.audit import WeightsAudit
from tests.conftest import TESTDATA
from tests.models import GOOD, model_of

WEIGHTS = TESTDATA / "weights"
FILES = {
    "architecture": "architecture/image.json",
    "architecture_yaml": "architecture/image.yaml",
    "checkpoint": "checkpoint",
    "checkpoint_nudged": "checkpoint_nudged/ckpt-1",
    "keras3_h5": "keras3_h5/image.weights.h5",
    "keras3_h5_nudged": "keras3_h5_nudged/image.weights.h5",
    "keras_archive": "keras_archive/image.keras",
    "keras_archive_trained": "keras_archive_trained/trained.keras",
    "legacy_h5": "legacy_h5/image.h5",
}


def weights_of(name: str) -> WeightsFile:
    found = load_weights_source(WEIGHTS / FILES[name])
    assert found is not None
    return found


def compared(model: str, name: str) -> WeightsAudit:
    return compare_weights(model_of(model), weights_of(name))


@pytest.mark.parametrize("name", ["checkpoint", "keras3_h5", "keras_archive", "legacy_h5"])
def test_the_same_weights_in_every_form(name: str) -> None:
    audit = compared("keras3_export", name)
    assert (audit.verdict, audit.same, audit.differing) == ("same", 8, 0)
    assert audit.says[0] == "All 8 weights of the model are those of the file."
    assert {row.matched_by for row in audit.rows if row.status == "same"} == {"content"}
    keys = [row.key for row in audit.rows if row.status == "same"]
    assert len(set(keys)) == 8
    assert all(key.startswith("variables/") for key in keys), "not the second copies that Keras 3 stores"


@pytest.mark.parametrize("name", ["checkpoint_nudged", "keras3_h5_nudged"])
def test_one_changed_weight_is_named(name: str) -> None:
    """The three other tensors with the bytes it had do not take its place."""
    audit = compared("keras3_export", name)
    assert (audit.verdict, audit.same, audit.differing) == ("partly", 7, 1)
    (row,) = [row for row in audit.rows if row.status == "differs"]
    assert (row.key, row.matched_by) == ("variables/3/.ATTRIBUTES/VARIABLE_VALUE", "name")
    assert "7 of the 8 weights" in audit.says[0]


def test_optimizer_does_not_count() -> None:
    audit = compared("keras3_saved_model", "keras_archive_trained")
    assert (audit.verdict, audit.same, audit.differing) == ("same", 4, 0)
    assert any("2 of 10 are the same" in sentence for sentence in audit.says)
    assert all("Not counted" in row.message for row in audit.rows if row.name.startswith("optimizer/"))


def test_another_model() -> None:
    assert compared("keras3_saved_model", "keras_archive").verdict == "different"
    audit = compared("keras2_functional", "keras_archive")
    assert audit.verdict == "different", "fresh zeros and ones prove nothing"
    assert "of one repeated number" in audit.says[0]


@pytest.mark.parametrize("name", ["architecture", "architecture_yaml"])
def test_architecture_alone_cannot_tell(name: str) -> None:
    audit = compared("keras3_export", name)
    assert (audit.verdict, audit.rows) == ("cannot-tell", ())
    assert audit.says == ("The file holds an architecture and no weights.",)


def test_a_model_without_checkpoint_cannot_tell() -> None:
    audit = compared("tf1_frozen", "checkpoint")
    assert audit.verdict == "cannot-tell"
    assert "constants" in audit.says[0]


def test_every_model_holds_the_weights_of_its_own_checkpoint() -> None:
    checked = 0
    for name in sorted(path.name for path in GOOD.iterdir()):
        prefix = GOOD / name / "variables" / "variables"
        weights = load_weights_source(prefix)
        if weights is None:
            continue
        audit = compare_weights(model_of(name), weights)
        if audit.verdict == "cannot-tell":
            assert audit.says == ("The file holds no weights, and the model holds none.",), name
        else:
            assert (audit.verdict, audit.differing) == ("same", 0), f"{name}: {audit.says}"
            checked += 1
    assert checked > 30


def test_missing_values_leave_the_checksums(tmp_path: Path) -> None:
    shutil.copytree(GOOD / "keras3_export", tmp_path / "model")
    (tmp_path / "model" / "variables" / "variables.data-00000-of-00001").unlink()
    model = load(tmp_path / "model")
    audit = compare_weights(model, weights_of("keras3_h5"))
    assert (audit.verdict, audit.same, audit.by_checksum) == ("same", 8, True)
    assert audit.says[0].startswith("All 8 weights of the model are those of the file, going by stored checksums")
    assert any("CRC-32C" in sentence for sentence in audit.says)
    nudged = compare_weights(model, weights_of("keras3_h5_nudged"))
    assert (nudged.differing, nudged.by_checksum) == (1, True)
    assert nudged.says[0].endswith("going by stored checksums, since not all values could be read.")


def test_missing_values_of_the_file_leave_the_checksums(tmp_path: Path) -> None:
    """Equal tensors, which the values do not tell apart, are among those that are the same."""
    shutil.copytree(WEIGHTS / "checkpoint", tmp_path / "weights")
    (tmp_path / "weights" / "ckpt-1.data-00000-of-00001").unlink()
    weights = load_weights_source(tmp_path / "weights")
    assert weights is not None
    audit = compare_weights(model_of("keras3_export"), weights)
    assert (audit.verdict, audit.same, audit.differing, audit.by_checksum) == ("same", 8, 0, True)
    assert "going by stored checksums" in audit.says[0]
    assert not compared("keras3_export", "checkpoint").by_checksum


# Matching alone ------------------------------------------------------------------------------------------------------


def side(*tensors: tuple[str, int | None]) -> Side:
    """Tensors of one dtype and shape by name and content; 0 is content of one repeated number."""
    named = [Named(BundleEntry(n, "float32", (2,), 8, 0, 0, 0), n, aliases_of([n])) for n, _ in tensors]
    contents = [Content(None if c is None else str(c), plain=c == 0) for _, c in tensors]
    return Side(named, contents, [None if c is None else (c,) for _, c in tensors])


def matched(file: Side, model: Side) -> tuple[list[tuple[str, str, str]], Outcome]:
    outcome = match_tensors(file, model)
    return [(row.name, row.key, row.status) for row in outcome.rows], outcome


def test_content_goes_before_names() -> None:
    rows, _ = matched(side(("x/1", 7), ("x/2", 8)), side(("p/2", 7), ("p/1", 8)))
    assert rows == [("x/1", "p/2", "same"), ("x/2", "p/1", "same")]


def test_swapped_weights_are_not_the_same() -> None:
    rows, outcome = matched(side(("a/w", 7), ("b/w", 8)), side(("a/w", 8), ("b/w", 7)))
    assert [status for _, _, status in rows] == ["ambiguous", "ambiguous"]
    assert "the name of another (a/w)" in outcome.rows[0].message
    assert outcome.agreeing == 0


def test_equal_tensors_are_ambiguous_but_agree() -> None:
    rows, outcome = matched(side(("x/1", 0), ("x/2", 0)), side(("p/1", 0), ("p/2", 0)))
    assert [status for _, _, status in rows] == ["ambiguous", "ambiguous"]
    assert (outcome.settled, outcome.agreeing, outcome.telling) == (2, 2, 0)


def test_names_tell_equal_tensors_apart() -> None:
    rows, outcome = matched(side(("m/a/b", 0), ("m/c/b", 0)), side(("c/b", 0), ("a/b", 0)))
    assert rows == [("m/a/b", "a/b", "same"), ("m/c/b", "c/b", "same")]
    assert outcome.settled == 0


def test_more_equal_tensors_than_the_other_side_has() -> None:
    rows, outcome = matched(side(("x/1", 0), ("x/2", 0), ("x/3", 0)), side(("p/1", 0), ("p/2", 0)))
    assert [status for _, _, status in rows] == ["ambiguous"] * 3
    assert (outcome.settled, outcome.agreeing) == (0, 0)


def test_the_last_of_a_kind_is_paired_by_shape() -> None:
    rows, outcome = matched(side(("x/1", 7)), side(("p/9", 8)))
    assert rows == [("x/1", "p/9", "differs")]
    assert outcome.rows[0].matched_by == "shape"


def test_values_that_cannot_be_read_are_not_called_different() -> None:
    rows, outcome = matched(side(("a/w", None)), side(("a/w", 8)))
    assert rows == [("a/w", "a/w", "ambiguous")]
    assert outcome.unknown == 1


def test_rest_of_both_sides() -> None:
    rows, _ = matched(side(("a/w", 7), ("b/w", 1)), side(("a/w", 7), ("c/v", 2), ("d/v", 3)))
    assert rows == [
        ("a/w", "a/w", "same"), ("b/w", "", "only-in-file"), ("c/v", "c/v", "only-in-model"),
        ("d/v", "d/v", "only-in-model"),
    ]  # fmt: skip


# What a file holds ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["keras_archive_trained", "legacy_h5", "checkpoint"])
def test_statistics_are_those_of_numpy(name: str) -> None:
    weights = weights_of(name)
    report = audit_weights_file(weights, stats=True)
    assert report.checkpoint.failures == ()
    entries = {tensor.entry.key: tensor.entry for tensor in weights.tensors}
    assert len(report.checkpoint.statistics) >= 8
    for row in report.checkpoint.statistics:
        assert weights.checkpoint.reader is not None
        values = weights.checkpoint.reader.read(entries[row.key])
        assert row.minimum == values.min() and row.maximum == values.max()
        assert row.mean == pytest.approx(np.mean(values, dtype=np.float64))


def test_report_of_an_archive() -> None:
    report = audit_weights_file(weights_of("keras_archive_trained"))
    contents = report.contents
    assert contents is not None
    assert (report.kind, contents.class_name, contents.model_name, contents.layers) == (
        "Keras archive", "Sequential", "trained_model", 3,
    )  # fmt: skip
    assert [(total.role, total.tensors, total.size) for total in contents.totals] == [
        ("weight", 4, 76), ("optimizer", 10, 164),
    ]  # fmt: skip
    assert report.checkpoint.not_checked == report.checkpoint.bytes == 240
    assert contents.tensors[0].layer == "hidden"


def test_report_of_a_checkpoint_checks_its_sums(tmp_path: Path) -> None:
    shutil.copytree(WEIGHTS / "checkpoint", tmp_path / "c")
    assert audit_weights_file(weights_of("checkpoint")).checkpoint.failures == ()
    file = tmp_path / "c" / "ckpt-1.data-00000-of-00001"
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    weights = load_weights_source(tmp_path / "c")
    assert weights is not None
    (failure,) = audit_weights_file(weights).checkpoint.failures
    assert failure.kind == "crc"
