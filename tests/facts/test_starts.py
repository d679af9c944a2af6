"""What runs a function."""

from __future__ import annotations

from pathlib import Path

import pytest

from smanalyze.facts.names import Names
from smanalyze.facts.starts import LOAD, Starts
from smanalyze.graph.model_graph import ModelGraph
from smanalyze.load import load
from tests.conftest import TESTDATA

MODELS = sorted(path for kind in ("models", "scan") for path in (TESTDATA / kind).iterdir() if path.is_dir())


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.name)
def test_what_loading_runs_is_told_alike_by_function_and_at_once(path: Path) -> None:
    for meta_graph in load(path).meta_graphs:
        graph = ModelGraph(meta_graph)
        starts = Starts(graph, Names(graph))
        names = graph.library.functions
        one_by_one = {name for name in names if any(start.when == LOAD for start in starts.of(name) or ())}
        assert {name for name in starts.at_load() if name in names} == one_by_one
