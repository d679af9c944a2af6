"""How rules about changed bodies speak of functions, nodes and ops."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from smanalyze.checks.changes import BodyChange, MetaGraphChange
from smanalyze.checks.evidence import MAX_LINES, count_of, named
from smanalyze.checks.rule import NOTE, WARNING
from smanalyze.facts.function_names import layer_of, stem_of
from smanalyze.graph.body import PLAIN_CALLS
from smanalyze.report.changes import FunctionChange, NodeChange
from smanalyze.report.diff import Severities
from smanalyze.report.evidence import more_line
from smanalyze.report.findings import Location
from smanalyze.report.tensors import OpCount

MAIN_GRAPH = "the main graph"
_SHOWN_OPS = 8
_SHOWN_CALLS = 3
_LIKELY = 0.9


def function_name(stem: str) -> str:
    """A function as a sentence names it; one of Keras 2 by its layer."""
    if not stem:
        return MAIN_GRAPH
    layer = layer_of(stem)
    return f"the layer {layer}" if layer else f"the function {stem}"


def capital(text: str) -> str:
    """The text as a sentence begins with it."""
    return text[:1].upper() + text[1:]


def ops_text(ops: Sequence[OpCount]) -> str:
    """``Mul x3, Neg``."""
    words = [f"{row.op} x{row.count:,}" if row.count > 1 else row.op for row in ops]
    more = [count_of(len(words) - _SHOWN_OPS, "more op")] if len(words) > _SHOWN_OPS else []
    return ", ".join(words[:_SHOWN_OPS] + more)


def delta_text(added: Sequence[OpCount], removed: Sequence[OpCount]) -> str:
    """``- Relu, + Mul x3, + Neg``; "" where there is neither."""
    half = _SHOWN_OPS // 2
    shown = max(half, _SHOWN_OPS - len(added)), max(half, _SHOWN_OPS - len(removed))
    words = [f"- {ops_text([row])}" for row in removed[: shown[0]]]
    words += [f"+ {ops_text([row])}" for row in added[: shown[1]]]
    left = len(removed) + len(added) - len(words)
    return ", ".join(words + ([count_of(left, "more op")] if left else []))


def body_place(body: BodyChange, node: NodeChange | None = None) -> Location:
    """The body, or one of its nodes."""
    name = body.first.new or body.first.old
    return body.meta_graph.place(function=name or None, node=node.name if node is not None else None)


def body_subject(body: BodyChange) -> tuple[str, ...]:
    """What the body is known by in every export: its name without its number, and the first of its changed nodes."""
    nodes = sorted(node.name for node in body.first.nodes)[:5]
    return body.meta_graph.subject(body.first.stem, *nodes)


def body_name(one: FunctionChange) -> str:
    """A changed function as a sentence names it."""
    return function_name(one.stem)


def body_delta(one: FunctionChange) -> str:
    """What came and what went, calls by what they call: ``- Relu, + Mul x3``; ``+ the layer inserted (MatMul)``."""
    calls = [f"- {call_text(call)}" for call in one.calls_removed]
    calls += [f"+ {call_text(call)}" for call in one.calls_added]
    more = [count_of(len(calls) - _SHOWN_CALLS, "more call")] if len(calls) > _SHOWN_CALLS else []
    ops = [[row for row in rows if not calls or row.op not in PLAIN_CALLS] for rows in (one.ops_added, one.ops_removed)]
    delta = delta_text(ops[0], ops[1])
    return ", ".join([*calls[:_SHOWN_CALLS], *more, *([delta] if delta else [])])


def body_severities(one: FunctionChange) -> Severities | None:
    """Whom a changed body concerns, by what runs it: all where a signature does (None: as the rule says), nobody much
    where nothing does."""
    if one.served or one.role == "saver":
        return None
    if one.role == "unreachable":
        return Severities(NOTE, NOTE, NOTE, NOTE)
    return Severities(None, WARNING, WARNING, WARNING)


def call_text(call: str) -> str:
    """What a body calls: ``the layer inserted (MatMul, Relu)``."""
    stem, _, ops = call.partition(": ")
    return f"{function_name(stem)} ({ops})"


def node_line(node: NodeChange) -> str:
    """One changed node as evidence."""
    if node.kind in ("added", "removed"):
        text = node.old or node.new
        return f"{node.kind}: {node.name} ({node.op}{f' {text}' if text else ''})"
    if node.kind == "rewired":
        return f"{node.name} ({node.op}) takes {node.new or 'nothing'}, and took {node.old or 'nothing'}"
    return f"{node.name} ({node.op}): {_side(node, node.old)} → {_side(node, node.new)}"


def _side(node: NodeChange, text: str) -> str:
    if text:
        return text
    return {"device": "(no device)", "control": "after nothing"}.get(node.kind, "(not set)")


def body_lines(one: FunctionChange, nodes: Sequence[NodeChange]) -> tuple[str, ...]:
    """The evidence of a changed body: how it was matched and what it calls, then nodes as far as there is room."""
    about = list(_about(one))[: MAX_LINES - 2]
    room = MAX_LINES - len(about)
    lines = [node_line(node) for node in nodes]
    if len(lines) > room:
        lines = [*lines[: room - 1], more_line(max(one.changed_nodes, len(lines)) - room + 1, "nodes")]
    return (*about, *lines)


def _about(one: FunctionChange) -> Iterator[str]:
    if one.stage == "likeness":
        yield f"taken for {one.old} of the old model, which is made of about the same ops"
    yield from (f"calls now {text}" for text in map(call_text, one.calls_added))
    yield from (f"no longer calls {text}" for text in map(call_text, one.calls_removed))
    if one.downstream:
        yield f"{count_of(one.downstream, 'other node computes', 'other nodes compute')} on what changed"
    if one.seen_in:
        names = list(dict.fromkeys(function_name(stem_of(name)) for name in one.seen_in))
        words = ["another trace of it" if name == body_name(one) else name for name in names]
        yield f"the same shows in {named(words)}"


def confidence_of(one: FunctionChange) -> float:
    """How surely the two bodies are one."""
    return one.confidence if one.stage == "likeness" else max(one.confidence, _LIKELY)


def is_told(meta_graph: MetaGraphChange) -> bool:
    """Whether what is missing on a side is missing: of a graph that was read in part, it proves nothing."""
    return meta_graph.models.graphs_are_whole
