"""The second time round of the profile ``full``, and what is said where no child is left, beside a worker made up."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest

from smanalyze.inputs.records import Trial
from smanalyze.verify import full
from smanalyze.verify.calls import Done
from smanalyze.verify.child import Outcome
from smanalyze.verify.observe import _fingerprint
from smanalyze.verify.sandbox import Sandbox
from smanalyze.verify.steps import Wanted, Worker
from tests.models import model_of


class Box:
    """Where arrays would go."""

    def __init__(self, folder: Path) -> None:
        self.root = self.model = folder
        (folder / "arrays").mkdir()

    def stop(self) -> None:
        """Nothing runs."""


class Willing:
    """Does all that it is asked, and remembers what had to be loaded anew."""

    anew: list[bool]

    def __init__(self, *_: Any) -> None:
        Willing.anew = []

    def load(self, tags: tuple[str, ...], objects: list[Any], *, anew: bool = False) -> Outcome:
        """Always there."""
        self.anew.append(anew)
        return Outcome("ok")

    def do(self, *_: Any) -> Outcome:
        """One output."""
        return Outcome("ok", {"outputs": [{"name": "y", "digest": "0", "file": ""}]})


def test_only_what_changes_the_model_gets_it_newly_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(full, "Worker", Willing)
    trial = Trial("made", None, ())
    done = [Done(("serve",), key, changes, trial, {"y": "0"}, {}) for key, changes in (("a", False), ("b", True))]
    box = cast(Sandbox, Box(tmp_path))
    found = list(full.call_again(box, Wanted((), 0, 1, ()), done, "process", 1))
    assert [(one.signature, one.outcome, one.different) for one in found] == [("a", "ok", ()), ("b", "ok", ())]
    assert Willing.anew == [False, True]


class Gone:
    """A worker that cannot be started again."""

    def ready(self) -> bool:
        """No."""
        return False

    def do(self, *_: Any) -> Outcome:
        """What the real one answers then."""
        return Outcome("ended", message="too many children died", dead=True)


def test_a_fingerprint_that_no_child_could_compute_is_not_said_to_be_absent(tmp_path: Path) -> None:
    gone, box = cast(Worker, Gone()), cast(Sandbox, Box(tmp_path))
    assert _fingerprint(model_of("module_one_signature"), box, gone) == ((), "too many children died")
