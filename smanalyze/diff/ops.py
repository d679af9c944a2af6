"""Ops of which one side has more, and what they can do beside computing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from smanalyze.diff.running import Running
from smanalyze.graph.op_risk import OpRisk, risks
from smanalyze.report.program_changes import OpChange, RiskChange
from smanalyze.report.sections import DeviceCount

MAX_NAMED = 20
"""Functions that a row names."""

_HARMLESS = frozenset({"device", "run-state"})


class _Use(NamedTuple):
    """A node with a risk: the function that holds it ("" for the main graph), its number, what it works on, and whether
    that is one of the model's own assets."""

    function: str
    number: int
    operand: str
    own: bool


def op_changes(old: Running | None, new: Running | None) -> tuple[OpChange, ...]:
    """Ops of which one side has more, with what runs them there. None is a side that is not there."""
    counts = _op_counts(old), _op_counts(new)
    found = []
    for op in sorted({*counts[0], *counts[1]}):
        more = new if counts[1][op] > counts[0][op] else old
        if counts[0][op] == counts[1][op] or more is None:
            continue
        holders = more.holders(op)
        in_main = not more.main_running.isdisjoint(more.main_nodes.get(op, ()))
        running = in_main or any(name in more.functions for name in holders)
        found.append(OpChange(op, counts[0][op], counts[1][op], more.of_op(op, holders), holders[:MAX_NAMED], running))
    return tuple(found)


def _op_counts(side: Running | None) -> Counter[str]:
    return side.program.library.op_counts if side is not None else Counter()


def device_counts(side: Running) -> tuple[DeviceCount, ...]:
    """What nodes that run are tied to, but for those that save and restore."""
    library = side.program.library
    keys = library.main.attr_keys
    total = Counter(
        keys[number][1:].partition(b"@")[0].decode("utf-8", "surrogateescape")
        for number in side.main_running if number >= 0 and keys[number][:1] == b"@"
    )  # fmt: skip
    for name in side.functions:
        if name in library.functions and library.index(name).devices:
            total.update(library.index(name).devices)
    return tuple(DeviceCount(device, count) for device, count in sorted(total.items()))


def risk_changes(old: Running | None, new: Running | None) -> tuple[RiskChange, ...]:
    """What one side can do more often than the other, by op and kind of risk."""
    ops = {*_op_counts(old), *_op_counts(new)}
    for side in (old, new):
        ops -= side.program.library.functions.keys() if side is not None else set()
    told = (risk for op in sorted(ops) for risk in risks(op) if risk.risk_class not in _HARMLESS)
    return tuple(change for change in (_risk_change(risk, old, new) for risk in told) if change is not None)


def _risk_change(risk: OpRisk, old: Running | None, new: Running | None) -> RiskChange | None:
    uses = [list(_uses(risk, side)) if side is not None else [] for side in (old, new)]
    counts = [_counts(side, found) for side, found in zip((old, new), uses, strict=True)]
    every, running, served, loaded = zip(*counts, strict=True)
    grown = (running[1], every[1], loaded[1]) > (running[0], every[0], loaded[0])
    side, mine, others = (new, uses[1], uses[0]) if grown else (old, uses[0], uses[1])
    if counts[0] == counts[1] or side is None:
        return None
    extra = Counter(use.operand for use in mine if use.operand) - Counter(use.operand for use in others)
    holders = tuple(dict.fromkeys(use.function for use in mine if use.function))
    known = {use.function for use in others}
    return RiskChange(
        op=risk.op, risk_class=risk.risk_class, reason=risk.reason, every=every, running=running, served=served,
        loaded=loaded, operands=tuple(extra), where=side.of_op(risk.op, holders),
        functions=tuple(sorted(holders, key=lambda name: (name in known, name)))[:MAX_NAMED],
        own=bool(extra) and all(use.own for use in mine if not use.operand or use.operand in extra),
    )  # fmt: skip


def _counts(side: Running | None, uses: list[_Use]) -> tuple[int, int, int, int]:
    """(all, those that run, those that signatures run, those that loading runs)."""
    if side is None:
        return 0, 0, 0, 0
    served = sum(_is_in(use, side.served, side.main_served) for use in uses)
    loaded = sum(_is_in(use, side.loaded, side.main_loaded) for use in uses)
    return len(uses), sum(_is_in(use, side.functions, side.main_running) for use in uses), served, loaded


def _is_in(use: _Use, functions: frozenset[str], main: frozenset[int]) -> bool:
    return use.function in functions if use.function else use.number in main


def _uses(risk: OpRisk, side: Running) -> Iterator[_Use]:
    library = side.program.library
    for name in ("", *side.holders(risk.op)):
        index = library.index(name) if name else library.main
        numbers = side.main_nodes.get(risk.op, ()) if not name else range(len(index.ops))
        for number in numbers:
            if index.ops[number] == risk.op:
                operands = side.acts.operands_of(name, number, risk)
                if operands is not None:
                    known = (one for one in operands if one.origin != "computed" or not one.text.startswith("{"))
                    texts = ", ".join(operand.text for operand in known)
                    own = bool(operands) and all(operand.inside_model for operand in operands)
                    yield _Use(name, number, texts, own)
