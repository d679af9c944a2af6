"""How far a model is from itself: the same inputs again, in another process, and with other threads."""

from __future__ import annotations

from collections.abc import Iterable

from smanalyze.verify.judge import distance
from smanalyze.verify.probe_both import Probed, call_all
from smanalyze.verify.side_run import SideRun


def measure_noise(old: SideRun, probed: Iterable[Probed]) -> None:
    """Calls the old model again for all that differs, and notes how far its outputs are then from what they were.
    Where it cannot be called again, there is no noise."""
    differing = [one for one in probed if one.differs()]
    if not differing:
        return
    for threads in (None, 1, 0):  # in this process, in another one, and with TensorFlow's own threads and arithmetic
        if threads is not None:
            old.begin(threads)
        for one in differing:
            for before, (outcome, after) in zip(one.old, call_all(old, 0, one), strict=True):
                for name in before.keys() & after.keys() if outcome.kind == "ok" else ():
                    one.noise[name] = max(one.noise.get(name, 0.0), distance(before[name], after[name]))
    old.begin()
