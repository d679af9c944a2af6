"""Words that the rules on refused nodes share."""

from __future__ import annotations

from collections.abc import Sequence

from smanalyze.checks.evidence import listed, stable_name
from smanalyze.checks.subject import OneMetaGraph
from smanalyze.facts.reuse_refused import RefusedNode


def refused_subject(meta_graph: OneMetaGraph, found: Sequence[RefusedNode]) -> tuple[str, ...]:
    """The nodes, as part of a finding's id."""
    return (*meta_graph.identity, *sorted({f"{stable_name(item.function)}\t{item.node}" for item in found}))


def refused_evidence(found: Sequence[RefusedNode]) -> tuple[str, ...]:
    """One line a node: where it is and what is wrong."""
    return listed(f"{item.node} of {item.function or 'the main graph'} {item.fault}" for item in found)
