"""Variables that are gone, new, or another kind of variable than they were."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.checks.compat.helpers import (
    Cases,
    Maker,
    changed,
    check_case,
    edited,
    every,
    found,
    mirrored,
    models,
    one,
    pair,
    params,
    report,
    rules_of,
    same,
    with_files,
)
from tests.checks.compat.variable_edits import drop, fields, rename, replicas

KERAS3 = "keras3_export"
NORM = tuple(f"norm/{name}" for name in ("gamma", "beta", "moving_mean", "moving_variance"))
EVERYTHING = (*NORM, "conv/kernel", "conv/bias", "classes/kernel", "classes/bias")
OPTIMIZED = "optimizer_checkpoint"
MOMENTUM = "adam/kernel_0_momentum"
PARTS = "tf1_partitioned_variables"
FILES: dict[str, bytes | None] = {
    "variables/variables.index": None, "variables/variables.data-00000-of-00001": None,
}  # fmt: skip

INSERTED, INSERTED_KERAS3 = pair("change_layer_inserted"), pair("change_layer_inserted_keras3")
GONE = edited(KERAS3, new=[drop(*NORM)])
FROZEN = pair("change_trainable")

TABLE: dict[str, Cases] = {
    "var-removed": Cases(
        fires={
            "a layer": GONE, "one": edited(KERAS3, new=[drop("norm/beta")]), "keras 2": mirrored(INSERTED),
            "keras 3": mirrored(INSERTED_KERAS3), "unused": edited("unused_variable", new=[drop("forgotten")]),
        },
        silent={
            "added": INSERTED, "renamed": pair("change_layer_renamed"), "optimizer": pair("change_optimizer_dropped"),
            "moved": pair("change_keras2_to_keras3"), "counter": edited(KERAS3, new=[rename(conv__bias="conv_4/bias")]),
            "no graph": with_files(GONE, new={"saved_model.pb": b""}),
            "state": edited(OPTIMIZED, new=[drop(MOMENTUM)]),
        },
    ),
    "var-added": Cases(
        fires={"a layer": mirrored(GONE), "keras 2": INSERTED, "keras 3": INSERTED_KERAS3},
        silent={
            "removed": GONE, "copies without an index": with_files(same(KERAS3), new=FILES),
            "parts without an index": with_files(same(PARTS), new=FILES),
            "no graph": mirrored(with_files(GONE, new={"saved_model.pb": b""})),
        },
    ),
    "var-state-removed": Cases(
        fires={
            "a slot": edited(OPTIMIZED, new=[drop(MOMENTUM)]),
            "a generator": edited(KERAS3, new=[drop("seed_generator/seed_generator_state")]),
        },
        silent={"the optimizer": pair("change_optimizer_dropped"), "a layer": GONE},
    ),
    "var-state-added": Cases(
        fires={"a slot": edited(OPTIMIZED, old=[drop(MOMENTUM)])},
        silent={"the optimizer": mirrored(pair("change_optimizer_dropped")), "a layer": mirrored(GONE)},
    ),
    "var-renamed": Cases(
        fires={
            "a layer": pair("change_layer_renamed"), "a scope before it": pair("change_keras2_to_keras3"),
            "one": edited("module_one_signature", new=[rename(kernel="weights")]),
        },
        silent={
            "a counter": pair("noise_keras2_autonames"), "counters": pair("noise_keras3_autonames"),
            "a slot": edited(OPTIMIZED, new=[rename(adam__kernel_0_momentum="adam/slot")]), "inserted": INSERTED_KERAS3,
        },
    ),
    "var-shape-changed": Cases(
        fires={"units": pair("change_variable_shape"), "classes": pair("change_output_classes")},
        silent={
            "dtype": pair("change_variable_dtype"), "inserted": INSERTED,
            "parts without an index": with_files(same(PARTS), new=FILES),
        },
    ),
    "var-dtype-changed": Cases(
        fires={"bfloat16": pair("change_variable_dtype")},
        silent={"shape": pair("change_variable_shape"), "values": pair("change_weights_nudged")},
    ),
    "var-trainable-changed": Cases(
        fires={"frozen": FROZEN, "thawed": mirrored(FROZEN)},
        silent={
            "a slot": edited(OPTIMIZED, new=[fields(MOMENTUM, trainable=True)]), "weights": pair("change_weights_zero"),
        },
    ),
    "var-distribution-changed": Cases(
        fires={
            "device": edited("module_one_signature", new=[fields("kernel", device="/device:GPU:0")]),
            "aggregation": edited("module_one_signature", new=[fields("kernel", aggregation=1)]),
            "synchronization": edited("module_one_signature", new=[fields("kernel", synchronization=3)]),
            "replicas": edited("module_one_signature", new=[replicas("kernel")]),
            "policies": models("mirrored_expand", "mirrored_none"),
        },
        silent={
            "this machine": edited(
                "module_one_signature", old=[fields("kernel", device="/device:CPU:0")],
                new=[fields("kernel", device="/job:localhost/replica:0/task:0/device:CPU:0")],
            ),
            "a node": pair("change_device"),
        },
    ),
}  # fmt: skip


@pytest.mark.parametrize(("rule", "maker", "fires"), params(TABLE))
def test_table(rule: str, maker: Maker, fires: bool, tmp_path: Path) -> None:
    check_case(rule, maker, fires, tmp_path)


@pytest.mark.parametrize("name", [KERAS3, PARTS, "keras2_functional", "sharded_slices"])
@pytest.mark.parametrize("turned", [False, True])
def test_a_side_without_its_checkpoint_proves_nothing(name: str, turned: bool, tmp_path: Path) -> None:
    def without(folder: Path) -> tuple[Path, Path]:
        sides = changed(same(name))(folder)
        for file in (sides[1] / "variables").iterdir():
            file.unlink()
        return sides[::-1] if turned else sides

    assert rules_of(TABLE, every(without, tmp_path)) == []


# One root, one finding ------------------------------------------------------------------------------------------------


def test_a_layer_that_is_gone_is_one_finding(tmp_path: Path) -> None:
    finding = one(GONE, tmp_path, "var-removed")
    assert finding.message == "All 4 variables of norm are gone."
    assert finding.where.variable == "norm" and len(finding.evidence) == 4
    assert finding.severities.python == "error" and set(finding.reach) == {"serve", "serving_default"}


def test_a_part_of_a_layer_is_told_by_name(tmp_path: Path) -> None:
    finding = one(edited(KERAS3, new=[drop("norm/beta", "norm/gamma")]), tmp_path, "var-removed")
    assert finding.message == "2 variables of norm (gamma, beta) are gone."


def test_one_variable_is_told_by_name(tmp_path: Path) -> None:
    finding = one(edited(KERAS3, new=[drop("norm/moving_mean")]), tmp_path, "var-removed")
    assert finding.message == "The variable norm/moving_mean (float32 [4]) is gone."
    assert (finding.old, finding.new, finding.severities.python) == ("float32 [4]", "", "warning")


def test_two_layers_are_two_findings_and_all_layers_one(tmp_path: Path) -> None:
    two = found(edited(KERAS3, new=[drop(*NORM, "conv/kernel", "conv/bias")]), tmp_path / "two", "var-removed")
    assert sorted(finding.where.variable or "" for finding in two) == ["conv", "norm"]
    finding = one(edited(KERAS3, new=[drop(*EVERYTHING)]), tmp_path / "all", "var-removed")
    assert finding.message == "All 8 variables are gone."


def test_the_outermost_scope_that_is_gone_is_told(tmp_path: Path) -> None:
    names = {name.replace("/", "__"): f"net/{name}" for name in (*NORM, "conv/kernel", "conv/bias")}
    maker = edited(KERAS3, old=[rename(**names)], new=[rename(**names), drop(*names.values())])
    assert one(maker, tmp_path, "var-removed").message == "All 6 variables of net are gone."


def test_what_nothing_used_hurts_nobody_much(tmp_path: Path) -> None:
    finding = one(edited("unused_variable", new=[drop("forgotten")]), tmp_path, "var-removed")
    assert finding.severities.serving is None and finding.severities.python == "note"


def test_a_renamed_layer_is_one_finding(tmp_path: Path) -> None:
    finding = one(pair("change_layer_renamed"), tmp_path, "var-renamed")
    assert finding.message == "The scope probs of 2 variables is called scores now."
    assert (finding.old, finding.new, finding.confidence) == ("probs", "scores", 0.9)
    finding = one(pair("change_keras2_to_keras3"), tmp_path, "var-renamed")
    assert finding.message.startswith("4 variables (") and "have moved/ before their names now" in finding.message


def test_a_declared_rename_is_a_note(tmp_path: Path) -> None:
    sides = edited("module_one_signature", new=[rename(kernel="weights")])(tmp_path)
    (finding,) = rules_of(TABLE, report(sides, renames=["variable:kernel=weights"]).findings)
    assert finding.rule == "var-renamed" and finding.severities.keras == "note"
    assert finding.message == "The variable kernel is called weights now."


def test_shapes_of_a_layer_are_one_finding(tmp_path: Path) -> None:
    told = {finding.where.variable: finding for finding in found(pair("change_variable_shape"), tmp_path,
                                                                 "var-shape-changed")}  # fmt: skip
    assert told["stack/hidden"].message == "2 variables of stack/hidden (kernel, bias) have other shapes."
    assert told["stack/logits/kernel"].message == "The variable stack/logits/kernel was [8, 3], and is [9, 3]."
    assert len(told) == 2


def test_a_dtype_says_whether_values_were_only_rounded(tmp_path: Path) -> None:
    finding = one(pair("change_variable_dtype"), tmp_path, "var-dtype-changed")
    assert (finding.old, finding.new) == ("float32", "bfloat16")
    assert "rounding" in finding.evidence[0]


def test_frozen_variables_are_one_finding(tmp_path: Path) -> None:
    trainable = [name for name in EVERYTHING if "moving" not in name]
    finding = one(edited(KERAS3, new=[fields(*trainable, trainable=False)]), tmp_path, "var-trainable-changed")
    assert finding.message.startswith("6 variables (") and finding.message.endswith("are not trainable any more.")
    assert (finding.old, finding.new) == ("trainable", "not trainable")


def test_placement_says_what_moved(tmp_path: Path) -> None:
    finding = one(edited("module_one_signature", new=[fields("kernel", device="/device:GPU:0", aggregation=2)]),
                  tmp_path, "var-distribution-changed")  # fmt: skip
    assert finding.message == (
        "The variable kernel: device was not set, and is /device:GPU:0; aggregation was not set, and is mean."
    )


def test_ids_do_not_follow_counters(tmp_path: Path) -> None:
    """The same layer, gone from two exports that count differently."""
    ids = set()
    for number in (1, 5):
        names = {f"norm__{name.partition('/')[2]}": f"norm_{number}/{name.partition('/')[2]}" for name in NORM}
        maker = edited(KERAS3, old=[rename(**names)], new=[rename(**names), drop(*names.values())])
        ids.add(one(maker, tmp_path / str(number), "var-removed").id)
    assert len(ids) == 1


def test_pairs_are_what_their_names_say(tmp_path: Path) -> None:
    rules = {
        "change_layer_inserted": ["var-added"], "change_layer_inserted_keras3": ["var-added"],
        "change_layer_renamed": ["var-renamed"], "change_keras2_to_keras3": ["var-renamed"],
        "change_trainable": ["var-trainable-changed"], "change_variable_dtype": ["var-dtype-changed"],
        "change_variable_shape": ["var-shape-changed"] * 2, "change_output_classes": ["var-shape-changed"],
        "change_optimizer_dropped": [], "change_relu_to_gelu": [], "change_weights_nan": [], "change_device": [],
    }  # fmt: skip
    for name, expected in rules.items():
        assert [finding.rule for finding in rules_of(TABLE, every(pair(name), tmp_path))] == expected, name
