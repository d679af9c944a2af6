"""The bytes that TensorFlow's C++ would write for a message: maps sorted by key, fields in order of their numbers.

Serialising with ``deterministic=True`` in Python (upb) gives other bytes: it sorts integer keys downwards, and a longer
key before its own prefix. So our messages are defined once more here, in a private pool where a map is what it is on
the wire, a repeated message of key and value, and the entries are put in order by hand.

Source: google/protobuf/map_field.h and wire_format.cc of protobuf (a map's entries are sorted by key when serialisation
is deterministic; of equal keys the last counts; an entry always has its key and its value; what else an entry holds is
dropped), tensorflow/core/platform/protobuf.h (SerializeToStringDeterministic).
"""

from __future__ import annotations

from functools import cache
from operator import attrgetter
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError
from google.protobuf.unknown_fields import UnknownFieldSet

from smanalyze.errors import FormatError
from smanalyze.format.faults import Buffer
from smanalyze.format.schema import descriptor_set
from smanalyze.model.record import record

_MESSAGE = descriptor_pb2.FieldDescriptorProto.TYPE_MESSAGE
_key = attrgetter("key")


def canonical(data: Buffer, name: str = "tensorflow.SavedModel") -> Any:
    """The message of type ``name`` in canonical form: ``SerializeToString`` of it, and of any message in it, gives the
    bytes that C++ would write. Its maps are repeated messages of ``key`` and ``value``, ascending by key.

    Raises FormatError where the bytes do not parse. Linear in their number; keeps about seven times their size.
    """
    try:
        message = message_as_on_the_wire(name).FromString(data)
    except DecodeError as error:
        raise FormatError("The file is damaged: it does not parse as its kind.") from error
    Canonicaliser().sort(message, name)
    return message


class Canonicaliser:
    """Puts the map entries of messages in order, in place. Looks only at fields that can hold a map."""

    def __init__(self) -> None:
        self.plans: dict[str, _Plan] = {}

    def sort(self, message: Any, name: str) -> None:
        """Every map in ``message``, which is of the type ``name``."""
        self._sort(message, self._plan(name))

    def _plan(self, name: str) -> _Plan:
        plan = self.plans.get(name)
        if plan is None:
            plan = self.plans[name] = _Plan()
            for field in message_as_on_the_wire(name).DESCRIPTOR.fields:
                if field.message_type is not None and field.message_type.full_name in _schema().holders:
                    self._add(plan, field, field.message_type)
        return plan

    def _add(self, plan: _Plan, field: Any, target: Any) -> None:
        if target.full_name in _schema().entries:
            value = target.fields_by_name["value"].message_type
            deep = value is not None and value.full_name in _schema().holders
            plan.maps.append((field.name, value is not None, self._plan(value.full_name) if deep else None))
        elif field.default_value == []:  # protobuf before 6 has no is_repeated, and 7 no label
            plan.lists.append((field.name, self._plan(target.full_name)))
        else:
            plan.singles.append((field.name, self._plan(target.full_name)))

    def _sort(self, message: Any, plan: _Plan) -> None:
        for name, is_message, inner in plan.maps:
            entries = getattr(message, name)
            if entries:
                self._sort_entries(entries, is_message, inner)
        for name, inner in plan.lists:
            for item in getattr(message, name):
                self._sort(item, inner)
        for name, inner in plan.singles:
            if message.HasField(name):
                self._sort(getattr(message, name), inner)

    def _sort_entries(self, entries: Any, is_message: bool, inner: _Plan | None) -> None:
        # Most of the time goes by here: a model has some four entries a node.
        singles = inner.singles if inner is not None else ()
        deeper = inner is not None and (inner.maps or inner.lists)
        keys = []
        for entry in entries:
            key = entry.key
            keys.append(key)
            if not key:
                entry.key = key  # sets it where it was left out
            value = entry.value
            if is_message:
                value.SetInParent()
                if deeper:
                    self._sort(value, inner)  # type: ignore[arg-type]
                else:
                    for name, plan in singles:
                        if value.HasField(name):
                            self._sort(getattr(value, name), plan)
            elif not value:
                entry.value = value
            if len(UnknownFieldSet(entry)):
                _drop_unknown(entry)
        try:
            sound = keys == sorted(set(keys))
        except TypeError:  # text and bytes
            sound = False
        if not sound:
            if len(set(keys)) < len(keys):
                _drop_repeated(entries, keys)
            entries.sort(key=_key_bytes if bytes in map(type, keys) else _key)


class _Plan:
    """The fields of one message type that can hold a map: (name, is the value a message, plan of the value) of each
    map, (name, plan) of each repeated and each single message."""

    __slots__ = ("lists", "maps", "singles")

    def __init__(self) -> None:
        self.maps: list[tuple[str, bool, _Plan | None]] = []
        self.lists: list[tuple[str, _Plan]] = []
        self.singles: list[tuple[str, _Plan]] = []


def _key_bytes(entry: Any) -> bytes:
    """GraphDebugInfo is of syntax 2, where a key that is not UTF-8 comes as bytes, and any other as text."""
    key = entry.key
    return key if isinstance(key, bytes) else key.encode()


def _drop_repeated(entries: Any, keys: list[Any]) -> None:
    """Of equal keys the last stays."""
    last = {key: position for position, key in enumerate(keys)}
    kept = [entries[position] for position in sorted(last.values())]
    copies = [type(entry).FromString(entry.SerializeToString()) for entry in kept]
    del entries[:]
    entries.extend(copies)


def _drop_unknown(entry: Any) -> None:
    """Leaves the key and the value as they are, and drops what else the entry itself holds."""
    whole = type(entry)()
    whole.CopyFrom(entry)
    entry.DiscardUnknownFields()  # those in the value, too, which are to stay
    if hasattr(whole.value, "CopyFrom"):
        entry.value.CopyFrom(whole.value)


@record
class _Schema:
    """Our messages with maps as they are on the wire; full names of the map entries (``entries``), and of all messages
    that can hold a map at any depth (``holders``, the entries included)."""

    pool: Any
    entries: frozenset[str]
    holders: frozenset[str]


@cache
def _schema() -> _Schema:
    pool = descriptor_pool.DescriptorPool()
    refers: dict[str, set[str]] = {}
    entries: set[str] = set()
    for file in descriptor_pb2.FileDescriptorSet.FromString(descriptor_set()).file:
        for message in file.message_type:
            _unmap(message, file.package, entries, refers)
        pool.AddSerializedFile(file.SerializeToString())
    holders: set[str] = set()
    found = set(entries)
    while found:
        holders |= found
        found = {name for name, targets in refers.items() if name not in holders and targets & holders}
    return _Schema(pool, frozenset(entries), frozenset(holders))


def _unmap(message: Any, outer: str, entries: set[str], refers: dict[str, set[str]]) -> None:
    """Makes plain messages of the map entries in a DescriptorProto; collects them, and what refers to what."""
    name = f"{outer}.{message.name}"
    refers[name] = {field.type_name[1:] for field in message.field}
    for nested in message.nested_type:
        _unmap(nested, name, entries, refers)
    if message.options.map_entry:
        entries.add(name)
        message.options.ClearField("map_entry")
        for field in message.field:
            if field.type != _MESSAGE:  # a key or value that is zero has to be written too
                field.proto3_optional = True
                field.oneof_index = len(message.oneof_decl)
                message.oneof_decl.add(name=f"_{field.name}")


@cache
def message_as_on_the_wire(name: str) -> Any:
    """The class of a message by full name, whose maps are repeated messages of ``key`` and ``value``."""
    return message_factory.GetMessageClass(_schema().pool.FindMessageTypeByName(name))
