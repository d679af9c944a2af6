"""TensorFlow confirms the reports, and each way to die has its name."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import smanalyze
from smanalyze.cli.main import run
from smanalyze.model.saved_model import select_meta_graphs
from smanalyze.report.verify import Check, VerifyReport
from smanalyze.verify.answer import compare
from smanalyze.verify.observed import Observed
from tests.conftest import TESTDATA
from tests.models import digests
from tests.verify.observed import NAMES, observe_all, observe_models, settled, stored

from .helpers import has_tensorflow
from .test_against_tensorflow import NEEDS_KERAS_2

pytestmark = [
    pytest.mark.tensorflow,
    pytest.mark.skipif(not has_tensorflow(), reason="TensorFlow is not installed: pip install smanalyze[verify]"),
]


@pytest.fixture(scope="module")
def seen() -> dict[str, Observed]:
    """What TensorFlow shows of every model now, all in one child."""
    return dict(observe_all(NAMES))


@pytest.mark.parametrize("name", NAMES)
def test_stored_observations_are_still_what_is_seen(name: str, seen: dict[str, Observed]) -> None:
    """If not: python testdata/recipes/oracle_observed.py, and read the difference."""
    assert settled(seen[name]) == stored(name)


def test_other_peoples_models_that_load_are_loaded(corpus: Path) -> None:
    """Each that TensorFlow loads by itself, but for those that need Keras 2; and no claim about them is wrong, unless
    their fingerprint is stale."""
    expected = json.loads((corpus / "expected.json").read_text(encoding="utf-8"))
    names = [model["name"] for model in expected if model["tf221_load"] == "ok"]
    models = {name: smanalyze.load(corpus / "public" / name) for name in names}
    failed: list[str] = []
    wrong: list[tuple[str, Check]] = []
    for name, observed in observe_models(models):
        failed += [load.message for load in observed.loads if load.outcome != "ok"]
        checks = compare(smanalyze.analyze(models[name]), observed)
        wrong += [(name, one) for one in checks if one.status == "contradicted" and one.code != "V904"]
    assert set(failed) <= {NEEDS_KERAS_2}
    assert len(failed) < len(names) / 10
    assert wrong == []


@pytest.fixture
def verified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., VerifyReport]:
    """Verifies a model below testdata. Its folder must stay as it is, and nothing may be left of the run."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def run_it(place: str, **options: Any) -> VerifyReport:
        folder = TESTDATA / place
        before = digests(folder)
        report: VerifyReport = smanalyze.verify(smanalyze.load(folder), **options)
        assert digests(folder) == before
        assert report.unchanged
        assert list(tmp_path.iterdir()) == []
        return report

    return run_it


Verified = Callable[..., VerifyReport]


@pytest.mark.parametrize(
    ("place", "kind", "step"),
    [
        ("verify/endless_loop", "timeout", "call"),
        ("verify/memory_hog", "out-of-memory", "call"),
        ("verify/network", "blocked-syscall", "call"),
        ("broken/index_hostile_sizes", "abort", "load"),
    ],
)
def test_each_death_is_told_with_its_step(place: str, kind: str, step: str, verified: Verified) -> None:
    report = verified(place, timeout=6.0)
    assert [(death.kind, death.step) for death in report.deaths] == [(kind, step)]
    assert report.verdict == ("CRASHED" if place.startswith("verify") else "CONTRADICTED")
    if place == "verify/network":  # the other signature runs all the same
        assert [(row.key, row.status) for row in report.signatures] == [
            ("double", "ran"),
            ("serving_default", "not run"),
        ]


def test_a_signature_that_one_meta_graph_lacks_is_run_in_the_others(verified: Verified) -> None:
    report = verified("models/tf1_builder_multi_metagraph", signatures=("predict",))
    ran = [row for row in report.signatures if row.status == "ran"]
    assert [(row.tags, row.key) for row in ran] == [(("serve",), "predict"), (("serve", "gpu"), "predict")]


def test_what_the_chosen_meta_graph_says_is_confirmed(verified: Verified) -> None:
    model = select_meta_graphs(smanalyze.load(TESTDATA / "models" / "tf1_builder_multi_metagraph"), ("serve",))
    report = verified("models/tf1_builder_multi_metagraph", tags=("serve",))
    assert report.hashes == smanalyze.analyze(model).hashes
    assert (report.verdict, [one.code for one in report.remarks]) == ("PARTIAL", ["V105"])
    assert {row.status for row in report.signatures} == {"ran"}


def test_a_model_that_may_write_is_told_to_have_written(verified: Verified) -> None:
    report = verified("verify/init_write", permit=frozenset({"file-write"}))
    assert report.verdict == "CONFIRMED"
    assert [(one.code, one.where.file) for one in report.remarks] == [("V801", "work/written_at_load.txt")]


def test_the_full_profile_asks_more_and_finds_no_fault(verified: Verified) -> None:
    report = verified("models/keras2_functional", profile="full")
    assert report.verdict == "CONFIRMED"
    assert [check.status for check in report.checks if check.code == "V405"] == ["confirmed"]
    assert [(one.how, one.outcome) for one in report.again] == [("process", "ok"), ("threads", "ok")]
    assert all(one.difference < 1e-4 for one in report.again)
    assert [(one.probe, one.outcome) for one in report.probes] == [
        ("wrong dtype", "exception"), ("missing input", "exception"), ("wrong rank", "exception")
    ]  # fmt: skip


def test_a_rank_that_kills_the_process_is_told(verified: Verified) -> None:
    """TensorFlow looks for the channels of a picture that has lost its batch."""
    report = verified("models/keras3_export", profile="full", signatures=("serve",))
    assert [(one.probe, one.outcome) for one in report.probes][-1] == ("wrong rank", "abort")
    (remark,) = [one for one in report.remarks if one.code == "V413"]
    assert (remark.severity, "A wrong rank ends the process: abort." in remark.message) == ("warning", True)
    assert "Check failed" in remark.message


def test_no_number_is_remarked(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["verify", str(TESTDATA / "verify" / "nan_output"), "--format", "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["verdict"] == "CONFIRMED"
    assert {remark["code"] for remark in document["remarks"]} == {"V403"}


def test_a_flipped_byte_contradicts(verified: Verified) -> None:
    report = verified("broken/shard_bad_crc")
    (check,) = [check for check in report.checks if check.status == "contradicted"]
    assert (report.verdict, check.code, check.reason.partition(":")[0]) == ("CONTRADICTED", "V101", "DataLossError")


def test_a_wrong_fingerprint_contradicts(verified: Verified) -> None:
    report = verified("broken/fingerprint_stale")
    assert {check.code for check in report.checks if check.status == "contradicted"} == {"V904"}


def test_a_missing_shard_is_as_the_report_says(verified: Verified) -> None:
    report = verified("broken/missing_shard")
    (check,) = [check for check in report.checks if check.code == "V101"]
    assert (report.verdict, check.status, check.expected) == ("PARTIAL", "confirmed", "no")
