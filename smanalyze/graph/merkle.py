"""Digests of graphs that do not change when a model is only written again.

A node's digest is made of its op, its attrs, the functions it calls and the digests of what feeds it; a function's, of
what it returns, of all its nodes (one that feeds nothing may still write a file) and of its control edges. No
generated name, no number of a function, no order of nodes, functions, map entries or captures is in any of them.

Captures come in another order in each process (Keras sorts them by identity), so the arguments of a function have an
order of their own here: that in which a walk from the returns meets them. A call hands its inputs on in that order.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from hashlib import blake2b

from smanalyze.graph.body import PLAIN_CALLS, BodyIndex, Call
from smanalyze.graph.library import Library
from smanalyze.model.graph import Function
from smanalyze.model.record import record

DIGEST_BYTES = 16

NOISE_ATTRS = frozenset({
    "_output_shapes", "_class", "shared_name", "container", "_user_specified_name", "config_proto", "config",
    "executor_type", "_gradient_op_type", "_forward_function_name", "_backward_function_name", "debug_name", "Tin",
    "_read_only_resource_inputs", "_collective_manager_ids", "_input_shapes", "_construction_context",
    "_disable_call_shape_inference", "forward_function_name", "backward_function_name", "_num_args",
})  # fmt: skip
"""Attrs of nodes and functions that hold what an exporter counted, or what follows from the rest. ``Tin`` of a call is
what the callee's arguments are, in the order of the captures."""

SAVE, RESTORE = "SaveV2", "RestoreV2"
_TEMPORARY = re.compile(rb"_temp_[0-9a-f]{32}")
_UUID = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_CYCLE = b"cycle".ljust(DIGEST_BYTES)

Label = Callable[[int], "bytes | None"]
"""What a node of the main graph stands for, by its number; None for a node that is nothing but itself."""


@record
class FunctionDigest:
    """``value`` of the function; ``order`` its arguments as callers must hand them on: groups of argument numbers,
    those of one group alike as far as the function tells."""

    value: bytes
    order: tuple[tuple[int, ...], ...]


class Merkle:
    """Digests of the functions of one library, each made once, when first asked for."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self._known: dict[str, FunctionDigest] = {}
        self._open: set[str] = set()

    def function(self, name: str) -> FunctionDigest:
        """The digest of a function in the library, callees first; no recursion in Python."""
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
        return [*(call.function for call in index.calls), *custom]

    def labels(self, name: str) -> tuple[list[bytes], list[int], list[int]]:
        """(what stands for each argument of a function, the arguments as a walk from the outputs meets them, those
        that it does not meet)."""
        function, index = self.library.functions[name], self.library.index(name)
        returns = function.returns
        met = _met_arguments(index, [returns.get(output.name, "") for output in function.outputs], self._known)
        labels = [b""] * len(index.arguments)
        for position, argument in enumerate(met):
            labels[argument] = digest_of(b"argument", b"%d" % position)
        unmet = [number for number, label in enumerate(labels) if not label]
        for argument in unmet:
            labels[argument] = digest_of(b"unmet", function.inputs[argument].dtype.encode())
        return labels, met, unmet

    def function_nodes(self, name: str) -> list[bytes]:
        """The digests of a function's nodes, made anew."""
        return self.nodes(self.library.index(name), self.labels(name)[0])

    def _digest(self, function: Function) -> FunctionDigest:
        index = self.library.index(function.name)
        labels, met, unmet = self.labels(function.name)
        nodes = self.nodes(index, labels)
        groups = [(argument,) for argument in met] + _unmet_groups(index, nodes, unmet, function)
        outputs = [function.returns.get(output.name, "") for output in function.outputs]
        header = [
            b"%d" % function.is_stateful,
            *(name.encode() + b"=" + _UUID.sub(b"", key) for name, key in function.own_attr_keys().items()
              if name not in NOISE_ATTRS),
            *(b",".join(function.inputs[argument].dtype.encode() for argument in group) for group in groups),
            *(output.dtype.encode() for output in function.outputs),
        ]  # fmt: skip
        ends = [reference_digest(index, nodes, reference, labels) for reference in outputs]
        controls = sorted(nodes[n] for end in function.control_returns.values() if (n := index.at.get(end, -1)) >= 0)
        value = digest_of(*_sized(header), *ends, b"controls", *controls, self.body(index, nodes, labels))
        return FunctionDigest(value, tuple(groups))

    def body(self, index: BodyIndex, nodes: list[bytes], labels: list[bytes]) -> bytes:
        """All nodes and control edges of a body, in no order."""
        silent = _key_lists(index)
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
        return digest_of(b"nodes", *told, b"edges", *edges, b"loops", *loops)

    def nodes(self, index: BodyIndex, labels: list[bytes], label: Label | None = None) -> list[bytes]:
        """The digest of each node of a body by its number. ``labels`` stand for the arguments, ``label`` tells what
        nodes of the main graph are."""
        return _NodeDigests(self, index, labels, label).run()

    def call(self, name: str) -> FunctionDigest:
        """What a call has of its callee: its digest, or that it is one that is being made (a recursion)."""
        if name in self._known:
            return self._known[name]
        if name in self._open:
            return FunctionDigest(_CYCLE, ())
        return self.function(name)

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
        self.keys = index.body.attr_keys(NOISE_ATTRS)
        self.found: list[bytes] = [b""] * len(index.names)
        self.special = self._special(label)

    def _special(self, label: Label | None) -> dict[int, bytes]:
        """The nodes that are more than op, attrs and inputs: their label, or b"" for those that ``one`` looks at."""
        index = self.index
        special = dict.fromkeys(index.calls_at, b"")
        known = self.merkle.library.gradient_functions
        if index.gradient_ops & known.keys():
            special.update((n, b"") for n in range(len(index.names)) if index.node(n).attr_string(_GRADIENT) in known)
        for op in (SAVE, RESTORE):
            special.update(dict.fromkeys(_numbers(index, op), b""))
        for number, _ in index.constants:
            if b"_temp_" in self.keys[number]:
                self.keys[number] = _TEMPORARY.sub(b"_temp_", self.keys[number])
        special.update(dict.fromkeys(self._object_graphs(), digest_of(b"label", b"object graph of the checkpoint")))
        if label is not None:
            told = ((number, label(number)) for number in range(len(index.names)))
            special.update((number, digest_of(b"label", name)) for number, name in told if name is not None)
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

    def run(self) -> list[bytes]:
        found, producers = self.found, self.index.producers
        for number, before in enumerate(producers):
            if found[number]:
                continue
            for p in before:
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
        index, found = self.index, self.found
        op = index.ops[number]
        parts = [op.encode("utf-8", "surrogateescape"), b"\0", self.keys[number], b"\0"]
        label = self.special.get(number)
        if label is not None:
            return label or self._special_digest(number, parts)
        for reference, producer in zip(index.inputs[number], index.producers[number], strict=False):
            if producer is None:
                parts.append(_DANGLING)
            elif producer < 0:
                parts.append(self.labels[-1 - producer])
            else:
                parts.append(found[producer] or _CYCLE)
                slot = reference.partition(":")[2]
                if slot and slot != "0" and index.ops[producer] != RESTORE:
                    parts.append(_slot(slot))
        return blake2b(b"".join(parts), digest_size=DIGEST_BYTES).digest()

    def _special_digest(self, number: int, parts: list[bytes]) -> bytes:
        index = self.index
        inputs = [reference_digest(index, self.found, r, self.labels) for r in index.inputs[number] if r[:1] != "^"]
        if index.ops[number] in (SAVE, RESTORE):
            return digest_of(parts[0], *inputs[:1], *sorted(inputs[3:]))
        for call in index.calls_at.get(number, ()):
            callee = self.merkle.call(call.function)
            parts += [call.attr.encode(), b"\0", callee.value]
            if is_plain(call) and sum(map(len, callee.order)) == len(inputs):
                inputs = [digest for group in callee.order for digest in sorted(inputs[n] for n in group)]
            else:
                parts.append(repr(callee.order).encode())
        gradient = index.node(number).attr_string(_GRADIENT)
        parts += [b"\0", self.merkle.gradient(gradient) if gradient else b"", b"\0", *inputs]
        return blake2b(b"".join(parts), digest_size=DIGEST_BYTES).digest()


_GRADIENT = "_gradient_op_type"
_DANGLING = b"dangling".ljust(DIGEST_BYTES)


def is_plain(call: Call) -> bool:
    """Whether the node does nothing but call: its inputs are the callee's arguments, one by one."""
    return call.op in PLAIN_CALLS or not call.attr


@lru_cache(maxsize=4096)
def _slot(slot: str) -> bytes:
    """Which output of a node a reference means; the first of its only list is not said."""
    return slot.removesuffix(":0").encode("utf-8", "surrogateescape") + b"\0"


_BACK_EDGES = frozenset({"NextIteration", "RefNextIteration"})


def reference_digest(index: BodyIndex, nodes: list[bytes], reference: str, labels: Sequence[bytes] = ()) -> bytes:
    """What a tensor reference stands for: whose output, and which."""
    name, _, slot = reference.partition(":")
    number = index.at.get(name)
    if number is None:
        return _DANGLING
    if number < 0:
        return labels[-1 - number]
    digest = nodes[number] or _CYCLE
    return digest if slot in ("", "0") or index.ops[number] == RESTORE else digest + _slot(slot)


def _met_arguments(index: BodyIndex, outputs: list[str], known: dict[str, FunctionDigest]) -> list[int]:
    """Numbers of the arguments in the order in which a walk along data edges from the outputs meets them."""
    met: dict[int, None] = {}
    total = len(index.arguments)
    if not total:
        return []
    seen: set[int] = set()
    producers, calls = index.producers, index.calls_at
    stack = [number for number in map(index.producer, reversed(outputs)) if number is not None]
    while stack and len(met) < total:
        number = stack.pop()
        if number < 0:
            met.setdefault(-1 - number)
            continue
        if number in seen:
            continue
        seen.add(number)
        before: Iterable[int | None] = producers[number]
        for call in calls.get(number, ()) if calls else ():
            callee = known.get(call.function)
            if callee is not None and is_plain(call):
                ordered = [argument for group in callee.order for argument in group]
                if len(ordered) == len(producers[number]):
                    before = [producers[number][argument] for argument in ordered]
        stack.extend([p for p in before if p is not None][::-1])
    return list(met)


def _unmet_groups(index: BodyIndex, nodes: list[bytes], unmet: list[int], function: Function) -> list[tuple[int, ...]]:
    """The arguments that no output needs, those alike in use together."""
    if not unmet:
        return []
    uses: dict[int, list[bytes]] = {number: [] for number in unmet}
    for number, before in enumerate(index.producers):
        for position, producer in enumerate(before):
            if producer is not None and producer < 0 and -1 - producer in uses:
                place = b"" if index.ops[number] == SAVE else b"%d" % position
                uses[-1 - producer].append(nodes[number] + place)
    groups: dict[tuple[bytes, ...], list[int]] = {}
    for number, consumers in uses.items():
        groups.setdefault((function.inputs[number].dtype.encode(), *sorted(consumers)), []).append(number)
    return [tuple(groups[colour]) for colour in sorted(groups)]


def _key_lists(index: BodyIndex) -> set[int]:
    """Constants that only list checkpoint keys and slices for SaveV2 and RestoreV2: their order is no program."""
    if SAVE not in index.op_counts and RESTORE not in index.op_counts:
        return set()
    lists: set[int] = set()
    others: set[int] = set()
    for number, before in enumerate(index.producers):
        saver = index.ops[number] in (SAVE, RESTORE)
        for position, producer in enumerate(before):
            if producer is not None and producer >= 0:
                (lists if saver and position in (1, 2) else others).add(producer)
    return {number for number in lists - others if index.ops[number] == "Const"}


def _numbers(index: BodyIndex, op: str) -> list[int]:
    return [number for number, one in enumerate(index.ops) if one == op] if op in index.op_counts else []


def _sized(parts: Iterable[bytes]) -> list[bytes]:
    return [b"%d:%s" % (len(part), part) for part in parts]


def digest_of(*parts: bytes) -> bytes:
    """The digest of some parts, in order."""
    return blake2b(b"\0".join(parts), digest_size=DIGEST_BYTES).digest()
