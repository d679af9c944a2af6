"""Constants in the graph."""

from __future__ import annotations

from collections.abc import Iterator

from smanalyze.checks.evidence import count_of, listed, percent, shape_text, stable_name
from smanalyze.checks.refused import refused_evidence, refused_subject
from smanalyze.checks.rule import ERROR, NOTE, Found, rule
from smanalyze.checks.subject import OneMetaGraph
from smanalyze.facts.reuse_refused import incomplete_constants

LARGE_BYTES = 1 << 20
"""A constant of this size is large in any graph."""

NOTABLE_BYTES = 32 << 10
NOTABLE_PERCENT = 10
"""From this size on a constant is large where it makes up this share of the model file. Below it are the tables that
ordinary layers bake in (positions, windows, normalization)."""


@rule("large-constant", NOTE)
def large_constant(meta_graph: OneMetaGraph) -> Iterator[Found]:
    """Large constants are baked into the graph.

    Why: they make the model file large and slow to parse (a protobuf message ends at 2 GiB), are copied for each
    session, and cannot be trained or replaced. Often they are frozen weights, or data caught by a function.
    Fix: keep such values in tf.Variable, or in an asset; a frozen graph is made of them on purpose.
    """
    whole = meta_graph.facts.model.pb_size
    found: list[tuple[int, str, str, str]] = []
    library = meta_graph.graph.library
    for function in ("", *library.functions):
        index = library.index(function) if function else library.main
        for number, size in index.constants:
            tensor = index.node(number).attr_tensor("value") if _is_large(size, whole) else None
            if tensor is not None and _is_large(tensor.size, whole):
                kind = f"{tensor.dtype} {shape_text(tensor.shape)}"
                found.append((tensor.size, function, index.names[number], kind))
    if found:
        found.sort(key=lambda item: (-item[0], item[1], item[2]))
        total, (_, function, node, _) = sum(item[0] for item in found), found[0]
        yield Found(
            meta_graph.place(function=function or None, node=node),
            f"{count_of(len(found), 'constant takes', 'constants take')} {count_of(total, 'byte')}, "
            f"{percent(total, whole)} of the model file.",
            (*meta_graph.identity, *sorted({f"{stable_name(f)}\t{n}" for _, f, n, _ in found})),
            listed(f"{n} of {f or 'the main graph'}: {kind}, {count_of(size, 'byte')}" for size, f, n, kind in found),
        )


def _is_large(size: int, whole: int) -> bool:
    return size > LARGE_BYTES or (size > NOTABLE_BYTES and size * 100 > NOTABLE_PERCENT * whole)


@rule("incomplete-constant", ERROR)
def incomplete_constant(meta_graph: OneMetaGraph) -> Iterator[Found]:
    """A constant has no value.

    Why: TensorFlow refuses the graph or function ("NodeDef missing attr"). No export writes such a node; a tool or a
    hand made it.
    Fix: give the node its attrs `dtype` and `value`, or export the model again.
    """
    found = list(incomplete_constants(meta_graph.graph.library))
    if found and meta_graph.facts.graph_is_whole:
        yield Found(
            meta_graph.place(function=found[0].function or None, node=found[0].node),
            f"{count_of(len(found), 'Const node lacks', 'Const nodes lack')} what makes a constant.",
            refused_subject(meta_graph, found),
            refused_evidence(found),
        )
