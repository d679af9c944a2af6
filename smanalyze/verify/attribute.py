"""What makes the difference: the old model with the weights or the assets of the new one, side by side with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from smanalyze.diff.side import Side
from smanalyze.errors import FormatError
from smanalyze.model.record import record
from smanalyze.report.against import LEVELS, Level, Swap
from smanalyze.report.changes import AssetPair, Changes
from smanalyze.report.sections import VariableRow
from smanalyze.verify.places import variables_of
from smanalyze.verify.probe_both import Probed, told
from smanalyze.verify.side_run import Outputs, SideRun

Judged = Callable[[Probed, list[Outputs]], tuple[Level, float | None]]
"""How far outputs of a swapped model are from the new one's."""


@record
class Cause:
    """What makes the difference, and the swaps that show it."""

    parts: tuple[str, ...]
    swaps: tuple[Swap, ...]


def attribute(
    old: SideRun, sides: tuple[Side, Side], changes: Changes, probed: list[Probed], levels: list[Level], judged: Judged
) -> list[Cause]:
    """One answer for each pair of signatures, which all belong to one pair of MetaGraphs. ``levels`` are how far they
    are apart."""
    assets = _changed_assets(sides[1], changes.assets)
    weights = _changed_variables(sides, changes, probed[0].numbers[0])
    parts = tuple(name for name, there in (("weights", weights), ("assets", assets)) if there)
    swaps: list[list[Swap]] = [list(_impossible(changes)) for _ in probed]
    by_file = sides[1].model if checkpoint_fits(sides, changes, probed[0].numbers[0]) else None
    whole = True
    for tried in dict.fromkeys((*((part,) for part in parts), parts)) if parts else ():
        files = assets if "assets" in tried else {}
        checkpoint = by_file if "weights" in tried else None
        if files or checkpoint is not None or not whole:
            whole = not files and checkpoint is None
            old.with_files(files, checkpoint)
        values = weights if "weights" in tried and by_file is None else {}
        for number, one in enumerate(probed):
            if not any(explains(swap, levels[number]) for swap in swaps[number]):
                swaps[number].append(_swapped(old, sides, one, tried, values, judged))
    if not whole:
        old.with_files({})
    return [
        cause_of(parts, tuple(found), level, same_program=one.pair.same_program)
        for one, found, level in zip(probed, swaps, levels, strict=True)
    ]


def _impossible(changes: Changes) -> Iterator[Swap]:
    """Weights that the old model cannot take."""
    other = [
        pair.new.name for pair in changes.variables
        if pair.old is not None and pair.new is not None
        and (pair.old.dtype, pair.old.shape) != (pair.new.dtype, pair.new.shape)
    ]  # fmt: skip
    if other:
        many = f"{len(other)} of them have another shape or dtype, such as {other[0]}"
        yield Swap(
            ("weights",), None, None, False, many if len(other) > 1 else f"{other[0]} has another shape or dtype"
        )


def explains(swap: Swap, level: Level) -> bool:
    """Whether a swap takes away a difference of that level: what moves nothing explains nothing, and what leaves one
    within tolerance does not explain one within tolerance."""
    enough: Level = "within noise" if level == "within tolerance" else "within tolerance"
    return swap.moved and swap.level is not None and LEVELS.index(swap.level) <= LEVELS.index(enough)


def cause_of(parts: tuple[str, ...], swaps: tuple[Swap, ...], level: Level, *, same_program: bool) -> Cause:
    """The parts that explain all; else the graph, with those that changed beside it and could not be told apart. A
    graph that computes the same (``same_program``) is not to blame where something else is."""
    enough = next((swap.parts for swap in swaps if explains(swap, level)), None)
    if enough is not None:
        return Cause(enough, swaps)
    every = dict.fromkeys((*parts, *(part for swap in swaps if swap.failed for part in swap.parts)))
    found = tuple(part for part in every if _matters(part, swaps))
    return Cause(found if found and same_program else (*found, "graph"), swaps)


def _matters(part: str, swaps: tuple[Swap, ...]) -> bool:
    """Whether a part changed the outputs when it was swapped in, or nobody knows."""
    alone = [swap for swap in swaps if swap.parts == (part,)]
    return not alone or any(swap.failed or swap.moved for swap in alone)


def _swapped(
    old: SideRun, sides: tuple[Side, Side], one: Probed, parts: tuple[str, ...],
    weights: dict[str, tuple[VariableRow, VariableRow]], judged: Judged,
) -> Swap:  # fmt: skip
    found: list[Outputs] = []
    for trial, _ in one.trials:
        if not found or one.changing[0]:  # a call that changes variables is made with the swapped ones each time
            loaded = old.load(one.numbers[0], anew=True)
            if loaded.kind != "ok":
                return Swap(parts, None, None, False, told(loaded))
            failed = old.assign(_values(sides[1], weights))
            if failed:
                return Swap(parts, None, None, False, failed)
        outcome, outputs = old.call(one.keys[0], trial)
        if outcome.kind != "ok":
            return Swap(parts, None, None, False, told(outcome))
        found.append(outputs)
    moved = any(
        a[name].digest != b[name].digest for a, b in zip(one.old, found, strict=True) for name in a if name in b
    )
    return Swap(parts, *judged(one, found), moved)


def _values(new: Side, weights: dict[str, tuple[VariableRow, VariableRow]]) -> Iterator[tuple[str, str, Any]]:
    for path, (before, after) in weights.items():
        try:
            yield path, before.dtype, new.model.variables[after.checkpoint_keys[0]]
        except (KeyError, IndexError, FormatError):
            continue  # an index that tells lies; the swap then explains less


def _changed_variables(
    sides: tuple[Side, Side], changes: Changes, number: int
) -> dict[str, tuple[VariableRow, VariableRow]]:
    """Path in the loaded old model -> (old, new) of the variables whose values changed and can be exchanged."""
    twins = {}
    for pair in changes.variables:
        if pair.old is None or pair.new is None or pair.values != "changed" or pair.new.slices:
            continue
        if (pair.old.dtype, pair.old.shape) == (pair.new.dtype, pair.new.shape):
            twins[pair.old.name, pair.old.object_paths] = pair.old, pair.new
    objects = sides[0].model.meta_graphs[number].objects is not None
    known = variables_of(sides[0].variables, number, objects=objects)
    return {
        path: twins[row.name, row.object_paths] for path, row in known.items() if (row.name, row.object_paths) in twins
    }


def checkpoint_fits(sides: tuple[Side, Side], changes: Changes, number: int) -> bool:
    """Whether a MetaGraph without objects (TF1) finds all that it restores, by the same names, in the checkpoint of the
    new model: TensorFlow offers none of its reference variables, so that nobody could assign them."""
    if sides[0].model.meta_graphs[number].objects is not None:
        return False
    twins = {pair.old.name: pair.new for pair in changes.variables if pair.old is not None}
    rows = [row for row in sides[0].variables if number in row.meta_graphs]
    return bool(rows) and all(
        (twin := twins.get(row.name)) is not None
        and (row.checkpoint_keys, row.dtype, row.shape) == (twin.checkpoint_keys, twin.dtype, twin.shape)
        and [part.extent for part in row.slices] == [part.extent for part in twin.slices]
        for row in rows
    )


def _changed_assets(new: Side, pairs: tuple[AssetPair, ...]) -> dict[str, bytes]:
    """Old file name -> the new bytes."""
    found = {}
    for pair in pairs:
        if pair.old is None or pair.new is None or pair.same is not False or new.model.read_file is None:
            continue
        try:
            found[pair.old.filename] = new.model.read_file(f"assets/{pair.new.filename}")
        except FormatError:
            continue
    return found
