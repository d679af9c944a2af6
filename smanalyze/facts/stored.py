"""Which checkpoint key each object of an object graph is stored under.

The checkpoint has an object graph of its own whose node ids are those of the SavedModel's; it names the keys. Where
it cannot be read (its shard is missing) a key follows from the object's path, because TensorFlow makes it that way
(tensorflow/python/checkpoint/{trackable_view,save_util}.py); such a key counts only if the index has it.
"""

from __future__ import annotations

from smanalyze.facts.objects import ObjectPaths
from smanalyze.model.bundle import BundleEntry
from smanalyze.model.checkpoint import Checkpoint
from smanalyze.model.checkpoint_objects import CheckpointObjects
from smanalyze.model.record import record

_VALUE = "VARIABLE_VALUE"


@record
class Slot:
    """Which optimizer slot a variable is: slot ``name`` of the variable ``original``, of the optimizer object."""

    optimizer: int
    name: str
    original: int


@record
class StoredKeys:
    """Checkpoint keys by object id, entries by key, and optimizer slots by the id of the slot variable."""

    keys: dict[int, tuple[str, ...]]
    entries: dict[str, BundleEntry]
    slots: dict[int, Slot]


def build_stored_keys(
    paths: ObjectPaths | None, checkpoint: Checkpoint, objects: CheckpointObjects | None
) -> StoredKeys:
    """The links between one object graph and the checkpoint; empty where there is no object graph."""
    entries = {entry.key: entry for entry in checkpoint.entries}
    if paths is None:
        return StoredKeys({}, entries, {})
    slots = _slots(paths, objects)
    if objects is not None and objects.node_count == len(paths.graph.nodes):
        return StoredKeys(_named_keys(objects), entries, slots)
    return StoredKeys(_derived_keys(paths, entries, slots), entries, slots)


def _named_keys(objects: CheckpointObjects) -> dict[int, tuple[str, ...]]:
    found: dict[int, list[str]] = {}
    for attribute in objects.attributes:
        found.setdefault(attribute.object_id, []).append(attribute.key)
    return {number: tuple(keys) for number, keys in found.items()}


def _slots(paths: ObjectPaths, objects: CheckpointObjects | None) -> dict[int, Slot]:
    found = {
        slot_id: Slot(node.id, name, original)
        for node in paths.graph.nodes
        for original, name, slot_id in node.slot_variables
    }
    if objects is not None and objects.node_count == len(paths.graph.nodes):
        for slot in objects.slots:
            found.setdefault(slot.slot_id, Slot(slot.optimizer_id, slot.name, slot.original_id))
    return found


def _derived_keys(
    paths: ObjectPaths, entries: dict[str, BundleEntry], slots: dict[int, Slot]
) -> dict[int, tuple[str, ...]]:
    found: dict[int, tuple[str, ...]] = {}
    count = len(paths.graph.nodes)
    there = {key.partition("/.ATTRIBUTES/")[0] for key in entries}
    for node in paths.graph.nodes:
        path = paths.checkpoint_path(node.id)
        if path is not None:
            if path not in there:
                continue
            candidates = [f"{path}/.ATTRIBUTES/{name}" for name in (_VALUE, "table-keys", "table-values")]
        elif node.id in slots and 0 <= slots[node.id].original < count and 0 <= slots[node.id].optimizer < count:
            candidates = [_slot_key(paths, slots[node.id])]
        else:
            continue
        keys = tuple(key for key in candidates if key in entries and _fits(node.variable, entries[key]))
        if keys:
            found[node.id] = keys
    return found


def _slot_key(paths: ObjectPaths, slot: Slot) -> str:
    variable, optimizer = paths.checkpoint_path(slot.original), paths.checkpoint_path(slot.optimizer)
    return f"{variable}/.OPTIMIZER_SLOT/{optimizer}/{slot.name}/.ATTRIBUTES/{_VALUE}"


def _fits(variable: object, entry: BundleEntry) -> bool:
    """Whether a variable of known dtype and shape can be what the entry stores."""
    dtype, shape = getattr(variable, "dtype", None), getattr(variable, "shape", None)
    if dtype is not None and dtype != entry.dtype:
        return False
    return shape is None or (
        len(shape) == len(entry.shape)
        and all(size is None or size == stored for size, stored in zip(shape, entry.shape, strict=True))
    )
