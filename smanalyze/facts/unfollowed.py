"""What a scan could not follow, so that it does not speak for it."""

from __future__ import annotations

from collections.abc import Iterator

from smanalyze.facts.acts import Acts
from smanalyze.facts.keras_act import KerasAct
from smanalyze.graph.body import BodyIndex
from smanalyze.graph.ops import registered
from smanalyze.model.parts import LISTING
from smanalyze.model.saved_model import SavedModel
from smanalyze.report.findings import Location
from smanalyze.report.scan import UnknownPart

WAYS = "ways through the graph"
TWO_OF_A_NAME = "nodes of one name"
MAX_PARTS = 1_000
"""Parts that are told one by one."""

_HOLDS_CODE = frozenset({"graph", "Keras metadata", "architecture", "weights", LISTING})
"""Parts of a model in which code or ops can stand; nothing in a checkpoint or an asset runs."""


def unfollowed(model: SavedModel, acts: tuple[Acts, ...], keras: tuple[KerasAct, ...] = ()) -> tuple[UnknownPart, ...]:
    """Functions that are called and not there, functions that an unknown op is handed, and parts that were not read."""
    found: dict[UnknownPart, None] = {}
    for one in acts:
        for part in _of_graph(one):
            found[part] = None
            if len(found) >= MAX_PARTS:
                return tuple(found)
    for lost in model.unreadable:
        if lost.part in _HOLDS_CODE:
            found[UnknownPart(lost.part, Location(file=lost.file, offset=lost.offset), lost.message)] = None
    for act in keras:
        if act.kind == "unreadable":
            found[UnknownPart("Keras configuration", act.where, act.act.reason)] = None
    return tuple(found)


def _of_graph(acts: Acts) -> Iterator[UnknownPart]:
    tags = ",".join(acts.graph.meta_graph.tags)
    for body in ("", *acts.library.functions):
        index = acts.library.index(body) if body else acts.library.main
        yield from _of_body(acts, body, index)
    if acts.is_cut or acts.graph.is_cut:
        reason = "The graph is so large that not every way through it was followed."
        yield UnknownPart(WAYS, Location(tag_set=tags), reason)


def _of_body(acts: Acts, body: str, index: BodyIndex) -> Iterator[UnknownPart]:
    if len(set(index.names)) < len(index.names):
        known: set[str] = set()
        name = next(name for name in index.names if name in known or known.add(name))  # type: ignore[func-returns-value]
        reason = "Two nodes have this name, and loaders differ in which of them they take."
        yield UnknownPart(TWO_OF_A_NAME, Location(function=body or None, node=name), reason)
    for call in index.calls:
        where = Location(function=body or None, node=index.names[call.node])
        if call.function not in acts.library.functions:
            if call.function:
                reason = f"{call.op} calls it, and the library does not have it: TensorFlow cannot run that node."
                yield UnknownPart(f"function {call.function}", where, reason)
        elif call.attr and registered(call.op) is None and call.op not in acts.library.functions:
            reason = f"It is handed to {call.op}, and only that op's library knows when it runs, and on what."
            yield UnknownPart(f"function {call.function}", where, reason)
