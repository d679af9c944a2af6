"""What a variable is for: a weight, optimizer state, a metric, a generator's state, a counter, a second copy."""

from __future__ import annotations

import re
from dataclasses import replace

from smanalyze.facts.objects import ObjectPaths
from smanalyze.model.objects import SavedObject
from smanalyze.model.tensors import Shape
from smanalyze.report.sections import VariableRow

ROLES = ("weight", "counter", "generator", "metric", "optimizer", "copy", "unused")
"""In the order a report lists them."""

_COUNTERS = ("global_step", "save_counter", "iterations", "iteration", "step", "iter", "counter")
_SLOT_SUFFIXES = (
    "Adam", "Adam_1", "Momentum", "RMSProp", "RMSProp_1", "Adagrad", "Adadelta", "Adadelta_1", "Ftrl", "Ftrl_1",
    "beta1_power", "beta2_power", "AdaMax", "AdaMax_1", "LazyAdam", "LazyAdam_1", "AdamWeightDecayOptimizer",
    "AdamWeightDecayOptimizer_1", "adam_m", "adam_v",
)  # fmt: skip


#: Keras of TF 1 names what its optimizers keep ``training/Adam/...``, and their settings ``Adam/lr``.
_KERAS_SLOT = re.compile(
    r"^training(_\d+)?/(SGD|RMSprop|Adam|Adamax|Nadam|Adagrad|Adadelta|Ftrl|TFOptimizer)(_\d+)?/"
    r"|^(SGD|RMSprop|Adam|Adamax|Nadam|Adagrad|Adadelta|Ftrl)(_\d+)?/(iterations|lr|learning_rate|decay|beta_1|beta_2|rho|momentum)(_\d+)?$"
)


def object_role(node: SavedObject, paths: ObjectPaths, is_slot: bool) -> str | None:
    """The role that the object graph itself tells; None where it tells none.

    An optimizer is a user object of identifier ``optimizer`` or ``experimentalOptimizer``, or the attribute
    ``optimizer`` of a Keras model; what hangs below it first is its state, but for the model's own weights, which a
    Keras 3 optimizer keeps as ``_trainable_variables``.
    """
    if is_slot:
        return "optimizer"
    names = paths.names[node.id] or ()
    if "_trainable_variables" in names[:-1]:
        return None
    current = paths.parents[node.id]
    identifiers = []
    while current is not None:
        identifiers.append(paths.graph.nodes[current].identifier)
        current = paths.parents[current]
    if any("ptimizer" in identifier for identifier in identifiers) or names[:1] in (("optimizer",), ("_optimizer",)):
        return "optimizer"
    if "_tf_keras_metric" in identifiers or ("keras_api" in names and "metrics" in names):
        return "metric"
    return "generator" if "_generator" in identifiers or names[-1:] == ("_state_var",) else None


def weight_role(bound: bool, called: bool, dtype: str, shape: Shape, name: str) -> str:
    """The role of a variable that no object explains: ``counter``, ``optimizer`` (the names that TF1 and Keras 1 give
    slots), ``generator`` (a name that Keras 3 gives), ``unused`` where nothing binds it, else ``weight``. ``called``: a
    signature or callable binds it, so that it is no slot whatever its name."""
    last = name.rpartition("/")[2]
    if shape == () and dtype.startswith(("int", "uint")) and last.partition(":")[0] in _COUNTERS:
        return "counter"
    if "seed_generator" in name:
        return "generator"
    if not called and (last in _SLOT_SUFFIXES or _KERAS_SLOT.search(name)):
        return "optimizer"
    return "weight" if bound else "unused"


def copies_of(rows: tuple[VariableRow, ...]) -> tuple[VariableRow, ...]:
    """Marks second stored copies, and sorts by role.

    A copy is bound by nothing and has the name, dtype, shape and stored bytes (CRC and size) of a variable that is
    bound, under another key. Equal bytes alone prove nothing: fresh weights are often equal.
    """
    bound = {_content(row): row for row in reversed(rows) if row.role == "weight" and row.crc32c is not None}
    marked = []
    for row in rows:
        original = bound.get(_content(row)) if row.role == "unused" and row.crc32c is not None else None
        if original is not None and original.checkpoint_keys != row.checkpoint_keys:
            row = replace(row, role="copy", copy_of=original.name)
        marked.append(row)
    return tuple(sorted(marked, key=lambda row: ROLES.index(row.role)))


def _content(row: VariableRow) -> tuple[object, ...]:
    return row.name, row.dtype, row.shape, row.size, row.crc32c
