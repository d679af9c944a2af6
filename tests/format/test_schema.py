"""The private pool of messages."""

from __future__ import annotations

import subprocess
import sys

import pytest
from google.protobuf import descriptor_pool

from smanalyze.format.schema import message_class, pool
from tests.conftest import ROOT


@pytest.mark.parametrize(
    "name",
    [
        "tensorflow.SavedModel", "tensorflow.MetaGraphDef", "tensorflow.GraphDef", "tensorflow.FunctionDef",
        "tensorflow.SavedObjectGraph", "tensorflow.TrackableObjectGraph", "tensorflow.BundleEntryProto",
        "tensorflow.FingerprintDef", "tensorflow.GraphDebugInfo", "keras.SavedMetadata",
    ],
)  # fmt: skip
def test_messages_are_there_and_ours_alone(name: str) -> None:
    cls = message_class(name)
    assert cls.DESCRIPTOR.full_name == name
    assert cls is message_class(name)
    assert cls.DESCRIPTOR.file.pool is pool() or pool() is not descriptor_pool.Default()


def test_the_default_pool_stays_free_for_tensorflow() -> None:
    message_class("tensorflow.SavedModel")
    with pytest.raises(KeyError):
        descriptor_pool.Default().FindMessageTypeByName("tensorflow.SavedModelNobodyHas")
    code = (
        "from google.protobuf import descriptor_pool\n"
        "from smanalyze.format.schema import message_class\n"
        "message_class('tensorflow.SavedModel')\n"
        "try: descriptor_pool.Default().FindMessageTypeByName('tensorflow.SavedModel')\n"
        "except KeyError: print('free')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "free\n"


def test_an_unknown_name() -> None:
    with pytest.raises(KeyError):
        message_class("tensorflow.NoSuchThing")


def test_fields_we_do_not_know_are_kept() -> None:
    """A newer writer's fields go through: nothing is lost by parsing and writing."""
    cls = message_class("tensorflow.SavedModel")
    data = b"\x08\x01" + b"\xc2\x3e\x03abc"  # field 1000 of length 3
    assert cls.FromString(data).SerializeToString() == data
