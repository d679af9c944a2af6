"""Bodies that save and restore: what in them only follows the list of variables.

TensorFlow writes a saver for the variables that an export has, in an order that can be another in each process
(tensorflow/python/checkpoint/functional_saver.py). Which variables there are is told by the objects; which values they
have, by the checkpoint.
"""

from __future__ import annotations

from collections.abc import Iterable

from smanalyze.graph.body import NOISE_ATTRS, BodyIndex
from smanalyze.model.graph import Node

SAVE, RESTORE = "SaveV2", "RestoreV2"
SAVER_OPS = frozenset({
    "Identity", "ReadVariableOp", "DisableCopyOnRead", "AssignVariableOp", "Const", "NoOp", "SaveV2", "RestoreV2",
    "MergeV2Checkpoints", "ShardedFilename", "StringJoin", "Select", "SelectV2", "StaticRegexFullMatch", "Pack", "Cast",
    "Assign", "LookupTableExportV2", "LookupTableImportV2",
})  # fmt: skip
"""What the savers are made of that TensorFlow writes for a list of variables and tables."""

_EACH_VARIABLE = frozenset({
    "Identity", "ReadVariableOp", "DisableCopyOnRead", "AssignVariableOp", "Assign", "NoOp", SAVE, RESTORE, "Cast",
    "LookupTableExportV2", "LookupTableImportV2",
})  # fmt: skip
"""What a saver has for each variable, and what lists them."""


def is_saver_body(index: BodyIndex) -> bool:
    """Whether a body saves or restores, and has no op that anything else would need."""
    ops = index.op_counts
    return (SAVE in ops or RESTORE in ops) and ops.keys() <= SAVER_OPS


def each_variable(index: BodyIndex) -> tuple[list[int], set[bytes]]:
    """(nodes of which a saver has some for each variable, what kinds of them there are)."""
    numbers = [number for number, op in enumerate(index.ops) if op in _EACH_VARIABLE]
    return numbers, node_kinds(index, {*numbers, *key_lists(index)})


def node_kinds(index: BodyIndex, numbers: Iterable[int]) -> set[bytes]:
    """What kinds of nodes these are, however many."""
    # Most of a saver's nodes are alike, and to ask a node itself costs more than all that is known of it already.
    alike: dict[tuple[object, ...], int] = {}
    for number in numbers:
        feeding: Iterable[str] = [_fed(index, producer) for producer in index.producers[number]]
        if index.ops[number] in (SAVE, RESTORE):
            feeding = sorted(set(feeding))
        alike[(index.ops[number], index.attr_keys[number], *feeding)] = number
    return {_saver_kind(index.node(number), feeding) for (_, _, *feeding), number in alike.items()}


def _saver_kind(node: Node, feeding: Iterable[object]) -> bytes:
    """What kind of node this is: op, device, names of attrs, and the ops that feed it. Dtypes differ from variable to
    variable."""
    names = sorted(name for name in node.attr_names() if name not in NOISE_ATTRS)
    return "\0".join((node.op, node.device, *names, "", *map(str, feeding))).encode("utf-8", "replace")


def fed_kinds(index: BodyIndex, number: int) -> set[bytes]:
    """What kinds of nodes feed a node, however many."""
    return {_fed(index, producer).encode("utf-8", "replace") + b"\0" for producer in index.producers[number]}


def _fed(index: BodyIndex, producer: int | None) -> str:
    return "nothing" if producer is None else "argument" if producer < 0 else index.ops[producer]


def key_lists(index: BodyIndex) -> set[int]:
    """Constants that only list checkpoint keys and slices for SaveV2 and RestoreV2: their order is no program."""
    if SAVE not in index.op_counts and RESTORE not in index.op_counts:
        return set()
    savers = {number for number, op in enumerate(index.ops) if op in (SAVE, RESTORE)}
    lists = {p for number in savers for p in index.producers[number][1:3] if p is not None and p >= 0}
    others: set[int] = set()
    for number, before in enumerate(index.producers):
        if not lists.isdisjoint(before):
            others.update(p for p in (before[:1] + before[3:] if number in savers else before) if p is not None)
    return {number for number in lists - others if index.ops[number] == "Const"}
