"""Ops and devices: what a runtime must have to run the new model."""

from __future__ import annotations

from collections.abc import Iterator

from smanalyze.checks.body_words import is_told, node_line
from smanalyze.checks.change import Changed, change
from smanalyze.checks.changes import MetaGraphChange
from smanalyze.checks.device_words import own_devices
from smanalyze.checks.evidence import count_of, listed, named
from smanalyze.checks.rule import ERROR, NOTE, WARNING
from smanalyze.checks.runtime_release import known_release, missing_attrs, missing_ops
from smanalyze.facts.function_names import stem_of
from smanalyze.graph.ops import provider, registered, releases
from smanalyze.report.diff import Severities
from smanalyze.report.program_changes import OpChange

AREA = "program"


def _unregistered(meta_graph: MetaGraphChange, side: int) -> list[OpChange]:
    """Ops that one side (1: the new) has and the other has not, and that no release of TensorFlow registers."""
    graphs = meta_graph.graphs
    functions = [name for graph in graphs if graph is not None for name in graph.library.functions]
    rows = [row for row in meta_graph.pair.ops if (row.old, row.new)[side] and not (row.old, row.new)[1 - side]]
    unknown = [row for row in rows if registered(row.op) is None]
    known = set(functions) if unknown else set()
    return [row for row in unknown if row.op not in known] if is_told(meta_graph) else []


def _op_line(row: OpChange) -> str:
    where = [stem_of(name) for name in row.functions] or ["the main graph"]
    return f"{row.op}: {count_of(max(row.old, row.new), 'node')}, in {named(list(dict.fromkeys(where)))}"


def _ops(meta_graph: MetaGraphChange, rows: list[OpChange], message: str, old: str, new: str) -> Changed:
    reach = tuple(dict.fromkeys(name for row in rows for name in row.where))
    function = next((name for row in rows for name in row.functions), None)
    subject = meta_graph.subject(*sorted(row.op for row in rows))
    return Changed(meta_graph.place(function=function), message, subject, old, new, listed(map(_op_line, rows)), reach)


@change("op-custom-added", serving=ERROR, python=ERROR, keras=ERROR, security=ERROR)
def custom_added(meta_graph: MetaGraphChange) -> Iterator[Changed]:
    """The new model has an op that nobody known registers.

    Why: TensorFlow cannot load the model before a library with the op (a compiled .so, that is: code) is in the
    process. What the op does is unknown.
    Fix: replace the op by TensorFlow's own, or ship its library, for the same TensorFlow, with the model.
    """
    rows = [row for row in _unregistered(meta_graph, 1) if provider(row.op) is None]
    if rows:
        names = named([row.op for row in rows])
        looked = f"{releases()[0]} to {releases()[-1]}"
        message = f"No TensorFlow release ({looked}) and no library we know registers {names}."
        yield _ops(meta_graph, rows, message, "", ", ".join(row.op for row in rows))


@change("op-custom-removed", serving=NOTE, python=NOTE, keras=NOTE, security=NOTE)
def custom_removed(meta_graph: MetaGraphChange) -> Iterator[Changed]:
    """An op that nobody known registers is gone.

    Why: the new model does without the library that has the op.
    Fix: nothing, if it was meant.
    """
    rows = [row for row in _unregistered(meta_graph, 0) if provider(row.op) is None]
    if rows:
        message = f"The new model does without {named([row.op for row in rows])}."
        yield _ops(meta_graph, rows, message, ", ".join(row.op for row in rows), "")


def _libraries(meta_graph: MetaGraphChange, side: int, *, both: bool = False) -> Iterator[tuple[str, list[OpChange]]]:
    """Libraries beside TensorFlow that one side needs and the other does not (or does: ``both``), with the ops that
    only the one has."""
    found: dict[str, list[OpChange]] = {}
    for row in _unregistered(meta_graph, side):
        known = provider(row.op)
        if known is not None:
            found.setdefault(known.library, []).append(row)
    other = meta_graph.graphs[1 - side]
    known_there = map(provider, other.library.op_counts if found and other is not None else ())
    needed = {known.library for known in known_there if known is not None}
    yield from ((library, rows) for library, rows in found.items() if (library in needed) is both)


@change("op-library-added", serving=WARNING, python=WARNING, keras=WARNING, security=WARNING)
def library_added(meta_graph: MetaGraphChange) -> Iterator[Changed]:
    """The new model needs a library beside TensorFlow.

    Why: ops of that library are in the graph; without it TensorFlow stops with "Op type not registered".
    Fix: install and import the library before loading; serve with a server that has it built in.
    """
    for library, rows in _libraries(meta_graph, 1):
        known = provider(rows[0].op)
        install = f" (pip install {known.package})" if known is not None and known.package else ""
        verb = "is an op" if len(rows) == 1 else "are ops"
        message = f"The new model needs {library}{install}: {named([row.op for row in rows])} {verb} of it."
        yield _ops(meta_graph, rows, message, "", library)


@change("op-library-ops-added", serving=WARNING, python=WARNING, keras=WARNING, security=NOTE)
def library_ops_added(meta_graph: MetaGraphChange) -> Iterator[Changed]:
    """The new model uses ops of a library that the old one did not.

    Why: the old model needs the library, too, but an older version of it may not have these ops; then TensorFlow stops
    with "Op type not registered".
    Fix: see that what serves the model has a version of the library with these ops.
    """
    for library, rows in _libraries(meta_graph, 1, both=True):
        verb = "is an op" if len(rows) == 1 else "are ops"
        message = f"{named([row.op for row in rows])} {verb} of {library} that the old model did not use."
        yield _ops(meta_graph, rows, message, "", library)


@change("op-library-removed", serving=NOTE, python=NOTE, keras=NOTE, security=NOTE)
def library_removed(meta_graph: MetaGraphChange) -> Iterator[Changed]:
    """The model no longer needs a library beside TensorFlow.

    Why: none of the library's ops is in the new graph.
    Fix: nothing; the library need not be installed for this model any more.
    """
    for library, rows in _libraries(meta_graph, 0):
        yield _ops(meta_graph, rows, f"The new model no longer needs {library}.", library, "")


@change("op-newer-than-runtime", serving=ERROR, python=ERROR, keras=ERROR)
def newer_than_runtime(meta_graph: MetaGraphChange) -> Iterator[Changed]:
    """The runtime does not have an op, or an attr of one.

    Why: the TensorFlow release named with `--runtime-tf` does not register it, and refuses the graph ("Op type not
    registered", "NodeDef mentions attr … not in Op"). Python drops an attr that has its default, so that this may work.
    Fix: export with that release, or move the runtime first.
    """
    old, new = meta_graph.graphs
    release = known_release(meta_graph.models.runtime_tf)
    if new is None or not release or not is_told(meta_graph):
        return
    ops = missing_ops(new, release) - (missing_ops(old, release) if old is not None else set())
    attrs = missing_attrs(new, release) - (missing_attrs(old, release) if old is not None else set())
    if ops:
        lines = [f"{op}: registered by {', '.join(_span(op))}" for op in sorted(ops)]
        message = f"TensorFlow {release} does not have {named(sorted(ops))}."
        yield Changed(meta_graph.place(), message, meta_graph.subject(*sorted(ops)), "", release, listed(lines))
    told = sorted((op, attr) for op, attr, _ in attrs if op not in ops)
    if told:
        lines = [f"{op}: the attr {attr}" for op, attr in told]
        message = f"TensorFlow {release} does not know {named([f'{attr} of {op}' for op, attr in told])}."
        spared = all(default for _, _, default in attrs)
        yield Changed(
            meta_graph.place(), message, meta_graph.subject(*(f"{op} {attr}" for op, attr in told)), "", release,
            listed(lines), severities=Severities(ERROR, WARNING, WARNING) if spared else None,
        )  # fmt: skip


def _span(op: str) -> tuple[str, ...]:
    known = registered(op)
    return (f"TensorFlow {known.first_release} to {known.last_release}",) if known is not None else ("nobody",)


@change("node-device-changed", serving=WARNING, python=WARNING, keras=NOTE)
def device_changed(meta_graph: MetaGraphChange) -> Iterator[Changed]:
    """Nodes are tied to another device.

    Why: where the device is missing, a session without soft placement refuses the graph; where it is there, speed and
    memory are not what they were. Nodes that are no longer tied to one run everywhere: a note.
    Fix: export without `tf.device`, or see that the device is there.
    """
    if not meta_graph.in_both or not is_told(meta_graph):
        return
    old, new = map(own_devices, meta_graph.pair.devices)
    bodies = [body for body in meta_graph.pair.functions if body.devices and not body.echo_of]
    nodes = [node for body in bodies for node in body.nodes if node.kind == "device"]
    came, went = sorted(new - old), sorted(old - new)
    if not came and not went and not nodes:
        return
    moved = sum(body.devices for body in bodies)
    before, after = [*(node.old for node in nodes), *went], [*(node.new for node in nodes), *came]
    sides = [", ".join(name for name in dict.fromkeys(side) if name) for side in (before, after)]
    tied = f"tied to {sides[1]}" if sides[1] else "tied to no device"
    count = count_of(moved, "node is", "nodes are") if moved else "Nodes are"
    were = f", and {'was' if moved == 1 else 'were'} tied to {sides[0]}" if sides[0] else ""
    message = f"{count} {tied} now{were}." if moved or came else f"No node is tied to {sides[0]} any more."
    function = next((body.new for body in bodies if body.new), None)
    place = meta_graph.place(function=function, node=nodes[0].name if len(nodes) == 1 else None)
    reach = tuple(dict.fromkeys(name for body in bodies for name in body.reach))
    yield Changed(
        place, message, meta_graph.subject(*came, *went, *sorted(node.name for node in nodes)[:5]),
        sides[0], sides[1], listed(map(node_line, nodes)) or listed(f"{name}: new" for name in came), reach,
        None if sides[1] else Severities(NOTE, NOTE, NOTE),
    )  # fmt: skip
