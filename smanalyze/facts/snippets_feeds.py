"""What the snippets of one signature send: the dense tensors behind its inputs, and the Examples in them."""

from __future__ import annotations

import ast
import base64
import json
import struct
from math import prod

from smanalyze.facts import example_proto
from smanalyze.facts.fed_parts import fed_parts
from smanalyze.facts.parse_spec import ExampleInput, Feature
from smanalyze.model.record import record
from smanalyze.model.saved_model import Signature
from smanalyze.model.tensors import Component, Shape, TensorInfo

MAX_JSON_VALUES = 64
"""A request with more values is written as code that makes it."""

EXAMPLE_LISTS = {"float32": "float_list", "int64": "int64_list", "string": "bytes_list"}
"""The list of a tf.Feature that holds a dtype (tensorflow/core/example/feature.proto)."""


@record
class Caller:
    """What a snippet is written for. ``tags`` of the MetaGraph, which Python must name where there are ``several``;
    ``path`` of the model's folder; ``imports`` are statements that register ops of other libraries."""

    signature: Signature
    tags: tuple[str, ...]
    several: bool
    path: str
    examples: tuple[ExampleInput, ...] = ()
    imports: tuple[str, ...] = ()

    def required(self) -> list[TensorInfo]:
        """The inputs without a default. Serving fills in the others, and a session finds the default in the graph
        (PlaceholderWithDefault); only a signature loaded in Python asks for all."""
        return [info for info in self.signature.inputs if info.default is None]

    def example(self, name: str) -> ExampleInput | None:
        """The Examples that an input takes, None for an input of plain tensors."""
        return next((found for found in self.examples if found.name == name), None)

    def sizes(self, info: TensorInfo) -> tuple[int, ...]:
        """The sizes of what is sent for an input: unknown ones are 1; Examples go in a vector unless told otherwise."""
        return (1,) if info.shape is None and self.example(info.name) else known_sizes(info.shape)


Value = bool | int | float | bytes


@record
class Feed:
    """One dense tensor: the keyword that Python knows it by, its name in the graph, and its values: zeros (or
    ``"text"``) of these sizes, or ``values``, flat."""

    keyword: str
    tensor_name: str
    dtype: str
    sizes: tuple[int, ...]
    values: tuple[Value, ...] | None = None


def known_sizes(shape: Shape) -> tuple[int, ...]:
    """The sizes with 1 for each unknown one; () for unknown rank."""
    return tuple(1 if size is None else size for size in shape or ())


def code_text(text: str) -> str:
    """A string literal of ASCII alone, for Python and for C++."""
    pieces = (json.dumps(c)[1:-1] if ord(c) < 0x10000 else f"\\U{ord(c):08x}" for c in text)
    return f'"{"".join(pieces)}"'


# Encoded inputs -----------------------------------------------------------------------------------------------------


def feeds(caller: Caller, info: TensorInfo) -> tuple[Feed, ...]:
    """The dense tensors of one input: those of a SparseTensor or composite one are its components, which hold one
    value each."""
    dtype = info.dtype.removesuffix("_ref")
    if info.encoding == "sparse":
        return _sparse_feeds(info)
    if info.encoding == "ragged":
        return _ragged_feeds(info)
    if info.components:
        return tuple(_component(keyword, part) for keyword, part in fed_parts(info))
    sizes = caller.sizes(info)
    return (Feed(info.name, info.tensor_name, dtype, sizes, default_values(info.default, prod(sizes))),)


def default_values(text: str | None, count: int) -> tuple[Value, ...] | None:
    """The values of a default, None where its text does not tell all of them."""
    try:
        found = ast.literal_eval(text or "")
    except (SyntaxError, ValueError, MemoryError, RecursionError):  # <bfloat16 ()>, nan
        return None
    values = found if isinstance(found, list) else [found]
    whole = len(values) == count and all(isinstance(value, Value) for value in values)  # no ellipsis
    return tuple(values) if whole else None


def _component(keyword: str, part: Component) -> Feed:
    return Feed(keyword, part.tensor_name, part.dtype, known_sizes(part.shape))


def _sparse_feeds(info: TensorInfo) -> tuple[Feed, ...]:
    parts = fed_parts(info)
    shape = info.shape
    if shape is None:
        (rank,) = next((known_sizes(part.shape)[:1] for _, part in parts if part.role == "dense_shape"), ()) or (1,)
        shape = (None,) * min(rank, 254)  # TensorFlow's largest rank
    sizes = known_sizes(shape)
    count = min(prod(sizes), 1)
    values: dict[str, tuple[tuple[int, ...], tuple[int, ...] | None]] = {
        "indices": ((count, len(sizes)), None), "values": ((count,), None), "dense_shape": ((len(sizes),), sizes),
    }  # fmt: skip
    return tuple(Feed(keyword, part.tensor_name, part.dtype, *values[part.role]) for keyword, part in parts)


def _ragged_feeds(info: TensorInfo) -> tuple[Feed, ...]:
    parts = fed_parts(info)
    splits = []
    for keyword, part in parts[1:]:
        length = (known_sizes(part.shape)[:1] or (2,))[0] if part.shape and part.shape[0] is not None else 2
        length = max(1, min(length, MAX_JSON_VALUES))
        numbers = (0, *(1,) * (length - 1))
        splits.append(Feed(keyword, part.tensor_name, part.dtype, (length,), numbers))
    if not parts:
        return ()
    flat = _component(*parts[0])
    inner = flat.sizes[1:] or known_sizes(info.shape)[len(splits) + 1 :]
    count = 0 if splits and splits[-1].sizes == (1,) else 1
    return (Feed(flat.keyword, flat.tensor_name, flat.dtype, (count, *inner)), *splits)


# Examples -----------------------------------------------------------------------------------------------------------


def feature_size(feature: Feature) -> int:
    """How many values an Example holds for a feature; unknown sizes are 1, and so are sparse and ragged ones."""
    return prod(known_sizes(feature.shape))


def sendable(example: ExampleInput) -> tuple[Feature, ...]:
    """The features whose dtype an Example can hold, which is all of a sound model's."""
    return tuple(feature for feature in example.features if feature.dtype in EXAMPLE_LISTS)


def feature_value(feature: Feature) -> float | int | str:
    """The value that stands for one to be filled in."""
    values: dict[str, float | int | str] = {"float32": 0.0, "int64": 0, "string": "text"}
    return values[feature.dtype]


def example_base64(example: ExampleInput) -> str:
    """A serialized tf.Example of zeros and ``text``, as base64 (tensorflow/core/example/example.proto)."""
    features = example_proto.example((feature.name, _feature(feature)) for feature in sendable(example))
    return base64.b64encode(features).decode("ascii")


def _feature(feature: Feature) -> bytes:
    count = feature_size(feature)
    if feature.dtype == "string":
        return example_proto.bytes_feature([b"text"] * count)
    if feature.dtype == "float32":
        return example_proto.float_feature(struct.pack("<f", 0.0) * count)
    return example_proto.int_feature([0] * count)
