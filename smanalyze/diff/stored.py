"""What the indexes of both checkpoints tell of matched variables, and where else they are kept differently."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace

from smanalyze.diff.side import Side
from smanalyze.model.bundle import BundleEntry
from smanalyze.model.dtypes import item_size
from smanalyze.report.changes import VariablePair
from smanalyze.report.sections import VariableRow

_LOCAL = "/job:localhost/replica:0/task:0"


def compare_stored(old: Side, new: Side, pairs: tuple[VariablePair, ...]) -> tuple[VariablePair, ...]:
    """The pairs with whether their values are equal, and what changed of where they are placed. Reads no tensor."""
    entries = _entries(old), _entries(new)
    placed = _placed(old), _placed(new)
    same_order = old.model.checkpoint.endianness == new.model.checkpoint.endianness
    found = []
    for pair in pairs:
        if pair.old is not None and pair.new is not None:
            stored = _stored(pair.old, entries[0]), _stored(pair.new, entries[1])
            values = _values(pair.old, pair.new, *stored, same_order)
            pair = replace(pair, values=values, placement=_moved(pair.old, pair.new, *placed))
        found.append(pair)
    return tuple(found)


def _entries(side: Side) -> dict[str, BundleEntry]:
    return {entry.key: entry for entry in side.model.checkpoint.entries}


def _stored(row: VariableRow, entries: dict[str, BundleEntry]) -> BundleEntry | None:
    return next((entries[key] for key in row.checkpoint_keys if key in entries), None)


# Values ---------------------------------------------------------------------------------------------------------------


def _values(
    old: VariableRow, new: VariableRow, one: BundleEntry | None, other: BundleEntry | None, same_order: bool
) -> str:
    """``equal`` and ``changed`` where dtype, shape and checksums prove it, whether the data is here or not.

    What neither side stores is equal.
    """
    presences = {old.presence, new.presence}
    unknown = next((word for word in ("not-fetched", "not-read") if word in presences), "not-compared")
    if one is None and other is None and old.presence == new.presence == "absent":
        return "equal"
    if one is None or other is None:
        return unknown
    if (one.dtype, one.shape, one.size) != (other.dtype, other.shape, other.size):
        return unknown if one.dtype == other.dtype == "string" and not same_order else "changed"
    if not same_order and item_size(one.dtype) != 1:
        return unknown
    first, second = _checksums(one), _checksums(other)
    if [place for place, _ in first] != [place for place, _ in second]:
        return unknown
    return "equal" if first == second else "changed"


def _checksums(entry: BundleEntry) -> list[tuple[Hashable, int | None]]:
    """(place, checksum) of each stored piece."""
    if not entry.slices:
        return [((), entry.crc32c)]
    return [((piece.starts, piece.lengths), piece.crc32c) for piece in entry.slices]


# Placement ------------------------------------------------------------------------------------------------------------

_Placed = dict[tuple[str, str], tuple[str, str]]


def _placed(side: Side) -> _Placed:
    """(synchronization, aggregation) of the variables of the object graphs by name and path."""
    found: _Placed = {}
    for graph, names in zip(side.graphs, side.names, strict=True):
        objects = graph.meta_graph.objects
        for node in objects.nodes if objects is not None and names.paths is not None else ():
            if node.variable is not None and names.paths is not None:
                key = node.variable.name, names.paths.python_path(node.id) or ""
                found[key] = node.variable.synchronization, node.variable.aggregation
    return found


def _moved(old: VariableRow, new: VariableRow, one: _Placed, other: _Placed) -> tuple[tuple[str, str, str], ...]:
    """What differs in (what, old, new). Of a graph without objects nothing: there a device is one of a node."""
    if not old.object_paths or not new.object_paths:
        return ()
    before, after = one.get((old.name, old.object_paths[0])), other.get((new.name, new.object_paths[0]))
    told = [("device", _device(old.device), _device(new.device))]
    told.append(("replicas", str(len(old.distribution) or 1), str(len(new.distribution) or 1)))
    if before is not None and after is not None:
        told += [("synchronization", before[0], after[0]), ("aggregation", before[1], after[1])]
    return tuple(change for change in told if change[1] != change[2])


def _device(name: str) -> str:
    """A device without the words that say it is of this machine."""
    return name.removeprefix(_LOCAL)
