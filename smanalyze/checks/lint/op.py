"""Ops that TensorFlow itself does not register, and nodes tied to a device."""

from __future__ import annotations

import re
from collections.abc import Iterator

from smanalyze.checks.evidence import count_of, listed, named
from smanalyze.checks.rule import NOTE, WARNING, Found, rule
from smanalyze.checks.subject import OneMetaGraph, OneUnregisteredOp
from smanalyze.graph.ops import provider, releases
from smanalyze.report.sections import UnregisteredOp

#: TensorFlow itself pins saving to the CPU, and writes the whole name of the one local CPU.
_LOCAL_CPU = re.compile(r"(/job:localhost)?(/replica:0)?(/task:0)?/?(device:)?(cpu:(0|\*))?", re.IGNORECASE)


@rule("unknown-op", WARNING)
def unknown_op(op: OneUnregisteredOp) -> Iterator[Found]:
    """An op that nobody known registers.

    Why: TensorFlow cannot load the model before the op's library (a compiled .so, that is: code) is loaded into the
    process. Whoever gets the model needs that library, for the same TensorFlow.
    Fix: ship the library with the model, or replace the op by TensorFlow's own.
    """
    row = op.report
    if row.library or not op.meta_graph.facts.graph_is_whole:
        return
    yield Found(
        op.meta_graph.place(),
        f"No TensorFlow release and no library we know registers the op {row.op} ({count_of(row.count, 'node')}).",
        (row.op,),
        listed(
            [f"used in {'the main graph' if where == 'main graph' else f'function {where}'}" for where in row.where]
            + [f"looked for in TensorFlow {releases()[0]} to {releases()[-1]}"]
        ),
    )


@rule("library-op", NOTE)
def library_op(meta_graph: OneMetaGraph) -> Iterator[Found]:
    """The model needs a library beside TensorFlow.

    Why: ops of that library are in the graph; without it TensorFlow stops with "Op type not registered".
    Fix: install and import the library before loading; serve with a server that has it built in.
    """
    libraries: dict[str, list[UnregisteredOp]] = {}
    for row in meta_graph.report.ops.unregistered:
        if row.library:
            libraries.setdefault(row.library, []).append(row)
    for library, rows in libraries.items():
        known = provider(rows[0].op)
        hints = [f"pip install {known.package}"] if known and known.package else []
        hints += [known.import_hint] if known and known.import_hint else []
        hints += [known.note] if known and known.note else []
        yield Found(
            meta_graph.place(),
            f"{named([row.op for row in rows])} {'is an op' if len(rows) == 1 else 'are ops'} of {library}.",
            (library,),
            listed([*hints, *(f"{row.op}: {count_of(row.count, 'node')}" for row in rows)]),
        )


@rule("pinned-device", NOTE)
def pinned_device(meta_graph: OneMetaGraph) -> Iterator[Found]:
    """Nodes are tied to a device.

    Why: the author placed them on a GPU, a TPU or another machine of a cluster. Where that device is missing, a session
    without soft placement refuses the graph.
    Fix: export without `tf.device`, or load with `clear_devices=True` (TF1) or soft placement.
    """
    pinned = [row for row in meta_graph.report.ops.devices if not _LOCAL_CPU.fullmatch(row.device)]
    if pinned:
        yield Found(
            meta_graph.place(),
            f"{count_of(sum(row.count for row in pinned), 'node is', 'nodes are')} placed on "
            f"{named([row.device for row in pinned])}.",
            (*meta_graph.identity, *sorted(row.device for row in pinned)),
            listed(f"{row.device}: {count_of(row.count, 'node')}" for row in pinned),
        )
