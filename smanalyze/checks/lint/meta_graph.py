"""MetaGraphs as a whole: whether there is one, how it is chosen, and what a loader runs first."""

from __future__ import annotations

import re
from collections.abc import Iterator

from smanalyze.checks.evidence import count_of
from smanalyze.checks.rule import ERROR, WARNING, Found, rule
from smanalyze.checks.subject import OneMetaGraph, OneModel
from smanalyze.report.findings import Location

#: A version as Python's packaging library reads it (PEP 440).
_VERSION = re.compile(
    r"v?(\d+!)?\d+(\.\d+)*([-_.]?(a|b|c|rc|alpha|beta|pre|preview)[-_.]?\d*)?(-\d+|[-_.]?(post|rev|r)[-_.]?\d*)?"
    r"([-_.]?dev[-_.]?\d*)?(\+[a-z0-9]+([-_.][a-z0-9]+)*)?",
    re.IGNORECASE,
)


@rule("no-meta-graph", ERROR)
def no_meta_graph(model: OneModel) -> Iterator[Found]:
    """The model file holds no MetaGraph.

    Why: there is no graph and no signature in it, so there is nothing to load.
    Fix: export the model again.
    """
    facts = model.facts
    if not facts.model.meta_graphs and not facts.model.unreadable:
        name = next((e.path for e in facts.model.files if e.path.rpartition("/")[2].startswith("saved_model.")), None)
        size = count_of(facts.model.pb_size, "byte")
        yield Found(Location(file=name), "The file is a SavedModel without a MetaGraph.", (), (f"it has {size}",))


@rule("repeated-tags", WARNING)
def repeated_tags(model: OneModel) -> Iterator[Found]:
    """Two MetaGraphs have one tag-set.

    Why: a loader chooses by tags and takes the first; the other cannot be reached.
    Fix: give each MetaGraph its own tags, or export them as two models.
    """
    seen: dict[tuple[str, ...], int] = {}
    for meta_graph in model.facts.model.meta_graphs:
        tags = tuple(sorted(meta_graph.tags))
        if tags in seen:
            text = ",".join(tags) or "(no tags)"
            yield Found(
                Location(tag_set=",".join(meta_graph.tags)),
                f"The MetaGraphs {seen[tags]} and {meta_graph.index} both have the tag-set {text}.",
                tags,
                (f"MetaGraph {seen[tags]} is the one that loaders take",),
            )
        seen.setdefault(tags, meta_graph.index)


@rule("missing-init-op", ERROR)
def missing_init_op(meta_graph: OneMetaGraph) -> Iterator[Found]:
    """The op that initializes the model is not in the graph.

    Why: a session (TensorFlow Serving, C++, TF1) runs it when it loads the model, and stops.
    Fix: export the model again; an edited graph must keep the node that __saved_model_init_op names.
    """
    op = meta_graph.report.init_op
    main = meta_graph.graph.library.main
    if op and meta_graph.facts.graph_is_whole and main.producer(op) is None:
        yield Found(
            meta_graph.place(node=op.partition(":")[0]),
            f"The init op is {op}, and the graph has no such node.",
            meta_graph.identity,
            (f"init op: {op}",),
        )


@rule("odd-version", WARNING)
def odd_version(meta_graph: OneMetaGraph) -> Iterator[Found]:
    """The TensorFlow version in the model is no version.

    Why: TensorFlow's Python loaders of graphs without objects (TF1) compare it with other versions, and stop with
    "Invalid version" (tensorflow/python/framework/meta_graph.py). TensorFlow Serving and C++ do not look at it.
    Fix: export with a released TensorFlow, or load in C++.
    """
    version = meta_graph.report.tensorflow_version
    if version and meta_graph.graph.meta_graph.objects is None and not _VERSION.fullmatch(version.strip()):
        yield Found(
            meta_graph.place(),
            f"The model names {version} as its TensorFlow version, which Python cannot parse.",
            (*meta_graph.identity, version),
            (
                f"tensorflow_version: {version}",
                f"tensorflow_git_version: {meta_graph.graph.meta_graph.tensorflow_git_version}",
            ),
        )
