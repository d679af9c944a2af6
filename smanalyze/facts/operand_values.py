"""Strings that a graph puts together, as far as they can be known without running it.

A value is a sequence of pieces: text that stands in the graph, and what stands for the rest (the path of an asset, an
input, a variable …). Something that may have several values has several alternatives.
"""

from __future__ import annotations

import base64
import binascii
import posixpath
import re
from collections.abc import Callable, Iterable
from itertools import groupby, product

from smanalyze.model.record import record
from smanalyze.report.scan import Operand, Origin

MAX_ALTERNATIVES = 8
MAX_TEXT = 4096
MAX_PIECES = 16

_ORIGINS: tuple[Origin, ...] = ("caller", "loader", "stored", "computed", "asset")
"""Of several pieces that are not text the first of these decides."""

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_ABSOLUTE = re.compile(r"[/\\]|[A-Za-z]:[/\\]|[A-Za-z][A-Za-z0-9+.-]*://")


@record
class Piece:
    """A part of a value: ``text`` of the graph where ``origin`` is ``constant``, else what it stands for."""

    origin: Origin
    text: str


Value = tuple[Piece, ...]
Values = tuple[Value, ...]
"""The alternatives; () where nothing can come: a loop that only hands itself on."""


def text_of(data: bytes) -> str:
    """Bytes as text that still says which bytes they are, so that a cut falls where TensorFlow's does."""
    return data.decode("utf-8", "surrogateescape")


def text_value(text: str) -> Value:
    """A value that stands in the graph."""
    return (Piece("constant", text),)


def hole(origin: Origin, text: str) -> Value:
    """A value that is not known."""
    return (Piece(origin, text),)


def either(*every: Values) -> Values:
    """All alternatives of some; where they are too many those that lead elsewhere first, and one that says so."""
    found = tuple(dict.fromkeys(value for values in every for value in values))
    if len(found) <= MAX_ALTERNATIVES:
        return found
    found = tuple(sorted(found, key=lambda value: not _leads_elsewhere(value)))
    origins = {piece.origin for value in found for piece in value}
    rest = f"one of {len(found) - MAX_ALTERNATIVES + 1:,} more"
    return (*found[: MAX_ALTERNATIVES - 1], hole(_worst(origins), rest))


def joined(parts: Iterable[Values], separator: str = "") -> Values:
    """Every way to put alternatives one after another."""
    lists = [values or (hole("computed", "?"),) for values in parts]
    combinations = 1
    for values in lists:
        combinations *= len(values)
    if combinations > MAX_ALTERNATIVES**2:
        lists = [values[:1] if len(values) == 1 else (_mixed(values),) for values in lists]
    found = []
    for choice in product(*lists):
        pieces: list[Piece] = []
        for number, value in enumerate(choice):
            if number and separator:
                pieces.append(Piece("constant", separator))
            pieces += value
        found.append(_merged(pieces))
    return either(tuple(found))


def _mixed(values: Values) -> Value:
    return hole(_worst({piece.origin for value in values for piece in value}), f"one of {len(values)}")


def _worst(origins: set[Origin]) -> Origin:
    """Who decides where nothing else is known of a value."""
    return next((origin for origin in _ORIGINS if origin in origins and origin != "asset"), "computed")


def _merged(pieces: Iterable[Piece]) -> Value:
    """Text beside text becomes one piece."""
    found: list[Piece] = []
    for is_text, group in groupby(pieces, lambda piece: piece.origin == "constant"):
        if is_text:  # of a text that is cut anyway no more than that is put together
            text = "".join(piece.text[: MAX_TEXT + 1] for piece in group)
            found += [Piece("constant", text)] if text else []
        else:
            found += group
    if sum(len(piece.text) for piece in found) > MAX_TEXT:
        return (*found[:1], Piece(_worst({piece.origin for piece in found}), "…")) if len(found) > 1 else (
            Piece("constant", found[0].text[: MAX_TEXT // 2]), Piece("computed", "…"),
        )  # fmt: skip
    if len(found) > MAX_PIECES:
        found[MAX_PIECES - 1 :] = [Piece(_worst({piece.origin for piece in found[MAX_PIECES - 1 :]}), "…")]
    return tuple(found) or text_value("")


def formatted(template: str, placeholder: str, inputs: list[Values]) -> Values:
    """What StringFormat makes: each placeholder in turn is the next input (core/kernels/string_format_op.cc)."""
    texts = template.split(placeholder) if placeholder else [template]
    parts: list[Values] = []
    for number, text in enumerate(texts):
        parts.append((text_value(text),))
        if number < len(texts) - 1:
            parts.append(inputs[number] if number < len(inputs) else (hole("computed", "?"),))
    return joined(parts)


def mapped(values: Values, change: Callable[[str], str | None], how: str) -> Values:
    """What an op makes of a text alone; where it is not wholly known, or the op fails, what it depends on stays."""
    found = []
    for value in values:
        whole = value[0].text if len(value) == 1 and value[0].origin == "constant" else None
        changed = change(whole) if whole is not None else None
        if changed is not None:
            found.append(text_value(changed))
        else:
            found.append(hole(_worst({piece.origin for piece in value}), f"{how} of {plain(value)}"))
    return either(tuple(found))


def decoded(text: str) -> str | None:
    """What DecodeBase64 makes: web-safe, padding may be missing (core/kernels/base64_ops.cc)."""
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        return None
    return text_of(data)


def origin_of(value: Value) -> Origin:
    """What decides about the value: whoever controls a part of it."""
    origins = {piece.origin for piece in value}
    return next((origin for origin in _ORIGINS if origin in origins), "constant")


def plain(value: Value) -> str:
    """The value for people, with what is not known in braces."""
    text = "".join(piece.text if piece.origin == "constant" else f"{{{piece.text}}}" for piece in value)
    text = text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1] + "…"


def operand_of(value: Value, *, is_path: bool) -> Operand:
    """The operand as the report has it."""
    return Operand(plain(value), origin_of(value), _stays_inside(value) if is_path else None)


def _stays_inside(value: Value) -> bool | None:
    """Whether a path certainly stays in the model's folder, or certainly leads elsewhere; None where neither is sure.

    TensorFlow opens a relative path below the folder that the process runs in, which is not the model's.
    """
    origin = value[0].origin
    if origin == "asset":
        tail = [piece.text for piece in value[1:] if piece.origin == "constant"]
        if len(tail) < len(value) - 1:
            return None
        return _below_asset(value[0].text, "".join(tail))
    if origin == "constant" and (_ABSOLUTE.match(value[0].text) or len(value) == 1):
        return False
    return None


def _below_asset(asset: str, tail: str) -> bool | None:
    """Whether what is joined to the path of an asset stays in the model's folder: an asset is one folder below it."""
    if not tail or ".." not in re.split(r"[/\\]", tail):
        return True
    known = re.fullmatch(r"asset (.+)", asset)
    if known is None:  # a folder somewhere around an asset
        return None
    path = posixpath.normpath(f"assets/{known[1]}{tail}".replace("\\", "/"))
    return not path.startswith("../") and path != ".."


def _leads_elsewhere(value: Value) -> bool:
    first = value[0]
    return first.origin == "constant" and (not is_relative(first.text) or climbs(first.text))


def is_relative(text: str) -> bool:
    """Whether a constant path is looked for in the folder that the process runs in."""
    return not _ABSOLUTE.match(text)


def climbs(text: str) -> bool:
    """Whether a relative path leads out of any folder that it starts in."""
    path = posixpath.normpath(text.replace("\\", "/"))
    return path.startswith("../") or path == ".."


def leads_out(filename: str) -> bool:
    """Whether the name of an asset, joined to the folder of assets, leads out of the model."""
    return not is_relative(filename) or climbs(f"assets/{filename}")


def is_remote(text: str) -> bool:
    """Whether a path leads to another machine."""
    return bool(_SCHEME.match(text)) and not text.startswith(("file://", "ram://"))
