"""TrackableObjectGraph messages as ``model.checkpoint_objects``.

Source: tensorflow/core/protobuf/trackable_object_graph.proto.
"""

from __future__ import annotations

from google.protobuf.message import DecodeError

from smanalyze.errors import FormatError
from smanalyze.format.schema import message_class
from smanalyze.model.checkpoint_objects import CheckpointAttribute, CheckpointObjects, SlotVariable


def parse_checkpoint_objects(data: bytes, *, file: str) -> CheckpointObjects:
    """The serialized TrackableObjectGraph of a checkpoint.

    Raises FormatError if the bytes are no such message.
    """
    try:
        message = message_class("tensorflow.TrackableObjectGraph").FromString(data)
    except DecodeError as error:
        raise FormatError("The checkpoint's object graph cannot be parsed.", file=file) from error
    attributes: list[CheckpointAttribute] = []
    slots: list[SlotVariable] = []
    for number, node in enumerate(message.nodes):
        attributes += [CheckpointAttribute(number, a.name, a.full_name, a.checkpoint_key) for a in node.attributes]
        slots += [
            SlotVariable(number, slot.slot_name, slot.original_variable_node_id, slot.slot_variable_node_id)
            for slot in node.slot_variables
        ]
    return CheckpointObjects(len(message.nodes), tuple(attributes), tuple(slots))
