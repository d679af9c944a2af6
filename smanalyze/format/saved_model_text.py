"""saved_model.pbtxt: the same message in protobuf's text format, and the files that only bear its name."""

from __future__ import annotations

import re
from typing import Any

from google.protobuf import text_format
from google.protobuf.message import DecodeError, EncodeError

from smanalyze.errors import FormatError
from smanalyze.format.salvage import Loss
from smanalyze.format.saved_model import ParsedSavedModel, of_message
from smanalyze.format.schema import message_class, pool

_FIRST_FIELD = re.compile(r"^\s*(?:#[^\n]*\n\s*)*([A-Za-z_][A-Za-z0-9_]*)\s*[:{<]")

#: First field of a text file that is no SavedModel -> what the file is.
_OTHERS = {
    "node": "a GraphDef (its first field is `node`), which has no signatures, variables or tags",
    "library": "a GraphDef (its first field is `library`), which has no signatures, variables or tags",
    "versions": "a GraphDef (its first field is `versions`), which has no signatures, variables or tags",
    "item": "a label map (its first field is `item`), the list of class names of an object detection model",
    "meta_info_def": "a MetaGraphDef, one part of a SavedModel",
    "graph_def": "a MetaGraphDef, one part of a SavedModel",
    "model": "a training pipeline configuration (its first field is `model`)",
}


def parse_saved_model_text(data: bytes, *, file: str) -> ParsedSavedModel:
    """A SavedModel in text format. Unknown fields of newer releases are left out and listed in ``losses``.

    Raises FormatError for anything else, saying what it looks like and the line where reading stopped, and for messages
    nested deeper than the binary form can be read.
    """
    if b"\0" in data[:4096]:
        raise FormatError("The file is binary; a .pbtxt holds text. Rename it to saved_model.pb.", file=file, offset=0)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise FormatError("The file is not UTF-8 text.", file=file, offset=error.start) from error
    first = _FIRST_FIELD.match(text)
    if first and first[1] in _OTHERS:
        raise FormatError(f"The file is {_OTHERS[first[1]]}, not a SavedModel.", file=file, offset=first.start(1))
    return _parse(text, file)


def binary_of(data: bytes) -> bytes:
    """What saved_model.pb would hold in place of this text; raises FormatError where it does not parse as a whole."""
    try:
        message = _message(data.decode("utf-8"))
    except (text_format.ParseError, UnicodeDecodeError) as error:
        raise FormatError("The file does not parse as a whole, so it has no binary form.") from error
    return bytes(message.SerializeToString())


def _parse(text: str, file: str) -> ParsedSavedModel:
    losses: tuple[Loss, ...] = ()
    try:
        message = _message(text, file=file)
    except text_format.ParseError as error:
        if "has no field named" not in str(error) or "meta_graphs" not in text:
            raise _unusable(error, text, file) from error
        losses = (Loss(_offset(error, text), "SavedModel", f"holds a field this version does not know ({error})"),)
        try:
            message = _message(text, allow_unknown_field=True, file=file)
        except text_format.ParseError as second:
            raise _unusable(second, text, file) from second
    return of_message(message, losses)


def _message(text: str, *, allow_unknown_field: bool = False, file: str | None = None) -> Any:
    """The SavedModel; raises ParseError, and FormatError where it is nested too deeply."""
    cls = message_class("tensorflow.SavedModel")
    try:
        message = text_format.Parse(text, cls(), allow_unknown_field=allow_unknown_field, descriptor_pool=pool())
        # The parser of text knows no limit but Python's stack, and what walks the message would end there later. That
        # of the binary form has one, and costs a hundredth of it.
        return cls.FromString(message.SerializeToString())
    except (RecursionError, EncodeError, DecodeError) as error:
        raise FormatError("The messages in the file are nested too deeply to be read.", file=file) from error


def _unusable(error: text_format.ParseError, text: str, file: str) -> FormatError:
    line = error.GetLine() or 1
    reason = str(error).split(" : ", 1)[-1].rstrip(".")
    return FormatError(
        f"The file is no SavedModel in text form: line {line}: {reason}.", file=file, offset=_offset(error, text)
    )


def _offset(error: text_format.ParseError, text: str) -> int:
    """The byte where the line of the error begins."""
    line = error.GetLine() or 1
    return len("".join(text.splitlines(keepends=True)[: line - 1]).encode())
