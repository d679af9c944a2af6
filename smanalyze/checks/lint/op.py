"""Ops that TensorFlow itself does not register, and nodes tied to a device."""

from __future__ import annotations

import re
from collections.abc import Iterator

from smanalyze.checks.act_words import times
from smanalyze.checks.evidence import count_of, listed, named
from smanalyze.checks.rule import NOTE, WARNING, Found, rule
from smanalyze.checks.subject import OneAct, OneLibrary, OneMetaGraph
from smanalyze.facts.acts import LIBRARY, UNKNOWN
from smanalyze.graph.ops import provider, releases

#: TensorFlow itself pins saving to the CPU, and writes the whole name of the one local CPU.
_LOCAL_CPU = re.compile(r"(/job:localhost)?(/replica:0)?(/task:0)?/?(device:)?(cpu:(0|\*))?", re.IGNORECASE)


@rule("unknown-op", WARNING)
def unknown_op(one: OneAct) -> Iterator[Found]:
    """An op that nobody known registers.

    Why: TensorFlow cannot load the model before the op's library (a compiled .so, that is: code) is loaded into the
    process. Whoever gets the model needs that library, for the same TensorFlow.
    Fix: ship the library with the model, or replace the op by TensorFlow's own.
    """
    act = one.act
    if act.risk_class != UNKNOWN or not one.facts.graph_is_whole:
        return
    yield Found(
        one.place(),
        f"No TensorFlow release and no library we know registers the op {act.op} ({count_of(act.nodes, 'node')}).",
        (act.op,),
        listed([
            *(f"used in {f'function {name}' if name else 'the main graph'}" for name in act.functions),
            f"{times(act.when)}: {' → '.join(act.path)}",
            f"looked for in TensorFlow {releases()[0]} to {releases()[-1]}",
        ]),
    )  # fmt: skip


@rule("library-op", NOTE)
def library_op(one: OneLibrary) -> Iterator[Found]:
    """The model needs a library beside TensorFlow.

    Why: ops of that library are in the graph; without it TensorFlow stops with "Op type not registered". What they do
    is in that library's code, which the graph does not show.
    Fix: install and import the library before loading; serve with a server that has it built in.
    """
    acts = [act for act in one.acts if act.risk_class == LIBRARY]
    known = provider(acts[0].op)
    hints = [f"pip install {known.package}"] if known and known.package else []
    hints += [known.import_hint] if known and known.import_hint else []
    hints += [known.note] if known and known.note else []
    ops = list(dict.fromkeys(act.op for act in acts))
    told = [f"{act.op} {act.reason}" for act in one.acts if act.risk_class != LIBRARY]
    counts = {op: sum(act.nodes for act in acts if act.op == op) for op in ops}
    yield Found(
        one.place(),
        f"{named(ops)} {'is an op' if len(ops) == 1 else 'are ops'} of {one.library}.",
        (one.library,),
        listed([*hints, *dict.fromkeys(told), *(f"{op}: {count_of(counts[op], 'node')}" for op in ops)]),
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
