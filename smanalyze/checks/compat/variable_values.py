"""Values of variables: how much of them changed, and what is broken in the new ones.

One finding for all variables: values change together, when a model is trained again. A variable whose dtype or shape
changed holds other values, too, and is told by that.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

from smanalyze.checks.change import Changed, change
from smanalyze.checks.changes import TwoModels
from smanalyze.checks.evidence import count_of, listed, named
from smanalyze.checks.rule import ERROR, NOTE, WARNING
from smanalyze.checks.variable_groups import WEIGHTS, Group, matched, row_of
from smanalyze.report.changes import VariablePair, WeightDelta
from smanalyze.report.diff import Severities

AREA = "variables"

LARGE = 0.5
"""A ‖Δ‖/‖w‖ above it, or a cosine below it, is a large change."""

_STATE = ("optimizer", "metric", "counter", "generator")


def _changed(models: TwoModels, roles: tuple[str, ...] = WEIGHTS) -> list[VariablePair]:
    """Variables of some roles with other values of the same dtype and shape, those that changed most first."""
    found = [pair for pair, old, new in matched(models, roles)
             if pair.values == "changed" and (old.dtype, old.shape) == (new.dtype, new.shape)]  # fmt: skip
    return sorted(found, key=lambda pair: (-_relative(pair), row_of(pair).name))


def _relative(pair: VariablePair) -> float:
    return pair.delta.relative if pair.delta is not None and pair.delta.relative is not None else -1.0


def _weighed(
    models: TwoModels, holds: Callable[[WeightDelta], bool], roles: tuple[str, ...] = WEIGHTS
) -> list[VariablePair]:
    return [pair for pair in _changed(models, roles) if pair.delta is not None and holds(pair.delta)]


def _found(pairs: list[VariablePair], message: str, tell: Callable[[WeightDelta], str], sides: tuple[str, str],
           severities: Severities | None = None) -> Changed:  # fmt: skip
    group = Group("", "", tuple(pairs), False)
    lines = [f"{row_of(pair).name}: {tell(pair.delta)}" for pair in pairs if pair.delta is not None]
    return Changed(
        group.place, message, group.subject, *sides, evidence=listed(lines), reach=group.reach, severities=severities,
        confidence=group.confidence,
    )  # fmt: skip


def _are(pairs: list[VariablePair]) -> str:
    """``The variable a``, ``2 variables (a, b)``."""
    names = [row_of(pair).name for pair in pairs]
    return f"The variable {names[0]}" if len(names) == 1 else f"{len(names):,} variables ({named(names)})"


@change("var-values-changed", serving=NOTE, python=NOTE, keras=NOTE, security=NOTE)
def values_changed(models: TwoModels) -> Iterator[Changed]:
    """Variables hold other values.

    Why: the model was trained further, or again: it gives other results where nothing else changed.
    Fix: nothing, if it was meant; measure the new model as a new one.
    """
    weights, state = _changed(models), _changed(models, _STATE)
    if not weights and not state:
        return
    every = weights + state
    group = Group("", "", tuple(every), False)
    lines = [f"{kind}: {count_of(count, 'weight')}" for kind, count in _kinds(weights)]
    lines += [f"{kind}: {count_of(count, 'variable')} of what training keeps" for kind, count in _kinds(state)]
    kept = f"{count_of(len(state), 'variable')} that training or randomness keeps its state in"
    if weights:
        total = len(matched(models))
        verb = "holds" if len(weights) == 1 else "hold"
        message = f"{len(weights):,} of {count_of(total, 'weight')} {verb} other values"
        message += f", and so {'does' if len(state) == 1 else 'do'} {kept}." if state else "."
    else:
        message = f"No weight changed, but {kept}."
    yield Changed(
        group.place, message, ("weights" if weights else "state",), evidence=tuple(lines), reach=group.reach,
        severities=None if weights else Severities(None, NOTE, NOTE, None), confidence=group.confidence,
    )  # fmt: skip


def _kinds(pairs: list[VariablePair]) -> list[tuple[str, int]]:
    """How many changed in which way, most first; by how much is told with the weights."""
    reasons = {"budget": "not read, the budget was used up", "missing": "their data is not here",
               "unreadable": "their data cannot be read"}  # fmt: skip
    told = [p.delta.kind if p.delta is not None else reasons.get(p.unread, "other checksums") for p in pairs]
    return Counter(told).most_common()


@change("var-large-delta", serving=WARNING, python=WARNING, keras=WARNING, security=WARNING)
def large_delta(models: TwoModels) -> Iterator[Changed]:
    """Values are far from what they were.

    Why: further training moves weights a little; a difference of half their size or more is what training from the
    start, another model, or weights in another order look like.
    Fix: nothing, if the model was trained from the start; else see where the weights come from.
    """
    found = _weighed(models, _is_large)
    if found:
        verb = "is" if len(found) == 1 else "are"
        yield _found(found, f"{_are(found)} {verb} far from the old values.", lambda delta: delta.kind, ("", ""))


def _is_large(delta: WeightDelta) -> bool:
    """A variable that broke is told by that."""
    if delta.kind in ("degenerate", "rounding") or delta.relative is None:
        return False
    return delta.relative > LARGE or (delta.cosine is not None and delta.cosine < LARGE)


# NaN and infinity -----------------------------------------------------------------------------------------------------


@change("var-nonfinite-appeared", serving=ERROR, python=ERROR, keras=ERROR, security=WARNING)
def nonfinite_appeared(models: TwoModels) -> Iterator[Changed]:
    """Variables hold NaN or infinity where they did not.

    Why: one of them in a weight spreads to every result that depends on it; training most often diverged.
    Fix: go back to the last sound checkpoint, and export from that.
    """
    yield from _nonfinite(models, lambda delta: delta.new_nonfinite > delta.old_nonfinite, "more",
                          Severities(None, WARNING, WARNING, None))  # fmt: skip


@change("var-nonfinite-gone", serving=NOTE, python=NOTE, keras=NOTE, security=NOTE)
def nonfinite_gone(models: TwoModels) -> Iterator[Changed]:
    """Variables hold fewer NaN or infinities than they did.

    Why: results that were NaN can be numbers now.
    Fix: nothing.
    """
    yield from _nonfinite(models, lambda delta: delta.new_nonfinite < delta.old_nonfinite, "fewer",
                          Severities(None, NOTE, NOTE, None))  # fmt: skip


def _nonfinite(
    models: TwoModels, holds: Callable[[WeightDelta], bool], word: str, milder: Severities
) -> Iterator[Changed]:
    """One finding about the weights, and one about what training keeps."""
    for roles, severities in ((WEIGHTS, None), (_STATE, milder)):
        found = _weighed(models, holds, roles)
        if not found:
            continue
        deltas = [pair.delta for pair in found if pair.delta is not None]
        counts = sum(delta.old_nonfinite for delta in deltas), sum(delta.new_nonfinite for delta in deltas)
        told = f"{word} " if all(counts) else "no " if counts[0] else ""
        verb = "holds" if len(found) == 1 else "hold"
        message = f"{_are(found)} {verb} {told}values that are NaN or infinite now."
        sides = f"{counts[0]:,} not finite", f"{counts[1]:,} not finite"
        yield _found(found, message, _nonfinite_words, sides, severities)


def _nonfinite_words(delta: WeightDelta) -> str:
    return f"{delta.new_nonfinite:,} of {count_of(delta.elements, 'value')}, were {delta.old_nonfinite:,}"


# Constants ------------------------------------------------------------------------------------------------------------


@change("var-collapsed", serving=WARNING, python=WARNING, keras=WARNING, security=WARNING)
def collapsed(models: TwoModels) -> Iterator[Changed]:
    """Variables became all zero, or all one value.

    Why: nothing that was learnt is left in them: units died, or the variable was never restored before the export.
    Fix: restore the weights before exporting; if a part was meant to be reset, nothing.
    """
    found = _weighed(models, _is_collapsed)
    if found:
        verb = "is" if len(found) == 1 else "are"
        yield _found(found, f"{_are(found)} {verb} all one value now.", _constant_words, ("", ""))


@change("var-collapse-gone", serving=NOTE, python=NOTE, keras=NOTE, security=NOTE)
def collapse_gone(models: TwoModels) -> Iterator[Changed]:
    """Variables that were all one value are so no longer.

    Why: they were fresh, or broken, and hold something that was learnt now.
    Fix: nothing.
    """
    found = _weighed(models, lambda delta: delta.elements > 1 and delta.old_constant and not delta.new_constant
                     and delta.new_nonfinite <= delta.old_nonfinite)  # fmt: skip
    if found:
        verb = "is" if len(found) == 1 else "are"
        yield _found(found, f"{_are(found)} {verb} no longer all one value.", _constant_words, ("", ""))


def _is_collapsed(delta: WeightDelta) -> bool:
    was_zero = delta.old_constant and delta.old_mean == 0
    return delta.elements > 1 and (
        (delta.new_constant and not delta.old_constant) or (delta.new_zero and delta.old_constant and not was_zero)
    )


def _constant_words(delta: WeightDelta) -> str:
    """``all 0; were of mean 0.1 and deviation 0.5``."""
    sides = [
        "not read as numbers" if mean is None else f"all {mean:.4g}" if constant else
        f"of mean {mean:.4g} and deviation {std or 0.0:.4g}"
        for mean, std, constant in (
            (delta.new_mean, delta.new_std, delta.new_constant), (delta.old_mean, delta.old_std, delta.old_constant),
        )
    ]  # fmt: skip
    return f"{sides[0]}; were {sides[1]}"
