"""Variables: what a model is made of, as those find it who train it further, restore it, or put it on devices."""

from __future__ import annotations

from collections.abc import Iterator

from smanalyze.checks.change import Changed, change
from smanalyze.checks.changes import TwoModels
from smanalyze.checks.evidence import count_of, listed, named
from smanalyze.checks.rule import ERROR, NOTE, WARNING
from smanalyze.checks.variable_groups import (
    WEIGHTS,
    Group,
    by_change,
    by_layer,
    by_scope,
    delta_words,
    matched,
    reach_of,
    row_of,
    subject_words,
    variable_words,
)
from smanalyze.report.changes import VariablePair, shape_words
from smanalyze.report.diff import Severities
from smanalyze.report.findings import Location
from smanalyze.report.sections import VariableRow

AREA = "variables"

_STATE = {"optimizer": "optimizers", "metric": "metrics", "counter": "counters", "generator": "random generators"}
"""Roles of what is no weight."""


# On one side only -----------------------------------------------------------------------------------------------------


@change("var-removed", serving=NOTE, python=WARNING, keras=ERROR, security=NOTE)
def removed(models: TwoModels) -> Iterator[Changed]:
    """Variables are gone.

    Why: code that reads or trains them, or restores them into a model of the old form, finds nothing; a variable that
    could be trained most often means another architecture.
    Fix: nothing, if the architecture was meant to change; else export the same one, or say `--rename variable:OLD=NEW`.
    """
    gone = [pair for pair in _alone(models, gone=True) if _is_weight(row_of(pair))]
    kept = [row for pair in models.changes.variables if (row := pair.old) and pair.new and row.role in WEIGHTS]
    for group in by_scope(gone, kept):
        trainable = any(row_of(pair).trainable and row_of(pair).role == "weight" for pair in group.pairs)
        unused = all(row_of(pair).role == "unused" for pair in group.pairs)
        worse = Severities(NOTE, ERROR, ERROR, NOTE) if trainable else None
        milder = Severities(None, NOTE, NOTE, NOTE) if unused else None
        yield _one_sided(group, "gone", milder or worse)


@change("var-added", serving=NOTE, python=NOTE, keras=WARNING, security=NOTE)
def added(models: TwoModels) -> Iterator[Changed]:
    """Variables are new.

    Why: a checkpoint of the old model has no values for them, and code that restores one into the new model, or counts
    on a list of variables, meets more than it knows.
    Fix: nothing, if the architecture was meant to change; else export the same one, or say `--rename variable:OLD=NEW`.
    """
    new = [pair for pair in _alone(models, gone=False) if _is_weight(row_of(pair))]
    kept = [row for pair in models.changes.variables if (row := pair.new) and pair.old and row.role in WEIGHTS]
    for group in by_scope(new, kept):
        unused = all(row_of(pair).role == "unused" for pair in group.pairs)
        yield _one_sided(group, "new", Severities(None, NOTE, NOTE, NOTE) if unused else None)


def _alone(models: TwoModels, *, gone: bool) -> list[VariablePair]:
    """Variables that one side lacks for certain, in a MetaGraph that both have. Without an index variables of one name
    cannot be told apart, so that there only a name can be missing."""
    if not models.graphs_are_whole:
        return []
    one, other = (models.old, models.new) if gone else (models.new, models.old)
    names = set() if models.checkpoints_are_whole else {row.name for row in other.variables}
    both = [graph for graph in models.changes.meta_graphs if graph.old is not None and graph.new is not None]
    kept = {id(graph.old if gone else graph.new) for graph in both}
    numbers = {number for number, report in enumerate(one.meta_graphs) if id(report) in kept}
    return [
        pair for pair in models.changes.variables
        if (pair.new if gone else pair.old) is None
        and row_of(pair).name not in names
        and not numbers.isdisjoint(row_of(pair).meta_graphs)
    ]  # fmt: skip


def _is_weight(row: VariableRow) -> bool:
    """Whether it is one that counts: stored, used by something, or found by Python."""
    return row.role in WEIGHTS and not (row.role == "unused" and row.presence == "absent" and not row.object_paths)


def _one_sided(group: Group, word: str, severities: Severities | None) -> Changed:
    count = len(group.pairs)
    lone = f" ({variable_words(row_of(group.pairs[0]))})" if count == 1 else ""
    message = f"{subject_words(group)}{lone} {'is' if count == 1 else 'are'} {word}."
    what = variable_words(row_of(group.pairs[0])) if count == 1 else count_of(count, "variable")
    return Changed(
        group.place, message, group.subject, *((what, "") if word == "gone" else ("", what)),
        evidence=listed(f"{row_of(pair).name}: {variable_words(row_of(pair))}" for pair in group.pairs),
        reach=group.reach, severities=severities,
    )  # fmt: skip


@change("var-state-removed", python=NOTE, keras=NOTE)
def state_removed(models: TwoModels) -> Iterator[Changed]:
    """What optimizers, metrics, counters or random generators keep is gone.

    Why: no result depends on it, or only a random one; training that goes on starts to count from nothing.
    Fix: nothing, if the model is served; to train it further, export it with its state.
    """
    yield from _state(models, _alone(models, gone=True), "is gone")


@change("var-state-added", python=NOTE, keras=NOTE)
def state_added(models: TwoModels) -> Iterator[Changed]:
    """Optimizers, metrics, counters or random generators keep more.

    Why: no result depends on it, or only a random one; it is stored with the model, and loaded with it.
    Fix: nothing; a model that is only served can be exported without it.
    """
    yield from _state(models, _alone(models, gone=False), "is new")


def _state(models: TwoModels, pairs: list[VariablePair], words: str) -> Iterator[Changed]:
    told = [role for role in _STATE if role != "optimizer" or _both_optimize(models)]
    found = [pair for pair in pairs if row_of(pair).role in told]
    if found:
        kinds = [_STATE[role] for role in told if any(row_of(pair).role == role for pair in found)]
        names = [row_of(pair).name for pair in found]
        yield Changed(
            Location(), f"What {' and '.join(kinds)} keep {words}: {named(names)}.", tuple(p.label for p in found),
            evidence=listed(f"{row_of(pair).name}: {variable_words(row_of(pair))}" for pair in found),
        )  # fmt: skip


def _both_optimize(models: TwoModels) -> bool:
    """Whether both sides have an optimizer; one that is gone, or new, is told as that."""
    sides = (models.old.variables, models.new.variables)
    return all(any(row.role == "optimizer" for row in rows) for rows in sides)


# Names ----------------------------------------------------------------------------------------------------------------


@change("var-renamed", python=NOTE, keras=WARNING)
def renamed(models: TwoModels) -> Iterator[Changed]:
    """Variables have other names.

    Why: weights that are loaded by name, and code that picks variables by name (to freeze, to decay), miss them.
    Fix: keep the names of layers and variables, or change what looks for them; `--rename variable:OLD=NEW` says that a
    rename was meant.
    """
    found = [pair for pair, _, _ in matched(models) if pair.renamed]
    groups: dict[tuple[str, str], list[VariablePair]] = {}
    for pair in found:
        groups.setdefault(_other_ends(pair), []).append(pair)
    for (old, new), held in groups.items():
        declared = all(pair.stage == "declared" for pair in held)
        yield Changed(
            Location(variable=old or None), _rename_words(old, new, held), (old, new, *(p.label for p in held)),
            old or "(no scope)", new or "(no scope)",
            evidence=listed(f"{one.name} → {other.name}" for pair in held if (one := pair.old) and (other := pair.new)),
            reach=reach_of(held), severities=Severities(None, NOTE, NOTE, None) if declared else None,
            confidence=min(pair.confidence for pair in held),
        )  # fmt: skip


def _other_ends(pair: VariablePair) -> tuple[str, str]:
    """The beginnings of both names that differ, without the end that they share: of ``probs/kernel`` and
    ``scores/kernel`` the two layers."""
    old, new = (row.name.split("/") if row is not None else [] for row in (pair.old, pair.new))
    while old and new and old[-1] == new[-1]:
        old, new = old[:-1], new[:-1]
    return "/".join(old), "/".join(new)


def _rename_words(old: str, new: str, held: list[VariablePair]) -> str:
    names = [row_of(pair).name for pair in held]
    lone = held[0].new
    if len(held) == 1 and lone is not None:
        return f"The variable {names[0]} is called {lone.name} now."
    if old and new:
        return f"The scope {old} of {len(held):,} variables is called {new} now."
    how = f"have {new}/ before their names now" if new else f"have no {old}/ before their names any more"
    return f"{len(held):,} variables ({named(names)}) {how}."


# Kind -----------------------------------------------------------------------------------------------------------------


@change("var-shape-changed", serving=NOTE, python=ERROR, keras=ERROR)
def shape_changed(models: TwoModels) -> Iterator[Changed]:
    """Variables have other shapes.

    Why: weights of the old shape do not fit: a warm start from an old checkpoint fails, and so does code that copies
    weights between the models.
    Fix: nothing, if the architecture was meant to change; else export the one of the old model.
    """
    found = [pair for pair, old, new in matched(models) if pair.stage != "key" and _other_shape(old, new)]
    for group in by_layer(found):
        shapes = [(shape_words(old.shape), shape_words(new.shape)) for old, new in _rows(group)]
        lines = [f"{old.name}: {shape_words(old.shape)} → {shape_words(new.shape)}" for old, new in _rows(group)]
        lone = len(group.pairs) == 1
        told = f"was {shapes[0][0]}, and is {shapes[0][1]}" if lone else "have other shapes"
        yield Changed(
            group.place, f"{subject_words(group)} {told}.",
            tuple(f"{pair.label} {old} {new}" for pair, (old, new) in zip(group.pairs, shapes, strict=True)),
            *(shapes[0] if lone else ("", "")), evidence=listed(lines), reach=group.reach, confidence=group.confidence,
        )  # fmt: skip


def _other_shape(old: VariableRow, new: VariableRow) -> bool:
    known = [row.shape for row in (old, new) if row.shape is not None and None not in row.shape]
    return len(known) == 2 and known[0] != known[1]


def _rows(group: Group) -> list[tuple[VariableRow, VariableRow]]:
    return [(pair.old, pair.new) for pair in group.pairs if pair.old is not None and pair.new is not None]


@change("var-dtype-changed", serving=WARNING, python=ERROR, keras=ERROR)
def dtype_changed(models: TwoModels) -> Iterator[Changed]:
    """Variables have another dtype.

    Why: values of a coarser dtype are rounded, and results with them; weights of the old dtype are not restored into
    variables of the new one.
    Fix: nothing, if it was meant and its accuracy was measured; else export with the dtypes of the old model.
    """
    found = [pair for pair, old, new in matched(models) if old.dtype != new.dtype]
    for group in by_change(found, lambda pair: tuple(row.dtype for row in (pair.old, pair.new) if row is not None)):
        (old, new), *_ = _rows(group)
        were = ("was", "is") if len(group.pairs) == 1 else ("were", "are")
        yield Changed(
            group.place, f"{subject_words(group)} {were[0]} {old.dtype}, and {were[1]} {new.dtype}.", group.subject,
            old.dtype, new.dtype, evidence=listed(map(_recast_words, group.pairs)), reach=group.reach,
            confidence=group.confidence,
        )  # fmt: skip


def _recast_words(pair: VariablePair) -> str:
    told = f"; values: {delta_words(pair.delta)}" if pair.delta is not None and pair.delta.elements else ""
    return f"{row_of(pair).name}: {shape_words(row_of(pair).shape)}{told}"


# Flags ----------------------------------------------------------------------------------------------------------------


@change("var-trainable-changed", python=ERROR, keras=WARNING, security=NOTE)
def trainable_changed(models: TwoModels) -> Iterator[Changed]:
    """Variables became trainable, or are so no longer.

    Why: an optimizer trains what `trainable_variables` gives: fine-tuning leaves out what it trained, or moves what was
    meant to be frozen. TensorFlow's fingerprint does not see the flag.
    Fix: set `trainable` as in the old model before exporting, or adapt the training to it.
    """
    found = [pair for pair, old, new in matched(models) if old.trainable != new.trainable
             and None not in (old.trainable, new.trainable)]  # fmt: skip
    for group in by_change(found, lambda pair: row_of(pair).trainable):
        frozen = bool(row_of(group.pairs[0]).trainable)
        verb = "is" if len(group.pairs) == 1 else "are"
        words = "trainable", "not trainable"
        yield Changed(
            group.place, f"{subject_words(group)} {verb} {'not trainable any more' if frozen else 'trainable now'}.",
            group.subject, *(words if frozen else words[::-1]),
            evidence=listed(f"{row_of(pair).name}: {variable_words(row_of(pair))}" for pair in group.pairs),
            reach=group.reach, confidence=group.confidence,
        )  # fmt: skip


@change("var-distribution-changed", serving=NOTE, python=WARNING, keras=NOTE)
def distribution_changed(models: TwoModels) -> Iterator[Changed]:
    """Variables are placed or kept together in another way.

    Why: device, replicas, synchronization and aggregation decide where a variable lives after loading, and how updates
    of replicas become one; a machine without the device cannot place it.
    Fix: export without devices (`experimental_variable_policy`), or under the same distribution strategy as before.
    """
    found = [pair for pair, _, _ in matched(models) if pair.placement]
    for group in by_change(found, lambda pair: pair.placement):
        moved = group.pairs[0].placement
        told = "; ".join(f"{what} was {old or 'not set'}, and is {new or 'not set'}" for what, old, new in moved)
        yield Changed(
            group.place, f"{subject_words(group)}: {told}.", group.subject,
            ", ".join(old or "not set" for _, old, _ in moved), ", ".join(new or "not set" for _, _, new in moved),
            evidence=listed(row_of(pair).name for pair in group.pairs), reach=group.reach,
            confidence=group.confidence,
        )  # fmt: skip
