"""What an op works on: strings followed backwards through bodies, calls, branches, loops and datasets."""

from __future__ import annotations

from collections.abc import Callable

from smanalyze.errors import FormatError
from smanalyze.facts.names import Names
from smanalyze.facts.operand_flow import Flow, Place
from smanalyze.facts.operand_values import (
    Values,
    decoded,
    either,
    formatted,
    hole,
    joined,
    mapped,
    origin_of,
    plain,
    text_value,
)
from smanalyze.facts.starts import Starts
from smanalyze.graph.body import BodyIndex, output_position
from smanalyze.graph.model_graph import ModelGraph

MAX_DEPTH = 100
"""Ops that are followed one behind another; real names are put together from a few."""

_FIRST = frozenset({
    "Identity", "Enter", "Exit", "Switch", "RefSwitch", "RefIdentity", "RefEnter", "NextIteration", "EnsureShape",
    "ExpandDims", "Squeeze", "Reshape", "Slice", "StridedSlice", "Gather", "GatherV2", "GatherNd", "Unpack", "Tile",
    "StopGradient", "Snapshot", "BroadcastTo", "RandomShuffle", "SplitV", "ReverseV2", "Transpose", "PreventGradient",
    "CheckNumerics", "Bitcast", "_Recv", "DeepCopy", "Where", "Print", "OptimizationBarrier", "Copy", "CopyHost",
    "DebugIdentity", "DebugIdentityV2", "DebugIdentityV3", "TensorListFromTensor", "TensorListStack",
    "TensorListGetItem", "ResourceGather",
})  # fmt: skip
_EVERY = frozenset({"Pack", "ConcatV2", "Merge", "RefMerge", "ParallelConcat"})
_STORED = {
    "VarHandleOp": "variable", "VariableV2": "variable", "Variable": "variable", "ReadVariableOp": "variable",
    "LookupTableFindV2": "table", "LookupTableFind": "table", "LookupTableExportV2": "table", "ReadFile": "file",
    "ReaderReadV2": "file", "ReaderRead": "file", "ReaderReadUpToV2": "file", "ReaderReadUpTo": "file",
    "QueueDequeueV2": "queue", "QueueDequeue": "queue", "QueueDequeueManyV2": "queue", "RestoreV2": "checkpoint",
    "MatchingFiles": "list of files",
}  # fmt: skip
"""Ops whose output is kept somewhere, with the word for that."""

_SOURCES = {"TextLineDataset": "file", "TFRecordDataset": "file", "TFRecordDatasetV2": "file",
            "FixedLengthRecordDataset": "file", "FixedLengthRecordDatasetV2": "file", "CSVDataset": "file",
            "CSVDatasetV2": "file", "LMDBDataset": "file", "SqlDataset": "database"}  # fmt: skip
_ELEMENTS = frozenset({"TensorDataset", "TensorSliceDataset"})
_MAPS = ("MapDataset", "ParallelMapDataset", "MapAndBatchDataset", "ParallelMapDatasetV2", "FlatMapDataset",
         "InterleaveDataset", "ParallelInterleaveDataset", "ParallelInterleaveDatasetV2",
         "ParallelInterleaveDatasetV3", "ParallelInterleaveDatasetV4")  # fmt: skip


class Operands:
    """The search over one MetaGraph; what was found of a place is kept."""

    def __init__(self, graph: ModelGraph, names: Names, starts: Starts) -> None:
        self.flow = Flow(graph, names, starts)
        self._graph = graph.meta_graph.graph
        self._found: dict[tuple[str, int | None, int, bool], Values] = {}

    def of(self, body: str, reference: str) -> Values:
        """What a reference of a body ("" is the main graph) may hold."""
        return self._value(Place(body, reference), 0)

    def _value(self, place: Place, depth: int, *, elements: bool = False) -> Values:
        """The value of a place, or of the elements of the dataset that it holds."""
        index = self.flow.index(place.body)
        number = index.producer(place.reference)
        key = (place.body, number, output_position(place.reference), elements)
        found = self._found.get(key)
        if found is None:
            self._found[key] = ()  # met again while it is looked at: a loop, which adds nothing
            found = self._look(place, index, number, depth, elements)
            self._found[key] = found
        return found

    def _look(self, place: Place, index: BodyIndex, number: int | None, depth: int, elements: bool) -> Values:
        if number is None:
            return (hole("computed", "a node that is not there"),)
        if depth > MAX_DEPTH:
            return (hole("computed", "a long chain of ops"),)
        if number < 0:
            return self._argument(place, -1 - number, depth, elements)
        if elements:
            return self._elements(place, index, number, depth)
        fed = self.flow.fed(place.body, number)
        if fed is not None:
            return (fed,)
        op = index.ops[number]
        handler = _HANDLERS.get(op)
        if handler is not None:
            return handler(self, place, index, number, depth)
        if op in _STORED:
            return (self.flow.stored(place.body, index, number, _STORED[op]),)
        if op in _FIRST:
            return self._input(place, index, number, 0, depth)
        if op in _EVERY:
            return either(*self._inputs(place, index, number, depth))
        returned = self.flow.returned(place.body, number, output_position(place.reference))
        if returned:
            return either(*(self._value(one, depth + 1) for one in returned))
        return (self.flow.unfollowed(place, index, number),)

    def _input(self, place: Place, index: BodyIndex, number: int, position: int, depth: int) -> Values:
        inputs = index.data_inputs(number)
        if position >= len(inputs):
            return (hole("computed", f"an input that {index.names[number]} lacks"),)
        return self._value(Place(place.body, inputs[position]), depth + 1)

    def _inputs(self, place: Place, index: BodyIndex, number: int, depth: int) -> list[Values]:
        references = index.data_inputs(number)[: 4 * MAX_DEPTH]
        return [self._value(Place(place.body, reference), depth + 1) for reference in references]

    def _argument(self, place: Place, argument: int, depth: int, elements: bool) -> Values:
        known, places, datasets = self.flow.arriving(place.body, argument)
        found: list[Values] = [known]
        found += [self._value(one, depth + 1, elements=elements) for one in places]
        found += [self._value(one, depth + 1, elements=True) for one in datasets]
        if not known and not places and not datasets:
            return (hole("computed", "an argument that nothing gives"),)
        return either(*found)

    def _elements(self, place: Place, index: BodyIndex, number: int, depth: int) -> Values:
        """What the elements of a dataset may hold, whichever component."""
        op = index.ops[number]
        if op in _ELEMENTS:
            return either(*self._inputs(place, index, number, depth))
        if op in _SOURCES:
            return (hole("stored", f"records of a {_SOURCES[op]}"),)
        if op in ("MatchingFilesDataset", "ExperimentalMatchingFilesDataset"):
            return self._input(place, index, number, 0, depth)
        if op.endswith(_MAPS):
            deeper = "Map" not in op or op == "FlatMapDataset"  # those give datasets, whose elements count
            returned = self.flow.returned(place.body, number, None)
            return either(*(self._value(one, depth + 1, elements=deeper) for one in returned))
        inputs = index.data_inputs(number)
        if op in ("ZipDataset", "ConcatenateDataset"):
            return either(*(self._value(Place(place.body, one), depth + 1, elements=True) for one in inputs))
        if inputs and ("Dataset" in op or op in _FIRST):
            return self._value(Place(place.body, inputs[0]), depth + 1, elements=True)
        return (self.flow.unfollowed(place, index, number),)

    # Ops that make texts ---------------------------------------------------------------------------------------

    def _const(self, place: Place, index: BodyIndex, number: int, depth: int) -> Values:
        node = index.node(number)
        tensor = node.attr_tensor("value")
        if tensor is None:
            return (hole("computed", f"the constant {index.names[number]}"),)
        if tensor.dtype == "string":
            return either(tuple(text_value(data.decode("utf-8", "backslashreplace")) for data in tensor.strings))
        return either((text_value(node.attr_text("value")),))

    def _join(self, place: Place, index: BodyIndex, number: int, depth: int) -> Values:
        return joined(self._inputs(place, index, number, depth), index.node(number).attr_string("separator"))

    def _add(self, place: Place, index: BodyIndex, number: int, depth: int) -> Values:
        if index.node(number).attr_type("T") != "string":
            return (self.flow.unfollowed(place, index, number),)
        return joined(self._inputs(place, index, number, depth))

    def _format(self, place: Place, index: BodyIndex, number: int, depth: int) -> Values:
        node = index.node(number)
        placeholder = node.attr_string("placeholder") or "%s"
        return formatted(node.attr_string("template"), placeholder, self._inputs(place, index, number, depth))

    def _reduce_join(self, place: Place, index: BodyIndex, number: int, depth: int) -> Values:
        """The elements of one list after another."""
        inputs = index.data_inputs(number)
        source = index.producer(inputs[0]) if inputs else None
        separator = index.node(number).attr_string("separator")
        if source is None or source < 0 or index.ops[source] not in ("Pack", "Const"):
            return mapped(self._input(place, index, number, 0, depth), lambda text: None, "ReduceJoin")
        if index.ops[source] == "Pack":
            return joined(self._inputs(place, index, source, depth), separator)
        tensor = index.node(source).attr_tensor("value")
        texts = [data.decode("utf-8", "backslashreplace") for data in tensor.strings[:1000]] if tensor else []
        return (text_value(separator.join(texts)),)

    def _choice(self, place: Place, index: BodyIndex, number: int, depth: int) -> Values:
        return either(*self._inputs(place, index, number, depth)[1:])

    def _second(self, place: Place, index: BodyIndex, number: int, depth: int) -> Values:
        return self._input(place, index, number, 1, depth)

    def _default(self, place: Place, index: BodyIndex, number: int, depth: int) -> Values:
        """A value that holds unless a session feeds another."""
        fed = (hole("caller", f"fed to {index.names[number]}"),)
        return either(self._input(place, index, number, 0, depth), () if place.body else fed)

    def _one_of_n(self, place: Place, index: BodyIndex, number: int, depth: int) -> Values:
        return self._input(place, index, number, output_position(place.reference), depth)

    def _sharded(self, place: Place, index: BodyIndex, number: int, depth: int) -> Values:
        return joined([self._input(place, index, number, 0, depth), (hole("computed", "shard"),)], "-")

    def _replaced(self, place: Place, index: BodyIndex, number: int, depth: int) -> Values:
        """Text in which some was replaced. A path that parts were cut out of, or replaced by plain words, still leads
        to where it began: so TensorFlow Decision Forests finds the folder of its assets."""
        values = self._input(place, index, number, 0, depth)
        node = index.node(number)
        rewrite = node.attr_string("rewrite") if index.ops[number] == "StaticRegexReplace" else "/"
        if rewrite.isalnum() or not rewrite:
            cut = [hole("asset", f"folder of {plain(value)}") for value in values if origin_of(value) == "asset"]
            others = tuple(value for value in values if origin_of(value) != "asset")
            return either(tuple(cut), mapped(others, _TEXT_OPS["RegexReplace"], index.ops[number]))
        return mapped(values, _TEXT_OPS["RegexReplace"], index.ops[number])

    def _picked(self, place: Place, index: BodyIndex, number: int, depth: int) -> Values:
        """One element of a list whose place is a constant; any of them where it is not."""
        every = self._input(place, index, number, 0, depth)
        inputs = index.data_inputs(number)
        source = index.producer(inputs[0]) if inputs else None
        listed = source is not None and source >= 0 and index.ops[source] in ("Const", "Pack")
        if index.ops[number] == "StridedSlice":  # a range of them is not one
            listed = listed and index.node(number).attr_int("shrink_axis_mask") == 1
        position = self._number(index, inputs[1]) if listed and len(inputs) > 1 else None
        if source is None or position is None:
            return every
        if index.ops[source] == "Pack":
            items = index.data_inputs(source)
            chosen = items[position : position + 1] if position >= 0 else ()
            return self._value(Place(place.body, chosen[0]), depth + 1) if chosen else every
        tensor = index.node(source).attr_tensor("value")
        texts = tensor.strings[position : position + 1] if tensor is not None and position >= 0 else ()
        return (text_value(texts[0].decode("utf-8", "backslashreplace")),) if texts else every

    def _number(self, index: BodyIndex, reference: str) -> int | None:
        """The integer that a constant holds, alone; None for anything else."""
        number = index.origin(reference)
        if number is None or number < 0 or index.ops[number] != "Const":
            return None
        try:
            value = self._graph.const_value(index.node(number))
        except FormatError:
            return None
        return int(value.reshape(-1)[0]) if value.size == 1 and value.dtype.kind in "iu" else None

    def _cut(self, place: Place, index: BodyIndex, number: int, depth: int) -> Values:
        """A piece of a text, counted in bytes (core/kernels/substr_op.cc); from its end where the place is negative."""
        inputs = index.data_inputs(number)
        start, size = (self._number(index, one) for one in inputs[1:3]) if len(inputs) == 3 else (None, None)

        def cut(text: str) -> str | None:
            data = text.encode("utf-8", "surrogateescape")
            if start is None or size is None or size < 0 or not -len(data) <= start <= len(data):
                return None
            first = start + len(data) if start < 0 else start
            return data[first : first + size].decode("utf-8", "backslashreplace")

        return mapped(self._input(place, index, number, 0, depth), cut, "Substr")

    def _changed(self, place: Place, index: BodyIndex, number: int, depth: int) -> Values:
        op = index.ops[number]
        return mapped(self._input(place, index, number, 0, depth), _TEXT_OPS[op], op)

    def _placeholder(self, place: Place, index: BodyIndex, number: int, depth: int) -> Values:
        return (hole("caller", f"fed to {index.names[number]}"),)


_TEXT_OPS: dict[str, Callable[[str], str | None]] = {
    "StringLower": str.lower,
    "StringUpper": str.upper,
    "StringStrip": str.strip,
    "DecodeBase64": decoded,
    "AsString": lambda text: text.strip("[]") if text.strip("[]").lstrip("-").isdecimal() else None,
    "RegexReplace": lambda text: None,
    "StringSplit": lambda text: None,
    "StringSplitV2": lambda text: None,
}

_Handler = Callable[[Operands, Place, BodyIndex, int, int], Values]
_HANDLERS: dict[str, _Handler] = {
    "Const": Operands._const, "StringJoin": Operands._join, "Add": Operands._add, "AddV2": Operands._add,
    "StringFormat": Operands._format, "ReduceJoin": Operands._reduce_join, "Select": Operands._choice,
    "SelectV2": Operands._choice, "Split": Operands._second, "PlaceholderWithDefault": Operands._default,
    "IdentityN": Operands._one_of_n, "ShardedFilename": Operands._sharded, "ShardedFilespec": Operands._sharded,
    "Placeholder": Operands._placeholder, "PlaceholderV2": Operands._placeholder,
    **dict.fromkeys(_TEXT_OPS, Operands._changed), "RegexReplace": Operands._replaced,
    "Substr": Operands._cut, "StridedSlice": Operands._picked, "GatherV2": Operands._picked,
    "StaticRegexReplace": Operands._replaced,
}  # fmt: skip
