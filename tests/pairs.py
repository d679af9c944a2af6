"""The pairs of testdata by name, compared once a run."""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path

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


def corpus_pairs() -> list[tuple[str, str]]:
    """Names of old and new models of the corpus's pairs, none where there is no corpus: for parametrize."""
    named = os.environ.get("SMANALYZE_CORPUS")
    listed = Path(named) / "pairs.json" if named else None
    if listed is None or not listed.is_file():
        return []
    return [(pair["old"], pair["new"]) for pair in json.loads(listed.read_text("utf-8"))]
