"""What the checkpoint holds beyond what the model computes with."""

from __future__ import annotations

from collections.abc import Iterator

from smanalyze.checks.evidence import count_of, listed, named, percent, shape_text
from smanalyze.checks.rule import NOTE, WARNING, Found, rule
from smanalyze.checks.subject import ModelFacts, OneModel
from smanalyze.model.parts import INDEX
from smanalyze.report.findings import Location
from smanalyze.report.sections import VariableRow

OBJECT_GRAPH_KEY = "_CHECKPOINTABLE_OBJECT_GRAPH"


@rule("stored-twice", WARNING)
def stored_twice(model: OneModel) -> Iterator[Found]:
    """Variables are stored twice.

    Why: a second variable of the same name, dtype, shape and bytes is in the checkpoint, and no function reads it. It
    doubles download, disk and memory at load. Keras 3's export() does so by itself.
    Fix: with Keras 3, keep `_all_variables` out of the export (see keras issue 23553), or save with
    tf.saved_model.save.
    """
    copies = _of_role(model.facts, "copy")
    if copies:
        yield _stored(model.facts, copies, "variable is stored twice", "variables are stored twice")


@rule("variable-unused", NOTE)
def variable_unused(model: OneModel) -> Iterator[Found]:
    """No function reads a variable.

    Why: it is stored and restored, and neither a signature nor a function of the loaded object uses it.
    Fix: remove it from the object before the export if its value is not wanted.
    """
    facts = model.facts
    used = any(row.used_by or row.used_by_functions for row in facts.variables)
    unused = [row for row in _of_role(facts, "unused") if not row.used_by_functions]
    if unused and used and facts.graph_is_whole:
        what = "bound by no signature and no function"
        yield _stored(facts, unused, f"variable is {what}", f"variables are {what}")


@rule("optimizer-state-stored", NOTE)
def optimizer_state_stored(model: OneModel) -> Iterator[Found]:
    """The optimizer's state is in the checkpoint.

    Why: it is needed to train on, not to serve, and is often twice as large as the weights.
    Fix: for serving, export without the optimizer: model.export() in Keras, `include_optimizer=False` in Keras 2.
    """
    # Keras 3's optimizer also holds the weights it trains; those that a function reads are no state of its own.
    rows = [row for row in _of_role(model.facts, "optimizer") if not row.used_by and not row.used_by_functions]
    # Step counters and learning rates alone, all scalars, are not worth a word.
    if any(row.elements > 1 for row in rows):
        yield _stored(model.facts, rows, "variable is an optimizer's state", "variables are an optimizer's state")


def _of_role(facts: ModelFacts, role: str) -> list[VariableRow]:
    """The variables of one role that the checkpoint holds."""
    return [row for row in facts.variables if row.role == role and (row.crc32c is not None or row.slices)]


def _tensor_bytes(facts: ModelFacts) -> int:
    """Bytes of all stored tensors, the object graph's own text apart."""
    return sum(entry.size for entry in facts.model.checkpoint.entries if entry.key != OBJECT_GRAPH_KEY)


def _stored(facts: ModelFacts, rows: list[VariableRow], singular: str, plural: str) -> Found:
    """A finding about stored variables: their bytes, their share, and the largest of them."""
    size = sum(row.size for row in rows)
    share = f"{count_of(size, 'byte')}, {percent(size, _tensor_bytes(facts))} of what is stored"
    return Found(
        Location(file=INDEX, variable=rows[0].name if len(rows) == 1 else None),
        f"{count_of(len(rows), singular, plural)}: {share}.",
        tuple(sorted({row.name for row in rows})),
        listed(_row_text(row) for row in sorted(rows, key=lambda row: -row.size)),
    )


def _row_text(row: VariableRow) -> str:
    related = f", a copy of {row.copy_of}" if row.copy_of else f", slot of {row.slot_of}" if row.slot_of else ""
    key = row.checkpoint_keys[0] if row.checkpoint_keys else row.name
    return f"{row.name}: {count_of(row.size, 'byte')}, {key}{related}"


@rule("unclaimed-entry", NOTE)
def unclaimed_entry(model: OneModel) -> Iterator[Found]:
    """The checkpoint holds a tensor that nothing restores.

    Why: no restore op and no object of the graph asks for its key, so it only takes room.
    Fix: save the checkpoint together with the graph instead of copying it from training.
    """
    facts = model.facts
    if not facts.graph_is_whole or not facts.index_is_whole or not all(plan.complete for plan in facts.plans):
        return
    restored = {key.key for plan in facts.plans for key in plan.keys}
    rows = [row for row in facts.checkpoint.other_entries if row.key not in restored and row.key != OBJECT_GRAPH_KEY]
    if rows:
        keys = [row.key for row in rows]
        size = sum(row.size for row in rows)
        lines = [f"{row.key}: {row.dtype} {shape_text(row.shape)}, {count_of(row.size, 'byte')}" for row in rows]
        message = f"The graph does not restore {named(keys)} ({count_of(size, 'byte')})."
        yield Found(Location(file=INDEX), message, tuple(sorted(keys)), listed(lines))
