"""Which ops decide each output of a signature: data flow backwards, through the functions it calls.

Calls of PartitionedCall are followed output by output; for If, While and other ops that name functions all of the
functions' ops count. Control inputs decide no value and are not followed.
"""

from __future__ import annotations

from collections.abc import Iterable

from smanalyze.graph.body import PLAIN_CALLS, BodyIndex, Call, output_position
from smanalyze.graph.keys import Key
from smanalyze.graph.model_graph import ModelGraph
from smanalyze.model.record import record

UNKNOWN = "(unknown)"
"""Stands for what could not be followed: a function that is missing or calls itself."""

_MAX_STEPS = 2_000_000
"""Where one walk for each output of a function could visit more nodes than this, its outputs are taken together."""


@record
class Behind:
    """What stands behind one tensor: the ops that compute it, and the arguments of the function it is in."""

    ops: frozenset[str]
    arguments: frozenset[int]


class OutputFlow:
    """Answers for one MetaGraph; each function is looked at once."""

    def __init__(self, graph: ModelGraph) -> None:
        self._graph = graph
        self._library = graph.library
        self._outputs: dict[str, tuple[Behind, ...]] = {}

    def behind(self, tensor_name: str) -> frozenset[str]:
        """The ops behind a tensor of the main graph."""
        main = self._library.main
        for call in main.calls:
            if call.op in PLAIN_CALLS:
                self._resolve(call.function)
        return self._walk(main, [tensor_name]).ops

    def _resolve(self, root: str) -> None:
        # Callees first, without recursion in Python: call chains may be thousands deep.
        stack: list[tuple[str, bool]] = [(root, False)]
        waiting: set[str] = set()
        while stack:
            name, ready = stack.pop()
            if ready:
                self._outputs[name] = self._own_outputs(name)
            elif name not in self._outputs and name not in waiting and name in self._library.functions:
                waiting.add(name)
                stack.append((name, True))
                stack.extend(
                    (call.function, False) for call in self._library.index(name).calls if call.op in PLAIN_CALLS
                )

    def _own_outputs(self, name: str) -> tuple[Behind, ...]:
        function, index = self._library.functions[name], self._library.index(name)
        references = [function.returns.get(output.name, "") for output in function.outputs]
        if len(references) * len(index.ops) > _MAX_STEPS:
            return (self._walk(index, references),) * len(references)
        return tuple(self._walk(index, [reference]) for reference in references)

    def _walk(self, index: BodyIndex, references: Iterable[str]) -> Behind:
        calls: dict[int, list[Call]] = {}
        for call in index.calls:
            calls.setdefault(call.node, []).append(call)
        ops: set[str] = set()
        arguments: set[int] = set()
        seen: set[tuple[int, int]] = set()
        stack = list(references)
        while stack:
            reference = stack.pop()
            number = index.producer(reference)
            if number is None:
                ops.add(UNKNOWN)
                continue
            place = (number, output_position(reference) if number in calls else 0)
            if place in seen:
                continue
            seen.add(place)
            if number < 0:
                arguments.add(-1 - number)
                continue
            inputs = index.data_inputs(number)
            if number in calls and index.ops[number] in PLAIN_CALLS:
                behind = self._output(calls[number][0].function, place[1])
                ops |= behind.ops if behind else {UNKNOWN}
                stack += [inputs[k] for k in behind.arguments if k < len(inputs)] if behind else inputs
                continue
            ops.add(index.ops[number])
            ops |= self._below(calls.get(number, ()))
            stack += inputs
        return Behind(frozenset(ops), frozenset(arguments))

    def _output(self, function: str, position: int) -> Behind | None:
        """What one output of a function depends on; None where that cannot be told."""
        outputs = self._outputs.get(function, ())
        return outputs[position] if position < len(outputs) else None

    def _below(self, calls: Iterable[Call]) -> set[str]:
        """All ops of the functions that a node other than a plain call names."""
        found: set[str] = set()
        for name in self._graph.functions_below([Key("function", call.function) for call in calls]):
            if name in self._library.functions:
                found |= set(self._library.index(name).op_counts)
            else:
                found.add(UNKNOWN)
        return found
