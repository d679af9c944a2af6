"""Bodies that differ, as the report tells them: each change once, with everything that it reaches."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from smanalyze.diff.echoes import find_echoes
from smanalyze.diff.functions import Compared, FunctionMatch
from smanalyze.diff.likeness import telling_ops
from smanalyze.diff.running import Running
from smanalyze.facts.function_names import stem_of
from smanalyze.facts.program import Program
from smanalyze.graph.ops import state_effect
from smanalyze.report.changes import FunctionChange, NodeChange

_KINDS = ("added", "removed", "attrs", "gradient", "rewired", "device", "control")
_MAX_OPS = 6


def function_changes(match: FunctionMatch, running: tuple[Running, Running]) -> tuple[FunctionChange, ...]:
    """Every pair that differs; those that only show what another tells say so."""
    echoes = find_echoes(match)
    seen: dict[int, list[int]] = {}
    for number, roots in echoes.items():
        for root in roots:
            seen.setdefault(root, []).append(number)
    found = []
    for number, one in enumerate(match.compared):
        others = [match.compared[other] for other in seen.get(number, [])]
        roots = echoes.get(number, [])
        echo_of = match.compared[roots[0]].after or "the main graph" if roots else ""
        found.append(_change(match, running, one, others, echo_of))
    return tuple(found)


def _change(
    match: FunctionMatch, running: tuple[Running, Running], one: Compared, others: list[Compared], echo_of: str
) -> FunctionChange:
    delta = one.delta
    added, removed = delta.counts()
    devices, controls, gradients = (delta.kinds[kind] for kind in ("device", "control", "gradient"))
    computing = delta.changed - devices - controls - gradients - delta.passing
    reach = tuple(dict.fromkeys(name for each in (one, *others) for name in _reach(running, each)))
    return FunctionChange(
        old=one.before, new=one.after, stem=stem_of(one.after), stage=one.stage, confidence=one.confidence,
        ops_added=added, ops_removed=removed, nodes=tuple(sorted(delta.nodes, key=_node_order)),
        changed_nodes=delta.changed, rewired=delta.kinds["rewired"], downstream=delta.downstream,
        only_constants=0 < computing == delta.constants,
        only_attrs=0 < computing == delta.kinds["attrs"] and not delta.constants,
        only_devices=delta.only("device"), only_controls=delta.only("control") and not _has_effects(match, one),
        devices=devices, controls=controls, gradients=gradients, passing=delta.passing, reach=reach,
        equal_nodes=delta.equal, attributes=one.attributes,
        served=any(_is_served(running, each) for each in (one, *others)), role=_role(running, one), echo_of=echo_of,
        seen_in=tuple(each.after or "the main graph" for each in others),
        calls_added=_called(match.new, one.called[1]), calls_removed=_called(match.old, one.called[0]),
    )  # fmt: skip


def _node_order(node: NodeChange) -> tuple[int, str]:
    return _KINDS.index(node.kind), node.name


def _reach(running: tuple[Running, Running], one: Compared) -> tuple[str, ...]:
    """Signatures and callables that run the function, on either side; of the main graph those that run what changed."""
    if not one.before:
        return tuple(dict.fromkeys(key for side in (1, 0) for key in _signatures_with(running[side], one.delta.names)))
    return tuple(dict.fromkeys((*running[1].of(one.after), *running[0].of(one.before))))


def _signatures_with(running: Running, names: set[str]) -> Iterable[str]:
    """Signatures that run nodes of these names in the main graph, or functions that take them."""
    at = running.program.library.main.at
    numbers = {at[name] for name in names if name in at}
    graph = running.program.graph
    return [one.key for one in graph.meta_graph.signatures if not numbers.isdisjoint(graph.main_slice(one.key))]


def _is_served(running: tuple[Running, Running], one: Compared) -> bool:
    return not one.before or one.before in running[0].served or one.after in running[1].served


def _role(running: tuple[Running, Running], one: Compared) -> str:
    """The role of the function; ``initializer``, ``gradient`` or ``saver`` for one that only such functions call."""
    new = running[1]
    role = new.roles.get(one.after, "")
    if role == "initializer" and stem_of(one.after).endswith("_destroyer"):
        return "destroyer"
    if role != "called" or one.after in new.served or new.of(one.after):
        return role
    if one.after in new.loaded:
        return "initializer"
    return role if one.after in new.functions else "saver"


def _has_effects(match: FunctionMatch, one: Compared) -> bool:
    """Whether the order of nodes can be seen: one of them changes what is stored, or calls what may."""
    for program, name in ((match.old, one.before), (match.new, one.after)):
        index = program.library.index(name) if name else program.library.main
        if any(state_effect(op) in ("write", "read-write") for op in index.op_counts):
            return True
    return False


def _called(program: Program, names: Iterable[str]) -> tuple[str, ...]:
    """What functions run that one body alone calls: ``encoder: MatMul x2, Relu``."""
    return tuple(dict.fromkeys(f"{stem_of(name)}: {_ops_below(program, name)}" for name in names))


def _ops_below(program: Program, name: str) -> str:
    total: Counter[str] = Counter()
    below = _functions_below(program, name)
    for function in below:
        total.update(telling_ops(program, function))
    words = [f"{op} x{count}" if count > 1 else op for op, count in sorted(total.items(), key=lambda i: (-i[1], i[0]))]
    return ", ".join(words[:_MAX_OPS] + ["…"] * (len(words) > _MAX_OPS)) or "nothing that computes"


def _functions_below(program: Program, name: str) -> list[str]:
    seen: dict[str, None] = {}
    stack = [name]
    while stack:
        current = stack.pop()
        if current not in seen and current in program.library.functions:
            seen[current] = None
            stack.extend(call.function for call in program.library.index(current).calls)
    return list(seen)
