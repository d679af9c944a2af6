"""How rules about ops speak of what they can do beside computing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from smanalyze.checks.body_words import is_told
from smanalyze.checks.change import Changed
from smanalyze.checks.changes import MetaGraphChange
from smanalyze.checks.evidence import count_of, listed, named
from smanalyze.checks.rule import ERROR, NOTE, WARNING
from smanalyze.facts.function_names import stem_of
from smanalyze.report.diff import Severities
from smanalyze.report.program_changes import RiskChange

NOTES = Severities(NOTE, NOTE, NOTE, NOTE)

FILES = ("file-write", "file-read", "dataset-file", "file-map", "file-list", "saver")
OUTPUT = ("output", "debug", "summary")

_READING = frozenset({"file-read", "dataset-file", "file-map", "file-list"})
"""Classes that are no risk where they work on the model's own assets."""

_EVERYWHERE = ("saver", "summary")
"""Classes of ops that training graphs are full of: they count where something runs them."""

TOLD_IDLE = frozenset({"host-code", "opaque", "process", "network", *FILES, *OUTPUT}).difference(_EVERYWHERE)
"""Classes of ops that are told where nothing runs them, too."""

Counts = tuple[int, int]


def more_of(
    meta_graph: MetaGraphChange, classes: Sequence[str], says: str, severities: Severities, *, served: bool = False
) -> Iterator[Changed]:
    """One finding for all ops of some risk classes that the new side runs more of: ``says`` begins its sentence, as
    ``The new model opens files``. Where nothing runs them it is a note; with ``served`` only what signatures run
    counts. What loads with the model now, and was only called before, is more."""
    rows = _rows(meta_graph, classes)
    grown = [row for row in rows if _grew(row.served if served else row.running) or (not served and _grew(row.loaded))]
    idle = [row for row in rows if row not in grown and not served and _grew(row.every) and not any(row.running)]
    own = [row for row in grown if row.own and row.risk_class in _READING]
    for found, runs in (([row for row in grown if row not in own], True), (own, True), (idle, False)):
        told = [row for row in found if runs or row.risk_class not in _EVERYWHERE]
        if told:
            them = "it" if len(told) == 1 else "them"
            nothing = "" if runs else f"; nothing that the model offers runs {them}"
            if runs and not any(_grew(row.running) for row in told) and not served:
                nothing = f"; loading the model runs {them} now"
            bad = severities if runs else _idle(severities, offers=_offers(meta_graph))
            bad = NOTES if found is own else bad
            yield _changed(meta_graph, told, f"{says}: {_named(told)}{nothing}.", bad, new=True)


def _offers(meta_graph: MetaGraphChange) -> bool:
    """Whether the new model offers anything to run; else it is there for sessions that ask for nodes by name."""
    new = meta_graph.definitions[1]
    return new is not None and bool(new.signatures or (new.objects and new.objects.concrete_functions))


def _idle(severities: Severities, *, offers: bool) -> Severities:
    """How bad it is where nothing runs the ops: whoever loads the graph can still ask for them by name."""
    if severities.security != ERROR:
        return NOTES
    return Severities(NOTE, NOTE, NOTE, WARNING if offers else ERROR)


def less_of(
    meta_graph: MetaGraphChange, classes: Sequence[str], says: str, *, served: bool = False
) -> Iterator[Changed]:
    """One note for all ops of some risk classes that the new side runs less of."""
    rows = _rows(meta_graph, classes)
    shrunk = [
        row for row in rows
        if _grew((row.served if served else row.running)[::-1]) or (not served and _grew(row.loaded[::-1]))
    ]  # fmt: skip
    idle = [row for row in rows if not served and _grew(row.every[::-1]) and not any(row.running)]
    told = shrunk + [row for row in idle if row.risk_class not in _EVERYWHERE]
    if told:
        yield _changed(meta_graph, told, f"{says}: {_named(told)}.", NOTES, new=False)


def _rows(meta_graph: MetaGraphChange, classes: Sequence[str]) -> list[RiskChange]:
    if not is_told(meta_graph):
        return []
    return [row for row in meta_graph.pair.risks if row.risk_class in classes]


def _grew(counts: Counts) -> bool:
    return counts[1] > counts[0]


def _named(rows: Sequence[RiskChange]) -> str:
    """The ops, with what they work on."""
    words = []
    for op in dict.fromkeys(row.op for row in rows):
        operands = list(dict.fromkeys(text for row in rows if row.op == op for text in row.operands))
        words.append(f"{op} ({named([repr(text) for text in operands])})" if operands else op)
    return named(words)


def _changed(
    meta_graph: MetaGraphChange, rows: Sequence[RiskChange], message: str, severities: Severities, *, new: bool
) -> Changed:
    ops = sorted({row.op for row in rows})
    operands = sorted({text for row in rows for text in row.operands})
    function = next((name for row in rows for name in row.functions), None)
    place = meta_graph.place(function=function)
    reach = tuple(dict.fromkeys(name for row in rows for name in row.where))
    text = ", ".join([*ops, *map(repr, operands[:5])])
    sides = ("", text) if new else (text, "")
    lines = listed(dict.fromkeys(map(_line, rows)))
    return Changed(place, message, meta_graph.subject(*ops), *sides, lines, reach, severities)


def _line(row: RiskChange) -> str:
    """``ReadFile: reads a file; 1 node, 0 before; in predict; runs when the model is loaded``."""
    parts = [f"{row.op}: {row.reason}", f"{count_of(row.every[1], 'node')}, {row.every[0]:,} before"]
    if row.functions:
        parts.append(f"in {named(list(dict.fromkeys(map(stem_of, row.functions))))}")
    if row.loaded[1] > row.loaded[0]:
        parts.append("runs when the model is loaded")
    parts += [f"works on {text!r}" for text in row.operands[:3]]
    return "; ".join(parts)
