"""Rules about the object graph."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.checks.helpers import Cases, Maker, broken, check_case, edited, good, one, params

BASE = "module_one_signature"


def capture_nothing(message: Any) -> None:
    for concrete in message.meta_graphs[0].object_graph_def.concrete_functions.values():
        if concrete.bound_inputs:
            concrete.bound_inputs[0] = 999


def child_too_far(message: Any) -> None:
    message.meta_graphs[0].object_graph_def.nodes[0].children[0].node_id = 999


def child_below_zero(message: Any) -> None:
    message.meta_graphs[0].object_graph_def.nodes[0].children.add(node_id=-1, local_name="last")


def asset_too_far(message: Any) -> None:
    for item in message.meta_graphs[0].object_graph_def.nodes:
        if item.HasField("asset"):
            item.asset.asset_file_def_index = 77


TABLE = {
    "missing-bound-input": Cases(
        {"edited": edited(BASE, capture_nothing), "hostile": broken("pb_hostile_object_graph")},
        {"bound": good("tables_and_assets"), "tf1": good("tf1_frozen"), "cut": broken("truncated_pb")},
    ),
    "missing-object": Cases(
        {"child": edited(BASE, child_too_far), "asset": edited("tables_and_assets", asset_too_far),
         "hostile": broken("pb_hostile_object_graph")},
        {"slots": good("keras2_legacy_optimizer_slots"), "assets": good("tables_and_assets"),
         "tf1": good("tf1_builder_multi_metagraph")},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("rule", "maker", "fires"), params(TABLE))
def test_case(rule: str, maker: Maker, fires: bool, tmp_path: Path) -> None:
    check_case(rule, maker, fires, tmp_path)


def test_a_negative_child_is_a_wrong_object_not_a_failure(tmp_path: Path) -> None:
    assert one(edited(BASE, child_below_zero), tmp_path, "missing-object").severity == "warning"


def test_one_missing_object_is_one_finding_however_many_capture_it(tmp_path: Path) -> None:
    assert len(one(broken("pb_hostile_object_graph"), tmp_path, "missing-bound-input").evidence) == 2
