"""The features of the tf.Examples that a signature parses: their names, kinds and sizes, as the parsing node has them.

Sources: tensorflow/core/ops/parsing_ops.cc (inputs, attrs and outputs of ParseExample, ParseExampleV2 and
ParseSingleExample), tensorflow/core/util/example_proto_fast_parsing.cc (which features must be there).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import prod
from typing import Literal

from smanalyze.graph.body import PASS_THROUGH, BodyIndex, argument_mapping, output_position
from smanalyze.graph.model_graph import ModelGraph
from smanalyze.model.graph import ConstTensor
from smanalyze.model.record import record
from smanalyze.model.saved_model import Signature
from smanalyze.model.tensors import Shape

PARSE_OPS = frozenset({"ParseExample", "ParseExampleV2", "ParseSingleExample"})
MAX_BODIES = 5_000
"""How many calls are followed for one signature; no real one needs more than ten."""

_HANDED_ON = PASS_THROUGH | {
    "EnsureShape", "ExpandDims", "Gather", "GatherV2", "PlaceholderWithDefault", "Reshape", "Slice", "Squeeze",
    "StridedSlice", "TensorListFromTensor", "TensorListGetItem",
}  # fmt: skip
"""Ops whose strings are those of their first input, in another shape."""


@record
class Feature:
    """One feature of a tf.Example; dtype is float32, int64 or string.

    ``shape`` is that of one Example's value (a leading None: of any length), None where it is not known and for sparse
    and ragged features. ``has_default``: the feature may be missing.
    """

    name: str
    dtype: str
    kind: Literal["dense", "sparse", "ragged"]
    shape: Shape
    has_default: bool


@record
class ExampleInput:
    """One input of a signature that takes serialized tf.Examples, and their features by name; () where the keys
    stand in no constants."""

    name: str
    features: tuple[Feature, ...]


def example_features(graph: ModelGraph, signature: Signature) -> tuple[Feature, ...]:
    """The features of all Examples that the signature parses, by name; () where it parses none."""
    return _merged([feature for found in ParseSpecs(graph).inputs(signature) for feature in found.features])


class ParseSpecs:
    """Where the Examples of one MetaGraph are parsed: made once, asked for each signature."""

    def __init__(self, graph: ModelGraph) -> None:
        self._graph = graph
        self._library = graph.library
        self._any = not PARSE_OPS.isdisjoint(self._library.op_counts)
        self._parsing = self._functions() if self._any else frozenset()

    def _functions(self) -> frozenset[str]:
        """The functions that parse, or call one that does."""
        callers: dict[str, list[str]] = {}
        stack = []
        for name in self._library.functions:
            index = self._library.index(name)
            if not PARSE_OPS.isdisjoint(index.op_counts):
                stack.append(name)
            for call in index.calls:
                callers.setdefault(call.function, []).append(name)
        found: set[str] = set()
        while stack:
            name = stack.pop()
            if name not in found:
                found.add(name)
                stack.extend(callers.get(name, ()))
        return frozenset(found)

    def inputs(self, signature: Signature) -> tuple[ExampleInput, ...]:
        """The signature's inputs that reach a parsing node as they are, in its order."""
        if not self._any:
            return ()
        found: dict[str, list[Feature]] = {}
        for name, index, number in self._nodes(signature):
            found.setdefault(name, []).extend(feature for _, _, feature in parsed_features(index, number))
        return tuple(ExampleInput(i.name, _merged(found[i.name])) for i in signature.inputs if i.name in found)

    def _nodes(self, signature: Signature) -> Iterator[tuple[str, BodyIndex, int]]:
        """(input, body, node) for each node that parses an input."""
        main, kept = self._library.main, self._graph.main_slice(signature.key)
        given: dict[int, str] = {}
        for info in signature.inputs:
            number = main.producer(info.tensor_name) if info.dtype in ("string", "invalid") else None
            if number is not None and info.encoding == "dense":
                given.setdefault(number, info.name)
        stack: list[tuple[BodyIndex, dict[int, str]]] = [(main, given)]
        seen: set[tuple[str, tuple[tuple[int, str], ...]]] = set()
        while stack and len(seen) < MAX_BODIES:
            index, given = stack.pop()
            for number, op in enumerate(index.ops):
                if op in PARSE_OPS and (index is not main or number in kept):
                    origin = _origin(index, index.data_inputs(number)[:1], given)
                    if origin in given:
                        yield given[origin], index, number
            for call in index.calls:
                if call.function in self._parsing and (index is not main or call.node in kept):
                    callee = self._library.index(call.function)
                    pairs = argument_mapping(index, call, len(callee.arguments))
                    origins = [(-1 - argument, _origin(index, [text], given)) for text, argument in pairs]
                    passed = {argument: given[origin] for argument, origin in origins if origin in given}
                    key = (call.function, tuple(sorted(passed.items())))
                    if passed and key not in seen:
                        seen.add(key)
                        stack.append((callee, passed))


def _origin(index: BodyIndex, references: list[str], stops: Mapping[int, str]) -> int:
    """Where strings come from, looking through ops that hand them on, but not through ``stops``."""
    number: int | None = None
    for _ in range(64):
        number = index.producer(references[0]) if references else None
        if number is None or number < 0 or number in stops or index.ops[number] not in _HANDED_ON:
            break
        position = output_position(references[0]) if index.ops[number] == "IdentityN" else 0
        references = index.data_inputs(number)[position:]
    return len(index.ops) if number is None else number  # a number that no node has


def _merged(features: list[Feature]) -> tuple[Feature, ...]:
    """By name; of a feature that is parsed twice, the one that asks for more."""
    ordered = sorted(features, key=lambda f: (f.name, f.has_default, f.kind != "dense"))
    return tuple({feature.name: feature for feature in reversed(ordered)}.values())[::-1]


# One node -----------------------------------------------------------------------------------------------------------


def parsed_features(index: BodyIndex, number: int) -> list[tuple[str, int, Feature]]:
    """(kind, place among those of its kind, feature) of what one node parses; those whose key is no constant are left
    out. The node gives ``kind_values`` in these places."""
    node = index.node(number)
    inputs = index.data_inputs(number)
    ragged: tuple[str | None, ...] = ()
    sparse: tuple[str | None, ...]
    dense: tuple[str | None, ...]
    if node.op == "ParseSingleExample":
        sparse, dense, defaults = node.attr_strings("sparse_keys"), node.attr_strings("dense_keys"), inputs[1:]
    elif node.op == "ParseExampleV2":
        sparse, dense, ragged = (_keys(index, inputs[i : i + 1]) for i in (2, 3, 4))
        defaults = inputs[5:]
    else:
        ends = 2 + (node.attr_int("Nsparse") or 0), 2 + (node.attr_int("Nsparse") or 0) + (node.attr_int("Ndense") or 0)
        sparse = tuple((*_keys(index, [text]), None)[0] for text in inputs[2 : ends[0]])
        dense = tuple((*_keys(index, [text]), None)[0] for text in inputs[ends[0] : ends[1]])
        defaults = inputs[ends[1] :]
    found = [
        ("sparse", i, Feature(name, dtype, "sparse", None, True))
        for i, (name, dtype) in enumerate(zip(sparse, node.attr_types("sparse_types"), strict=False))
        if name is not None
    ]
    found += [
        ("ragged", i, Feature(name, dtype, "ragged", None, True))
        for i, (name, dtype) in enumerate(zip(ragged, node.attr_types("ragged_value_types"), strict=False))
        if name is not None
    ]
    shapes = node.attr_shapes("dense_shapes")
    for i, (name, dtype) in enumerate(zip(dense, node.attr_types("Tdense"), strict=False)):
        shape = shapes[i] if i < len(shapes) else None
        default = _constant(index, defaults[i]) if i < len(defaults) else None
        if name is not None:
            found.append(("dense", i, _dense(name, dtype, shape, default)))
    return found


def _dense(name: str, dtype: str, shape: Shape, default: ConstTensor | None) -> Feature:
    """A dense feature: an empty default means that there is none; one of any length may always be missing."""
    filled = default is not None and default.shape is not None and prod(size or 0 for size in default.shape) > 0
    if shape is None and filled and default is not None:
        shape = default.shape
    return Feature(name, dtype, "dense", shape, filled or (shape is not None and shape[:1] == (None,)))


def _keys(index: BodyIndex, references: list[str]) -> tuple[str, ...]:
    """The strings of a constant, () for anything else."""
    constant = _constant(index, references[0]) if references else None
    return tuple(key.decode("utf-8", "backslashreplace") for key in constant.strings) if constant else ()


def _constant(index: BodyIndex, reference: str) -> ConstTensor | None:
    """The constant behind a reference; that of a default may stand before a Reshape."""
    number = _origin(index, [reference], {})
    if not 0 <= number < len(index.ops) or index.ops[number] != "Const":
        return None
    return index.node(number).attr_tensor("value")
