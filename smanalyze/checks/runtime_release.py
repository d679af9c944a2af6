"""What a TensorFlow release lacks that a graph needs."""

from __future__ import annotations

from smanalyze.graph.model_graph import ModelGraph
from smanalyze.graph.op_attrs import attr_has_default, attr_releases
from smanalyze.graph.ops import registered, releases


def known_release(runtime: str) -> str:
    """The release we know that is the ``runtime``, by its major and minor number (``2.15`` and ``2.15.0`` are
    ``2.15.1``); "" for one that we do not know."""
    wanted = runtime.split(".")[:2]
    return next((release for release in releases() if runtime and release.split(".")[:2] == wanted), "")


def missing_ops(graph: ModelGraph, release: str) -> set[str]:
    """Ops of the graph that other releases register, and this one does not."""
    found = set()
    for op in graph.library.op_counts:
        known = registered(op) if op not in graph.library.functions else None
        if known is not None and release not in known.releases:
            found.add(op)
    return found


def missing_attrs(graph: ModelGraph, release: str) -> set[tuple[str, str, bool]]:
    """(op, attr, whether the attr has a default) that nodes of the graph have, that other releases know, and that this
    one does not."""
    library = graph.library
    seen: set[tuple[str, str]] = set()
    for index in (library.main, *map(library.index, library.functions)):
        for number, op in enumerate(index.ops):
            seen.update((op, name) for name in index.node(number).attr_names() if name[:1] != "_")
    found = set()
    for op, attr in seen:
        known = attr_releases(op, attr)
        if known and release not in known:
            found.add((op, attr, bool(attr_has_default(op, attr))))
    return found
