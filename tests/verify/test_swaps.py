"""Calls that change variables, side by side: each has a model as it was stored."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from smanalyze.api.diff import match_models
from smanalyze.inputs.records import Trial
from smanalyze.verify.attribute import Cause, attribute
from smanalyze.verify.child import Outcome
from smanalyze.verify.judge import Kept
from smanalyze.verify.probe_both import Probed, call_all
from smanalyze.verify.side_run import Outputs, SideRun
from tests.pairs import sides_of


class Fake(SideRun):
    """A loaded model of one variable, to which each call adds one. ``loads`` tells what was loaded anew."""

    def __init__(self) -> None:
        self.stale, self.value, self.loads = False, 0.0, list[bool]()

    def load(self, number: int, *, anew: bool = False) -> Outcome:
        self.loads.append(anew or self.stale)
        if anew or self.stale:
            self.value = 0.0
        self.stale = False
        return Outcome("ok", {})

    def call(self, key: str, trial: Trial) -> tuple[Outcome, Outputs]:
        self.value += 1.0
        kept = Kept("float32", (), str(self.value), lambda: np.float32(0))
        return Outcome("ok", {}), {"y": kept}

    def assign(self, values: Any) -> str:
        for _ in values:
            self.value = 10.0
        return ""


def probed(*, changes: bool) -> tuple[Probed, Any, Any]:
    _, sides, found = match_models(*sides_of("change_weights_nudged"))
    pair = next(one for one in found.meta_graphs[0].signatures if one.old is not None)
    assert pair.old is not None and pair.new is not None
    reach = replace(pair.old.reach, changes=("w",) if changes else ())
    pair = replace(pair, old=replace(pair.old, reach=reach), new=replace(pair.new, reach=reach))
    one = Probed((0, 0), pair)
    one.trials = [(Trial("plain", None, ()), Trial("plain", None, ()))] * 3
    one.old = [{"y": Kept("float32", (), "1.0", None)}] * 3
    return one, sides, found


def test_what_comes_after_a_call_that_changes_variables_is_loaded_anew() -> None:
    writes, reads = probed(changes=True)[0], probed(changes=False)[0]
    run = Fake()
    list(call_all(run, 0, writes))
    list(call_all(run, 0, reads))
    assert run.loads == [True, True, True, True, False, False]


def test_swapped_weights_are_there_for_each_call() -> None:
    one, sides, changes = probed(changes=True)
    seen: list[list[str]] = []

    def judged(_: Probed, swapped: list[Any]) -> tuple[Any, float | None]:
        seen.append([outputs["y"].digest for outputs in swapped])
        return "bitwise", 0.0

    (cause,) = attribute(Fake(), sides, changes, [one], ["different"], judged)
    assert isinstance(cause, Cause) and cause.parts == ("weights",)
    assert seen == [["11.0", "11.0", "11.0"]]
