"""The object graph inside a checkpoint."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smanalyze.errors import FormatError
from smanalyze.format.checkpoint_objects import parse_checkpoint_objects
from smanalyze.model.checkpoint_objects import CheckpointAttribute, SlotVariable
from tests.models import each_model, model_of

from .protos import proto


def test_nodes_are_numbered_in_order() -> None:
    message = proto(
        "TrackableObjectGraph",
        'nodes { children { node_id: 1 local_name: "kernel" } children { node_id: 2 local_name: "opt" } }'
        'nodes { attributes { name: "VARIABLE_VALUE" full_name: "k" checkpoint_key: "kernel/.A/V" } }'
        'nodes { slot_variables { original_variable_node_id: 1 slot_name: "m" slot_variable_node_id: 3 } }'
        "nodes {}",
    )
    parsed = parse_checkpoint_objects(message.SerializeToString(), file="f")
    assert parsed.node_count == 4
    assert parsed.attributes == (CheckpointAttribute(1, "VARIABLE_VALUE", "k", "kernel/.A/V"),)
    assert parsed.slots == (SlotVariable(2, "m", 1, 3),)


@given(data=st.binary(max_size=80))
def test_any_bytes_parse_or_are_refused(data: bytes) -> None:
    try:
        parse_checkpoint_objects(data, file="shard")
    except FormatError as error:
        assert error.file == "shard"


@each_model
def test_every_key_it_names_is_in_the_index(name: str) -> None:
    """And of a whole checkpoint it names every key but its own."""
    model = model_of(name)
    if model.checkpoint_objects is None:
        pytest.skip("a TF1 checkpoint, or none")
    named = {attribute.key for attribute in model.checkpoint_objects.attributes}
    stored = {entry.key for entry in model.checkpoint.entries} - {"_CHECKPOINTABLE_OBJECT_GRAPH"}
    # A table is named by one key, which ends in "table"; stored are its keys and its values.
    whole = {key for key in named if not key.endswith("/.ATTRIBUTES/table")}
    tables = {f"{key}-{part}" for key in named - whole for part in ("keys", "values")}
    assert stored == whole | tables
