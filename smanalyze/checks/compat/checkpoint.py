"""The checkpoint: what is stored for which variable, how often, under which key, and how large it is."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from smanalyze.checks.change import Changed, change
from smanalyze.checks.changes import TwoModels
from smanalyze.checks.evidence import count_of, listed, named
from smanalyze.checks.rule import ERROR, NOTE, WARNING
from smanalyze.checks.subject import ModelFacts
from smanalyze.checks.variable_groups import Group, matched, reach_of, row_of
from smanalyze.model.parts import INDEX, Presence
from smanalyze.report.changes import VariablePair, shape_words
from smanalyze.report.diff import Severities
from smanalyze.report.findings import Location
from smanalyze.report.sections import StoredTensor, VariableRow

AREA = "variables"

SIZE_SHARE = 0.2
"""Checkpoints that differ by less of the smaller one are as large as one another."""

SIZE_BYTES = 1 << 20
"""A difference of less costs nobody anything, whatever its share."""

_OBJECT_GRAPH = "_CHECKPOINTABLE_OBJECT_GRAPH"
_ORPHANS = ("no variable of the graph claims it", "an optimizer slot that no object claims")
_ATTRIBUTE = "/.ATTRIBUTES/VARIABLE_VALUE"
_COUNTED = re.compile(r"(?<=[/-])\d+(?=/|$)|(?<=[^/])_\d+(?=/|$)")


def _settled(key: str) -> str:
    """A key without places in lists and counters of names, which move when something else is inserted."""
    return _COUNTED.sub("*", key.removesuffix(_ATTRIBUTE))


# Keys -----------------------------------------------------------------------------------------------------------------


@change("var-ckpt-key-changed", python=NOTE, keras=NOTE)
def ckpt_key_changed(models: TwoModels) -> Iterator[Changed]:
    """Variables are stored under other keys.

    Why: they are the same variables, but hang elsewhere in the object tree; code that reads the checkpoint by keys, or
    restores it into objects of the old form, misses them.
    Fix: nothing, if the model is loaded as a whole; else keep the attributes that hold layers and variables.
    """
    if not models.checkpoints_are_whole:
        return
    found = [pair for pair, old, new in matched(models) if _is_moved(pair, old, new)]
    if found:
        rows = [(pair.old, pair.new) for pair in found if pair.old is not None and pair.new is not None]
        group = Group("", "", tuple(found), False)
        where = "is stored under another key" if len(found) == 1 else "are stored under other keys"
        yield Changed(
            group.place, f"{count_of(len(found), 'variable')} {where}: {named([old.name for old, _ in rows])}.",
            group.subject, evidence=listed(f"{_key(old)} → {_key(new)}" for old, new in rows), reach=group.reach,
            confidence=group.confidence,
        )  # fmt: skip


def _is_moved(pair: VariablePair, old: VariableRow, new: VariableRow) -> bool:
    if not old.checkpoint_keys or not new.checkpoint_keys or pair.stage == "key":
        return False
    if not old.object_paths and not new.object_paths:  # the key is the name, and a rename is told as that
        return not pair.renamed and _settled(_key(old)) != _settled(_key(new))
    return {_settled(key) for key in old.checkpoint_keys} != {_settled(key) for key in new.checkpoint_keys}


def _key(row: VariableRow) -> str:
    return row.checkpoint_keys[0].removesuffix(_ATTRIBUTE)


# Data -----------------------------------------------------------------------------------------------------------------


@change("var-data-missing", serving=ERROR, python=ERROR, keras=ERROR, security=WARNING)
def data_missing(models: TwoModels) -> Iterator[Changed]:
    """The new checkpoint has no values for variables of its graph.

    Why: the index is there, and has no entry for them: where the graph restores them, loading stops; else they are
    never initialized, or by the graph itself.
    Fix: put the variables/ folder of the same export beside the graph.
    """
    yield from _without_data(models.old, models.new, models, "has no", _asked_in_vain(models.new))


@change("var-data-restored", serving=NOTE, python=NOTE, keras=NOTE, security=NOTE)
def data_restored(models: TwoModels) -> Iterator[Changed]:
    """The new checkpoint has values for variables that the old one lacked.

    Why: the old model could not be restored as a whole, and the new one can.
    Fix: nothing.
    """
    # What the new graph does not ask for has no values now, either.
    keys = _asked_in_vain(models.old) & _asked(models.new)
    for found in _without_data(models.new, models.old, models, "had no", keys):
        yield Changed(found.where, found.message, found.subject, found.new, found.old, found.evidence, found.reach)


def _without_data(
    before: ModelFacts, after: ModelFacts, models: TwoModels, words: str, asked: set[str]
) -> Iterator[Changed]:
    """Variables, and of the keys ``asked`` for, which the checkpoint of ``after`` lacks and that of ``before`` does
    not."""
    if not models.graphs_are_whole or not models.checkpoints_are_whole:
        return
    keys = sorted(asked - _asked_in_vain(before))
    lost = [pair for pair, old, new in matched(models)
            if _presence(old, new, before is models.old) == ("present", "absent")]  # fmt: skip
    if not keys and not lost:
        return
    names = [row_of(pair).name for pair in lost] or [key.removesuffix(_ATTRIBUTE) for key in keys]
    lines = [f"variable {row_of(pair).name}" for pair in lost] + [f"restored from the key {key}" for key in keys]
    yield Changed(
        Location(file=INDEX, variable=names[0] if len(lost) == 1 else None),
        f"The checkpoint {words} values for {named(names)}.", tuple(_settled(name) for name in names), "stored",
        "not stored", listed(lines), reach_of(lost),
        severities=None if keys else Severities(WARNING, WARNING, WARNING, WARNING),
    )  # fmt: skip


def _presence(old: VariableRow, new: VariableRow, forwards: bool) -> tuple[Presence, Presence]:
    return (old.presence, new.presence) if forwards else (new.presence, old.presence)


def _asked_in_vain(side: ModelFacts) -> set[str]:
    """Keys that the graph restores, and the index lacks."""
    return _asked(side) - {entry.key for entry in side.model.checkpoint.entries}


def _asked(side: ModelFacts) -> set[str]:
    """Keys that the graph restores."""
    return set(side.restored_keys) - {_OBJECT_GRAPH}


@change("var-data-orphaned", serving=NOTE, python=NOTE, keras=NOTE, security=WARNING)
def data_orphaned(models: TwoModels) -> Iterator[Changed]:
    """The new checkpoint stores tensors that nothing of the model uses.

    Why: they take room, and travel with the model unseen: rests of another model, of training, or data that was hidden
    there.
    Fix: export the model again from the object that is meant, without the rests.
    """
    yield from _orphans(models, models.old, models.new, "stores", "")


@change("var-data-orphans-gone", serving=NOTE, python=NOTE, keras=NOTE, security=NOTE)
def data_orphans_gone(models: TwoModels) -> Iterator[Changed]:
    """Tensors that nothing of the old model used are not stored any more.

    Why: they only took room.
    Fix: nothing.
    """
    yield from _orphans(models, models.new, models.old, "no longer stores", "any more")


def _orphans(models: TwoModels, before: ModelFacts, after: ModelFacts, words: str, end: str) -> Iterator[Changed]:
    if not models.graphs_are_whole or not models.checkpoints_are_whole:
        return
    known = Counter(map(_identity, _unclaimed(before)))
    found = []
    for stored in _unclaimed(after):
        known[_identity(stored)] -= 1
        if known[_identity(stored)] < 0:
            found.append(stored)
    if found:
        names = [stored.key.removesuffix(_ATTRIBUTE) for stored in found]
        size = count_of(sum(stored.size for stored in found), "byte")
        yield Changed(
            Location(file=INDEX),
            f"The checkpoint {words} {count_of(len(found), 'tensor')} that nothing uses: {named(names)} ({size}).",
            tuple(_settled(name) for name in names), *((size, "") if end else ("", size)),
            evidence=listed(f"{s.key}: {s.dtype} {shape_words(s.shape)}, {count_of(s.size, 'byte')}" for s in found),
        )  # fmt: skip


def _unclaimed(side: ModelFacts) -> list[StoredTensor]:
    """What no variable claims, and the graph does not restore either."""
    asked = side.restored_keys
    return [one for one in side.checkpoint.other_entries if one.meaning in _ORPHANS and one.key not in asked]


def _identity(stored: StoredTensor) -> tuple[object, ...]:
    return _settled(stored.key), stored.dtype, stored.shape


# Copies ---------------------------------------------------------------------------------------------------------------


@change("var-duplicated", serving=WARNING, python=NOTE, keras=NOTE)
def duplicated(models: TwoModels) -> Iterator[Changed]:
    """Variables are stored more often than they were.

    Why: the same bytes stand under several keys, as `model.export` of Keras 3 writes them (keras issue 23553): the
    checkpoint is larger, takes longer to load, and may take the memory of each copy.
    Fix: nothing that a loader needs; an export by `tf.saved_model.save` of a tf.Module stores each variable once.
    """
    yield from _copies(models, more=True)


@change("var-deduplicated", serving=NOTE, python=NOTE, keras=NOTE)
def deduplicated(models: TwoModels) -> Iterator[Changed]:
    """Variables are stored less often than they were.

    Why: second copies of the same bytes are gone; each variable is still there.
    Fix: nothing.
    """
    yield from _copies(models, more=False)


def _copies(models: TwoModels, *, more: bool) -> Iterator[Changed]:
    if not models.graphs_are_whole or not models.checkpoints_are_whole:
        return
    counts = _copy_counts(models.old), _copy_counts(models.new)
    found = [
        (pair, times) for pair, old, new in matched(models)
        if (times := (counts[0][_held(old)], counts[1][_held(new)]))[more] > times[not more]
    ]  # fmt: skip
    if found:
        pairs = [pair for pair, _ in found]
        size = count_of(sum(abs(b - a) * row_of(pair).size for pair, (a, b) in found), "byte")
        often = "more often" if more else "less often"
        yield Changed(
            Group("", "", tuple(pairs), False).place,
            f"{count_of(len(pairs), 'variable')} {'is' if len(pairs) == 1 else 'are'} stored {often} than before, "
            f"which {'takes' if more else 'saves'} {size}.",
            tuple(pair.label for pair in pairs), _times(max(a for _, (a, _) in found)),
            _times(max(b for _, (_, b) in found)),
            evidence=listed(f"{row_of(pair).name}: stored {_times(a)}, is {_times(b)}" for pair, (a, b) in found),
            reach=reach_of(pairs),
        )  # fmt: skip


def _copy_counts(side: ModelFacts) -> Counter[tuple[object, ...]]:
    return Counter(_held(row) for row in side.variables if row.role == "copy")


def _held(row: VariableRow) -> tuple[object, ...]:
    return row.copy_of or row.name, row.dtype, row.shape, row.crc32c


def _times(copies: int) -> str:
    return "once" if not copies else "twice" if copies == 1 else f"{copies + 1} times"


# Files ----------------------------------------------------------------------------------------------------------------


@change("ckpt-size-changed", serving=WARNING, python=NOTE, keras=NOTE, security=NOTE)
def ckpt_size_changed(models: TwoModels) -> Iterator[Changed]:
    """The checkpoint has another size.

    Why: loading time and memory follow it; where it grew, a server that holds two versions at once may not have room.
    Fix: see what grew: variables, their dtypes, copies, or the state of an optimizer; export without what nobody needs.
    """
    if not models.checkpoints_are_whole:
        return
    old, new = models.old.checkpoint.bytes, models.new.checkpoint.bytes
    if old and abs(new - old) >= max(SIZE_SHARE * min(old, new), SIZE_BYTES):
        share = f"{abs(new - old) / old:.0%} {'more' if new > old else 'less'}"
        yield Changed(
            Location(file=INDEX), f"The checkpoint holds {share}: {old:,} bytes, now {new:,}.", (),
            count_of(old, "byte"), count_of(new, "byte"), evidence=_by_role(models),
            severities=Severities(NOTE, NOTE, NOTE, NOTE) if new < old else None,
        )  # fmt: skip


def _by_role(models: TwoModels) -> tuple[str, ...]:
    """What the sizes are made of."""
    totals: list[Counter[str]] = [Counter(), Counter()]
    for side, total in zip((models.old, models.new), totals, strict=True):
        for row in side.variables:
            total[row.role] += row.size if row.presence == "present" else 0
        total["no variable"] += side.checkpoint.bytes - sum(total.values())
    roles = [role for role in dict.fromkeys([*totals[0], *totals[1]]) if totals[0][role] != totals[1][role]]
    return tuple(f"{role}: {totals[0][role]:,} bytes, now {totals[1][role]:,}" for role in roles)


@change("ckpt-shards-changed", serving=NOTE)
def ckpt_shards_changed(models: TwoModels) -> Iterator[Changed]:
    """The checkpoint is in another number of data files.

    Why: scripts that copy or mount the files by their names miss some.
    Fix: copy the whole variables/ folder.
    """
    if not models.checkpoints_are_whole:
        return
    old, new = (sorted(s.file for s in side.checkpoint.shards if s.declared) for side in (models.old, models.new))
    if len(old) != len(new) and old and new:
        yield Changed(
            Location(file=INDEX), f"The checkpoint was in {count_of(len(old), 'data file')}, and is in {len(new):,}.",
            (), str(len(old)), str(len(new)), evidence=listed(name for name in new if name not in old),
        )  # fmt: skip


@change("ckpt-byte-order-changed", serving=NOTE, python=NOTE, keras=NOTE, security=NOTE)
def ckpt_byte_order_changed(models: TwoModels) -> Iterator[Changed]:
    """The checkpoint has another byte order.

    Why: another kind of machine wrote it; TensorFlow swaps the bytes of numbers when it loads them, other readers may
    not. Checksums tell nothing of equal values then.
    Fix: nothing for TensorFlow; else export on a machine of the old kind.
    """
    old, new = models.old.checkpoint.endianness, models.new.checkpoint.endianness
    if models.checkpoints_are_whole and old != new:
        yield Changed(Location(file=INDEX), f"The checkpoint was {old}-endian, and is {new}-endian.", (), old, new)
