"""Which ops stand in which function, and which functions each calls, is what TensorFlow's own parse says.

On this stands whatever a scan says of a model: an op that is in no body's count is an op that no rule sees.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import smanalyze
from smanalyze.graph.library import Library
from smanalyze.model.saved_model import MetaGraph
from tests.conftest import TESTDATA

from .helpers import ask, corpus, differences, has_tensorflow

pytestmark = [
    pytest.mark.tensorflow,
    pytest.mark.skipif(not has_tensorflow(), reason="TensorFlow is not installed: pip install smanalyze[verify]"),
]


def directories() -> dict[str, Path]:
    """Every SavedModel of testdata and of the corpus."""
    folders = {"models": TESTDATA / "models", "scan": TESTDATA / "scan", "broken": TESTDATA / "broken"}
    public = corpus()
    if public is not None:
        folders |= {"public": public / "public", "releases": public / "releases"}
    files = [(name, file) for name, folder in folders.items() for file in folder.rglob("saved_model.pb*")]
    return {f"{name}/{file.parent.relative_to(folders[name]).as_posix()}": file.parent for name, file in sorted(files)}


DIRECTORIES = directories()


@pytest.fixture(scope="module")
def answers() -> dict[str, dict[str, Any]]:
    """TensorFlow on all of them."""
    return dict(zip(DIRECTORIES, ask(list(DIRECTORIES.values()), "--bodies"), strict=True))


@pytest.mark.parametrize("name", DIRECTORIES)
def test_every_body_holds_what_tensorflow_says(name: str, answers: dict[str, dict[str, Any]]) -> None:
    theirs = answers[name]["bodies"]
    model = smanalyze.load(DIRECTORIES[name])
    if isinstance(theirs, dict):
        assert any(lost.part == "graph" for lost in model.unreadable), theirs
        return
    assert list(differences([bodies(meta_graph) for meta_graph in model.meta_graphs], theirs)) == []


def bodies(meta_graph: MetaGraph) -> dict[str, Any]:
    """The bodies of a MetaGraph in the form of tensorflow_answers.bodies_answer."""
    library = Library(meta_graph)
    indexes = {"": library.main} | {name: library.index(name) for name in library.functions}
    return {
        name: {"ops": dict(index.op_counts), "calls": dict(Counter(call.function for call in index.calls))}
        for name, index in indexes.items()
    }
