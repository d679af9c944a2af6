"""Rules about what the checkpoint holds beyond what the model computes with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.checks.helpers import Cases, Maker, broken, check_case, edited, function, good, node, one, params


def restore_less(message: Any) -> None:
    restore = function(message, "traced_restore")
    for name in ("RestoreV2/tensor_names", "RestoreV2/shape_and_slices"):
        del node(restore, name).attr["value"].tensor.string_val[0]
    message.meta_graphs[0].object_graph_def.ClearField("nodes")
    message.meta_graphs[0].object_graph_def.ClearField("concrete_functions")


TABLE = {
    "stored-twice": Cases(
        {"keras3_export": good("keras3_export")},
        {"module": good("module_one_signature"), "keras3_saved": good("keras3_saved_model"),
         "optimizer": good("keras2_legacy_optimizer_slots")},
    ),
    "variable-unused": Cases(
        {"forgotten": good("unused_variable")},
        {"used": good("module_one_signature"), "no_traces": good("keras2_sequential_save_traces_false"),
         "copies": good("keras3_export"), "no_signature": good("module_no_signature"), "cut": broken("truncated_pb")},
    ),
    "optimizer-state-stored": Cases(
        {"keras3": good("keras3_saved_model"), "slots": good("keras2_legacy_optimizer_slots")},
        {"none": good("module_one_signature"), "export": good("keras3_export")},
    ),
    "unclaimed-entry": Cases(
        {"edited": edited("module_one_signature", restore_less)},
        {"claimed": good("module_one_signature"), "tables": good("tables_and_assets"),
         "slots": good("keras2_legacy_optimizer_slots"), "no_restore_op": broken("pb_deep_nesting"),
         "index_in_part": broken("index_bad_crc"), "tf1": good("tf1_builder_multi_metagraph")},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("rule", "maker", "fires"), params(TABLE))
def test_case(rule: str, maker: Maker, fires: bool, tmp_path: Path) -> None:
    check_case(rule, maker, fires, tmp_path)


def test_copies_are_one_finding_with_bytes_and_share(tmp_path: Path) -> None:
    finding = one(good("keras3_export"), tmp_path, "stored-twice")
    assert finding.severity == "warning"
    assert finding.message == "8 variables are stored twice: 284 bytes, 48% of what is stored."
    assert "a copy of conv/kernel" in finding.evidence[0]


def test_trained_weights_are_no_optimizer_state(tmp_path: Path) -> None:
    finding = one(good("keras3_saved_model"), tmp_path, "optimizer-state-stored")
    assert not any(line.startswith("trained_model/") for line in finding.evidence)
