"""Functions that have neither name nor body in common with the other side, matched by the ops they are made of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice

from smanalyze.facts.function_names import PlainStems
from smanalyze.facts.program import Program

PLUMBING = frozenset({
    "Identity", "IdentityN", "NoOp", "Const", "Placeholder", "ReadVariableOp", "PartitionedCall",
    "StatefulPartitionedCall", "VarHandleOp",
})  # fmt: skip
"""Ops that tell nothing of what a function is for."""

POSSIBLE = 0.4
"""Likeness from which two functions of one name are taken for one that changed."""

ALIKE, MANY = 0.8, 6
"""Share of equal ops, and number of telling nodes, from which two functions of different names are."""

MAX_COMPARED = 2_000
"""Pairs of functions whose likeness is computed; beyond, what is left is removed and added."""


class Likest:
    """The search for the likest pairs. ``is_cut``: there were more candidates than are looked at."""

    def __init__(self, programs: tuple[Program, Program], stems: tuple[PlainStems, PlainStems]) -> None:
        self.programs, self.stems = programs, stems
        self.is_cut = False

    def pairs(self, before: Sequence[str], after: Sequence[str]) -> list[tuple[str, str, float]]:
        """(old, new, confidence) of pairs that are alike enough, the likest first; a function may be in several."""
        scored: list[tuple[float, str, str]] = []
        candidates = self._candidates(before, after)
        for one, other in islice(candidates, MAX_COMPARED):
            named = self.stems[0].of(one) == self.stems[1].of(other)
            share = self._share(one, other)
            score = 0.7 * share + 0.3 if named else 0.8 * share
            if score >= POSSIBLE if named else share >= ALIKE:
                scored.append((score, one, other))
        self.is_cut = next(candidates, None) is not None
        scored.sort(key=lambda item: (-item[0], item[1], item[2]))
        return [(one, other, round(min(score, 0.9), 2)) for score, one, other in scored]

    def _candidates(self, before: Sequence[str], after: Sequence[str]) -> Iterator[tuple[str, str]]:
        """Functions of one name; then those that are made of about the same ops, in some number."""
        by_name: dict[str, list[str]] = {}
        by_ops: dict[tuple[str, ...], list[str]] = {}
        for name in after:
            by_name.setdefault(self.stems[1].of(name), []).append(name)
            by_ops.setdefault(_most(telling_ops(self.programs[1], name)), []).append(name)
        for one in before:
            yield from ((one, other) for other in by_name.get(self.stems[0].of(one), ()))
        for one in before:
            ops = _most(telling_ops(self.programs[0], one))
            stem = self.stems[0].of(one)
            yield from ((one, other) for other in by_ops.get(ops, ()) if ops and self.stems[1].of(other) != stem)

    def _share(self, one: str, other: str) -> float:
        before, after = telling_ops(self.programs[0], one), telling_ops(self.programs[1], other)
        if not before and not after:
            before, after = (
                program.library.index(name).op_counts for program, name in zip(self.programs, (one, other), strict=True)
            )
        whole = sum((before | after).values())
        return sum((before & after).values()) / whole if whole else 1.0


def telling_ops(program: Program, name: str) -> Counter[str]:
    """The ops of a function that tell what it is for."""
    counts = program.library.index(name).op_counts
    return Counter({op: number for op, number in counts.items() if op not in PLUMBING})


def _most(counts: Counter[str]) -> tuple[str, ...]:
    """The three most frequent ops, by name; () for a small function."""
    if sum(counts.values()) < MANY:
        return ()
    return tuple(sorted(op for op, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:3]))
