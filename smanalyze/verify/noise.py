"""How far a model is from itself: the same inputs again, in another process, and with other threads."""

from __future__ import annotations

from smanalyze.verify.judge import distance
from smanalyze.verify.probe_both import Probed, call_all
from smanalyze.verify.side_run import Outputs, SideRun

Noise = dict[tuple[int, str], float]
"""(number of the pair of signatures, old output) -> the largest difference."""


def measure_noise(old: SideRun, probed: list[Probed]) -> Noise:
    """Calls the old model again for all that differs. Where it cannot be called again, there is no noise."""
    found: Noise = {}
    for threads in (None, 1, 0):  # in this process, in another one, and with TensorFlow's own threads and arithmetic
        if threads is not None:
            old.begin(threads)
        for number, one in enumerate(probed):
            if not one.differs():
                continue
            for before, (outcome, after) in zip(one.old, call_all(old, 0, one), strict=True):
                if outcome.kind == "ok":
                    _add(found, number, before, after)
    old.begin()
    return found


def _add(found: Noise, number: int, before: Outputs, after: Outputs) -> None:
    for name in before.keys() & after.keys():
        apart = distance(before[name], after[name])
        found[number, name] = max(found.get((number, name), 0.0), apart)
