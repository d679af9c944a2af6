"""Where the bytes and the nodes are: blocks for a picture, largest first, small ones folded."""

from __future__ import annotations

from collections import defaultdict

from smanalyze.report.pictures import Picture, Pictures, SizeBlock
from smanalyze.report.sections import OpReport, VariableRow

MAX_GROUPS = 40
MAX_CHILDREN = 30
"""Blocks beyond these are folded into one: they would be too small to see."""


def build_pictures(variables: tuple[VariableRow, ...], ops: tuple[OpReport, ...]) -> Pictures:
    """The pictures of one report."""
    return Pictures(_variables_by_layer(variables), _ops_by_kind(ops))


def _variables_by_layer(variables: tuple[VariableRow, ...]) -> Picture | None:
    """Stored bytes of each variable, grouped by the first part of its name; copies stand in a group of their own."""
    stored = [row for row in variables if row.size and row.checkpoint_keys]
    total = sum(row.size for row in stored)
    if not total:
        return None
    groups: dict[str, list[VariableRow]] = defaultdict(list)
    for row in stored:
        groups[_group(row)].append(row)
    blocks = []
    for label, rows in groups.items():
        parts = [SizeBlock(_rest(row, label), row.name, row.size, row.size / total) for row in rows]
        value = sum(row.size for row in rows)
        if len(parts) == 1:
            blocks.append(SizeBlock(label, rows[0].name, value, value / total))
        else:
            blocks.append(SizeBlock(label, "", value, value / total, _folded(parts, MAX_CHILDREN, total)))
    return Picture("bytes", "variable", total, _folded(blocks, MAX_GROUPS, total))


def _group(row: VariableRow) -> str:
    if row.role in ("copy", "optimizer", "metric"):
        return {"copy": "second copies", "optimizer": "optimizer", "metric": "metrics"}[row.role]
    return row.layer.partition("/")[0] or row.name


def _rest(row: VariableRow, group: str) -> str:
    return row.name.removeprefix(group + "/")


def _ops_by_kind(ops: tuple[OpReport, ...]) -> Picture | None:
    counts: dict[str, int] = defaultdict(int)
    for report in ops:
        for op in report.histogram:
            counts[op.op] += op.count
    total = sum(counts.values())
    if not total:
        return None
    blocks = [SizeBlock(op, op, count, count / total) for op, count in counts.items()]
    return Picture("nodes", "op", total, _folded(blocks, MAX_GROUPS, total))


def _folded(blocks: list[SizeBlock], most: int, total: int) -> tuple[SizeBlock, ...]:
    """The blocks by size, those beyond ``most`` as one."""
    ordered = sorted(blocks, key=lambda block: (-block.value, block.label))
    if len(ordered) <= most:
        return tuple(ordered)
    rest = ordered[most - 1 :]
    value = sum(block.value for block in rest)
    return (*ordered[: most - 1], SizeBlock(f"{len(rest)} more", "", value, value / total, (), len(rest)))
