"""Functions of one library that are the same but for generated names.

Keras 2 writes some small functions for each layer and each way to call it, so that of the thousands in a library only
some hundreds differ in more than the names of what they call. What is known of one of them holds for all.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Protocol

from smanalyze.graph.body import NOISE_ATTRS, BodyIndex
from smanalyze.model.graph import Function


class Bodies(Protocol):
    """The functions of a library and their indexes."""

    @property
    def functions(self) -> Mapping[str, Function]: ...
    @property
    def gradient_functions(self) -> Mapping[str, str]: ...
    def index(self, name: str) -> BodyIndex: ...


class Twins:
    """Which functions of a library have the same arguments, returns and attrs, the same nodes, and call twins."""

    def __init__(self, library: Bodies) -> None:
        self.library = library
        self._twins: dict[str, str] = {}
        self._first: dict[Hashable, str] = {}
        self._recursive: set[str] = set()

    def of(self, name: str) -> str:
        """The first function that was found to be like this one; callees are looked at first, without recursion in
        Python. What calls itself, by whatever way, and all that calls it, is like no other: what is known of a
        recursion follows from where one enters it."""
        found = self._twins.get(name)
        if found is not None:
            return found
        functions = self.library.functions
        stack = [(name, False)]
        entered: set[str] = set()
        while stack:
            current, ready = stack.pop()
            if ready:
                self._twins[current] = self._first.setdefault(self._told(current), current)
            elif current not in functions:
                self._twins[current] = current
            elif current not in self._twins and current not in entered:
                entered.add(current)
                stack.append((current, True))
                stack += [(callee, False) for callee in self._callees(current) if callee not in self._twins]
        return self._twins[name]

    def _callees(self, name: str) -> list[str]:
        index, known = self.library.index(name), self.library.gradient_functions
        return [
            *(call.function for call in index.calls),
            *(known[op] for op in index.gradients.values() if op in known),
        ]

    def _told(self, name: str) -> Hashable:
        """All that a function says, but for generated names; its name where it is like no other."""
        index, known, twin = self.library.index(name), self.library.gradient_functions, self._twins.get
        calls = [(call.node, call.attr, twin(call.function)) for call in index.calls]
        calls += [(node, _GRADIENT, twin(known[op])) for node, op in index.gradients.items() if op in known]
        if any(callee is None or callee in self._recursive for _, _, callee in calls):
            self._recursive.add(name)
            return name
        if index.alike < 0:
            return name
        return index.alike, tuple(calls), self.library.functions[name].interface(NOISE_ATTRS)


_GRADIENT = "_gradient_op_type"
