"""Constant strings that reach an op as the name of a file, by data flow backwards through bodies and calls.

Only what certainly keeps the beginning of a name is followed: passing on, picking an element, joining behind it.
Constants that a loader feeds (assets, the saver's file name) are no file names of their own.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from smanalyze.graph.body import BodyIndex, Call, argument_mapping, output_position
from smanalyze.graph.model_graph import ModelGraph
from smanalyze.model.record import record

#: Op -> positions of the inputs that name files (tensorflow/core/ops/{io,lookup,dataset,parsing}_ops.cc and others).
_OPERANDS: dict[str, tuple[int, ...]] = {
    "ReadFile": (0,), "WriteFile": (0,), "MatchingFiles": (0,), "MatchingFilesDataset": (0,),
    "InitializeTableFromTextFile": (1,), "InitializeTableFromTextFileV2": (1,), "TextLineDataset": (0,),
    "TFRecordDataset": (0,), "TFRecordDatasetV2": (0,), "FixedLengthRecordDataset": (0,),
    "FixedLengthRecordDatasetV2": (0,), "CSVDataset": (0,), "CSVDatasetV2": (0,), "LMDBDataset": (0,),
    "SqlDataset": (1,), "SnapshotDataset": (1,), "SnapshotDatasetV2": (1,), "CacheDataset": (1,),
    "CacheDatasetV2": (1,), "SaveDataset": (1,), "SaveDatasetV2": (1,), "LoadDataset": (0,), "Restore": (0,),
    "RestoreSlice": (0,), "RestoreV2": (0,), "Save": (0,), "SaveSlices": (0,), "SaveV2": (0,),
    "MergeV2Checkpoints": (0, 1), "LoadAndRemapMatrix": (0,), "GenerateVocabRemapping": (0, 1),
    "CreateSummaryFileWriter": (1,), "DatasetToTFRecord": (1,),
}  # fmt: skip
#: Op -> the attr that names a file.
_ATTRS = {"RecordInput": "file_pattern", "Skipgram": "filename", "FixedUnigramCandidateSampler": "vocab_file"}

_FIRST_INPUT = frozenset({
    "Identity", "Enter", "Exit", "Switch", "RefSwitch", "RefIdentity", "RefEnter", "NextIteration", "EnsureShape",
    "ExpandDims", "Squeeze", "Reshape", "Slice", "StridedSlice", "Gather", "GatherV2", "Unpack", "Split", "Tile",
    "StopGradient", "Snapshot", "StringJoin", "StringStrip", "ShardedFilename", "BroadcastTo", "RandomShuffle",
})  # fmt: skip
_ALL_INPUTS = frozenset({"Pack", "ConcatV2", "Merge", "RefMerge"})
_CHOICES = frozenset({"Select", "SelectV2"})
_RETURNING = frozenset({"PartitionedCall", "StatefulPartitionedCall", "If", "StatelessIf", "Case", "StatelessCase"})
_MAIN = ""


@record
class FileName:
    """A constant ``text`` that the node ``node`` of ``function`` ("" for the main graph) takes for a file's name;
    ``constant`` is the node that holds it, the same node where an attr does."""

    text: str
    op: str
    node: str
    function: str
    constant: str


@record
class _Place:
    body: str
    reference: str


class FileNames:
    """The search over one MetaGraph."""

    def __init__(self, graph: ModelGraph) -> None:
        self._graph = graph
        self._library = graph.library

    def find(self) -> Iterator[FileName]:
        """Every constant file name, in file order."""
        for body in (_MAIN, *self._library.functions):
            index = self._index(body)
            wanted = [op for op in index.op_counts if op in _OPERANDS or op in _ATTRS]
            if wanted:
                for number, op in enumerate(index.ops):
                    if op in wanted:
                        yield from self._of_node(body, index, number, op)

    def _index(self, body: str) -> BodyIndex:
        return self._library.index(body) if body else self._library.main

    def _of_node(self, body: str, index: BodyIndex, number: int, op: str) -> Iterator[FileName]:
        name = index.names[number]
        if op in _ATTRS:
            yield FileName(index.node(number).attr_string(_ATTRS[op]), op, name, body, name)
        inputs = index.data_inputs(number)
        for position in _OPERANDS.get(op, ()):
            if position < len(inputs):
                for constant, text in self._constants(_Place(body, inputs[position])):
                    yield FileName(text, op, name, body, constant)

    def _constants(self, start: _Place) -> Iterator[tuple[str, str]]:
        """(name of the Const, text) of every constant that the value may be."""
        seen = {start}
        stack = [start]
        while stack:
            place = stack.pop()
            index = self._index(place.body)
            number = index.producer(place.reference)
            if number is None or (not place.body and index.names[number] in self._fed):
                continue
            if number >= 0 and index.ops[number] == "Const":
                tensor = index.node(number).attr_tensor("value")
                for data in tensor.strings if tensor else ():
                    yield index.names[number], data.decode("utf-8", "backslashreplace")
                continue
            before = self._fed_to(place.body, -1 - number) if number < 0 else self._before(place, index, number)
            for found in before:
                if found not in seen:
                    seen.add(found)
                    stack.append(found)

    @cached_property
    def _fed(self) -> frozenset[str]:
        """Main-graph nodes whose value a loader or caller gives."""
        meta_graph = self._graph.meta_graph
        tensors = [asset.tensor_name for asset in meta_graph.assets]
        tensors += [meta_graph.saver.filename_tensor] if meta_graph.saver else []
        tensors += [info.tensor_name for signature in meta_graph.signatures for info in signature.inputs]
        return frozenset(tensor.partition(":")[0] for tensor in tensors if tensor)

    def _before(self, place: _Place, index: BodyIndex, number: int) -> list[_Place]:
        op, inputs = index.ops[number], index.data_inputs(number)
        if op in _FIRST_INPUT:
            inputs = inputs[:1]
        elif op in _CHOICES:
            inputs = inputs[1:]
        elif op == "IdentityN":
            inputs = inputs[output_position(place.reference) :][:1]
        elif op in _RETURNING:
            return self._returned(index, number, output_position(place.reference))
        elif op not in _ALL_INPUTS:
            return []
        return [_Place(place.body, reference) for reference in inputs]

    def _returned(self, index: BodyIndex, number: int, position: int) -> list[_Place]:
        found = []
        for call in index.calls:
            function = self._library.functions.get(call.function) if call.node == number else None
            if function is not None and position < len(function.outputs):
                name = function.outputs[position].name
                if name in function.returns:
                    found.append(_Place(call.function, function.returns[name]))
        return found

    def _fed_to(self, function: str, argument: int) -> list[_Place]:
        """What callers hand to one argument, and the constant that is bound to it."""
        callee_inputs = len(self._library.index(function).arguments)
        found = []
        for body, call in self._callers.get(function, ()):
            pairs = argument_mapping(self._index(body), call, callee_inputs)
            found += [_Place(body, reference) for reference, position in pairs if position == argument]
        objects = self._graph.meta_graph.objects
        bound = self._bound.get(function, ())
        position = argument - (callee_inputs - len(bound))
        if objects is not None and 0 <= position < len(bound) and 0 <= bound[position] < len(objects.nodes):
            constant = objects.nodes[bound[position]].constant
            found += [_Place(_MAIN, constant)] if constant else []
        return found

    @cached_property
    def _callers(self) -> dict[str, list[tuple[str, Call]]]:
        found: dict[str, list[tuple[str, Call]]] = {}
        for body in (_MAIN, *self._library.functions):
            for call in self._index(body).calls:
                found.setdefault(call.function, []).append((body, call))
        return found

    @cached_property
    def _bound(self) -> dict[str, tuple[int, ...]]:
        objects = self._graph.meta_graph.objects
        return {f.name: f.bound_inputs for f in objects.concrete_functions} if objects else {}
