"""The order that a function's arguments have by what it does with them, whatever the order of its captures."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from smanalyze.graph.body import BodyIndex
from smanalyze.graph.digests import is_plain
from smanalyze.graph.savers import SAVE
from smanalyze.model.graph import Function


class Ordered(Protocol):
    """A function whose arguments have their order: groups of argument numbers."""

    @property
    def order(self) -> tuple[tuple[int, ...], ...]: ...


def met_arguments(index: BodyIndex, outputs: list[str], known: Callable[[str], Ordered | None]) -> list[int]:
    """Numbers of the arguments in the order in which a walk along data edges from the outputs meets them;
    ``known`` gives functions whose own order is known."""
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
            callee = known(call.function)
            if callee is not None and is_plain(call):
                ordered = [argument for group in callee.order for argument in group]
                if len(ordered) == len(producers[number]):
                    before = [producers[number][argument] for argument in ordered]
        stack.extend([p for p in before if p is not None][::-1])
    return list(met)


def unmet_groups(index: BodyIndex, nodes: list[bytes], unmet: list[int], function: Function) -> list[tuple[int, ...]]:
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
        groups.setdefault((function.argument_types[number].dtype.encode(), *sorted(consumers)), []).append(number)
    return [tuple(groups[colour]) for colour in sorted(groups)]
