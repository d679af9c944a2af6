"""How many parameters a model has, each variable once, and what else is stored."""

from __future__ import annotations

from smanalyze.report.document import Parameters
from smanalyze.report.sections import CheckpointReport, VariableRow


def build_parameters(
    variables: tuple[VariableRow, ...], checkpoint: CheckpointReport, any_signature: bool
) -> Parameters:
    """Sums over the variables.

    ``total``: weights that a signature binds; where no signature binds any, those that a function other than saver and
    initializers binds; where no function is left either (Keras' ``save_traces=False``) all of them.
    """
    weights = [row for row in variables if row.role in ("weight", "counter")]
    counted = [row for row in weights if row.used_by] if any_signature else []
    counted = counted or [row for row in weights if row.used_by or row.used_by_functions]
    if not counted and not any_signature:
        counted = [row for row in variables if row.role in ("weight", "unused")]
    is_stored = checkpoint.presence == "present"
    other = [row for row in variables if row.role in ("metric", "generator")]
    return Parameters(
        total=sum(row.elements for row in counted),
        trainable=sum(row.elements for row in counted if row.trainable),
        stored=sum(row.elements for row in variables if row.checkpoint_keys and is_stored)
        + sum(_elements(entry.shape) for entry in checkpoint.other_entries if entry.dtype != "string"),
        bytes=sum(row.size for row in counted),
        stored_bytes=checkpoint.bytes,
        optimizer=sum(row.elements for row in variables if row.role == "optimizer"),
        other_state=sum(row.elements for row in other),
        copies=sum(row.elements for row in variables if row.role == "copy"),
        trainable_known=all(row.trainable is not None for row in counted),
    )


def _elements(shape: tuple[int | None, ...] | None) -> int:
    count = 1
    for size in shape or ():
        count *= size or 0
    return count
