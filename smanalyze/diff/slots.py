"""Which variable an optimizer's slot belongs to: slots are matched by it, and not by names that only count them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from smanalyze.diff.positional import numbered
from smanalyze.report.sections import VariableRow

Owner = tuple[int, str]
"""(number of the variable that a slot belongs to, what the optimizer calls the slot)."""

_SLOT_KEY = re.compile(r"/\.OPTIMIZER_SLOT/.*?([^/]+)/\.ATTRIBUTES/")


def slot_owners(rows: Sequence[VariableRow]) -> dict[int, Owner]:
    """The slots by their numbers: those that the object graph tells of, those of TF1 (``kernel/Adam``), and those that
    Keras of TF 1 keeps in the order of its weights. Without those that could belong to two."""
    counts = Counter(row.name for row in rows)
    by_name = {row.name: n for n, row in enumerate(rows) if counts[row.name] == 1 and row.role != "optimizer"}
    found: dict[int, Owner] = {}
    for number, row in enumerate(rows):
        if row.role == "optimizer" and counts[row.name] == 1:
            owner = _told(row, by_name) or _named(row.name, by_name)
            if owner is not None:
                found[number] = owner
    rest = [row for number, row in enumerate(rows) if row.role == "optimizer" and number not in found]
    at = {row.name: number for number, row in enumerate(rows)}
    found.update({at[name]: owner for name, owner in _in_order(rows, rest).items() if counts[name] == 1})
    alike = Counter(found.values())
    return {number: owner for number, owner in found.items() if alike[owner] == 1}


def _told(row: VariableRow, by_name: dict[str, int]) -> Owner | None:
    """The owner that the object graph names."""
    number = by_name.get(row.slot_of or "")
    if number is None:
        return None
    slot = next((match[1] for key in row.checkpoint_keys if (match := _SLOT_KEY.search(key))), "")
    return (number, slot) if slot else None


def _named(name: str, by_name: dict[str, int]) -> Owner | None:
    """A slot of TF1 is called as its variable, with the slot's name behind it (slot_creator.py); a scope around the
    optimizer stands before."""
    parts = name.split("/")
    for start in range(len(parts) - 1):
        number = by_name.get("/".join(parts[start:-1]))
        if number is not None:
            return number, "/".join((*parts[:start], parts[-1]))
    return None


def _in_order(rows: Sequence[VariableRow], rest: Sequence[VariableRow]) -> dict[str, Owner]:
    """Keras of TF 1 makes a list of slots of the weights' shapes, then the next (keras/optimizers.py: get_updates);
    a list that it does not need has one element each."""
    weights = [number for number, row in enumerate(rows) if row.role == "weight" and row.trainable is not False]
    slots = numbered(rest)
    shapes = [rows[number].shape for number in weights]
    if not weights or not slots or len(slots) % len(weights):
        return {}
    found: dict[str, Owner] = {}
    for start in range(0, len(slots), len(weights)):
        block = slots[start : start + len(weights)]
        held = [row.shape for row in block]
        if held != shapes and (start == 0 or any(shape != (1,) for shape in held)):
            return {}
        found.update(
            {row.name: (number, f"#{start // len(weights)}") for row, number in zip(block, weights, strict=True)}
        )
    return found
