"""Which key a variable is stored under: named by the checkpoint, or derived where its shard is missing."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import smanalyze
from smanalyze.facts.objects import object_paths
from smanalyze.facts.stored import StoredKeys, build_stored_keys
from smanalyze.model.saved_model import SavedModel
from tests.models import each_model, folder_of, model_of, report_of


def keys_of(model: SavedModel) -> list[StoredKeys]:
    return [
        build_stored_keys(object_paths(graph.objects), model.checkpoint, model.checkpoint_objects)
        for graph in model.meta_graphs
        if graph.objects is not None
    ]


@each_model
def test_keys_derived_without_the_shard_are_those_the_checkpoint_names(name: str, tmp_path: Path) -> None:
    """The index alone must be enough: cloud copies and pull requests often have no data."""
    whole = model_of(name)
    if whole.checkpoint_objects is None:
        pytest.skip("a TF1 checkpoint, or none")
    folder = tmp_path / name
    shutil.copytree(folder_of(name), folder)
    for shard in folder.rglob("variables.data-*"):
        shard.unlink()
    without = smanalyze.load(folder)
    assert without.checkpoint_objects is None
    for (graph, named), derived in zip(
        zip(whole.meta_graphs, keys_of(whole), strict=True), keys_of(without), strict=True
    ):
        assert graph.objects is not None
        for node in graph.objects.nodes:
            if node.kind == "variable":
                assert derived.keys.get(node.id, ()) == named.keys.get(node.id, ()), node.variable


@each_model
def test_a_report_without_the_shard_says_the_same_of_variables(name: str, tmp_path: Path) -> None:
    """All but what only the bytes tell: copies are found by checksums, which the index has."""
    folder = tmp_path / name
    shutil.copytree(folder_of(name), folder)
    for shard in folder.rglob("variables.data-*"):
        shard.unlink()
    ours, theirs = report_of(name), smanalyze.analyze(smanalyze.load(folder))
    fields = (
        "name",
        "checkpoint_keys",
        "dtype",
        "shape",
        "elements",
        "size",
        "role",
        "trainable",
        "used_by",
        "slot_of",
    )
    assert [[getattr(row, field) for field in fields] for row in ours.variables] == [
        [getattr(row, field) for field in fields] for row in theirs.variables
    ]
    assert ours.model.parameters == theirs.model.parameters
    assert all(row.presence != "present" for row in theirs.variables if row.size and row.checkpoint_keys)


def test_slots_name_their_variable_and_optimizer() -> None:
    model = model_of("keras2_legacy_optimizer_slots")
    (stored,) = keys_of(model)
    objects = model.meta_graphs[0].objects
    assert objects is not None
    names = {}
    for slot_id, slot in stored.slots.items():
        variable, original = objects.nodes[slot_id].variable, objects.nodes[slot.original].variable
        assert variable is not None
        assert original is not None
        names[variable.name] = (slot.name, original.name)
    assert names == {
        "Adam/score/kernel/m": ("m", "score/kernel"), "Adam/score/bias/m": ("m", "score/bias"),
        "Adam/score/kernel/v": ("v", "score/kernel"), "Adam/score/bias/v": ("v", "score/bias"),
    }  # fmt: skip


def test_a_key_whose_tensor_cannot_be_the_variable_is_not_taken() -> None:
    """The checkpoint of another model: its kernel is 4 x 2, ours 3 x 2."""
    (stored,) = keys_of(model_of("checkpoint_other_model"))
    assert stored.keys == {}


def test_no_object_graph_has_no_keys() -> None:
    model = model_of("tf1_pbtxt")
    stored = build_stored_keys(None, model.checkpoint, None)
    assert (stored.keys, stored.slots) == ({}, {})
    assert set(stored.entries) == {entry.key for entry in model.checkpoint.entries}
