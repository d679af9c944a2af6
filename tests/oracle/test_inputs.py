"""TensorFlow runs the signatures of every model that it loads, with the values that were made for them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from smanalyze.cli.main import run
from tests.conftest import ROOT
from tests.models import GOOD, NAMES

from .helpers import has_tensorflow

pytestmark = [
    pytest.mark.tensorflow,
    pytest.mark.skipif(not has_tensorflow(), reason="TensorFlow is not installed: pip install smanalyze[verify]"),
]

CANNOT_RUN = {
    ("absolute_path_constant", "serving_default"): "/home/author/vocab.txt; No such file",
    ("device_placement", "serving_default"): "Cannot assign a device",
}
"""Signatures that nothing makes run on this machine, and what TensorFlow says."""

NO_KERNEL = "No OpKernel was registered"
"""What it says of an op that it knows and cannot run, whatever its inputs."""

WORTH = 0.9
"""The share of signatures that must run."""


def run_trials(*folders: Path) -> list[dict[str, Any]]:
    """The lines of run_trials.py."""
    script = ROOT / "tests" / "inputs" / "run_trials.py"
    done = subprocess.run(
        [sys.executable, str(script), *map(str, folders)],
        capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_every_signature_of_the_fixtures_runs() -> None:
    lines = [line for line in run_trials(*(GOOD / name for name in NAMES)) if line["loads"] == "ok"]
    failed = {(Path(line["model"]).name, line["key"]): line["error"] for line in lines if not line["ran"]}
    assert len(lines) > 50
    assert set(failed) == set(CANNOT_RUN)
    assert all(text in failed[place] for place, text in CANNOT_RUN.items())


def test_nearly_every_signature_of_the_corpus_runs(corpus: Path) -> None:
    expected = json.loads((corpus / "expected.json").read_text(encoding="utf-8"))
    loadable = [corpus / "public" / one["name"] for one in expected if one["tf221_load"] == "ok"]
    lines = run_trials(*loadable)
    loaded = [line for line in lines if line["loads"] == "ok"]
    # Optimizers of Keras 2 load where tf_keras is installed, which was so where the expectations were made.
    assert all("add_slot" in line["loads"] for line in lines if line["loads"] != "ok")
    failed = [line for line in loaded if not line["ran"]]
    print(table(lines))  # noqa: T201  (pytest shows it with -s, and where the test fails)
    feasible = [line for line in loaded if NO_KERNEL not in line.get("error", "") or line["ran"]]
    assert sum(line["ran"] for line in feasible) >= WORTH * len(feasible)
    assert [line for line in failed if NO_KERNEL not in line["error"]] == []


def test_tensorflow_reads_the_warm_up_records(tmp_path: Path) -> None:
    """The checksums of the file, and each message in it."""
    found = []
    for name in ("estimator_linear", "module_several_signatures"):
        file = tmp_path / name / "tf_serving_warmup_requests"
        file.parent.mkdir()
        assert run(["inputs", "-q", str(GOOD / name), "-o", str(file)]) == 0
        script = Path(__file__).with_name("warmup_records.py")
        done = subprocess.run([sys.executable, str(script), str(file)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-2000:]
        found += [json.loads(line) for line in done.stdout.splitlines()]
    assert [(one["model"], one["key"], one["inputs"]) for one in found] == [
        ("estimator_linear", "classification", {"examples": [["age", "city"]] * 2}),
        ("estimator_linear", "predict", {"examples": ["object", [2]]}),
        ("estimator_linear", "regression", {"examples": [["age", "city"]] * 2}),
        ("estimator_linear", "serving_default", {"examples": [["age", "city"]] * 2}),
        ("module_several_signatures", "embed", {"features": ["float32", [2, 4]]}),
        ("module_several_signatures", "parse", {"lines": ["object", [2]]}),
        (
            "module_several_signatures",
            "serving_default",
            {"features": ["float32", [2, 4]], "temperature": ["float32", []]},
        ),
    ]


def table(lines: list[dict[str, Any]]) -> str:
    """The lines for people."""
    rows = []
    for line in lines:
        name = Path(line["model"]).name[-60:]
        said = f"trial {line['tried']}: {line['trial']}" if line.get("ran") else line.get("error", line["loads"])[:90]
        rows.append(f"{name:60} {line.get('key', '-'):28} {said}")
    return "\n".join(rows)
