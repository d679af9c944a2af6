"""Calls a pair of signatures with the same inputs, on both sides of a comparison."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from smanalyze.inputs.records import Trial
from smanalyze.report.against import ProbeFed
from smanalyze.report.changes import SignaturePair
from smanalyze.verify.child import Outcome
from smanalyze.verify.shared_inputs import Planner
from smanalyze.verify.side_run import Outputs, SideRun


@dataclass
class Probed:
    """One pair of signatures of a pair of MetaGraphs (by number), and what both gave for each set of inputs. ``reason``
    says why there is none. ``seconds`` are those of the last call."""

    numbers: tuple[int, int]
    pair: SignaturePair
    reason: str = ""
    fed: list[ProbeFed] = field(default_factory=list)
    trials: list[tuple[Trial, Trial]] = field(default_factory=list)
    old: list[Outputs] = field(default_factory=list)
    new: list[Outputs] = field(default_factory=list)
    seconds: tuple[float, float] = (0.0, 0.0)

    @property
    def keys(self) -> tuple[str, str]:
        """The key on the old and on the new side."""
        assert self.pair.old is not None and self.pair.new is not None
        return self.pair.old.key, self.pair.new.key

    @property
    def changing(self) -> tuple[bool, bool]:
        """Whether a call changes variables, on the old and on the new side: then each has a model loaded anew."""
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
    for seed in seeds:
        done = False
        for shared in planner.trials(probed.pair, seed, probed.fed[0] if probed.fed else None):
            found = tuple(
                _called(side, probed.numbers[place], probed.keys[place], trial, anew=probed.changing[place])
                for place, (side, trial) in enumerate(zip(sides, (shared.old, shared.new), strict=True))
            )
            bad = next(((n, outcome) for n, (outcome, _) in enumerate(found) if outcome.kind != "ok"), None)
            if bad is None:
                done = True
                probed.fed.append(shared.fed)
                probed.trials.append((shared.old, shared.new))
                probed.old.append(found[0][1])
                probed.new.append(found[1][1])
                probed.seconds = (found[0][0].result["seconds"][0], found[1][0].result["seconds"][0])
                break
            if not probed.fed:
                probed.reason = f"the {('old', 'new')[bad[0]]} model: {told(bad[1])}"
            if bad[1].dead:
                return
        if not done and not probed.fed:
            probed.reason = probed.reason or planner.reason(probed.pair) or "there are no inputs that both take"
            return
    probed.reason = ""


def call_all(side: SideRun, place: int, probed: Probed) -> Iterator[tuple[Outcome, Outputs]]:
    """What one side (0: the old one) gives for all sets of inputs, once more."""
    for pair in probed.trials:
        yield _called(side, probed.numbers[place], probed.keys[place], pair[place], anew=probed.changing[place])


def _called(side: SideRun, number: int, key: str, trial: Trial, *, anew: bool) -> tuple[Outcome, Outputs]:
    loaded = side.load(number, anew=anew)
    return side.call(key, trial) if loaded.kind == "ok" else (loaded, {})


def told(outcome: Outcome) -> str:
    """How a call ended, in words."""
    said = f"{outcome.error}: {outcome.message}" if outcome.error else outcome.message
    return f"{outcome.kind}: {said}"[:500]
