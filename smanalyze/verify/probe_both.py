"""Calls a pair of signatures with the same inputs, on both sides of a comparison."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from smanalyze.inputs.records import Trial
from smanalyze.report.against import OneSided, ProbeFed
from smanalyze.report.changes import SignaturePair
from smanalyze.verify.child import Outcome
from smanalyze.verify.shared_inputs import Planner, SharedTrial
from smanalyze.verify.side_run import Outputs, SideRun
from smanalyze.verify.values import encoded

MAX_ONE_SIDED = 4
"""Inputs that one side refuses that are told."""

MOST_TOLD = 300
"""Characters of what TensorFlow says: it names each node on the way."""


@dataclass(eq=False)
class Probed:
    """One pair of signatures of a pair of MetaGraphs (by number), and what both gave for each set of inputs. ``reason``
    says why there is none. ``noise`` is how far the old model is from itself, by its outputs; ``seconds`` are those of
    the last call."""

    numbers: tuple[int, int]
    pair: SignaturePair
    reason: str = ""
    fed: list[ProbeFed] = field(default_factory=list)
    trials: list[tuple[Trial, Trial]] = field(default_factory=list)
    old: list[Outputs] = field(default_factory=list)
    new: list[Outputs] = field(default_factory=list)
    one_sided: list[OneSided] = field(default_factory=list)
    noise: dict[str, float] = field(default_factory=dict)
    seconds: tuple[float, float] = (0.0, 0.0)

    @property
    def keys(self) -> tuple[str, str]:
        """The key on the old and on the new side."""
        assert self.pair.old is not None and self.pair.new is not None
        return self.pair.old.key, self.pair.new.key

    @property
    def changing(self) -> tuple[bool, bool]:
        """Whether a call changes variables, on the old and on the new side: then each has a model loaded anew, and so
        has what comes after it."""
        assert self.pair.old is not None and self.pair.new is not None
        return bool(self.pair.old.reach.changes), bool(self.pair.new.reach.changes)

    def outputs(self) -> list[tuple[str, str]]:
        """(old, new) names of the outputs that both gave; those of the parts of a composite have the same tail."""
        found = []
        for one in self.pair.outputs:
            if one.old is None or one.new is None:
                continue
            for name in self.old[0] if self.old else ():
                head, mark, tail = name.partition("#")
                twin = one.new.name + mark + tail
                if head == one.old.name and all(twin in outputs for outputs in self.new):
                    found.append((name, twin))
        return found

    def differs(self) -> bool:
        """Whether any output has other bytes."""
        return any(
            one[before].digest != other[after].digest or one[before].shape != other[after].shape
            for before, after in self.outputs()
            for one, other in zip(self.old, self.new, strict=True)
        )


def probe_both(sides: tuple[SideRun, SideRun], probed: Probed, planner: Planner, seeds: range) -> None:
    """Fills in what both give. For each seed the first inputs that both take; where a child dies, no more."""
    tried: set[tuple[bytes, ...]] = set()
    for seed in seeds:
        for shared in planner.trials(probed.pair, seed, probed.fed[0] if probed.fed else None):
            values = tuple(encoded(feed.array) for feed in shared.new.feeds)
            if values in tried:
                continue  # what is given, and not drawn, is the same for each seed
            tried.add(values)
            outcomes = _try(sides, probed, shared)
            if any(outcome.dead for outcome in outcomes):
                return
            if all(outcome.kind == "ok" for outcome in outcomes):
                break
        if not probed.fed:
            break  # another seed draws other values, not other kinds of them
    if probed.fed:
        probed.reason = ""
    else:
        probed.reason = probed.reason or planner.reason(probed.pair) or "there are no inputs that both take"
        if len({one.side for one in probed.one_sided}) == 1:
            probed.one_sided.clear()  # one of both takes nothing at all, and the reason says why


def _try(sides: tuple[SideRun, SideRun], probed: Probed, shared: SharedTrial) -> tuple[Outcome, Outcome]:
    (one, old), (other, new) = (
        _called(side, probed.numbers[place], probed.keys[place], trial, anew=probed.changing[place])
        for place, (side, trial) in enumerate(zip(sides, (shared.old, shared.new), strict=True))
    )
    if one.kind == other.kind == "ok":
        probed.fed.append(shared.fed)
        probed.trials.append((shared.old, shared.new))
        probed.old.append(old)
        probed.new.append(new)
        probed.seconds = (one.result["seconds"][0], other.result["seconds"][0])
        return one, other
    side: Literal["old", "new"] = "new" if one.kind == "ok" else "old"
    bad = other if side == "new" else one
    probed.reason = f"the {side} model: {told(bad)}"
    if "ok" in (one.kind, other.kind) and len(probed.one_sided) < MAX_ONE_SIDED:
        probed.one_sided.append(OneSided(side, shared.fed, told(bad)))
    return one, other


def call_all(side: SideRun, place: int, probed: Probed) -> Iterator[tuple[Outcome, Outputs]]:
    """What one side (0: the old one) gives for all sets of inputs, once more."""
    for pair in probed.trials:
        yield _called(side, probed.numbers[place], probed.keys[place], pair[place], anew=probed.changing[place])


def _called(side: SideRun, number: int, key: str, trial: Trial, *, anew: bool) -> tuple[Outcome, Outputs]:
    loaded = side.load(number, anew=anew)
    side.stale = anew  # the next signature reads the variables that this one changes
    return side.call(key, trial) if loaded.kind == "ok" else (loaded, {})


def told(outcome: Outcome) -> str:
    """How a call ended, in words."""
    text = f"{outcome.kind}: {outcome.told}".partition(" Make sure the Op and Kernel")[0]
    return text if len(text) <= MOST_TOLD else f"{text[:MOST_TOLD]}…"
