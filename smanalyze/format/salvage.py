"""What is left of a damaged message: every field that still parses, and the places of those that do not.

upb answers "wire format was corrupt" without a place. This walks the wire format itself
(protobuf's encoding specification), keeps the fields that parse, and goes into the ones that do not, so that one bad
byte costs one node and not the whole model.
"""

from __future__ import annotations

from typing import Any

from google.protobuf.message import DecodeError

from smanalyze.errors import FormatError
from smanalyze.format.schema import message_class
from smanalyze.format.varint import read_varint
from smanalyze.model.record import record

MAX_DEPTH = 96
"""Deeper nesting is dropped: upb refuses a little above 100 levels."""

MAX_LOSSES = 1000
"""After this many lost fields the rest is left out: the file is noise, and the walk must end."""

_TYPE_MESSAGE, _TYPE_STRING = 11, 9


@record
class Loss:
    """One field that could not be kept: where it begins in the file, its path from the message, and why."""

    offset: int
    path: str
    reason: str

    def text(self) -> str:
        """A sentence; the middle of a deep path is left out."""
        fields = self.path.split(".")
        shown = fields if len(fields) <= 8 else [*fields[:5], "…", *fields[-2:]]
        return f"{'.'.join(shown)} {self.reason}."


def salvage(data: bytes | memoryview, full_name: str) -> tuple[Any, tuple[Loss, ...]]:
    """The message of type ``full_name`` made of all fields that parse, and what was lost, in file order."""
    losses: list[Loss] = []
    cls = message_class(full_name)
    kept = _keep(memoryview(data), cls.DESCRIPTOR, 0, full_name.rsplit(".", 1)[-1], 0, losses)
    try:
        return cls.FromString(kept), tuple(losses)
    except DecodeError:  # a rule that this walk does not know; nothing can be trusted then
        return cls(), (*losses, Loss(0, full_name, "cannot be parsed"))


def _keep(data: memoryview, descriptor: Any, base: int, path: str, depth: int, losses: list[Loss]) -> bytes:
    out = bytearray()
    position = 0
    while position < len(data) and len(losses) < MAX_LOSSES:
        start = position
        try:
            number, wire, position = _tag(data, position)
            position, body = _skip(data, position, wire)
        except FormatError as error:
            cut = _cut_field(data, start, descriptor, base, path, depth, losses)
            if cut is None:  # else the place is told by the innermost field that is cut
                losses.append(Loss(base + start, path, error.message))
            out += cut or b""
            break
        if wire != 2:
            out += data[start:position]
            continue
        field = descriptor.fields_by_number.get(number)
        inner = data[body:position]
        if field is None or _parses(inner, field):
            out += data[start:position]
        else:
            out += _mend(inner, field, base + body, f"{path}.{field.name}", depth, losses)
    return bytes(out)


def _mend(inner: memoryview, field: Any, base: int, path: str, depth: int, losses: list[Loss]) -> bytes:
    """A field that does not parse: a message with its bad parts left out, or nothing."""
    if field.type != _TYPE_MESSAGE:
        losses.append(Loss(base, path, "is not valid UTF-8"))
        return b""
    if depth >= MAX_DEPTH:
        losses.append(Loss(base, path, f"is nested more than {MAX_DEPTH} levels deep"))
        return b""
    kept = _keep(inner, field.message_type, base, path, depth + 1, losses)
    return _varint(field.number << 3 | 2) + _varint(len(kept)) + kept


def _cut_field(
    data: memoryview, start: int, descriptor: Any, base: int, path: str, depth: int, losses: list[Loss]
) -> bytes | None:
    """The last field of data that ends too early: of a message, what its complete fields hold; None of any other."""
    try:
        number, wire, position = _tag(data, start)
        _, position = read_varint(data, position)
    except FormatError:
        return None
    field = descriptor.fields_by_number.get(number)
    if wire != 2 or field is None or field.type != _TYPE_MESSAGE or depth >= MAX_DEPTH or position >= len(data):
        return None
    return _mend(data[position:], field, base + position, f"{path}.{field.name}", depth, losses)


def _tag(data: memoryview, position: int) -> tuple[int, int, int]:
    tag, position = read_varint(data, position)
    number, wire = tag >> 3, tag & 7
    if number == 0 or wire in (3, 4, 6, 7):
        raise FormatError(f"holds an impossible field tag ({tag})")
    return number, wire, position


def _skip(data: memoryview, position: int, wire: int) -> tuple[int, int]:
    """(end of the field, start of its payload)."""
    if wire == 0:
        return read_varint(data, position)[1], position
    if wire in (1, 5):
        end, body = position + (8 if wire == 1 else 4), position
    else:
        length, body = read_varint(data, position)
        end = body + length
    if end > len(data):
        raise FormatError(f"ends {end - len(data)} bytes too early")
    return end, body


def _parses(inner: memoryview, field: Any) -> bool:
    if field.type == _TYPE_MESSAGE:
        try:
            message_class_of(field).FromString(bytes(inner))
        except (DecodeError, RecursionError):
            return False
    elif field.type == _TYPE_STRING:
        try:
            bytes(inner).decode()
        except UnicodeDecodeError:
            return False
    return True


def message_class_of(field: Any) -> Any:
    """The class of a message field, of map entries too."""
    from google.protobuf import message_factory

    return message_factory.GetMessageClass(field.message_type)


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
