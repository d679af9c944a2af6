"""The object graph of a checkpoint (tensorflow/core/protobuf/trackable_object_graph.proto)."""

from __future__ import annotations

from smanalyze.model.record import record


@record
class CheckpointAttribute:
    """One stored attribute of a trackable: its name there, its full name, and its key in the bundle."""

    object_id: int
    name: str
    full_name: str
    key: str


@record
class SlotVariable:
    """Slot ``name`` of variable ``original_id``, held by the optimizer ``optimizer_id``."""

    optimizer_id: int
    name: str
    original_id: int
    slot_id: int


@record
class CheckpointObjects:
    """The checkpoint's own object graph (key ``_CHECKPOINTABLE_OBJECT_GRAPH``)."""

    node_count: int
    attributes: tuple[CheckpointAttribute, ...]
    slots: tuple[SlotVariable, ...]
