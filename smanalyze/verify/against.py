"""Runs two models side by side: the same inputs for both, outputs judged by tolerances and by how far the old model is
from itself when it runs again, in another process, and with TensorFlow's own threads and arithmetic."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import field, replace
from typing import Any

from smanalyze.api.diff import match_models, report_changes
from smanalyze.api.scan import scan
from smanalyze.diff.side import Side
from smanalyze.errors import UsageError
from smanalyze.model.record import record
from smanalyze.model.saved_model import SavedModel
from smanalyze.report.against import GATES, LEVELS, AgainstReport, Level, OutputAgainst, SignatureAgainst, Tolerance
from smanalyze.report.changes import Changes, MetaGraphPair
from smanalyze.report.verify import RefusedPart
from smanalyze.verify.attribute import attribute
from smanalyze.verify.first_difference import Matched, find_first
from smanalyze.verify.gate import refusals, refuses_load
from smanalyze.verify.judge import judge, worst_level
from smanalyze.verify.noise import measure_noise
from smanalyze.verify.pairing import gone_outputs, pairing_notes
from smanalyze.verify.probe_both import Probed, probe_both
from smanalyze.verify.sandbox import Sandbox
from smanalyze.verify.save import Saver
from smanalyze.verify.shared_inputs import Planner
from smanalyze.verify.side_run import Outputs, SideRun
from smanalyze.verify.steps import Tell, Wanted

OpenBox = Callable[[SavedModel], Sandbox]
"""Makes a sandbox for a model, which ``with`` opens."""

_EXPLAINED: tuple[Level, ...] = ("within tolerance", "different")
"""Levels whose cause is looked for."""


@record
class Against:
    """The old model, and how to compare with it: renames as ``diff`` takes them, how many sets of inputs, tolerances by
    output ("" for all), and which of GATES decides whether it passes."""

    old: SavedModel
    renames: tuple[str, ...] = ()
    probes: int = 4
    tolerances: Mapping[str, Tolerance] = field(default_factory=dict)
    gate: str = "different"


@record
class Asked:
    """What of the new model is compared (``tags``, ``signatures``; None: all), and what both are fed: drawn from
    ``seed``, or of the user's file that is ``given``. ``refused`` is what must not run of it, ``permitted`` are the
    risk classes that may act; ``saver`` keeps the calls."""

    seed: int = 0
    given: str | None = None
    permitted: frozenset[str] = frozenset()
    refused: tuple[RefusedPart, ...] = ()
    tags: tuple[str, ...] | None = None
    signatures: tuple[str, ...] | None = None
    saver: Saver | None = None


def run_against(
    new: SavedModel, against: Against, asked: Asked, open_box: OpenBox, wanted: Wanted, tell: Tell
) -> AgainstReport:
    """Compares what matched signatures of both give. Raises UsageError for words that mean nothing, for an output that
    has a tolerance and is not there, and where TensorFlow cannot be used."""
    old = against.old
    facts, sides, changes = match_models(old, new, against.renames)
    static = report_changes(facts, sides, changes, weights="crc").verdict
    pairs = [
        pair for pair in changes.meta_graphs
        if pair.new is None or asked.tags is None or set(pair.new.tags) == set(asked.tags)
    ]  # fmt: skip
    _check_outputs(against, pairs)
    refused = refusals(scan(old), asked.permitted), asked.refused
    rows: list[SignatureAgainst] = []
    compared = [(pair.old, pair.new) for pair in pairs if pair.old is not None and pair.new is not None]
    loaded = [{None, *(",".join(both[side].tags) for both in compared)} for side in (0, 1)]
    acting = (
        part for parts, tags in zip(refused, loaded, strict=True) for part in parts
        if refuses_load([part]) and part.where.tag_set in tags
    )  # fmt: skip
    reason = next((part.message for part in acting), "")
    if not reason:
        with (
            SideRun(sides[0], open_box(old), wanted, tell) as one,
            SideRun(sides[1], open_box(new), wanted, tell) as two,
        ):
            for run in (one, two):
                if run.could_not_start:
                    raise UsageError(f"TensorFlow cannot be used: {run.could_not_start}")
            for pair in pairs:
                rows += _Pair((one, two), sides, changes, pair, refused, against, asked).compared()
    if not reason and not rows:
        reason = _unread(old, new) or ("" if compared else "no MetaGraph of both has the same tags")
    levels = [row.level for row in rows if row.level is not None]
    level = worst_level(levels) if levels else None
    gone = _gone(pairs, asked)
    return AgainstReport(
        old_path_name=old.found.path_name,
        level=level,
        gate=against.gate,
        passed=level is not None and level not in GATES[against.gate] and not gone,
        summary=summary_of(rows, reason),
        static=static,
        seed=asked.seed,
        signatures=tuple(rows),
        only_old=gone,
        only_new=tuple(one.new.key for pair in pairs for one in pair.signatures if one.new and one.old is None),
        unused=changes.unused_renames,
        reason=reason,
    )


def _unread(old: SavedModel, new: SavedModel) -> str:
    """Which of both graphs cannot be read, and why; "" where both can."""
    for side, model in (("old", old), ("new", new)):
        for one in model.unreadable:
            if one.part == "graph":
                return f"the {side} model: {one.message}"
    return ""


def _gone(pairs: list[MetaGraphPair], asked: Asked) -> tuple[str, ...]:
    """Signatures that only the old model has; none where some of the new model's are asked for."""
    if asked.signatures is not None:
        return ()
    found = [one.old.key for pair in pairs for one in pair.signatures if one.old and one.new is None and pair.new]
    for pair in pairs:
        if pair.new is None and pair.old is not None and asked.tags is None:
            found += [f"{one.key} of tags {','.join(pair.old.tags)}" for one in pair.old.signatures]
    return tuple(found)


def _check_outputs(against: Against, pairs: list[MetaGraphPair]) -> None:
    """Raises UsageError for a tolerance of an output that no matched signature has."""
    there = {
        one.new.name for pair in pairs for signature in pair.signatures for one in signature.outputs
        if one.new is not None
    }  # fmt: skip
    unknown = [name for name in against.tolerances if name and name.partition("#")[0] not in there]
    if unknown:
        raise UsageError(f"There is no output {unknown[0]!r} to have a tolerance. Outputs: {', '.join(sorted(there))}.")


class _Pair:
    """One pair of MetaGraphs, run side by side."""

    def __init__(
        self, runs: tuple[SideRun, SideRun], sides: tuple[Side, Side], changes: Changes, pair: MetaGraphPair,
        refused: tuple[tuple[RefusedPart, ...], tuple[RefusedPart, ...]], against: Against, asked: Asked,
    ) -> None:  # fmt: skip
        self._runs, self._sides, self._changes, self._pair = runs, sides, changes, pair
        self._refused, self._against, self._asked = refused, against, asked

    def compared(self) -> list[SignatureAgainst]:
        """A row for each pair of signatures; none where one side has no such MetaGraph."""
        if self._pair.old is None or self._pair.new is None:
            return []
        numbers = self._sides[0].meta_graphs.index(self._pair.old), self._sides[1].meta_graphs.index(self._pair.new)
        models = self._sides[0].model, self._sides[1].model
        tags = tuple(models[0].meta_graphs[numbers[0]].tags), tuple(models[1].meta_graphs[numbers[1]].tags)
        planner = Planner(models, tags, self._asked.seed, self._asked.given, self._asked.signatures)
        probed = [
            Probed(numbers, one) for one in self._pair.signatures
            if one.old is not None and one.new is not None
            and (self._asked.signatures is None or one.new.key in self._asked.signatures)
        ]  # fmt: skip
        seeds = range(self._asked.seed, self._asked.seed + self._against.probes)
        for one in probed:
            one.reason = self._refusal(one)
            if not one.reason:
                probe_both(self._runs, one, planner, seeds)
                self._save(tags[1], one)
        ran = [one for one in probed if one.fed]
        measure_noise(self._runs[0], ran)
        rows = self._explained({one: (*self._judged(one, one.old), *gone_outputs(one.pair)) for one in ran})
        return [rows[one] if one in rows else self._row(one, ()) for one in probed]

    def _save(self, tags: tuple[str, ...], one: Probed) -> None:
        """Keeps what both gave."""
        if self._asked.saver is not None:
            for (_, trial), old, new in zip(one.trials, one.old, one.new, strict=True):
                outputs = {"old": _values(old), "new": _values(new)}
                self._asked.saver.keep(tags, one.keys[1], trial.feeds, outputs, "against-")

    def _refusal(self, one: Probed) -> str:
        tags = [",".join(side.meta_graphs[n].tags) for side, n in zip(self._sides, one.numbers, strict=True)]
        for place, parts in enumerate(self._refused):
            for part in parts:
                if part.where.signature == one.keys[place] and part.where.tag_set in (None, tags[place]):
                    return f"refused: {part.message}"
        return ""

    def _judged(self, one: Probed, old: list[Outputs]) -> tuple[OutputAgainst, ...]:
        """Each output of the old model, as it is (``one.old``) or with other parts, beside that of the new one."""
        return tuple(
            judge(
                names,
                [(a[names[0]], b[names[1]]) for a, b in zip(old, one.new, strict=True)],
                one.noise.get(names[0]),
                self._against.tolerances,
            )
            for names in one.outputs()
            if all(names[0] in a for a in old)
        )

    def _explained(self, judged: dict[Probed, tuple[OutputAgainst, ...]]) -> dict[Probed, SignatureAgainst]:
        """The rows, with what makes the difference where there is one."""
        rows = {one: self._row(one, outputs) for one, outputs in judged.items()}
        told = [one for one, outputs in judged.items() if any(row.level in _EXPLAINED for row in outputs)]
        if not told:
            return rows
        matched = Matched(self._sides, self._changes, self._pair, told[0].numbers)
        for one in told:
            mild = all(row.level != "different" for row in judged[one])
            first, why = find_first(
                self._runs, matched, one, furthest_trial(judged[one]), self._against.tolerances, mild=mild
            )
            rows[one] = replace(rows[one], first=first, first_reason=why)

        def apart(one: Probed, swapped: list[Outputs]) -> tuple[Level, float | None]:
            found = self._judged(one, swapped)
            return worst_level(row.level for row in found), max((row.max_abs or 0.0 for row in found), default=None)

        levels = [worst_level(row.level for row in judged[one] if row.level in _EXPLAINED) for one in told]
        causes = attribute(self._runs[0], self._sides, self._changes, told, levels, apart)
        for one, cause in zip(told, causes, strict=True):
            rows[one] = replace(rows[one], cause=cause.parts, swaps=cause.swaps)
        return rows

    def _row(self, one: Probed, outputs: tuple[OutputAgainst, ...]) -> SignatureAgainst:
        assert self._pair.new is not None
        level = worst_level(row.level for row in outputs) if outputs else None
        reason = one.reason or ("" if outputs or not one.fed else "they have no output in common")
        if any(each.side == "new" for each in one.one_sided):
            least: Level = "different" if one.fed else "incomparable"
            level = worst_level([least, *([] if level is None else [level])])
            reason = "the new model does not take what the old one does"
        times = [round(seconds * 1000, 3) for seconds in one.seconds]
        return SignatureAgainst(
            tuple(self._pair.new.tags), one.keys[1], one.keys[0], level, reason, outputs, tuple(one.fed),
            one_sided=tuple(one.one_sided), old_ms=times[0], new_ms=times[1], notes=tuple(pairing_notes(one.pair)),
        )  # fmt: skip


def furthest_trial(outputs: Iterable[OutputAgainst]) -> int:
    """The number of the inputs with which the outputs are furthest apart: with others they may be the same."""
    told = (one for one in outputs if one.level in _EXPLAINED and one.worst is not None)
    worst = max(told, key=lambda one: LEVELS.index(one.level), default=None)
    return worst.worst.probe if worst is not None and worst.worst is not None else 0


def _values(outputs: Outputs) -> dict[str, Any]:
    """The values that were kept."""
    read = {name: one.read() for name, one in outputs.items() if one.read is not None}
    return {name: array for name, array in read.items() if array is not None}


def summary_of(rows: list[SignatureAgainst], reason: str) -> str:
    """The one line: the worst first."""
    levels = [row.level for row in rows if row.level is not None]
    if not levels:
        why = reason or next((row.reason for row in rows), "no signature has a partner")
        return f"Nothing was compared: {why if why.endswith('…') else why.rstrip('.') + '.'}"
    level = worst_level(levels)
    worst = [row for row in rows if row.level == level]
    number = f"{len(worst)} of {len(levels)}" if len(levels) > 1 else "the one"
    names = f"{number} signature{'s' if len(levels) > 1 else ''}"
    missing = len(rows) - len(levels)
    rest = f" {missing} could not be compared." if missing else ""
    if level == "incomparable":
        row = next((one for one in worst[0].outputs if one.level == level), None)
        why = f"{row.name}: {row.reason}" if row is not None else worst[0].reason
        return f"Of {names}, outputs cannot be compared: {why}.{rest}"
    if level == "different" and not any(one.level == level for row in worst for one in row.outputs):
        return f"In {names} the new model refuses inputs that the old one takes.{rest}"
    if level == "different":
        causes = ", ".join(dict.fromkeys(part for row in worst for part in row.cause))
        return f"{names[0].upper()}{names[1:]} differ{'s' if len(worst) == 1 else ''} beyond tolerance" + (
            f"; what makes it: {causes}.{rest}" if causes else f".{rest}"
        )
    said = {
        "bitwise": "All outputs are the same, bit by bit",
        "within noise": "No output is further from the old model's than that is from itself",
        "within tolerance": "All outputs are within tolerance",
    }
    tried = max(len(row.probes) for row in rows)
    return f"{said[level]}, for {tried} set{'s' if tried > 1 else ''} of inputs.{rest}"
