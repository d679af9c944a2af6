"""Rules about ops and devices."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.checks.helpers import Cases, Maker, check_case, good, one, params

TABLE = {
    "unknown-op": Cases(
        {"acme": good("custom_op")}, {"registered": good("control_flow"), "tf1": good("tf1_queue")}
    ),
    "library-op": Cases({"decision_forests": good("custom_op")}, {"registered": good("estimator_linear")}),
    "pinned-device": Cases(
        {"gpu_and_worker": good("device_placement")},
        {"saver_on_cpu": good("module_one_signature"), "local_cpu": good("tables_and_assets"),
         "tf1": good("tf1_frozen")},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("rule", "maker", "fires"), params(TABLE))
def test_case(rule: str, maker: Maker, fires: bool, tmp_path: Path) -> None:
    check_case(rule, maker, fires, tmp_path)


def test_a_known_library_is_not_an_unknown_op(tmp_path: Path) -> None:
    assert "AcmeFancyOp" in one(good("custom_op"), tmp_path, "unknown-op").message
    finding = one(good("custom_op"), tmp_path, "library-op")
    assert "SimpleMLInferenceOp" in finding.message
    assert "pip install tensorflow-decision-forests" in finding.evidence
