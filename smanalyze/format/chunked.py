"""Split messages: the chunks of saved_model.cpb made one SavedModel again.

The last record of the file is a ChunkMetadata, which says where the chunks are and into which fields they go.
Source: tensorflow/tools/proto_splitter/chunk.proto, tensorflow/tools/proto_splitter/merge.cc (Merger::ReadFields,
Merger::ProcessField), tensorflow/tools/proto_splitter/cc/util.cc (GetMutableField, SetFieldElement).
"""

from __future__ import annotations

from typing import Any

from google.protobuf.message import DecodeError

from smanalyze.errors import FormatError
from smanalyze.format.faults import Buffer
from smanalyze.format.riegeli import RiegeliReader
from smanalyze.format.saved_model import ParsedSavedModel, of_message
from smanalyze.format.schema import message_class
from smanalyze.model.record import record

FREE_BYTES = 64 << 20
"""A splitter uses each chunk once. Hostile metadata may name one a thousand times: what is merged may have twice the
bytes of all chunks, and these more."""

MAX_DEPTH = 100
"""Messages within messages that the metadata may go down. protobuf reads no more of a file; the way to a chunk has some
ten, and one that is a thousand times as long would take ever deeper recursions of all who look at the message."""

_MESSAGE, _BYTES, _STRING, _FLOATS = 11, 12, 9, (1, 2)
_BOOL = 8
_MAP_KINDS = {9: "s", 8: "boolean", 13: "ui32", 4: "ui64", 5: "i32", 3: "i64"}
"""Type of a map's key (FieldDescriptorProto.Type) -> the field of MapKey that holds it."""


@record
class SplitMessage:
    """The chunks of a file, and how they go together (a tensorflow.proto_splitter.ChunkedMessage)."""

    chunks: tuple[bytes, ...]
    message: Any


def read_chunks(data: Buffer) -> SplitMessage:
    """The content of a .cpb file. Raises FormatError where it is damaged, where it is too large when decoded (see
    RiegeliReader), and where brotli is missing, with the name of the extra that brings it."""
    reader = RiegeliReader(data)
    records: dict[int, bytes] = {}
    last = -1
    for chunk in reader.chunks():
        for number, content in enumerate(reader.records(chunk)):
            last = chunk.begin + number
            records[last] = content
    if last < 0:
        raise FormatError("The file holds no records, so no split message.", offset=0)
    try:
        metadata = message_class("tensorflow.proto_splitter.ChunkMetadata").FromString(records[last])
    except DecodeError as error:
        raise FormatError("The last record is no chunk metadata: this is no split message.", offset=last) from error
    chunks = []
    for info in metadata.chunks:
        content = records.get(info.offset, b"")
        if info.offset not in records or len(content) != info.size:
            raise FormatError(f"No chunk of {info.size} bytes is where the metadata says.", offset=info.offset)
        chunks.append(content)
    return SplitMessage(tuple(chunks), metadata.message)


def parse_split_saved_model(data: Buffer) -> ParsedSavedModel:
    """The model in a .cpb file; raises FormatError as read_chunks and merge do."""
    return of_message(merged_saved_model(read_chunks(data)))


def merged_saved_model(split: SplitMessage) -> Any:
    """The tensorflow.SavedModel that the chunks make; raises FormatError where they do not go together."""
    message = message_class("tensorflow.SavedModel")()
    Merger(split.chunks).merge(message, split.message)
    return message


class Merger:
    """Puts chunks into a message. What it copies is limited, see FREE_BYTES."""

    def __init__(self, chunks: tuple[bytes, ...]) -> None:
        self.chunks = chunks
        # The metadata may list the same record as many chunks; it counts once.
        self.budget = FREE_BYTES + 2 * sum({id(chunk): len(chunk) for chunk in chunks}.values())

    def merge(self, message: Any, chunked: Any, depth: int = 0) -> None:
        """Adds to ``message``, which lies ``depth`` messages deep, its own chunk, and then those of its fields, in the
        order of the fields."""
        if chunked.HasField("chunk_index"):
            try:
                message.MergeFromString(self.chunk(chunked))
            except DecodeError as error:
                name = message.DESCRIPTOR.name
                raise FormatError(f"Chunk {chunked.chunk_index} does not parse as {name}.") from error
        for field in sorted(chunked.chunked_fields, key=_order):
            self._merge_field(message, list(field.field_tag), field.message, depth)

    def chunk(self, chunked: Any) -> bytes:
        """The chunk of a ChunkedMessage that has one."""
        if chunked.chunk_index >= len(self.chunks):
            raise FormatError(f"The metadata names chunk {chunked.chunk_index} of {len(self.chunks)}.")
        content = self.chunks[int(chunked.chunk_index)]
        self.budget -= len(content) + 1
        if self.budget < 0:
            raise FormatError("The metadata uses the same chunks again and again.")
        return content

    def _merge_field(self, message: Any, tags: list[Any], chunked: Any, depth: int) -> None:
        """The chunks of one field: goes down to it along ``tags``, making what is missing on the way."""
        while tags:
            descriptor = _field_of(message, tags.pop(0))
            place = tags.pop(0) if tags and tags[0].WhichOneof("kind") != "field" else None
            if descriptor.type != _MESSAGE or (_is_map(descriptor) and _map_value(descriptor).type != _MESSAGE):
                if tags:
                    raise FormatError(f"The metadata looks for a field inside {descriptor.full_name}.")
                _set_value(message, descriptor, place, self.chunk(chunked))
                return
            depth += 1
            if depth > MAX_DEPTH:
                raise FormatError(f"The metadata goes down more than {MAX_DEPTH} messages.")
            message = _inner_message(message, descriptor, place)
        self.merge(message, chunked, depth)


def _order(field: Any) -> tuple[tuple[int, ...], int]:
    """ChunkedFields in the order they are merged: tag by tag, an outer field before what it contains."""
    return tuple(tag.field or tag.index for tag in field.field_tag), field.message.chunk_index


def _field_of(message: Any, tag: Any) -> Any:
    descriptor = message.DESCRIPTOR.fields_by_number.get(tag.field) if tag.WhichOneof("kind") == "field" else None
    if descriptor is None:
        raise FormatError(f"The metadata names a field that {message.DESCRIPTOR.name} does not have.")
    return descriptor


def _is_map(descriptor: Any) -> bool:
    return descriptor.message_type is not None and bool(descriptor.message_type.GetOptions().map_entry)


def _map_value(descriptor: Any) -> Any:
    return descriptor.message_type.fields_by_name["value"]


def _inner_message(message: Any, descriptor: Any, place: Any) -> Any:
    value = getattr(message, descriptor.name)
    if _is_map(descriptor):
        return value[_map_key(descriptor, place)]
    if not _is_repeated(descriptor):
        value.SetInParent()
        return value
    index = _index(descriptor, place)
    if index == len(value):
        return value.add()
    if index > len(value):
        raise FormatError(f"The metadata names element {index} of {descriptor.full_name}, which has {len(value)}.")
    return value[index]


def _set_value(message: Any, descriptor: Any, place: Any, content: bytes) -> None:
    """A field that is no message: its bytes are the chunk, a number is there as text."""
    container = getattr(message, descriptor.name)
    try:
        if _is_map(descriptor):
            container[_map_key(descriptor, place)] = _value(_map_value(descriptor), content)
        elif not _is_repeated(descriptor):
            setattr(message, descriptor.name, _value(descriptor, content))
        elif (index := _index(descriptor, place)) < len(container):
            container[index] = _value(descriptor, content)
        elif index == len(container):
            container.append(_value(descriptor, content))
        else:
            raise FormatError(f"The metadata names element {index} of {descriptor.full_name}.")
    except ValueError as error:  # no number, no UTF-8, or out of range
        raise FormatError(f"A chunk is no value for {descriptor.full_name}.") from error


def _value(descriptor: Any, content: bytes) -> Any:
    if descriptor.type == _BYTES:
        return content
    if descriptor.type == _STRING:
        return content.decode()
    text = content[:100].decode()
    if descriptor.type in _FLOATS:
        return float(text)
    return bool(int(text)) if descriptor.type == _BOOL else int(text)


def _map_key(descriptor: Any, place: Any) -> Any:
    wanted = _MAP_KINDS.get(descriptor.message_type.fields_by_name["key"].type)
    if place is None or place.WhichOneof("kind") != "map_key" or place.map_key.WhichOneof("type") != wanted:
        raise FormatError(f"The metadata has no key for the map {descriptor.full_name}.")
    return getattr(place.map_key, wanted or "")


def _index(descriptor: Any, place: Any) -> int:
    if place is None or place.WhichOneof("kind") != "index":
        raise FormatError(f"The metadata has no index for the list {descriptor.full_name}.")
    return int(place.index)


def _is_repeated(descriptor: Any) -> bool:
    return bool(descriptor.default_value == [])  # protobuf before 6 has no is_repeated, and 7 no label
