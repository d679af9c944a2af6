"""Message classes for every proto that smanalyze reads, from our own .proto files.

They live in a private DescriptorPool, so they never clash with TensorFlow's in one process, and no generated code
ties us to one protobuf release. Messages of a private pool do not pickle: pass bytes between processes.
"""

from __future__ import annotations

import os
from functools import cache
from typing import Any

from google.protobuf import descriptor_pool, message_factory

from smanalyze.format.varint import read_varint


def descriptor_set() -> bytes:
    """Our compiled .proto files and those they import: a FileDescriptorSet, each file after those it imports."""
    with open(os.path.join(os.path.dirname(__file__), "descriptors.binpb"), "rb") as file:
        return file.read()


@cache
def pool() -> descriptor_pool.DescriptorPool:
    """The pool with all our messages under TensorFlow's own full names."""
    private = descriptor_pool.DescriptorPool()
    data = descriptor_set()
    # A FileDescriptorSet is ``repeated FileDescriptorProto file = 1``. Cut by hand: descriptor_pb2 takes longer to
    # import than all of this takes to run.
    position = 0
    while position < len(data):
        length, start = read_varint(data, position + 1)
        private.AddSerializedFile(data[start : start + length])
        position = start + length
    return private


@cache
def message_class(name: str) -> Any:
    """The class of a message by full name, such as ``tensorflow.SavedModel``; KeyError if there is none."""
    return message_factory.GetMessageClass(pool().FindMessageTypeByName(name))
