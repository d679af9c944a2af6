"""Where a diff says that two models compute the same, TensorFlow computes the same; where it says otherwise, not."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.pairs import NOISE_NAMES, PAIRS, diff_of

from .helpers import has_tensorflow

pytestmark = [
    pytest.mark.tensorflow,
    pytest.mark.skipif(not has_tensorflow(), reason="TensorFlow is not installed: pip install smanalyze[verify]"),
]

TAKES_EXAMPLES = "noise_estimator"
"""Its inputs are serialized tf.Examples, and no word is one."""

SAME = [
    *(name for name in NOISE_NAMES if name != TAKES_EXAMPLES),
    "change_device", "change_method_removed", "change_optimizer_dropped", "change_trainable",
]  # fmt: skip
OTHER = [
    "change_constant", "change_keras2_lambda_added", "change_layer_inserted", "change_random_added",
    "change_relu_to_gelu", "change_weights_nan", "change_weights_nudged", "change_weights_retrained",
    "change_weights_zero",
]  # fmt: skip


@pytest.fixture(scope="module")
def computed() -> dict[str, tuple[Any, Any]]:
    """What both sides of each pair compute, from one child process."""
    directories = [str(PAIRS / name / side) for name in (*SAME, *OTHER) for side in ("old", "new")]
    script = Path(__file__).with_name("tensorflow_outputs.py")
    child = subprocess.run([sys.executable, str(script), *directories], capture_output=True, text=True, check=False)
    lines = [json.loads(line) for line in child.stdout.splitlines()]
    assert len(lines) == len(directories), child.stderr[-2000:]
    return dict(zip((*SAME, *OTHER), zip(lines[::2], lines[1::2], strict=True), strict=True))


@pytest.mark.parametrize("name", SAME)
def test_models_said_to_be_alike_compute_the_same(name: str, computed: dict[str, tuple[Any, Any]]) -> None:
    old, new = computed[name]
    assert old == new
    if name in NOISE_NAMES:
        assert diff_of(name).verdict in ("re-exported", "metadata")
    assert not any(finding.rule == "fn-body-changed" for finding in diff_of(name).findings)


@pytest.mark.parametrize("name", OTHER)
def test_models_that_compute_otherwise_are_said_to(name: str, computed: dict[str, tuple[Any, Any]]) -> None:
    old, new = computed[name]
    assert old != new
    report = diff_of(name)
    assert report.verdict in ("weights-only", "behaviour", "breaking")
    assert (
        report.hashes.program.equal is False
        or report.hashes.weights.equal is False
        or report.hashes.assets.equal is False
    )
