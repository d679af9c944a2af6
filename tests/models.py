"""The models of testdata by name, loaded and reported once a run."""

from __future__ import annotations

import hashlib
import os
from functools import cache
from pathlib import Path

import pytest

import smanalyze
from smanalyze.facts.names import Names
from smanalyze.graph.model_graph import ModelGraph
from smanalyze.model.saved_model import SavedModel
from smanalyze.report.document import Report
from smanalyze.report.sections import VariableRow
from smanalyze.report.tensors import SignatureReport
from tests.conftest import TESTDATA

GOOD = TESTDATA / "models"
BROKEN = TESTDATA / "broken"

NAMES = sorted(path.name for path in GOOD.iterdir() if path.is_dir())
BROKEN_NAMES = sorted(path.name for path in BROKEN.iterdir() if path.is_dir())


def corpus_models() -> list[str]:
    """Paths of the corpus's models below its folder, none where there is no corpus: for parametrize."""
    named = os.environ.get("SMANALYZE_CORPUS")
    public = Path(named) / "public" if named else None
    return sorted(f"public/{entry.name}" for entry in public.iterdir()) if public and public.is_dir() else []


each_model = pytest.mark.parametrize("name", NAMES)
each_broken_model = pytest.mark.parametrize("name", BROKEN_NAMES)


def folder_of(name: str) -> Path:
    """The folder of a good or broken model."""
    return GOOD / name if (GOOD / name).is_dir() else BROKEN / name


@cache
def model_of(name: str) -> SavedModel:
    """A model, loaded once."""
    return smanalyze.load(folder_of(name))


@cache
def report_of(name: str) -> Report:
    """Its report."""
    return smanalyze.analyze(model_of(name))


@cache
def graph_of(name: str) -> ModelGraph:
    """The graph of its first MetaGraph."""
    return ModelGraph(model_of(name).meta_graphs[0])


@cache
def names_of(name: str) -> Names:
    """The names in that graph."""
    return Names(graph_of(name))


def signature_of(name: str, key: str) -> SignatureReport:
    """One signature of a model's first MetaGraph."""
    return next(signature for signature in report_of(name).meta_graphs[0].signatures if signature.key == key)


def variable_of(name: str, variable: str) -> VariableRow:
    """The one variable of that name."""
    (row,) = [row for row in report_of(name).variables if row.name == variable]
    return row


def digests(folder: Path) -> dict[str, str]:
    """Path -> digest, size and time of change of everything below a folder."""
    found = {}
    for path in sorted(folder.rglob("*")):
        content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder"
        found[str(path.relative_to(folder))] = f"{content} {path.lstat().st_size} {path.lstat().st_mtime_ns}"
    return found
