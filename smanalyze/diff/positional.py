"""Inputs whose names only count their places: one more among them gives all later ones another meaning.

TensorFlow and Keras flatten structured arguments to ``inputs``, ``inputs_1``, ``inputs_2`` … in order
(tensorflow/python/eager/polymorphic_function/function_type_utils.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import TypeVar

from smanalyze.diff.tensor_spec import spec_of
from smanalyze.report.changes import InputRun, TensorPair
from smanalyze.report.sections import VariableRow
from smanalyze.report.tensors import Tensor

FEWEST = 3
"""Inputs of one stem that are numbered by their places; of fewer each is told."""

MOST = 500
"""Numbered inputs that are aligned; of more each is told."""


def shifted_inputs(pairs: Sequence[TensorPair]) -> tuple[InputRun, ...]:
    """The runs of numbered inputs that moved, went or came, from the first place that is another; () where the inputs
    of one name are the same more often than those that an alignment of both sides puts beside each other."""
    old = numbered([pair.old for pair in pairs if pair.old is not None])
    new = numbered([pair.new for pair in pairs if pair.new is not None])
    declared = any(pair.stage == "declared" for pair in pairs)
    if declared or not old or not new or old[0].name != new[0].name or max(len(old), len(new)) > MOST:
        return ()
    if any(tensor.default is not None for tensor in (*old, *new)):
        return ()
    specs = [[spec_of(tensor) for tensor in side] for side in (old, new)]
    match = SequenceMatcher(None, specs[0], specs[1], autojunk=False)
    if sum(block.size for block in match.get_matching_blocks()) <= sum(a == b for a, b in zip(*specs, strict=False)):
        return ()
    return tuple(
        InputRun(_names(old[i:j]), _names(new[k:m]), kind == "equal")
        for kind, i, j, k, m in match.get_opcodes() if kind != "equal" or i != k
    )  # fmt: skip


Named = TypeVar("Named", Tensor, VariableRow)


def numbered(rows: Sequence[Named]) -> list[Named]:
    """The largest group called ``stem``, ``stem_1``, ``stem_2`` … in order; none where it is small."""
    there = {row.name: row for row in rows}
    best: list[Named] = []
    for name in there:
        if f"{name}_1" not in there:
            continue
        group = [there[name]]
        while (after := there.get(f"{name}_{len(group)}")) is not None:
            group.append(after)
        best = max(best, group, key=len)
    return best if len(best) >= FEWEST else []


def _names(tensors: Sequence[Tensor]) -> tuple[str, ...]:
    return tuple(tensor.name for tensor in tensors)
