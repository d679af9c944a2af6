"""The layer table of every fixture: where it comes from, and what must hold of any."""

from __future__ import annotations

from pathlib import Path

import pytest

from smanalyze.errors import NotASavedModelError
from smanalyze.facts.layers import build_layer_table
from smanalyze.graph.model_graph import ModelGraph
from smanalyze.load import load
from smanalyze.report.sections import LayerTable
from tests.conftest import TESTDATA
from tests.facts.test_layers_keras import table_of

MODELS = sorted(path for path in (TESTDATA / "models").iterdir() if path.is_dir())
BROKEN = sorted(path for path in (TESTDATA / "broken").iterdir() if path.is_dir())
SOURCES = ("keras_metadata", "object_metadata", "object_graph", "name_scopes", "none")

# source, names of the top rows, elements of all variables, of the trainable ones
TABLES: dict[str, tuple[str, list[str], int, int]] = {
    "estimator_linear": ("name_scopes", ["head", "linear", "ParseExample"], 5, 5),
    "keras3_export": ("name_scopes", ["conv", "norm", "pool", "classes"], 71, 63),
    "keras3_saved_model": ("name_scopes", ["hidden", "score"], 19, 19),
    "module_no_signature": ("object_graph", ["scale"], 4, 4),
    "module_one_signature": ("none", [], 8, 8),
    "tf1_frozen": ("none", [], 0, 0),
}


@pytest.mark.parametrize("name", TABLES)
def test_table(name: str) -> None:
    table = table_of(TESTDATA / "models" / name)
    top = [row.name for row in table.rows if row.depth == 0]
    source, names, parameters, trainable = TABLES[name]
    assert (table.source, sorted(top), table.parameters, table.trainable_parameters) == (
        source, sorted(names), parameters, trainable,
    )  # fmt: skip


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.name)
def test_laws_of_fixtures(path: Path) -> None:
    model = load(path)
    for meta_graph in model.meta_graphs:
        holds(build_layer_table(model, meta_graph, ModelGraph(meta_graph)))


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.name)
def test_broken_models_never_raise(path: Path) -> None:
    try:
        model = load(path)
    except NotASavedModelError:
        return
    for meta_graph in model.meta_graphs:
        holds(build_layer_table(model, meta_graph, ModelGraph(meta_graph)))


def test_laws_of_the_corpus(corpus: Path) -> None:
    for path in sorted((corpus / "public").iterdir()):
        try:
            model = load(path)
        except NotASavedModelError:
            continue
        for meta_graph in model.meta_graphs:
            holds(build_layer_table(model, meta_graph, ModelGraph(meta_graph)))


def holds(table: LayerTable) -> None:
    """What is true of any table: rows form a tree in order, sums stay within the whole, and it says what is missing."""
    assert table.source in SOURCES
    assert table.rows or table.source == "none" or table.source.endswith("metadata")
    if table.source in ("none", "name_scopes", "object_graph"):
        assert table.notes
    open_rows: list[str] = []
    for row in table.rows:
        assert row.depth <= len(open_rows), row
        del open_rows[row.depth :]
        assert row.path == "/".join([*open_rows[-1:], row.name])
        open_rows.append(row.path)
        assert 0 <= row.trainable_parameters <= row.parameters <= table.parameters, row
        assert row.parameters == 0 or row.variables
    assert 0 <= table.trainable_parameters <= table.parameters
