"""The pairs of testdata by name, compared once a run."""

from __future__ import annotations

from functools import cache

import pytest

import smanalyze
from smanalyze.model.saved_model import SavedModel
from smanalyze.report.diff import DiffReport
from tests.conftest import TESTDATA

PAIRS = TESTDATA / "pairs"
PAIR_NAMES = sorted(path.name for path in PAIRS.iterdir() if path.is_dir())
NOISE_NAMES = [name for name in PAIR_NAMES if name.startswith("noise_")]
CHANGE_NAMES = [name for name in PAIR_NAMES if name.startswith("change_")]

each_pair = pytest.mark.parametrize("name", PAIR_NAMES)
each_noise = pytest.mark.parametrize("name", NOISE_NAMES)


@cache
def sides_of(name: str) -> tuple[SavedModel, SavedModel]:
    """Both models of a pair, loaded once."""
    return smanalyze.load(PAIRS / name / "old"), smanalyze.load(PAIRS / name / "new")


@cache
def diff_of(name: str) -> DiffReport:
    """What changed in a pair."""
    from smanalyze.api.diff import diff

    return diff(*sides_of(name))
