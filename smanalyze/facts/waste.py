"""Bytes that an export would not need, each with its proof; and what only looks like it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from smanalyze.facts.checkpoint import build_checkpoint, index_is_sound
from smanalyze.graph.model_graph import ModelGraph
from smanalyze.model.bundle import BundleEntry
from smanalyze.model.saved_model import SavedModel
from smanalyze.model.tensors import Shape
from smanalyze.report.audit import WasteRow
from smanalyze.report.sections import StoredTensor, VariableRow

KINDS = ("copy", "unbound", "optimizer", "ema", "constant", "equal")
"""In the order a report lists them."""

PROVEN = ("copy", "unbound", "optimizer", "ema")
"""What can be left out without a signature or function noticing. A constant must be kept, though elsewhere, and equal
bytes may be chance: fresh biases are all zeros."""

LARGE_CONSTANT_BYTES = 1 << 20
NOTABLE_CONSTANT_BYTES = 32 << 10
NOTABLE_CONSTANT_PERCENT = 10
"""A constant is large from the first size on; from the second on where it makes up this share of the graph file. Below
are the tables that ordinary layers bake in (positions, windows, normalization)."""

EQUAL_BYTES = 1 << 10
"""Equal tensors below this are not worth a line."""

MAX_NAMED = 4

#: Names of averaged shadows: tf.train.ExponentialMovingAverage appends its own, others ``/ema`` or put ``ema/`` first.
_EMA = re.compile(
    r"^(?:(?:ema|EMA)/(?P<below>.+)|(?P<base>.+?)(?:/ExponentialMovingAverage|[/_](?:ema|EMA))(?:_\d+)?)$"
)
_SLOT = "an optimizer slot that no object claims"
_UNCLAIMED = "no variable of the graph claims it"


def find_waste(
    model: SavedModel,
    graphs: tuple[ModelGraph, ...],
    variables: tuple[VariableRow, ...],
    failed: frozenset[str] = frozenset(),
) -> tuple[WasteRow, ...]:
    """What the model stores and does not need, by kind, largest first; each tensor in one row only.

    * ``copy``: bound by nothing, and of the name, dtype, shape and bytes (checksum and size) of a variable that is
      bound; or a further key of the very same variable, with the same bytes.
    * ``unbound``: no signature and no function binds the variable, or no variable of the graph claims the tensor.
    * ``optimizer``: slots and settings of an optimizer that no signature uses.
    * ``ema``: named as the moving average of a variable that is there too, of its dtype and shape, and itself unbound.
    * ``constant``: a large one; its ``share`` is of the graph file, that of the others of the bytes in the checkpoint.
    * ``equal``: bytes equal to those of another tensor; no proof, since initial values are often equal.

    Nothing is said of variables where the graph could not be read, or where it binds no variable at all, and of no
    stored tensor where the index is damaged, which alone says what is stored. ``variables``
    as facts.variables.build_variables gives them; ``failed`` are keys whose bytes are not those of their checksum,
    which therefore shows no equality. Reads no tensor.
    """
    finder = _Finder(model, variables, failed)
    sound = index_is_sound(model)
    whole = bool(graphs) and not model.graph_unread
    if sound and whole and any(row.used_by or row.used_by_functions for row in variables):
        for row in variables:
            finder.look_at(row)
        for other in build_checkpoint(model, variables).other_entries:
            finder.look_at_other(other)
    if sound:
        finder.compare()
    found = [*finder.rows, *_constants(model, graphs)]
    return tuple(sorted(found, key=lambda row: (KINDS.index(row.kind), -row.bytes, row.name)))


def needed_bytes(model: SavedModel, waste: Iterable[WasteRow]) -> int:
    """Bytes of the checkpoint that an export without the proven waste would still hold."""
    stored = sum(entry.size for entry in model.checkpoint.entries)
    return stored - sum(row.bytes for row in waste if row.kind in PROVEN)


class _Finder:
    """The rows found so far, and which keys they stand for."""

    def __init__(self, model: SavedModel, variables: tuple[VariableRow, ...], failed: frozenset[str]) -> None:
        self.rows: list[WasteRow] = []
        self._failed = failed
        self._entries = {entry.key: entry for entry in model.checkpoint.entries}
        self._stored = sum(entry.size for entry in model.checkpoint.entries)
        self._names = {key: row.name for row in variables for key in row.checkpoint_keys}
        self._rows: dict[str, list[VariableRow]] = {}
        for row in variables:
            for name in {row.name, *row.object_paths}:
                self._rows.setdefault(name, []).append(row)
        self._taken: set[str] = set()

    def _add(self, kind: str, name: str, entries: Iterable[BundleEntry], reason: str) -> None:
        fresh = [entry for entry in entries if entry.key not in self._taken]
        size = sum(entry.size for entry in fresh)
        if size:
            self._taken.update(entry.key for entry in fresh)
            self.rows.append(WasteRow(kind, name, size, size / self._stored, reason))

    def look_at(self, row: VariableRow) -> None:
        """One variable: all its entries where it is not needed, else those that repeat the first."""
        entries = [self._entries[key] for key in row.checkpoint_keys if key in self._entries]
        verdict = self._verdict(row)
        if verdict is not None:
            self._add(verdict[0], row.name, entries, verdict[1])
        elif entries:
            content = self._content(entries[0])
            again = [entry for entry in entries[1:] if content is not None and self._content(entry) == content]
            self._add("copy", row.name, again, f"The variable is stored under {entries[0].key} too, with these bytes.")

    def look_at_other(self, other: StoredTensor) -> None:
        """A stored tensor that belongs to no variable."""
        entry = [self._entries[other.key]]
        if other.meaning == _SLOT:
            self._add("optimizer", other.key, entry, "An optimizer's slot; no object of the model claims it.")
        elif other.meaning == _UNCLAIMED:
            original = self._averaged(other.key, other.dtype, other.shape)
            what = f"The moving average of {original.name}; no" if original is not None else "No"
            self._add("ema" if original else "unbound", other.key, entry, f"{what} variable of the graph claims it.")

    def compare(self) -> None:
        """Equal bytes among what is left."""
        groups: dict[tuple[object, ...], list[BundleEntry]] = {}
        for entry in self._entries.values():
            content = self._content(entry)
            if entry.key not in self._taken and entry.size >= EQUAL_BYTES and content is not None:
                groups.setdefault(content, []).append(entry)
        for first, *rest in groups.values():
            if rest:
                others = [self._names.get(entry.key, entry.key) for entry in rest]
                more = f" and {len(others) - MAX_NAMED} more" if len(others) > MAX_NAMED else ""
                reason = f"The same bytes as {', '.join(others[:MAX_NAMED])}{more}; that alone proves nothing."
                self._add("equal", self._names.get(first.key, first.key), rest, reason)

    def _verdict(self, row: VariableRow) -> tuple[str, str] | None:
        """(kind, reason) of a variable that is not needed."""
        if row.role == "copy" and self._is_copy(row):
            return "copy", f"Of {row.copy_of}'s name, dtype, shape and bytes, and bound by no function."
        if row.used_by or row.written_by:
            return None
        if row.role == "optimizer":
            what = f"The optimizer's slot of {row.slot_of}" if row.slot_of else "State of the optimizer"
            by = "a function binds it, no signature does" if row.used_by_functions else "nothing binds it"
            return "optimizer", f"{what}; {by}."
        if row.used_by_functions or row.role in ("weight", "counter"):
            return None
        original = self._averaged(row.name, row.dtype, row.shape)
        if original is not None:
            return "ema", f"The moving average of {original.name}; no signature and no function binds it."
        what = {"metric": "A metric's state; no", "generator": "A random generator's state; no"}.get(row.role, "No")
        return "unbound", f"{what} signature and no function binds it."

    def _is_copy(self, row: VariableRow) -> bool:
        """Whether the checksums that make it one are those of the bytes, for it and for a variable it is a copy of."""
        originals = (other for other in self._rows.get(row.copy_of or "", ()) if other.role != "copy")
        return self._failed.isdisjoint(row.checkpoint_keys) and any(
            self._failed.isdisjoint(original.checkpoint_keys) for original in originals
        )

    def _content(self, entry: BundleEntry) -> tuple[object, ...] | None:
        return None if entry.key in self._failed else _content(entry)

    def _averaged(self, name: str, dtype: str, shape: Shape) -> VariableRow | None:
        """The variable whose moving average a tensor is: going by the name, and of the same dtype and shape."""
        match = _EMA.match(name.partition("/.ATTRIBUTES/")[0])
        for row in self._rows.get(match["below"] or match["base"], ()) if match else ():
            if row.dtype.removesuffix("_ref") == dtype.removesuffix("_ref") and row.shape == shape:
                return row
        return None


def _content(entry: BundleEntry) -> tuple[object, ...] | None:
    """What is equal where the bytes are: dtype, shape, size and checksum, those of its pieces for a partitioned one.

    None for strings and variants, whose checksums are of something else.
    """
    if entry.dtype in ("string", "variant"):
        return None
    if entry.slices:
        return (entry.dtype, entry.shape, *((s.starts, s.lengths, s.size, s.crc32c) for s in entry.slices))
    return entry.dtype, entry.shape, entry.size, entry.crc32c


def _constants(model: SavedModel, graphs: tuple[ModelGraph, ...]) -> Iterator[WasteRow]:
    """Large constants of the main graphs and the libraries; the size is that of the value in the file."""
    whole = model.pb_size
    found: dict[str, int] = {}
    for graph in graphs:
        for function in ("", *graph.library.functions):
            index = graph.library.index(function) if function else graph.library.main
            for number, size in index.constants:
                tensor = index.node(number).attr_tensor("value") if _is_large(size, whole) else None
                if tensor is not None and _is_large(tensor.size, whole):
                    name = f"{function}/{index.names[number]}" if function else index.names[number]
                    found[name] = max(tensor.size, found.get(name, 0))
    for name, size in found.items():
        reason = "Baked into the graph: parsed and held by each copy of it; it can be neither trained nor replaced."
        yield WasteRow("constant", name, size, min(size / whole, 1.0) if whole else 0.0, reason)


def _is_large(size: int, whole: int) -> bool:
    notable = size > NOTABLE_CONSTANT_BYTES and size * 100 > NOTABLE_CONSTANT_PERCENT * whole
    return size > LARGE_CONSTANT_BYTES or notable
