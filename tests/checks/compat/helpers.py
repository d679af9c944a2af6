"""What the tests of rules about changes share: two models to compare, ways to change one, and tables of cases."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from smanalyze.api.diff import diff
from smanalyze.format.schema import message_class
from smanalyze.load import load
from smanalyze.report.diff import AUDIENCES, DiffFinding, DiffReport
from tests.checks.helpers import TESTDATA, Change
from tests.checks.helpers import params as params

Sides = tuple[Path, Path]
Maker = Callable[[Path], Sides]
"""Given an empty folder, makes an old and a new model (there or elsewhere) and says where they are."""


@dataclass(frozen=True)
class Cases:
    """Pairs on which a rule must fire, and pairs on which it must stay silent, by a name for the test's id."""

    fires: dict[str, Maker]
    silent: dict[str, Maker]


# Makers --------------------------------------------------------------------------------------------------------------


def pair(name: str) -> Maker:
    """A pair of testdata/pairs as it is."""
    return lambda folder: (TESTDATA / "pairs" / name / "old", TESTDATA / "pairs" / name / "new")


def same(name: str) -> Maker:
    """A model of testdata/models, and itself."""
    return lambda folder: (TESTDATA / "models" / name, TESTDATA / "models" / name)


def models(old: str, new: str) -> Maker:
    """Two models of testdata/models."""
    return lambda folder: (TESTDATA / "models" / old, TESTDATA / "models" / new)


def mirrored(maker: Maker) -> Maker:
    """The sides the other way round."""
    return lambda folder: maker(folder)[::-1]


def edited(name: str, *, old: Sequence[Change] = (), new: Sequence[Change] = ()) -> Maker:
    """A model of testdata/models and a copy of it, each saved_model.pb after its changes."""
    return changed(same(name), old=old, new=new)


def changed(maker: Maker, *, old: Sequence[Change] = (), new: Sequence[Change] = ()) -> Maker:
    """Copies of both sides, each saved_model.pb after its changes."""

    def make(folder: Path) -> Sides:
        paths = _copied(maker, folder)
        for path, changes in zip(paths, (old, new), strict=True):
            file = path / "saved_model.pb"
            message = message_class("tensorflow.SavedModel").FromString(file.read_bytes()) if changes else None
            for change in changes:
                change(message)
            if message is not None:
                file.write_bytes(message.SerializeToString())
        return paths

    return make


def with_files(
    maker: Maker, *, old: dict[str, bytes | None] | None = None, new: dict[str, bytes | None] | None = None
) -> Maker:
    """Copies of both sides with some files written, or (None) removed."""

    def make(folder: Path) -> Sides:
        paths = _copied(maker, folder)
        for path, files in zip(paths, (old or {}, new or {}), strict=True):
            for name, content in files.items():
                target = path / name
                if content is None:
                    target.unlink()
                else:
                    target.parent.mkdir(parents=True, exist_ok=True)
                    target.write_bytes(content)
        return paths

    return make


def _copied(maker: Maker, folder: Path) -> Sides:
    """Copies of both sides in folders of the same name, where maker has not put its own into the folder."""
    sides = maker(folder)
    copies = []
    for word, path in zip(("old", "new"), sides, strict=True):
        target = folder / word / "model"
        if path != target:
            shutil.copytree(path, target)
        copies.append(target)
    return copies[0], copies[1]


# Findings ------------------------------------------------------------------------------------------------------------


def report(sides: Sides, **settings: Any) -> DiffReport:
    """The whole answer, for all audiences unless told otherwise."""
    return diff(load(sides[0]), load(sides[1]), **{"audiences": AUDIENCES} | settings)


@cache
def _of_fixtures(sides: Sides) -> tuple[DiffFinding, ...]:
    return report(sides).findings


def every(maker: Maker, folder: Path) -> tuple[DiffFinding, ...]:
    """All findings about a made pair."""
    sides = maker(folder)
    return _of_fixtures(sides) if all(path.is_relative_to(TESTDATA) for path in sides) else report(sides).findings


def found(maker: Maker, folder: Path, rule: str) -> list[DiffFinding]:
    """What one rule finds in a made pair."""
    return [finding for finding in every(maker, folder) if finding.rule == rule]


def one(maker: Maker, folder: Path, rule: str) -> DiffFinding:
    """The one finding that a rule has in a made pair."""
    (finding,) = found(maker, folder, rule)
    return finding


# Tables --------------------------------------------------------------------------------------------------------------


def check_case(rule: str, maker: Maker, fires: bool, folder: Path) -> None:
    """The body of each family's table test."""
    hits = found(maker, folder, rule)
    assert bool(hits) == fires, [finding.message for finding in hits]
    for finding in hits:
        assert finding.message.endswith(".") and len(finding.evidence) <= 20, finding
        assert finding.old or finding.new or finding.evidence, finding


def rules_of(table: dict[str, Cases], findings: Sequence[DiffFinding]) -> list[DiffFinding]:
    """Those of the findings whose rules stand in the table."""
    return [finding for finding in findings if finding.rule in table]
