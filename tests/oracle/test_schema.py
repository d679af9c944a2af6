"""Our .proto files say what TensorFlow's say: every message, field and enum, as the running protobuf resolves them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool

from smanalyze.format import schema

from .helpers import ask_descriptors, differences, has_tensorflow

pytestmark = [
    pytest.mark.tensorflow,
    pytest.mark.skipif(not has_tensorflow(), reason="TensorFlow is not installed: pip install smanalyze[verify]"),
]

#: Our packages -> TensorFlow's. The package of tensorflow.serving is not in TensorFlow.
PACKAGES = {"tensorflow": "tensorflow", "keras": "third_party.tensorflow.python.keras.protobuf"}

Form = dict[str, Any]


def our_files() -> list[bytes]:
    """Our FileDescriptorProtos, in the order of the descriptor set."""
    data = (Path(schema.__file__).parent / "descriptors.binpb").read_bytes()
    return [file.SerializeToString() for file in descriptor_pb2.FileDescriptorSet.FromString(data).file]


def forms(files: list[bytes], pool: descriptor_pool.DescriptorPool, package: str) -> Form:
    """Every message and enum of a package by its name in it."""
    found: Form = {}
    for data in files:
        file = pool.FindFileByName(descriptor_pb2.FileDescriptorProto.FromString(data).name)
        if file.package == package:
            found.update(enum_forms(file.enum_types_by_name, package))
            for message in file.message_types_by_name.values():
                found.update(message_forms(message, package))
    return found


def message_forms(message: Any, package: str) -> Iterator[tuple[str, Form]]:
    """A message and those inside it."""
    fields = {field.name: field_form(field, package) for field in message.fields}
    yield local(message, package), {"fields": fields, "map_entry": message.GetOptions().map_entry}
    yield from enum_forms(message.enum_types_by_name, package)
    for inner in message.nested_types:
        yield from message_forms(inner, package)


def enum_forms(enums: Any, package: str) -> Iterator[tuple[str, Form]]:
    """Enums; several names of one number are all there."""
    for enum in enums.values():
        yield local(enum, package), {"values": {value.name: value.number for value in enum.values}}


def field_form(field: Any, package: str) -> Form:
    """All that decides how a field is read from the wire and written to it."""
    kind = field.message_type or field.enum_type
    return {
        "number": field.number,
        "type": field.type,
        "of": local(kind, package) if kind else None,
        "repeated": field.is_repeated,
        "required": field.is_required,
        "packed": field.is_packed,
        "presence": field.has_presence,
        "oneof": field.containing_oneof.name if field.containing_oneof else None,
    }


def local(descriptor: Any, package: str) -> str:
    """A full name without the package."""
    name: str = descriptor.full_name
    return name.removeprefix(f"{package}.")


@pytest.fixture(scope="module")
def theirs() -> dict[str, Form]:
    """TensorFlow's forms by our package."""
    files = ask_descriptors()
    pool = descriptor_pool.DescriptorPool()
    for file in files:
        pool.AddSerializedFile(file)
    return {ours: forms(files, pool, package) for ours, package in PACKAGES.items()}


@pytest.mark.parametrize("package", PACKAGES)
def test_our_messages_and_enums_are_tensorflows(package: str, theirs: dict[str, Form]) -> None:
    """Also none is missing: TensorFlow's are those of the files that a SavedModel or a checkpoint needs."""
    ours = forms(our_files(), schema.pool(), package)
    assert {"tensorflow": "SavedModel", "keras": "SavedMetadata"}[package] in ours
    assert list(differences(ours, theirs[package])) == []
