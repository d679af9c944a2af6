"""Digests of graphs that do not change when a model is only written again.

A node's digest is made of its op, its attrs, the functions it calls and the digests of what feeds it; a function's, of
what it returns, of all its nodes (one that feeds nothing may still write a file) and of its control edges. No
generated name, no number of a function, no order of nodes, functions, map entries or captures is in any of them.

Captures come in another order in each process (Keras sorts them by identity), so the arguments of a function have an
order of their own here: that in which a walk from the returns meets them. A call hands its inputs on in that order.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from hashlib import blake2b

from smanalyze.graph.argument_order import met_arguments, unmet_groups
from smanalyze.graph.body import NOISE_ATTRS, BodyIndex
from smanalyze.graph.digests import (
    CYCLE,
    DANGLING,
    DIGEST_BYTES,
    digest_of,
    is_plain,
    op_key,
    reference_digest,
    slot_key,
)
from smanalyze.graph.library import Library
from smanalyze.graph.savers import RESTORE, SAVE, each_variable, fed_kinds, is_saver_body, key_lists, node_kinds
from smanalyze.model.graph import Function
from smanalyze.model.record import record

_TEMPORARY = re.compile(rb"_temp_[0-9a-f]{32}")
_UUID = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")

Label = Callable[[int], "bytes | None"]
"""What a node of the main graph stands for, by its number; None for a node that is nothing but itself."""


@record
class FunctionDigest:
    """``value`` of the function; ``order`` its arguments as callers must hand them on: groups of argument numbers,
    those of one group alike as far as the function tells. ``is_saver``: it saves or restores and does nothing else, so
    that what it is handed is the list of variables, which is no program."""

    value: bytes
    order: tuple[tuple[int, ...], ...]
    is_saver: bool = False


class Merkle:
    """Digests of the functions of one library, each made once, when first asked for."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self._known: dict[str, FunctionDigest] = {}
        self._open: set[str] = set()

    def function(self, name: str) -> FunctionDigest:
        """The digest of a function in the library, callees first; no recursion in Python."""
        found = self._known.get(name)
        if found is None:
            found = self._known[name] = self._resolve(self.library.twin(name))
        return found

    def _resolve(self, name: str) -> FunctionDigest:
        stack = [(name, False)]
        functions = self.library.functions
        while stack:
            current, ready = stack.pop()
            if current in self._known:
                continue
            if ready:
                self._known[current] = self._digest(functions[current])
                self._open.discard(current)
            elif current not in functions:
                self._known[current] = FunctionDigest(digest_of(b"missing", current.encode("utf-8", "replace")), ())
            elif current not in self._open:
                self._open.add(current)
                stack.append((current, True))
                stack.extend((callee, False) for callee in self._callees(current))
        return self._known[name]

    def _callees(self, name: str) -> list[str]:
        index = self.library.index(name)
        gradients = self.library.gradient_functions
        custom = [gradients[op] for op in index.gradient_ops if op in gradients]
        return [self.library.twin(callee) for callee in (*(call.function for call in index.calls), *custom)]

    def _ordered(self, name: str) -> FunctionDigest | None:
        return self._known.get(self.library.twin(name))

    def labels(self, name: str) -> tuple[list[bytes], list[int], list[int]]:
        """(what stands for each argument of a function, the arguments as a walk from the outputs meets them, those
        that it does not meet)."""
        function, index = self.library.functions[name], self.library.index(name)
        returns = function.returns
        met = met_arguments(index, [returns.get(output.name, "") for output in function.outputs], self._ordered)
        labels = [b""] * len(index.arguments)
        for position, argument in enumerate(met):
            labels[argument] = digest_of(b"argument", b"%d" % position)
        unmet = [number for number, label in enumerate(labels) if not label]
        for argument in unmet:
            labels[argument] = digest_of(b"unmet", function.argument_types[argument].dtype.encode())
        return labels, met, unmet

    def _digest(self, function: Function) -> FunctionDigest:
        index = self.library.index(function.name)
        if is_saver_body(index):
            return FunctionDigest(self._saver(index, function), (), True)
        labels, met, unmet = self.labels(function.name)
        nodes = self.nodes(index, labels)
        groups = [(argument,) for argument in met] + unmet_groups(index, nodes, unmet, function)
        outputs = [function.returns.get(output.name, "") for output in function.outputs]
        header = [
            b"%d" % function.is_stateful,
            *(name.encode() + b"=" + _UUID.sub(b"", key) for name, key in function.own_attr_keys().items()
              if name not in NOISE_ATTRS),
            *(b",".join(function.argument_types[argument].dtype.encode() for argument in group) for group in groups),
            *(output.dtype.encode() for output in function.outputs),
        ]  # fmt: skip
        ends = [reference_digest(index, nodes, reference, labels) for reference in outputs]
        controls = sorted(nodes[n] for end in function.control_returns.values() if (n := index.at.get(end, -1)) >= 0)
        value = digest_of(*_sized(header), *ends, b"controls", *controls, self.body(index, nodes, labels))
        return FunctionDigest(value, tuple(groups))

    def _saver(self, index: BodyIndex, function: Function) -> bytes:
        """A saver, whatever the list of its variables."""
        labels = [digest_of(b"unmet", argument.dtype.encode()) for argument in function.argument_types]
        each, kinds = each_variable(index)
        once = sorted(set(range(len(index.names))).difference(each, key_lists(index)))
        nodes = _NodeDigests(self, index, labels, None).run(once)
        return digest_of(b"saver", *sorted(nodes[number] for number in once), b"each", *sorted(kinds))

    def body(
        self, index: BodyIndex, nodes: list[bytes], labels: list[bytes], left_out: frozenset[int] = frozenset()
    ) -> bytes:
        """All nodes and control edges of a body, in no order; some nodes may be ``left_out``."""
        lists = key_lists(index)
        silent = lists | left_out
        told = sorted(digest for number, digest in enumerate(nodes) if number not in silent)
        edges = sorted(
            nodes[number] + (nodes[end] if end >= 0 else labels[-1 - end])
            for number, ends in index.controls.items() for end in ends if end is not None
        )  # fmt: skip
        loops = sorted(
            nodes[number] + nodes[before]
            for number in (_numbers(index, "Merge") + _numbers(index, "RefMerge"))
            for before in index.producers[number] if before is not None and before >= 0
        )  # fmt: skip
        return digest_of(b"nodes", *told, *sorted(node_kinds(index, lists)), b"edges", *edges, b"loops", *loops)

    def nodes(self, index: BodyIndex, labels: list[bytes], label: Label | None = None) -> list[bytes]:
        """The digest of each node of a body by its number. ``labels`` stand for the arguments, ``label`` tells what
        nodes of the main graph are."""
        return _NodeDigests(self, index, labels, label).run()

    def call(self, name: str) -> FunctionDigest:
        """What a call has of its callee: its digest, or that it is one that is being made (a recursion)."""
        twin = self.library.twin(name)
        if twin in self._known:
            return self._known[twin]
        if twin in self._open:
            return FunctionDigest(CYCLE, ())
        return self.function(twin)

    def gradient(self, op_type: str) -> bytes:
        """The digest of the gradient that is registered under a name; b"" where there is none."""
        function = self.library.gradient_functions.get(op_type)
        return self.call(function).value if function is not None else b""


class _NodeDigests:
    """One pass over a body. File order is the order of computation wherever the file allows it."""

    def __init__(self, merkle: Merkle, index: BodyIndex, labels: list[bytes], label: Label | None) -> None:
        self.merkle = merkle
        self.index = index
        self.labels = labels
        self.keys = list(index.attr_keys)
        self.found: list[bytes] = [b""] * len(index.names)
        self.producers, self.slots, self.ops = index.producers, index.slots, index.ops
        self.special = self._special(label)

    def _special(self, label: Label | None) -> dict[int, bytes]:
        """The nodes that are more than op, attrs and inputs: their label, or b"" for those that ``one`` looks at."""
        index = self.index
        special = dict.fromkeys(index.calls_at, b"")
        known = self.merkle.library.gradient_functions
        special.update((n, b"") for n, op in index.gradients.items() if op in known)
        for op in (SAVE, RESTORE):
            special.update(dict.fromkeys(_numbers(index, op), b""))
        for number, _ in index.constants:
            if b"_temp_" in self.keys[number]:
                self.keys[number] = _TEMPORARY.sub(b"_temp_", self.keys[number])
        told = dict.fromkeys(self._object_graphs(), b"object graph of the checkpoint")
        if label is not None:
            told.update((n, name) for n in range(len(index.names)) if (name := label(n)) is not None)
        special.update((n, digest_of(b"label", name, *node_kinds(index, [n]))) for n, name in told.items())
        return special

    def _object_graphs(self) -> set[int]:
        """Constants that hold the object graph of the checkpoint, in which variables are numbered: they go to a saver
        and nowhere else."""
        index, library = self.index, self.merkle.library
        held = {number for number, _ in index.constants if b"/.ATTRIBUTES/" in self.keys[number]}
        for number, before in enumerate(index.producers if held else ()):
            if held.isdisjoint(before) or index.ops[number] == SAVE:
                continue
            called = [call.function for call in index.calls_at.get(number, ())]
            if not any(name in library.functions and SAVE in library.index(name).op_counts for name in called):
                held.difference_update(p for p in before if p is not None)
        return held

    def run(self, numbers: Iterable[int] | None = None) -> list[bytes]:
        """The digest of every node, or of those with these ``numbers`` and b"" for what they do not need."""
        found, producers = self.found, self.index.producers
        for number in range(len(producers)) if numbers is None else numbers:
            if found[number]:
                continue
            for p in producers[number]:
                if p is not None and p >= 0 and not found[p]:
                    self.walk(number)
                    break
            else:
                found[number] = self.one(number)
        return found

    def walk(self, root: int) -> None:
        """Depth first without recursion in Python; what closes a cycle is taken as met."""
        found, producers, ops = self.found, self.index.producers, self.index.ops
        stack = [root]
        entered: set[int] = set()
        while stack:
            number = stack[-1]
            if found[number]:
                stack.pop()
                continue
            waiting: list[int] = []
            if number not in entered:
                entered.add(number)
                waiting = [
                    p for p in producers[number]
                    if p is not None and p >= 0 and not found[p] and p not in entered and ops[p] not in _BACK_EDGES
                ]  # fmt: skip
            if waiting:
                stack.extend(waiting)
            else:
                stack.pop()
                found[number] = self.one(number)

    def one(self, number: int) -> bytes:
        """The digest of a node whose inputs have theirs."""
        found, labels, ops = self.found, self.labels, self.ops
        parts = [op_key(ops[number]), self.keys[number], b"\0"]
        label = self.special.get(number)
        if label is not None:
            return label or self._special_digest(number, parts)
        for producer, slot in zip(self.producers[number], self.slots[number], strict=True):
            if producer is None:
                parts.append(DANGLING)
            elif producer < 0:
                parts.append(labels[-1 - producer])
            else:
                parts.append(found[producer] or CYCLE)
                if slot and slot != "0" and ops[producer] != RESTORE:
                    parts.append(slot_key(slot))
        return blake2b(b"".join(parts), digest_size=DIGEST_BYTES).digest()

    def _special_digest(self, number: int, parts: list[bytes]) -> bytes:
        index = self.index
        inputs = [reference_digest(index, self.found, r, self.labels) for r in index.inputs[number] if r[:1] != "^"]
        if index.ops[number] in (SAVE, RESTORE):
            return digest_of(parts[0], *node_kinds(index, [number]), *inputs[:1], *sorted(inputs[3:]))
        for call in index.calls_at.get(number, ()):
            callee = self.merkle.call(call.function)
            parts += [call.attr.encode(), b"\0", callee.value]
            if callee.is_saver:
                inputs = sorted(fed_kinds(index, number))
            elif is_plain(call) and sum(map(len, callee.order)) == len(inputs):
                inputs = [digest for group in callee.order for digest in sorted(inputs[n] for n in group)]
            else:
                parts.append(repr(callee.order).encode())
        gradient = index.gradients.get(number, "")
        parts += [b"\0", self.merkle.gradient(gradient) if gradient else b"", b"\0", *inputs]
        return blake2b(b"".join(parts), digest_size=DIGEST_BYTES).digest()


_BACK_EDGES = frozenset({"NextIteration", "RefNextIteration"})


def _numbers(index: BodyIndex, op: str) -> list[int]:
    return [number for number, one in enumerate(index.ops) if one == op] if op in index.op_counts else []


def _sized(parts: Iterable[bytes]) -> list[bytes]:
    return [b"%d:%s" % (len(part), part) for part in parts]
