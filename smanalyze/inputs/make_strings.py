"""Strings in the formats that their readers ask for."""

from __future__ import annotations

import base64
import gzip
import json
import zlib
from math import prod
from typing import Any

from smanalyze.facts import example_proto, wire
from smanalyze.inputs.make_values import Making, check_room, numbers, plain_text
from smanalyze.inputs.pictures import picture, wav
from smanalyze.inputs.sizes import Size, size_of
from smanalyze.inputs.tensor_bytes import tensor_proto
from smanalyze.inputs.tensors import Code, Part, Source

_ORDER = (
    "example", "sequence_example", "image", "wav", "raw", "csv", "number", "tensor", "json_example", "base64",
    "compressed", "words", "text",
)  # fmt: skip
"""Where a string is read in several ways, the first of these is what it is."""

MAX_STRINGS = 1 << 20
"""More strings are not made."""

MAX_DIFFERENT = 256
"""After so many they begin anew: each is some work."""

MAX_STEPS = 8
"""A feature list has no more."""


MAX_WORK, MAX_WORK_EACH = 1 << 24, 1 << 26
"""Strings are made anew as long as they hold no more numbers, pixels and samples than this in all; one that holds more
by itself is not made."""


def strings(source: Source, shape: tuple[int, ...], making: Making) -> Any:
    """An object array of bytes. Raises LimitError for too many, and for such as are too long."""
    import numpy as np

    count = check_room(shape, MAX_STRINGS)
    each = check_room((_work(source, making),), MAX_WORK_EACH) if count else 1
    different = max(1, min(MAX_DIFFERENT, MAX_WORK // each))
    made = [one_string(source, number, making) for number in range(min(count, different))]
    found = np.empty(count, object)
    for start in range(0, count, different):
        found[start : start + different] = made[: count - start]
    return found.reshape(shape)


def _kind(source: Source) -> str:
    return next((kind for kind in _ORDER if kind in source.codes), "")


def _work(source: Source, making: Making) -> int:
    """About how many numbers one string is made of, at least 1."""
    code = source.codes.get(_kind(source))
    if code is None:
        return 1
    if code.kind == "image":
        return prod(
            (_size(code.option("height"), making), _size(code.option("width"), making), code.option("channels"))
        )
    if code.kind == "wav":
        return prod((_samples(code, making), code.option("channels")))
    steps = min(making.length, MAX_STEPS)
    return 1 + sum(
        (steps if part.kind.startswith("list") else 1)
        * prod(making.sizes(part.source, part.source.rank_wanted))
        * _work(part.source, making)
        for part in code.parts
    )


def one_string(source: Source, number: int, making: Making) -> bytes:
    """The string at one place."""
    kind = _kind(source)
    if kind and kind != "text":
        return _WRITERS[kind](source.codes[kind], number, making)
    if not kind and not source.wishes and making.code != "text":
        return _guess(number, making)
    return plain_text(source, number, making)


def _guess(number: int, making: Making) -> bytes:
    """A string in a format that nothing in the graph tells."""
    if making.code == "number":
        return b"1"
    if making.code == "image":
        return picture("png", making.length, making.length, 3, number)
    return b""  # an empty tf.Example, which is valid


def _size(size: Size, making: Making, usual: int = 0) -> int:
    return size_of(size, making.chosen) or usual or making.length


def _values(part: Part, number: int, making: Making) -> Any:
    """The values of one part, as an array."""
    source = part.source
    shape = making.sizes(source, source.rank_wanted)
    if part.kind not in ("dense", "list dense"):
        shape = ((3, 1, 2)[number % 3] if making.style == "edge" else 1,)
    check_room(shape, MAX_STRINGS)
    inner = making.at(number)
    return strings(source, shape, inner) if source.dtype == "string" else numbers(source, shape, inner)


# tf.Example ---------------------------------------------------------------------------------------------------------


def _left_out(part: Part, number: int, making: Making) -> bool:
    return part.optional and making.style == "edge" and number % 3 == 1


def _example(code: Code, number: int, making: Making) -> bytes:
    """All features; of every three the second has those alone that must be there, the third one nobody asks for."""
    features = [
        (part.name, _feature(_values(part, number, making)))
        for part in sorted(code.parts, key=lambda part: part.name)
        if not _left_out(part, number, making)
    ]
    if making.style == "edge" and number % 3 == 2:
        features.append(("smanalyze_unknown", example_proto.bytes_feature([b"text"])))
    return example_proto.example(features)


def example_bytes(features: dict[str, Any]) -> bytes:
    """A serialized tf.Example of these features: vectors of floats, integers, or bytes (an object array)."""
    return example_proto.example([(name, _feature(values)) for name, values in sorted(features.items())])


def _feature(values: Any) -> bytes:
    if values.dtype == object:
        return example_proto.bytes_feature(values.ravel())
    if values.dtype.kind == "f":
        return example_proto.float_feature(values.astype("<f4").tobytes())
    return example_proto.int_feature(map(int, values.ravel()))


def _sequence_example(code: Code, number: int, making: Making) -> bytes:
    """Context, and feature lists that are all of one length."""
    context = [(part.name, _feature(_values(part, number, making)))
               for part in code.parts if not part.kind.startswith("list")]  # fmt: skip
    steps = min(making.length, MAX_STEPS)
    lists = [
        (part.name, b"".join(wire.field(1, _feature(_values(part, step, making))) for step in range(steps)))
        for part in code.parts
        if part.kind.startswith("list")
    ]
    return b"".join(wire.field(k, example_proto.named(own)) for k, own in ((1, context), (2, lists)) if own)


def _json_example(code: Code, number: int, making: Making) -> bytes:
    """The Example of the code within, in proto3's JSON."""
    inner = code.parts[0].source.codes.get("example")
    features: dict[str, Any] = {}
    for part in inner.parts if inner is not None else ():
        values = _values(part, number, making)
        if values.dtype == object:
            features[part.name] = {"bytesList": {"value": [_b64(value) for value in values.ravel()]}}
        elif values.dtype.kind == "f":
            features[part.name] = {"floatList": {"value": [float(value) for value in values.ravel()]}}
        else:
            features[part.name] = {"int64List": {"value": [str(int(value)) for value in values.ravel()]}}
    return json.dumps({"features": {"feature": features}}, sort_keys=True).encode()


def _b64(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")


# The rest -----------------------------------------------------------------------------------------------------------


def _image(code: Code, number: int, making: Making) -> bytes:
    sizes = _size(code.option("height"), making), _size(code.option("width"), making)
    return picture(code.option("format"), *sizes, code.option("channels"), number)


def _wav(code: Code, number: int, making: Making) -> bytes:
    return wav(_samples(code, making), code.option("channels"), number)


def _samples(code: Code, making: Making) -> int:
    return _size(code.option("samples"), making, 16000)


def _raw(code: Code, number: int, making: Making) -> bytes:
    values = _values(code.parts[0], number, making)
    order = "<" if code.option("little") else ">"
    return bytes(
        values.astype(values.dtype.newbyteorder(order)).tobytes() if values.dtype.isbuiltin else values.tobytes()
    )


def _scalar(part: Part, number: int, making: Making) -> bytes:
    value = _values(part, number, making).ravel()[0]
    return value if isinstance(value, bytes) else (f"{value:.6g}" if value.dtype.kind == "f" else str(value)).encode()


def _csv(code: Code, number: int, making: Making) -> bytes:
    given = {int(part.name): _scalar(part, number, making) for part in code.parts}
    columns = [given.get(place, b"0") for place in range(max(given, default=0) + 1)]
    delimiter = code.option("delimiter").encode()
    quoted = (b'"' + c.replace(b'"', b'""') + b'"' if delimiter in c or b'"' in c or b"\n" in c else c for c in columns)
    return bytes(delimiter.join(quoted))


def _number(code: Code, number: int, making: Making) -> bytes:
    return _scalar(code.parts[0], number, making)


def _tensor(code: Code, number: int, making: Making) -> bytes:
    part = code.parts[0]
    return tensor_proto(part.source.dtype, _values(part, number, making))


def _base64(code: Code, number: int, making: Making) -> bytes:
    return base64.urlsafe_b64encode(one_string(code.parts[0].source, number, making)).rstrip(b"=")


def _compressed(code: Code, number: int, making: Making) -> bytes:
    inner = one_string(code.parts[0].source, number, making)
    method = code.option("method")
    return zlib.compress(inner) if method == "ZLIB" else gzip.compress(inner, mtime=0) if method == "GZIP" else inner


def _words(code: Code, number: int, making: Making) -> bytes:
    source = code.parts[0].source
    separator = code.option("separator") or b" "
    if not source.wishes and not source.codes.keys() - {"text", "words"}:
        return plain_text(source, number, making)
    return bytes(separator.join(one_string(source, 3 * number + k, making) for k in range(3)))


_WRITERS = {
    "example": _example, "sequence_example": _sequence_example, "image": _image, "wav": _wav, "raw": _raw, "csv": _csv,
    "number": _number, "tensor": _tensor, "json_example": _json_example, "base64": _base64,
    "compressed": _compressed, "words": _words,
}  # fmt: skip
