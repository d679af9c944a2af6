"""What changed between two models, and does it matter?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from smanalyze.api.facts import build_programs, gather_for_diff
from smanalyze.checks.changes import TwoModels
from smanalyze.checks.compat_engine import check_changes
from smanalyze.checks.compat_verdict import advise, broken_for, count_audiences, decide, summarize
from smanalyze.checks.subject import ModelFacts
from smanalyze.diff.compare import compare
from smanalyze.diff.renames import Renames
from smanalyze.diff.sameness import hash_pairs, is_identical
from smanalyze.diff.side import Side
from smanalyze.diff.summary import build_signatures, build_weights, side_report
from smanalyze.diff.weights import weigh
from smanalyze.errors import UsageError
from smanalyze.facts.canonical import canonical_hashes
from smanalyze.model.saved_model import SavedModel
from smanalyze.report.changes import Changes, VariablePair
from smanalyze.report.diff import (
    AREAS,
    AUDIENCES,
    DEFAULT_AUDIENCES,
    DIFF_SCHEMA_VERSION,
    Audience,
    DiffReport,
    NotCompared,
)

Progress = Callable[[int, int], None]
"""Told (bytes done, bytes to do) while changed tensors are read."""

WEIGHT_MODES = ("none", "crc", "stats")
DEFAULT_BUDGET = 2 << 30


def diff(
    old: SavedModel,
    new: SavedModel,
    *,
    audiences: Sequence[Audience] = DEFAULT_AUDIENCES,
    renames: Iterable[str] = (),
    areas: Sequence[str] = AREAS,
    runtime_tf: str = "",
    weights: str = "stats",
    budget: int = DEFAULT_BUDGET,
    progress: Progress | None = None,
) -> DiffReport:
    """Every real change from ``old`` to ``new``, found once, at its root, with whom it hurts.

    ``audiences`` decide severities and verdict; ``renames`` are declarations such as ``signature:predict=serve``;
    ``areas`` are the parts that are judged; ``runtime_tf`` is the TensorFlow release that has to run the new model.
    ``weights``: ``none`` leaves them alone, ``crc`` compares checksums, ``stats`` also reads the changed ones, up to
    ``budget`` bytes of one side. Raises UsageError for words that are none of these.
    """
    _check_words(audiences, areas, weights)
    found = match_models(old, new, renames)
    return report_changes(
        *found, audiences=audiences, areas=areas, runtime_tf=runtime_tf, weights=weights, budget=budget,
        progress=progress,
    )  # fmt: skip


def match_models(
    old: SavedModel, new: SavedModel, renames: Iterable[str] = ()
) -> tuple[tuple[ModelFacts, ModelFacts], tuple[Side, Side], Changes]:
    """The facts about both models, the sides that are compared, and which part of one is which of the other."""
    facts = gather_for_diff(old), gather_for_diff(new)
    sides = _side(facts[0]), _side(facts[1])
    return facts, sides, compare(*sides, Renames(renames))


def report_changes(
    facts: tuple[ModelFacts, ModelFacts],
    sides: tuple[Side, Side],
    changes: Changes,
    *,
    audiences: Sequence[Audience] = DEFAULT_AUDIENCES,
    areas: Sequence[str] = AREAS,
    runtime_tf: str = "",
    weights: str = "stats",
    budget: int = DEFAULT_BUDGET,
    progress: Progress | None = None,
) -> DiffReport:
    """``diff`` of two models that were matched already."""
    read = 0
    if weights == "none":
        changes = replace(changes, variables=tuple(_unweighed(pair) for pair in changes.variables))
    elif weights == "stats":
        variables, read = weigh(*sides, changes.variables, budget, progress)
        changes = replace(changes, variables=variables)
    hashes = hash_pairs(*sides, changes)
    models = TwoModels(facts[0], facts[1], changes, hashes, runtime_tf)
    findings = check_changes(models, tuple(audiences), tuple(areas))
    broken = broken_for(findings, tuple(audiences))
    verdict = decide(changes, hashes, findings, tuple(audiences), is_identical(*sides, changes))
    unread = hashes.interface.equal is None
    return DiffReport(
        schema_version=DIFF_SCHEMA_VERSION,
        old=side_report(facts[0].summary),
        new=side_report(facts[1].summary),
        verdict=verdict,
        security_review=any(finding.severities.security == "error" for finding in findings),
        breaks=broken,
        summary=summarize(verdict, changes, findings, unread=unread),
        audiences=count_audiences(findings, tuple(audiences)),
        hashes=hashes,
        version=advise(verdict, findings, broken, unread=unread),
        findings=findings,
        weights=build_weights(changes, weights, read, budget),
        signatures=build_signatures(changes, models.graphs_are_whole),
        functions=tuple(function for pair in changes.meta_graphs for function in pair.functions),
        files=tuple(file for file in changes.files if file.same is False or None in (file.old, file.new)),
        normalised=changes.normalised,
        not_compared=tuple(NotCompared(part, reason) for part, reason in _left_out(changes, areas, weights)),
        unused_renames=changes.unused_renames,
    )


def _check_words(audiences: Sequence[str], areas: Sequence[str], weights: str) -> None:
    for word, known in (*((a, AUDIENCES) for a in audiences), *((a, AREAS) for a in areas), (weights, WEIGHT_MODES)):
        if word not in known:
            raise UsageError(f"{word!r} is none of {', '.join(known)}.")
    if not audiences:
        raise UsageError("There must be an audience to judge for.")


def _side(facts: ModelFacts) -> Side:
    programs = build_programs(facts)
    lines: dict[int, list[tuple[str, str]]] = {}
    hashes = canonical_hashes(facts.model, programs, facts.variables, facts.checkpoint, facts.assets, lines)
    return Side(
        facts.model, facts.graphs, facts.names, facts.meta_graphs, facts.variables, facts.checkpoint, facts.assets,
        hashes, programs, lines,
    )  # fmt: skip


def _unweighed(pair: VariablePair) -> VariablePair:
    both = pair.old is not None and pair.new is not None
    return replace(pair, values="not-compared") if both else pair


def _left_out(changes: Changes, areas: Sequence[str], weights: str) -> list[tuple[str, str]]:
    """What was not compared: what could not be read, and what was not asked for."""
    found = list(changes.not_compared)
    skipped = [area for area in AREAS if area not in areas]
    if skipped:
        found.append((", ".join(skipped), "left out, as asked"))
    if weights == "none":
        found.append(("weights", "left out, as asked"))
    return found
