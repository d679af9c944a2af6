"""The bodies of one MetaGraph, indexed once, and what each function does to its arguments."""

from __future__ import annotations

from collections import Counter
from functools import cached_property

from smanalyze.graph.body import BodyIndex, Call, argument_mapping, index_function
from smanalyze.graph.ops import state_effect
from smanalyze.graph.twins import Twins
from smanalyze.model.graph import Function
from smanalyze.model.saved_model import MetaGraph

READ, WRITE = 1, 2
"""Bits of an effect on a resource."""

_BITS = {"read": READ, "write": WRITE, "read-write": READ | WRITE, "create": 0, None: 0}


class Library:
    """Every function of a MetaGraph with its index, made when first asked for."""

    def __init__(self, meta_graph: MetaGraph) -> None:
        self.meta_graph = meta_graph
        self.functions = meta_graph.graph.functions
        self.main = BodyIndex(meta_graph.graph, functions=self.functions)
        self._indexes: dict[str, BodyIndex] = {}
        self._effects: dict[str, tuple[int, ...]] = {}
        self._twins = Twins(self)

    def index(self, name: str) -> BodyIndex:
        """The index of a function in the library; KeyError if there is none."""
        found = self._indexes.get(name)
        if found is None:
            found = self._indexes[name] = index_function(self.functions[name], self.functions)
        return found

    def twin(self, name: str) -> str:
        """A function that stands for all those that are the same but for generated names; itself where it is alone, or
        not in the library."""
        return self._twins.of(name)

    def callees(self, name: str) -> tuple[Call, ...]:
        """The calls in a function's body; () for a function that is not there."""
        return self.index(name).calls if name in self.functions else ()

    @cached_property
    def gradient_functions(self) -> dict[str, str]:
        """Gradient function by the function or registered op type it differentiates."""
        return dict(self.meta_graph.graph.gradients)

    @cached_property
    def op_counts(self) -> Counter[str]:
        """Ops of the main graph and of every function, whether reached or not."""
        total = Counter(self.main.op_counts)
        for name, count in Counter(map(self.twin, self.functions)).items():
            for op, held in self.index(name).op_counts.items():
                total[op] += held * count
        return total

    # Effects ----------------------------------------------------------------------------------------------------

    def effects(self, name: str) -> tuple[int, ...]:
        """What a call of the function does to each of its arguments: READ and WRITE bits, callees included.

        A function that calls itself is taken as it stands when met again, which ends the walk; its own ops and its
        other callees still count.
        """
        twin = self.twin(name)
        if twin not in self._effects:
            self._resolve_effects(twin)
        return self._effects[twin]

    def _resolve_effects(self, root: str) -> None:
        # Depth first without recursion in Python: call chains may be thousands deep.
        stack: list[tuple[str, bool]] = [(root, False)]
        open_names: set[str] = set()
        while stack:
            name, ready = stack.pop()
            if ready:
                self._effects[name] = self._own_effects(self.functions[name])
                open_names.discard(name)
                continue
            if name in self._effects or name in open_names:
                continue
            if name not in self.functions:
                self._effects[name] = ()
                continue
            open_names.add(name)
            stack.append((name, True))
            stack.extend((self.twin(call.function), False) for call in self.index(name).calls)

    def _own_effects(self, function: Function) -> tuple[int, ...]:
        index = self.index(function.name)
        bits = [0] * len(index.arguments)
        for origin, effect in self.body_effects(index):
            if origin < 0:
                bits[-1 - origin] |= effect
        return tuple(bits)

    def body_effects(self, index: BodyIndex) -> list[tuple[int, int]]:
        """(origin, bits) for each resource that a body's nodes touch: a node number, or ``-1 - k`` for argument k.

        Effects of callees that are not resolved yet count as none.
        """
        found: dict[int, int] = {}
        for touched in self.node_effects(index).values():
            for origin, bits in touched.items():
                found[origin] = found.get(origin, 0) | bits
        return sorted(found.items())

    def node_effects(self, index: BodyIndex) -> dict[int, dict[int, int]]:
        """The same by the node that does it: node number -> (origin -> bits), for the nodes that touch something."""
        found: dict[int, dict[int, int]] = {}
        acting = {op: bits for op in index.op_counts if (bits := _BITS[state_effect(op)])}
        for number, op in enumerate(index.ops) if acting else ():
            if op in acting:
                self._note(index, number, acting[op], found.setdefault(number, {}))
        for call in index.calls:
            self._note_call(index, call, found.setdefault(call.node, {}))
        return found

    def _note(self, index: BodyIndex, number: int, bits: int, found: dict[int, int]) -> None:
        inputs = len(index.producers[number])
        # ResourceApplyAdam and its like take several handles; what is no handle cannot be traced back to a resource.
        # The older ops on references take the variable first, and the values they take may come from other variables.
        handles = inputs if index.ops[number].startswith(("Resource", "Reader")) else min(inputs, 1)
        for position in range(handles):
            origin = index.input_origin(number, position)
            if origin is not None:
                found[origin] = found.get(origin, 0) | bits

    def _note_call(self, index: BodyIndex, call: Call, found: dict[int, int]) -> None:
        effects = self._effects.get(self.twin(call.function), ())
        if not any(effects):
            return
        for reference, argument in argument_mapping(index, call, len(effects)):
            if effects[argument]:
                origin = index.origin(reference)
                if origin is not None:
                    found[origin] = found.get(origin, 0) | effects[argument]
