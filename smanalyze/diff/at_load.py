"""What both models run when they are loaded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from smanalyze.diff.node_match import BodySide
from smanalyze.diff.running import Running
from smanalyze.facts.reach import count_ops
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
    return count_ops(added), count_ops(removed)


def _counts(side: Running) -> Counter[str]:
    """Ops by how often they run. A session runs the init op, and Python what makes and fills each table itself: of what
    both do, one counts."""
    main = side.program.library.main
    session = Counter(main.ops[number] for number in side.main_loaded if number >= 0)
    total = (session + _ops_of(side, side.initializing)) | _ops_of(side, side.making)
    return Counter({op: number for op, number in total.items() if op not in _HANDS_ON})


def _ops_of(side: Running, names: Iterable[str]) -> Counter[str]:
    library = side.program.library
    return sum((library.index(name).op_counts for name in names if name in library.functions), Counter[str]())
