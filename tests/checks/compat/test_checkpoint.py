"""What the checkpoint stores, how often, under which keys, in how many files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.checks.compat.helpers import (
    Cases,
    Maker,
    changed,
    check_case,
    every,
    mirrored,
    one,
    pair,
    params,
    same,
    with_files,
)
from tests.checks.helpers import TESTDATA
from tests.diff.bundles import ATTRIBUTE, restored

MODULE = "module_one_signature"
GRAPH = "_CHECKPOINTABLE_OBJECT_GRAPH"
DATA = "variables/variables.data-00000-of-00001"
INDEX = "variables/variables.index"
MIB = 1 << 20

TO_KERAS3 = pair("change_keras2_to_keras3")
LOST = restored(MODULE, new={"kernel": None})
PAYLOAD = restored(MODULE, new={"payload": np.arange(5, dtype=np.float32)})


def moved(message: Any) -> None:
    """Hangs the kernel under another attribute."""
    child = next(c for c in message.meta_graphs[0].object_graph_def.nodes[0].children if c.local_name == "kernel")
    child.local_name = "weights"


def _moved_key() -> Maker:
    kernel = np.full((3, 2), 0.5, np.float32)
    new = {"kernel": None, f"weights{ATTRIBUTE}": kernel, GRAPH: None}
    return changed(restored(MODULE, {"kernel": kernel}, new), new=[moved])


def large(size: int) -> Maker:
    """The new side stores so many bytes more than a mebibyte."""
    old = {"payload": np.zeros(MIB, np.uint8)}
    return restored(MODULE, old, {"payload": np.zeros(MIB + size, np.uint8)})


def without_restore_op(message: Any) -> None:
    message.meta_graphs[0].saver_def.restore_op_name = ""


UNASKED = changed(LOST, old=[without_restore_op], new=[without_restore_op])

TABLE: dict[str, Cases] = {
    "var-ckpt-key-changed": Cases(
        fires={"keras 2 to 3": TO_KERAS3, "an attribute": _moved_key()},
        silent={
            "places in a list": pair("change_layer_inserted_keras3"), "numbered layers": pair("change_layer_inserted"),
            "renamed": pair("change_layer_renamed"), "noise": pair("noise_keras3_processes"),
            "no index": with_files(_moved_key(), new={INDEX: None}),
        },
    ),
    "var-data-missing": Cases(
        fires={"one": LOST, "not asked for": UNASKED, "both": restored(MODULE, new={"kernel": None, "bias": None})},
        silent={
            "back": mirrored(LOST), "data not here": with_files(same(MODULE), new={DATA: None}),
            "checkpoint not here": with_files(same(MODULE), new={DATA: None, INDEX: None}),
            "on both sides": restored(MODULE, {"kernel": None}, {"kernel": None}),
        },
    ),
    "var-data-restored": Cases(
        fires={"one": mirrored(LOST)},
        silent={"lost": LOST, "new": PAYLOAD, "another model": lambda folder: (
            LOST(folder)[1], TESTDATA / "models" / "unused_variable")},
    ),
    "var-data-orphaned": Cases(
        fires={"payload": PAYLOAD, "another shape": restored(
            MODULE, {"payload": np.zeros(4, np.int8)}, {"payload": np.zeros(5, np.int8)})},
        silent={
            "on both sides": restored(MODULE, {"payload": np.zeros(4, np.int8)}, {"payload": np.ones(4, np.int8)}),
            "gone": mirrored(PAYLOAD), "no graph": with_files(PAYLOAD, new={"saved_model.pb": b""}),
            "optimizer": pair("change_optimizer_dropped"),
        },
    ),
    "var-data-orphans-gone": Cases(fires={"payload": mirrored(PAYLOAD)}, silent={"new": PAYLOAD}),
    "var-duplicated": Cases(
        fires={"keras 2 to 3": TO_KERAS3},
        silent={"both are": pair("noise_keras3_ids"), "one more layer": pair("change_layer_inserted_keras3"),
                "no index": with_files(TO_KERAS3, old={INDEX: None})},
    ),
    "var-deduplicated": Cases(
        fires={"keras 3 to 2": mirrored(TO_KERAS3)}, silent={"keras 2 to 3": TO_KERAS3},
    ),
    "ckpt-size-changed": Cases(
        fires={"grew": large(MIB), "shrank": mirrored(large(MIB))},
        silent={"a little": large(MIB // 2), "small": pair("change_optimizer_dropped"), "equal": same(MODULE),
                "no index": with_files(large(MIB), new={INDEX: None})},
    ),
    "ckpt-shards-changed": Cases(
        fires={"to one": restored("sharded_checkpoint", new={"scale": np.ones_like})},
        silent={"one": pair("change_weights_nudged"), "four": same("sharded_checkpoint")},
    ),
    "ckpt-byte-order-changed": Cases(
        fires={"big": restored(MODULE, big=True), "little": mirrored(restored(MODULE, big=True))},
        silent={"little": restored(MODULE, new={"kernel": np.ones_like})},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("rule", "maker", "fires"), params(TABLE))
def test_table(rule: str, maker: Maker, fires: bool, tmp_path: Path) -> None:
    check_case(rule, maker, fires, tmp_path)


def test_a_moved_key_names_both(tmp_path: Path) -> None:
    assert one(_moved_key(), tmp_path, "var-ckpt-key-changed").evidence == ("kernel → weights",)


def test_missing_data_that_is_restored_stops_loading(tmp_path: Path) -> None:
    finding = one(LOST, tmp_path / "asked", "var-data-missing")
    assert finding.message == "The checkpoint has no values for kernel."
    assert finding.severities.serving == "error" and finding.where.variable == "kernel"
    finding = one(UNASKED, tmp_path / "unasked", "var-data-missing")
    assert finding.severities.serving == "warning"


def test_hidden_data_concerns_security(tmp_path: Path) -> None:
    finding = one(PAYLOAD, tmp_path, "var-data-orphaned")
    assert finding.message == "The checkpoint stores 1 tensor that nothing uses: payload (20 bytes)."
    assert finding.severities.security == "warning" and finding.severities.serving == "note"


def test_copies_say_what_they_take(tmp_path: Path) -> None:
    finding = one(TO_KERAS3, tmp_path, "var-duplicated")
    assert finding.message == "4 variables are stored more often than before, which takes 92 bytes."
    assert (finding.old, finding.new) == ("once", "twice")
    assert one(mirrored(TO_KERAS3), tmp_path, "var-deduplicated").message.endswith("which saves 92 bytes.")


def test_growth_is_worse_than_the_opposite(tmp_path: Path) -> None:
    grown = one(large(MIB), tmp_path / "grown", "ckpt-size-changed")
    assert grown.severities.serving == "warning" and "100% more" in grown.message
    assert grown.evidence == ("no variable: 1,048,576 bytes, now 2,097,152",)
    assert one(mirrored(large(MIB)), tmp_path / "back", "ckpt-size-changed").severities.serving == "note"


def test_another_byte_order_changes_no_value(tmp_path: Path) -> None:
    rules = [finding.rule for finding in every(restored(MODULE, big=True), tmp_path) if finding.area == "variables"]
    assert rules == ["ckpt-byte-order-changed"]
