"""Two models run side by side by TensorFlow: what differs, how far, and what makes it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import smanalyze
from smanalyze.cli.main import run
from smanalyze.report.against import AgainstReport, SignatureAgainst, Tolerance
from smanalyze.verify.against import Against
from tests.conftest import TESTDATA
from tests.models import digests
from tests.pairs import PAIRS

from .helpers import has_tensorflow

pytestmark = [
    pytest.mark.tensorflow,
    pytest.mark.skipif(not has_tensorflow(), reason="TensorFlow is not installed: pip install smanalyze[verify]"),
]


def compared(old: Path, new: Path, **how: Any) -> AgainstReport:
    report = smanalyze.verify(smanalyze.load(new), against=Against(smanalyze.load(old), **{"probes": 2} | how))
    assert report.against is not None
    return report.against


def first_row(name: str, **how: Any) -> SignatureAgainst:
    return compared(PAIRS / name / "old", PAIRS / name / "new", **how).signatures[0]


@pytest.mark.parametrize(
    ("name", "level", "cause", "node", "reads"),
    [
        ("change_weights_nudged", "different", ("weights",), "MatMul/ReadVariableOp", ("variable hidden",)),
        ("change_constant", "different", ("graph",), "mul/y", ()),
        ("change_layer_inserted_keras3", "different", ("graph",), "stack_1/block3_1/MatMul", ()),
        ("change_variable_shape", "different", ("weights",), "stack_1/hidden_1/Cast/ReadVariableOp", None),
        ("change_input_renamed", "bitwise", (), None, None),
        ("noise_tf1_processes", "bitwise", (), None, None),
    ],
)
def test_pairs(name: str, level: str, cause: tuple[str, ...], node: str | None, reads: tuple[str, ...] | None) -> None:
    row = first_row(name)
    assert (row.level, row.cause) == (level, cause)
    assert (row.first.node if row.first is not None else None) == node
    if row.first is not None and reads is not None:
        assert row.first.reads == reads
    assert len(row.probes) == 2


def test_assets_and_weights_are_told_apart(tmp_path: Path) -> None:
    """A model whose vocabulary and whose weights have changed: each alone explains what depends on it."""
    import shutil

    model = TESTDATA / "models" / "tables_and_assets"
    new = tmp_path / "new"
    shutil.copytree(model, new)
    vocabulary = next(one for one in sorted((new / "assets").iterdir()) if one.name.startswith("vocab"))
    words = vocabulary.read_text().split("\n")
    vocabulary.write_text("\n".join([words[1], words[0], *words[2:]]))
    rows = {row.key: row for row in compared(model, new).signatures}
    assert {row.cause for row in rows.values() if row.level == "different"} == {("assets",)}
    assert any(row.level == "different" for row in rows.values())


@pytest.mark.parametrize("key", [None, ("predict",)])
def test_a_signature_that_is_gone_does_not_pass(key: tuple[str, ...] | None) -> None:
    """All others are the same; those that are asked for pass."""
    old, new = (smanalyze.load(PAIRS / "change_signature_removed" / side) for side in ("old", "new"))
    report = smanalyze.verify(new, against=Against(old, probes=1), signatures=key).against
    assert report is not None
    assert (report.level, report.passed, report.only_old) == ("bitwise", key is not None, () if key else ("embed",))


def test_the_smallest_tolerance_that_is_told_passes() -> None:
    row = first_row("change_weights_nudged").outputs[0]
    assert row.needed_rtol is not None and row.tolerance is not None
    enough = Tolerance(row.needed_rtol * 1.001, row.tolerance.atol)
    assert first_row("change_weights_nudged", tolerances={"y": enough}).level == "within tolerance"


def test_a_random_model_is_no_further_from_itself_than_noise() -> None:
    model = TESTDATA / "models" / "random_and_time"
    levels = {row.level for row in compared(model, model).signatures}
    assert levels <= {"bitwise", "within noise"}


def test_the_command_answers_and_leaves_both_models_alone(capsys: pytest.CaptureFixture[str]) -> None:
    sides = PAIRS / "change_weights_nudged" / "old", PAIRS / "change_weights_nudged" / "new"
    before = [digests(side) for side in sides]
    flags = ["--against", str(sides[0]), "--probes", "1", "--format", "json", "--tol", "y:1,1"]
    assert run(["verify", str(sides[1]), *flags]) == 0
    answer = json.loads(capsys.readouterr().out)["against"]
    assert (answer["level"], answer["passed"]) == ("within tolerance", True)
    assert [digests(side) for side in sides] == before


def test_what_may_not_run_is_not_compared() -> None:
    writes = TESTDATA / "verify" / "init_write"
    report = compared(writes, TESTDATA / "models" / "module_one_signature")
    assert report.level is None
    assert report.reason
    assert report.signatures == ()


def test_an_old_model_that_cannot_be_read_is_why_nothing_is_compared(tmp_path: Path) -> None:
    whole = TESTDATA / "models" / "module_one_signature"
    (tmp_path / "saved_model.pb").write_bytes((whole / "saved_model.pb").read_bytes()[:600])
    report = compared(tmp_path, whole)
    assert report.level is None and not report.passed
    assert report.reason.startswith("the old model: SavedModel.")
