"""Changed variables together with those that one decision changed alike, and the words for them."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Sequence

from smanalyze.checks.changes import TwoModels
from smanalyze.checks.evidence import count_of, named
from smanalyze.model.record import record
from smanalyze.report.changes import VariablePair, WeightDelta, shape_words
from smanalyze.report.findings import Location
from smanalyze.report.sections import VariableRow

WEIGHTS = ("weight", "unused")
"""Roles of variables that a model computes with; what optimizers, metrics, counters and generators keep is state."""

MANY = 8
"""So many groups are told one by one; more are one finding, for one decision is behind them."""

_PLAIN_PATH = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+")


@record
class Group:
    """Variables that changed alike. ``scope`` is the one they share, "" where they share none; ``whole``: no other
    variable is in it. ``label`` is the scope without what an export counts."""

    scope: str
    label: str
    pairs: tuple[VariablePair, ...]
    whole: bool

    @property
    def place(self) -> Location:
        """Where it is: the variable, or the scope of several."""
        return Location(variable=(row_of(self.pairs[0]).name if len(self.pairs) == 1 else self.scope) or None)

    @property
    def subject(self) -> tuple[str, ...]:
        """What the ids of findings are made of."""
        return (self.label,) if self.whole and self.label else tuple(pair.label for pair in self.pairs)

    @property
    def reach(self) -> tuple[str, ...]:
        """Signatures, or callables where there is no signature, that use one of the variables on either side."""
        return reach_of(self.pairs)

    @property
    def confidence(self) -> float:
        """Of the least sure match."""
        return min(pair.confidence for pair in self.pairs)


def row_of(pair: VariablePair) -> VariableRow:
    """The side that names it: the old one where there are both."""
    row = pair.old or pair.new
    assert row is not None
    return row


def reach_of(pairs: Iterable[VariablePair]) -> tuple[str, ...]:
    """Signatures, or callables where there is no signature, that use one of the variables on either side."""
    rows = [row for pair in pairs for row in (pair.old, pair.new) if row is not None]
    return tuple(dict.fromkeys(user for row in rows for user in row.used_by))


def matched(models: TwoModels, roles: tuple[str, ...] = WEIGHTS) -> list[tuple[VariablePair, VariableRow, VariableRow]]:
    """(pair, old, new) of the variables of some roles that both sides have."""
    return [
        (pair, pair.old, pair.new) for pair in models.changes.variables
        if pair.old is not None and pair.new is not None and pair.old.role in roles
    ]  # fmt: skip


# Groups ---------------------------------------------------------------------------------------------------------------


def by_scope(pairs: Sequence[VariablePair], kept: Iterable[VariableRow]) -> tuple[Group, ...]:
    """Variables of one side by the outermost scope that none of the ``kept`` ones of that side is in; what shares its
    scope with others by that scope."""
    taken = {scope for row in kept for scope in _scopes(_parts(row))}
    groups: dict[tuple[tuple[str, ...], bool], list[VariablePair]] = {}
    for pair in pairs:
        parts = _parts(row_of(pair))
        free = next((scope for scope in _scopes(parts) if scope not in taken), None)
        alone = parts if len(parts) == 1 else parts[:-1]
        groups.setdefault((alone if free is None else free, free is not None), []).append(pair)
    found = [_group("/".join(scope), held, whole) for (scope, whole), held in groups.items()]
    return _folded(found)


def by_layer(pairs: Iterable[VariablePair]) -> tuple[Group, ...]:
    """Variables by their layer; one without a layer by itself."""
    groups: dict[tuple[str, ...], list[VariablePair]] = {}
    for pair in pairs:
        parts = _parts(row_of(pair))
        groups.setdefault(parts[:-1] or parts, []).append(pair)
    return _folded([_group("/".join(scope), held, False) for scope, held in groups.items()])


def by_change(pairs: Iterable[VariablePair], change: Callable[[VariablePair], Hashable]) -> tuple[Group, ...]:
    """Variables by what changed, whatever their layers."""
    groups: dict[Hashable, list[VariablePair]] = {}
    for pair in pairs:
        groups.setdefault(change(pair), []).append(pair)
    return tuple(Group("", "", tuple(held), False) for held in groups.values())


def _group(scope: str, held: list[VariablePair], whole: bool) -> Group:
    depth = scope.count("/") + 1
    label = "/".join(held[0].label.split("/")[:depth]) if "/" in row_of(held[0]).name else scope
    return Group(scope, label if scope else "", tuple(held), whole)


def _folded(groups: list[Group]) -> tuple[Group, ...]:
    if len(groups) <= MANY:
        return tuple(groups)
    return (Group("", "", tuple(pair for group in groups for pair in group.pairs), False),)


def _parts(row: VariableRow) -> tuple[str, ...]:
    """The scopes and the last name of a variable; by its path where its name has no scope."""
    path = row.object_paths[0] if row.object_paths else ""
    if "/" not in row.name and _PLAIN_PATH.fullmatch(path):
        return tuple(path.split("."))
    return tuple(row.name.split("/"))


def _scopes(parts: tuple[str, ...]) -> list[tuple[str, ...]]:
    """The scopes that a variable is in, from the whole model inwards."""
    return [parts[:depth] for depth in range(len(parts))]


# Words ----------------------------------------------------------------------------------------------------------------


def variable_words(row: VariableRow) -> str:
    """``float32 [16, 3]``."""
    return f"{row.dtype} {shape_words(row.shape)}"


def subject_words(group: Group) -> str:
    """What a sentence is about: ``The variable a/b``, ``2 variables of a (b, c)``, ``All 12 variables``."""
    names = [row_of(pair).name for pair in group.pairs]
    if len(names) == 1:
        return f"The variable {names[0]}"
    if group.whole:
        return f"All {len(names):,} variables of {group.scope}" if group.scope else f"All {len(names):,} variables"
    if not group.scope:
        return f"{len(names):,} variables ({named(names)})"
    own = [name.removeprefix(f"{group.scope}/") for name in names]
    return f"{len(names):,} variables of {group.scope} ({named(own)})"


def delta_words(delta: WeightDelta) -> str:
    """``fine-tuned, ‖Δ‖/‖w‖ 0.031, cos 0.9995, 12 of 40 elements``."""
    parts = [delta.kind]
    if delta.relative is not None:
        parts.append(f"‖Δ‖/‖w‖ {delta.relative:.3g}")
    if delta.cosine is not None:
        parts.append(f"cos {delta.cosine:.4g}")
    if delta.changed:
        parts.append(f"{delta.changed:,} of {count_of(delta.elements, 'element')}")
    return ", ".join(parts)
