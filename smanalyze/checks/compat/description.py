"""What the hash of the objects says, and no other rule."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from smanalyze.checks.change import Changed, change
from smanalyze.checks.changes import Untold
from smanalyze.checks.evidence import listed
from smanalyze.checks.rule import NOTE
from smanalyze.report.python_changes import DescriptionPair

AREA = "python"

_VARIABLES = (
    "var-added", "var-removed", "var-renamed", "var-shape-", "var-dtype-", "var-trainable-", "var-distribution-",
    "var-state-", "var-duplicated", "var-deduplicated",
)  # fmt: skip
_OBJECTS = ("api-", "keras-", "sig-", "meta-objectgraph-", *_VARIABLES)
_TOLD_BY = {
    "listed": _VARIABLES, "collection": ("meta-collections-changed", *_VARIABLES),
    "aliases": ("meta-function-aliases-changed",), "keras": ("keras-", "api-object-class-changed"),
}  # fmt: skip
"""How the ids begin of the rules that tell why such a line changes; for others _OBJECTS."""

_OF_GRAPHS = ("listed", "collection", "aliases")
_SHOWN = 4
_WORDS = {"object": "objects of one side alone", "child": "what hangs below", "slot": "slots of optimizers"}


@change("api-description-changed", python=NOTE, keras=NOTE)
def description_changed(untold: Untold) -> Iterator[Changed]:
    """Objects are written otherwise.

    Why: releases of TensorFlow and Keras describe the same objects in other words: the arguments of a concrete function
    (FunctionSpec), what hangs below a function, the version of Keras in its metadata. What the functions take and the
    layers are set to is compared on its own.
    Fix: nothing, unless code reads these descriptions.
    """
    meta_graph = untold.meta_graph
    rows = [row for row in meta_graph.pair.descriptions if not _is_told(untold, row)]
    if not rows or not meta_graph.models.graphs_are_whole:
        return
    counts = Counter(row.what for row in rows)
    words = [_WORDS.get(what, what) + f" ({count})" * (count > 1) for what, count in counts.most_common(_SHOWN)]
    if len(counts) > _SHOWN:
        words.append(f"{len(counts) - _SHOWN} more")
    alone = rows[0] if len(rows) == 1 else None
    path = alone.path if alone is not None and alone.kind not in _OF_GRAPHS else ""
    yield Changed(
        meta_graph.place(object_path=path or None),
        f"Objects are described otherwise: {_line(alone) if alone else ', '.join(words)}.",
        meta_graph.subject(*sorted(counts)),
        alone.old if alone else "",
        alone.new if alone else "",
        listed(map(_line, rows)),
    )


def _is_told(untold: Untold, row: DescriptionPair) -> bool:
    """Whether a rule of its own, or what means nothing, says why the line is another."""
    noise = untold.meta_graph.models.changes.normalised
    if (row.kind == "listed" and noise.variable_names) or (row.kind == "keras" and noise.layer_names):
        return True
    return untold.told(*_TOLD_BY.get(row.kind, _OBJECTS))


def _line(row: DescriptionPair) -> str:
    sides = f" {row.old or '(none)'} → {row.new or '(none)'}" if row.old or row.new else " changed"
    return f"{row.path or '(the loaded object)'}: {row.what}{sides}"
