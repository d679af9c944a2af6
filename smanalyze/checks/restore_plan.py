"""What a MetaGraph reads from its checkpoint: the keys its own restore op asks for, and the variables they go to.

Source: tensorflow/cc/saved_model/loader.cc runs ``saver_def.restore_op_name``. Its RestoreV2 nodes stand in the main
graph (TF1) or in the function that the restore op calls (TF2); their keys are constants.
"""

from __future__ import annotations

from collections.abc import Iterator

from smanalyze.graph.body import BodyIndex, argument_mapping
from smanalyze.graph.keys import VARIABLE_OPS
from smanalyze.graph.model_graph import ModelGraph
from smanalyze.model.record import record
from smanalyze.model.tensors import Shape

_ASSIGN = ("Assign", "AssignVariableOp")
_OLD_RESTORE = ("Restore", "RestoreSlice")
_HANDED_ON = ("Identity", "Reshape")
MAX_STRINGS = 4096
"""A string constant hands out no more elements than this (``model.graph.ConstTensor``)."""


@record
class RestoredKey:
    """One key that is read: with which dtype, which slice of it ("" for the whole), into which variable node ("" where
    that could not be followed), and what that node says of itself."""

    key: str
    dtype: str
    slice_spec: str
    variable: str = ""
    variable_dtype: str = ""
    variable_shape: Shape = None


@record
class RestorePlan:
    """Everything the restore op reads. ``complete`` is False where some keys could not be told; ``old_keys`` are those
    read from a checkpoint of the first format (one file, no index)."""

    keys: tuple[RestoredKey, ...]
    complete: bool
    old_keys: tuple[str, ...] = ()


def restore_plan(graph: ModelGraph) -> RestorePlan:
    """The plan of one MetaGraph; empty and incomplete where it has no restore op."""
    readers = _readers(graph)
    keys: list[RestoredKey] = []
    for reader in readers:
        keys += reader.keys()
    old_keys = tuple(key for reader in readers for key in reader.old_keys())
    return RestorePlan(tuple(keys), bool(keys) and all(reader.complete for reader in readers), old_keys)


def restored_keys(graph: ModelGraph) -> set[str]:
    """The names alone of the keys in the plan of one MetaGraph."""
    return {name for reader in _readers(graph) for _, names in reader.names() for name in names}


def _readers(graph: ModelGraph) -> list[_Reader]:
    saver, main = graph.meta_graph.saver, graph.library.main
    start = main.at.get(saver.restore_op.partition(":")[0]) if saver and saver.restore_op else None
    if start is None or start < 0:
        return []
    within = main.slice_before([main.names[start]])
    readers = [_Reader(main, main, {}, within)]
    for call in main.calls:
        if call.node in within and call.function in graph.library.functions:
            callee = graph.library.index(call.function)
            arguments = {k: reference for reference, k in argument_mapping(main, call, len(callee.arguments))}
            readers.append(_Reader(main, callee, arguments, set(range(len(callee.ops)))))
    return readers


class _Reader:
    """The RestoreV2 nodes of one body; ``arguments`` says what the main graph feeds to the body's arguments."""

    def __init__(self, main: BodyIndex, index: BodyIndex, arguments: dict[int, str], within: set[int]) -> None:
        self.main, self.index, self.arguments, self.within = main, index, arguments, within
        self.complete = not any(op in index.op_counts for op in _OLD_RESTORE)

    def names(self) -> Iterator[tuple[int, tuple[str, ...]]]:
        """The keys that each RestoreV2 reads, by its number."""
        for number in _numbers(self.index, ("RestoreV2",), self.within):
            yield number, self._strings(number, 1)

    def keys(self) -> Iterator[RestoredKey]:
        """The same with what is known of each key."""
        targets = self._targets()
        for number, names in self.names():
            slices = self._strings(number, 2)
            dtypes = self.index.node(number).attr_types("dtypes")
            if not names or len(names) >= MAX_STRINGS:
                self.complete = False
            for output, name in enumerate(names):
                dtype = dtypes[output] if output < len(dtypes) else ""
                spec = slices[output] if output < len(slices) else ""
                yield RestoredKey(name, dtype, spec, *targets.get((number, output), ("", "", None)))

    def old_keys(self) -> Iterator[str]:
        """Keys that RestoreSlice and Restore ask for; each reads one."""
        for number in _numbers(self.index, _OLD_RESTORE, self.within):
            yield from self._strings(number, 1)

    def _strings(self, number: int, position: int) -> tuple[str, ...]:
        inputs = self.index.data_inputs(number)
        origin = self.index.origin(inputs[position]) if position < len(inputs) else None
        if origin is None or origin < 0 or self.index.ops[origin] != "Const":
            return ()
        tensor = self.index.node(origin).attr_tensor("value")
        return tuple(text.decode("utf-8", "backslashreplace") for text in tensor.strings) if tensor else ()

    def _targets(self) -> dict[tuple[int, int], tuple[str, str, Shape]]:
        """(name, dtype, shape) of the variable node by (number of the RestoreV2, its output)."""
        found = {}
        for number in _numbers(self.index, _ASSIGN, self.within):
            inputs = self.index.producers[number]
            source = self._source(number, 1) if len(inputs) > 1 else None
            variable = self._variable(self.index.input_origin(number, 0)) if source else None
            if source and variable is not None:
                node = self.main.node(variable)
                dtype = (node.attr_type("dtype") or "").removesuffix("_ref")
                # A Reshape on the way, or a variable without the attr: nothing is said of the shape.
                shape = node.attr_shape("shape") if node.has_attr("shape") and not source[2] else None
                found[source[:2]] = (node.name, dtype, shape)
        return found

    def _source(self, number: int, position: int) -> tuple[int, int, bool] | None:
        """(number of the RestoreV2, its output, whether it is reshaped) that an assigned value comes from."""
        reshaped = False
        for _ in range(8):
            source = self.index.producers[number][position]
            if source is None or source < 0:
                return None
            if self.index.ops[source] == "RestoreV2":
                tail = self.index.slots[number][position].rpartition(":")[2]
                return source, int(tail) if tail.isdecimal() else 0, reshaped
            if self.index.ops[source] not in _HANDED_ON or not self.index.producers[source]:
                return None
            reshaped = reshaped or self.index.ops[source] == "Reshape"
            number, position = source, 0
        return None

    def _variable(self, origin: int | None) -> int | None:
        """The number of the main graph's node behind a handle."""
        if self.index is not self.main:
            if origin is None or origin >= 0 or -1 - origin not in self.arguments:
                return None
            origin = self.main.origin(self.arguments[-1 - origin])
        return origin if origin is not None and origin >= 0 and self.main.ops[origin] in VARIABLE_OPS else None


def _numbers(index: BodyIndex, ops: tuple[str, ...], within: set[int]) -> list[int]:
    if not any(op in index.op_counts for op in ops):
        return []
    return [number for number, op in enumerate(index.ops) if op in ops and number in within]
