"""How the values of matched variables changed, streamed from both sides."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from smanalyze.diff.side import Side
from smanalyze.diff.weight_streams import Stored, side_by_side
from smanalyze.diff.weight_tally import Tally
from smanalyze.errors import FormatError
from smanalyze.model.bundle import BundleEntry
from smanalyze.model.dtypes import item_size
from smanalyze.report.changes import VariablePair, WeightDelta

Progress = Callable[[int, int], None]

MAX_STRINGS = 16 << 20
"""Bytes of strings that are read at once, to count those that differ."""

_TRAINED = ("weight", "unused")
"""Roles of variables that training moves; what the others hold is replaced, and never fine-tuned."""


def weigh(
    old: Side, new: Side, pairs: tuple[VariablePair, ...], budget: int, progress: Progress | None = None
) -> tuple[tuple[VariablePair, ...], int]:
    """The pairs, those whose values changed with how much, and the bytes that were read for it.

    Nothing is read of what is equal by its checksum. What would exceed ``budget`` bytes of one side is left out, and
    has no numbers. Where checksums prove nothing (another byte order, another partition) reading tells whether values
    are equal. Never raises for what is in the files.
    """
    sides = _Entries(old), _Entries(new)
    found = list(pairs)
    wanted: list[tuple[int, Stored, Stored]] = []
    used = [0, 0]
    for number, pair in enumerate(pairs):
        if pair.old is None or pair.new is None or pair.values not in ("changed", "not-compared"):
            continue
        one, other = sides[0].of(pair.old.checkpoint_keys), sides[1].of(pair.new.checkpoint_keys)
        if one is None or other is None or {pair.old.presence, pair.new.presence} != {"present"}:
            found[number] = _left_out(pair, "missing")
        elif not _is_comparable(one[1], other[1]):
            found[number] = replace(pair, values="changed", delta=plain_delta(0, 0))
        elif used[0] + one[1].size > budget or used[1] + other[1].size > budget:
            found[number] = _left_out(pair, "budget")
        else:
            used = [used[0] + one[1].size, used[1] + other[1].size]
            wanted.append((number, one, other))
    steps = _Steps(sum(used), progress)
    for number, one, other in wanted:
        found[number] = _weighed(pairs[number], one, other, steps)
    return tuple(found), steps.done


class _Entries:
    """The entries of one side by key, with what reads them."""

    def __init__(self, side: Side) -> None:
        self._reader = side.model.checkpoint.reader
        self._entries = {entry.key: entry for entry in side.model.checkpoint.entries}

    def of(self, keys: tuple[str, ...]) -> Stored | None:
        """The first of the keys that is stored."""
        entry = next((self._entries[key] for key in keys if key in self._entries), None)
        return None if entry is None or self._reader is None else (self._reader, entry)


class _Steps:
    """Tells how far reading is."""

    def __init__(self, total: int, tell: Progress | None) -> None:
        self.done = 0
        self._total, self._tell = total, tell

    def add(self, size: int) -> None:
        self.done += size
        if self._tell is not None:
            self._tell(self.done, self._total)


def _left_out(pair: VariablePair, reason: str) -> VariablePair:
    return replace(pair, unread=reason) if pair.values == "changed" else pair


def _is_comparable(old: BundleEntry, new: BundleEntry) -> bool:
    """Whether the elements can be told one by one: as many of them, of one dtype or of floats."""
    if old.shape != new.shape:
        return False
    if old.dtype == "string" == new.dtype:
        return max(old.size, new.size) <= MAX_STRINGS and not old.slices and not new.slices
    if not item_size(old.dtype) or not item_size(new.dtype):
        return False
    return old.dtype == new.dtype or ("float" in old.dtype and "float" in new.dtype)


def _weighed(pair: VariablePair, old: Stored, new: Stored, steps: _Steps) -> VariablePair:
    assert pair.new is not None
    before = steps.done
    try:
        delta = _strings(old, new) if old[1].dtype == "string" else _numbers(pair.new.role, old, new, steps)
    except FormatError:
        return _left_out(pair, "unreadable")
    finally:
        steps.add(old[1].size + new[1].size - (steps.done - before))
    return replace(pair, values="equal" if delta is None else "changed", delta=delta)


def _numbers(role: str, old: Stored, new: Stored, steps: _Steps) -> WeightDelta | None:
    tally = Tally(old[1].elements, role in _TRAINED)
    for before, after in side_by_side(old, new):
        tally.add(before, after)
        steps.add(before.nbytes + after.nbytes)
    return tally.delta()


def _strings(old: Stored, new: Stored) -> WeightDelta | None:
    """How many strings differ; there are no numbers of them."""
    texts = old[0].read_strings(old[1]), new[0].read_strings(new[1])
    changed = sum(one != other for one, other in zip(*texts, strict=True))
    return plain_delta(old[1].elements, changed) if changed else None


def plain_delta(elements: int, changed: int) -> WeightDelta:
    """A change without numbers; 0 elements where not even they can be told one by one."""
    return WeightDelta(
        elements=elements, changed=changed, max_abs=None, relative=None, cosine=None, old_mean=None, new_mean=None,
        old_std=None, new_std=None, old_nonfinite=0, new_nonfinite=0, new_zero=False, new_constant=False,
        old_constant=False, kind="changed",
    )  # fmt: skip
