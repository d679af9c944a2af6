"""Rules about the checkpoint's index and data files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.checks.helpers import (
    TESTDATA,
    Cases,
    Maker,
    broken,
    check_case,
    edited,
    flipped_index,
    function,
    good,
    graph,
    lone_file,
    node,
    one,
    params,
    with_files,
)  # fmt: skip

SHARD = "variables/variables.data-00000-of-00001"
INDEX = "variables/variables.index"
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 12345\n"


def rename_restored_key(message: Any) -> None:
    names = node(function(message, "traced_restore"), "RestoreV2/tensor_names").attr["value"].tensor.string_val
    names[0] = b"elsewhere/.ATTRIBUTES/VARIABLE_VALUE"


def widen_variable(message: Any) -> None:
    node(graph(message), "kernel").attr["shape"].shape.dim[1].size = 7


def forget_variable_shape(message: Any) -> None:
    node(graph(message), "kernel").attr["shape"].shape.dim[1].size = -1


def change_restored_dtype(message: Any) -> None:
    node(function(message, "traced_restore"), "RestoreV2").attr["dtypes"].list.type[0] = 2


def lose_restore_op(message: Any) -> None:
    message.meta_graphs[0].saver_def.restore_op_name = "nowhere"


def lose_tf1_restore_op(message: Any) -> None:
    message.meta_graphs[0].saver_def.filename_tensor_name = "nowhere:0"


BASE = "module_one_signature"
INDEX_BYTES = (TESTDATA / "models" / BASE / INDEX).read_bytes()

#: An index whose object graph lies 64 bytes further, and so ends behind the data file.
_OFFSET_OF_A_DAMAGED_INDEX = flipped_index(45, 64)

TABLE = {
    "missing-shard": Cases(
        {"one": broken("missing_shard"), "of_four": with_files(
            good("sharded_checkpoint"), {"variables/variables.data-00002-of-00004": None})},
        {"all": good("sharded_checkpoint"), "pointer": with_files(good(BASE), {SHARD: POINTER}),
         "lone_file": lone_file(good(BASE)), "count_of_a_damaged_index": flipped_index(4, 8)},
    ),
    "stale-shard": Cases(
        {"other_count": broken("stale_shard")},
        {"all": good("sharded_slices"), "index_not_read": broken("index_hostile_header")},
    ),
    "truncated-shard": Cases(
        {"cut": broken("truncated_shard")},
        {"whole": good(BASE), "pointer": with_files(good(BASE), {SHARD: POINTER}),
         "lying_index": broken("index_hostile_sizes"), "damaged_index": _OFFSET_OF_A_DAMAGED_INDEX},
    ),
    "index-missing": Cases(
        {"data_alone": broken("missing_index"), "no_folder": broken("no_variables_folder"),
         "tf1": with_files(good("tf1_partitioned_variables"), {INDEX: None})},
        {"frozen": good("tf1_frozen"), "lone_file": lone_file(good(BASE)),
         "pointer": broken("lfs_pointer_variables"), "unreadable": broken("truncated_index"),
         "first_format": with_files(good(BASE), {INDEX: None, "variables/variables": INDEX_BYTES})},
    ),
    "variable-not-stored": Cases(
        {"other_model": broken("checkpoint_other_model"), "edited": edited(BASE, rename_restored_key)},
        {"stored": good(BASE), "partitioned": good("tf1_partitioned_variables"), "tables": good("tables_and_assets"),
         "optimizer": good("keras2_legacy_optimizer_slots"), "index_not_read": broken("truncated_index"),
         "index_in_part": broken("index_hostile_sizes")},
    ),
    "variable-shape-mismatch": Cases(
        {"other_model": broken("checkpoint_other_model"), "shape": edited(BASE, widen_variable),
         "dtype": edited(BASE, change_restored_dtype)},
        {"fits": good(BASE), "unknown_size": edited(BASE, forget_variable_shape), "all_dtypes": good("dtypes_all"),
         "slices": good("sharded_slices"), "partitioned": good("tf1_partitioned_variables"), "refs": good("tf1_queue")},
    ),
    "missing-restore-op": Cases(
        {"objects": edited(BASE, lose_restore_op), "tf1": edited("tf1_partitioned_variables", lose_tf1_restore_op)},
        {"there": good(BASE), "no_saver": good("tf1_frozen"), "tf1": good("tf1_builder_multi_metagraph")},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("rule", "maker", "fires"), params(TABLE))
def test_case(rule: str, maker: Maker, fires: bool, tmp_path: Path) -> None:
    check_case(rule, maker, fires, tmp_path)


def test_all_missing_shards_are_one_finding(tmp_path: Path) -> None:
    files: dict[str, bytes | None] = {f"variables/variables.data-0000{i}-of-00004": None for i in range(4)}
    finding = one(with_files(good("sharded_checkpoint"), files), tmp_path, "missing-shard")
    assert finding.severity == "error"
    assert len(finding.evidence) == sum("-of-00004" in line for line in finding.evidence) > 1


def test_truncated_shard_names_what_is_cut_off(tmp_path: Path) -> None:
    finding = one(broken("truncated_shard"), tmp_path, "truncated-shard")
    assert "10 bytes" in finding.message
    assert "bias/.ATTRIBUTES/VARIABLE_VALUE ends at byte 32" in finding.evidence


def test_shape_mismatch_names_both_shapes(tmp_path: Path) -> None:
    finding = one(edited(BASE, widen_variable), tmp_path, "variable-shape-mismatch")
    assert finding.where.variable == "kernel"
    assert "(3, 7)" in finding.evidence[0]
    assert "(3, 2)" in finding.evidence[0]
