"""Each demand of a consumer, on a model that has it and nothing else: TensorFlow runs what was made."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.oracle.helpers import has_tensorflow

pytestmark = [
    pytest.mark.tensorflow,
    pytest.mark.skipif(not has_tensorflow(), reason="TensorFlow is not installed: pip install smanalyze[verify]"),
]

LATER = {"large_enough_only": 5}
"""Cases whose first trials fail: nothing in the graph but an assertion says how large is large enough."""

FIXED = {"one_row_only": {"3": "Input to reshape"}}
"""Batches that no input of the model can have."""


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What run_trials.py says of each case, by its name."""
    target = tmp_path_factory.mktemp("cases")
    here = Path(__file__).parent
    made = _run(here / "consumer_models.py", target, "all")
    assert made.returncode == 0, made.stderr[-2000:]
    names = sorted(path.name for path in target.iterdir())
    done = _run(here / "run_trials.py", *(target / name / "model" for name in names))
    assert done.returncode == 0, done.stderr[-2000:]
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(lines) == len(names) > 60
    return dict(zip(names, lines, strict=True))


def _run(script: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(script), *map(str, arguments)]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=ROOT, env={**_environment(), "PYTHONPATH": str(ROOT)}
    )


def _environment() -> dict[str, str]:
    import os

    return dict(os.environ)


def test_what_was_made_runs(answers: dict[str, dict[str, Any]]) -> None:
    """In one of the first two trials: with odd values among them, or without."""
    slow = {name: line for name, line in answers.items() if not line["ran"] or line["tried"] > LATER.get(name, 2)}
    assert slow == {}


def test_other_batches_run_too(answers: dict[str, dict[str, Any]]) -> None:
    failed = {
        name: {batch: said for batch, said in line["batches"].items() if said != "ok"} for name, line in answers.items()
    }
    failed = {name: said for name, said in failed.items() if said}
    assert set(failed) == set(FIXED)
    for name, batches in FIXED.items():
        assert set(failed[name]) == set(batches)
        assert all(text in failed[name][batch] for batch, text in batches.items())
