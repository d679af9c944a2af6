"""What both models run when they are loaded."""

from __future__ import annotations

from collections import Counter

from smanalyze.diff.node_match import BodySide
from smanalyze.diff.running import Running
from smanalyze.report.tensors import OpCount

_SILENT = frozenset({"NoOp", "Identity", "Placeholder"})
_HANDS_ON = frozenset({"NoOp", "Identity", "StatefulPartitionedCall", "PartitionedCall"})


def init_changed(old: Running, new: Running) -> bool:
    """Whether what runs at load is another program: the init op with all it needs, and what fills tables."""
    return _digests(old) != _digests(new)


def _digests(side: Running) -> list[tuple[bytes, ...]]:
    """What runs, node by node: what it stands for, or its op, attrs and callees. An op that only groups others or hands
    on is nothing by itself, and a device is where, not what."""
    program = side.program
    main, graph, merkle = program.library.main, program.graph, program.merkle
    body = BodySide(main, lambda: program.main)
    found: list[tuple[bytes, ...]] = []
    for number in side.main_loaded:
        if number < 0 or main.ops[number] in _SILENT:
            continue
        label = program.label(number)
        callees = [merkle.call(call.function).value for call in main.calls_at.get(number, ())]
        own = (main.ops[number].encode("utf-8", "replace"), body.free[number])
        found.append((label,) if label is not None else (*own, *callees))
    fillers = {
        str(key.id) for key in graph.edges
        if key.kind == "function" and str(key.id) in program.library.functions and graph.targets(key, "initializes")
    }  # fmt: skip
    return sorted({*found, *((merkle.function(name).value,) for name in fillers)})


def init_ops(old: Running, new: Running) -> tuple[tuple[OpCount, ...], tuple[OpCount, ...]]:
    """Ops that loading runs more often, and less often, than it did."""
    counts = _counts(old), _counts(new)
    added, removed = counts[1] - counts[0], counts[0] - counts[1]
    return _rows(added), _rows(removed)


def _counts(side: Running) -> Counter[str]:
    library = side.program.library
    total = Counter(library.main.ops[number] for number in side.main_loaded if number >= 0)
    bodies = {side.program.merkle.function(name).value: name for name in side.loaded if name in library.functions}
    for name in bodies.values():  # an initializer may be there twice, for the init op and for Python; one of them runs
        total.update(library.index(name).op_counts)
    return Counter({op: number for op, number in total.items() if op not in _HANDS_ON})


def _rows(found: Counter[str]) -> tuple[OpCount, ...]:
    return tuple(OpCount(op, number) for op, number in sorted(found.items(), key=lambda item: (-item[1], item[0])))
