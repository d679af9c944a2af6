"""The small protos beside saved_model.pb: fingerprint.pb, keras_metadata.pb, debug info, tfhub_module.pb.

Sources: tensorflow/core/protobuf/fingerprint.proto, keras/protobuf/saved_metadata.proto,
tensorflow/core/framework/graph_debug_info.proto, tensorflow_hub/module_def.proto.
"""

from __future__ import annotations

from typing import Any

from google.protobuf.message import DecodeError

from smanalyze.errors import FormatError
from smanalyze.format.schema import message_class
from smanalyze.model.side_files import DebugInfo, Fingerprint, KerasNode


def _parse(name: str, data: bytes, file: str) -> Any:
    try:
        return message_class(name).FromString(data)
    except DecodeError as error:
        raise FormatError("The file is damaged: it does not parse as its kind.", file=file) from error


def parse_fingerprint(data: bytes, *, file: str) -> Fingerprint:
    """fingerprint.pb; raises FormatError if it does not parse."""
    message = _parse("tensorflow.FingerprintDef", data, file)
    return Fingerprint(
        message.saved_model_checksum,
        message.graph_def_program_hash,
        message.signature_def_hash,
        message.saved_object_graph_hash,
        message.checkpoint_hash,
        message.uuid,
        message.version.producer,
    )


def parse_keras_metadata(data: bytes, *, file: str) -> tuple[KerasNode, ...]:
    """keras_metadata.pb, in file order; raises FormatError if it does not parse."""
    message = _parse("keras.SavedMetadata", data, file)
    return tuple(KerasNode(node.node_id, node.node_path, node.identifier, node.metadata) for node in message.nodes)


def parse_debug_info(data: bytes, *, file: str) -> DebugInfo:
    """debug/saved_model_debug_info.pb, in either of its forms; raises FormatError if it does not parse."""
    message = _parse("tensorflow.GraphDebugInfo", data, file)
    traces = len(message.name_to_trace_id) or len(message.traces)
    # The proto is of syntax 2, where text that is not UTF-8 comes as bytes.
    files = (file if isinstance(file, str) else file.decode("utf-8", "backslashreplace") for file in message.files)
    return DebugInfo(tuple(files), traces)


def parse_tfhub_module(data: bytes, *, file: str) -> str:
    """tfhub_module.pb: which storage format its one field names (3: a SavedModel, the only one ever released).

    Raises FormatError if the file is something else.
    """
    if len(data) < 2 or data[0] != 0x08 or data[1] >= 0x80:
        raise FormatError("The file is no TF-Hub module definition.", file=file, offset=0)
    return f"format {data[1]}"
