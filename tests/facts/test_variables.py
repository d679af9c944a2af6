"""The rows of variables: what is stored where, and who uses it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import smanalyze
from smanalyze.model.dtypes import item_size
from tests.checks.compat.helpers import edited
from tests.models import each_model, model_of, report_of, variable_of


@each_model
def test_every_key_of_a_row_is_in_the_index_once(name: str) -> None:
    keys = [key for row in report_of(name).variables for key in row.checkpoint_keys]
    assert len(keys) == len(set(keys))
    assert set(keys) <= {entry.key for entry in model_of(name).checkpoint.entries}


@each_model
def test_every_entry_is_a_variable_or_told_apart(name: str) -> None:
    report = report_of(name)
    keys = {key for row in report.variables for key in row.checkpoint_keys}
    others = {entry.key for entry in report.checkpoint.other_entries}
    assert keys | others == {entry.key for entry in model_of(name).checkpoint.entries}
    assert not keys & others


@each_model
def test_sizes_follow_from_dtype_and_shape(name: str) -> None:
    for row in report_of(name).variables:
        if item_size(row.dtype) and row.shape is not None and None not in row.shape:
            product = 1
            for size in row.shape:
                product *= size or 0
            assert (row.elements, row.size) == (product, product * item_size(row.dtype)), row.name


@each_model
def test_slices_cover_the_variable(name: str) -> None:
    for row in report_of(name).variables:
        if row.slices:
            assert sum(piece.size for piece in row.slices) == row.size
            assert row.shard is None
            assert row.crc32c is None


def test_partitions_of_tensorflow_1_are_one_variable() -> None:
    """fixed_size_partitioner(3) over 10 rows: 4, 3 and 3."""
    row = variable_of("tf1_partitioned_variables", "part/embedding")
    assert (row.shape, row.elements, row.size) == ((10, 2), 20, 80)
    assert [piece.extent for piece in row.slices] == ["0:4, 0:2", "4:7, 0:2", "7:10, 0:2"]
    assert row.trainable
    assert row.used_by == ("serving_default",)


def test_slices_across_shards() -> None:
    row = variable_of("sharded_slices", "kernel")
    assert [(piece.extent, piece.shard) for piece in row.slices] == [
        ("0:2, 0:4", 0), ("2:4, 0:4", 1), ("4:6, 0:1", 1), ("4:6, 1:4", 2),
    ]  # fmt: skip
    assert variable_of("sharded_slices", "scale").slices == ()


def test_variables_of_several_meta_graphs_stand_once() -> None:
    for name in ("embedding", "kernel", "global_step"):
        assert variable_of("tf1_builder_multi_metagraph", name).meta_graphs == (0, 1, 2)


def test_replicas_are_told_and_not_counted() -> None:
    row = variable_of("mirrored_expand", "kernel")
    assert [text.partition(" on ")[0] for text in row.distribution] == ["kernel", "kernel/replica_1"]
    assert variable_of("mirrored_none", "kernel").device == ""
    assert variable_of("mirrored_save_devices", "kernel").device.endswith("device:CPU:0")


USERS = [
    ("control_flow", "step", ("cond", "loop", "mapped", "nested", "switch"), ()),
    ("mutating_signature", "calls", ("serving_default",), ("serving_default",)),
    ("unused_variable", "forgotten", (), ()),
    ("module_several_signatures", "kernel", ("embed", "serving_default"), ()),
    # Without signatures: the functions. `shift` calls `scale.times`.
    ("module_no_signature", "offset", ("read_offset", "shift"), ()),
    ("module_no_signature", "factor", ("shift", "scale.times"), ()),
]


@pytest.mark.parametrize(("name", "variable", "users", "writers"), USERS)
def test_who_uses_and_who_writes(name: str, variable: str, users: tuple[str, ...], writers: tuple[str, ...]) -> None:
    row = variable_of(name, variable)
    assert (row.used_by, row.written_by) == (users, writers)


#: broken model -> presence of its `kernel`.
PRESENCE = {
    "missing_shard": "not-fetched",
    "missing_index": "not-fetched",
    "no_variables_folder": "not-fetched",
    "lfs_pointer_variables": "not-fetched",
    "truncated_index": "not-read",
    "shard_bad_crc": "present",
    "checkpoint_other_model": "absent",
}


@pytest.mark.parametrize("name", PRESENCE)
def test_presence(name: str) -> None:
    row = variable_of(name, "kernel")
    assert row.presence == PRESENCE[name]
    assert row.shape == (3, 2), "the graph tells it"


def test_variables_of_one_name_that_are_not_stored_are_two(tmp_path: Path) -> None:
    def twins(message: Any) -> None:
        objects = message.meta_graphs[0].object_graph_def
        for child, dtype in (("one", 1), ("other", 9)):
            objects.nodes[0].children.add(local_name=child, node_id=len(objects.nodes))
            objects.nodes.add().variable.MergeFrom(type(objects.nodes[0].variable)(name="twin", dtype=dtype))

    _, path = edited("module_one_signature", new=[twins])(tmp_path)
    rows = [row for row in smanalyze.analyze(smanalyze.load(path)).variables if row.name == "twin"]
    assert [(row.object_paths, row.dtype) for row in rows] == [(("one",), "float32"), (("other",), "int64")]
