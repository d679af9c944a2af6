"""What is settled before TensorFlow is asked: what to call with what, in which MetaGraphs, and within which limits."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import smanalyze
from smanalyze.errors import UsageError
from smanalyze.model.saved_model import SavedModel, select_meta_graphs
from smanalyze.report.document import Report
from smanalyze.verify import answer
from smanalyze.verify import verify as verb
from smanalyze.verify.observe import Request
from smanalyze.verify.sandbox import Sandbox
from smanalyze.verify.verify import verify
from tests.conftest import TESTDATA
from tests.models import model_of
from tests.verify.observed import stored

SEVERAL = "tf1_builder_multi_metagraph"


class AskedError(Exception):
    """Raised where TensorFlow would be asked, with what would be asked of it."""

    def __init__(self, model: SavedModel, report: Report, request: Request) -> None:
        super().__init__()
        self.model, self.report, self.request = model, report, request


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Any:
    """What a verification asks; no TensorFlow is needed."""

    def observe(model: SavedModel, report: Report, refused: Any, box: Any, worker: Any, request: Request) -> None:
        raise AskedError(model, report, request)

    monkeypatch.setattr(verb, "observe", observe)

    def run_it(name: str, **options: Any) -> AskedError:
        with pytest.raises(AskedError) as caught:
            verify(model_of(name), python="/bin/false", **options)
        return caught.value

    return run_it


def test_a_signature_that_one_meta_graph_lacks_is_planned_for_the_others(asked: Any) -> None:
    request = asked(SEVERAL, signatures=("predict",)).request
    assert [(one.tags, one.key) for one in request.planned] == [(("serve",), "predict"), (("serve", "gpu"), "predict")]
    assert request.complete


def test_every_code_is_listed_and_means_one_thing() -> None:
    """Those of checks and those of remarks, as they stand in the source."""
    source = "".join(file.read_text(encoding="utf-8") for file in Path(answer.__file__).parent.glob("compare_*.py"))
    remarks = set(re.findall(r'Remark\(\s*"(V\d+)"', source))
    checks = set(re.findall(r'"(V\d+)"', source)) - remarks
    assert remarks == set(answer.REMARKS)
    assert checks == set(answer.CODES)
    assert not set(re.findall(r'(?:compared|untested|Check)\(\s*"(V\d+)"', source)) & remarks


def test_what_was_not_asked_for_is_remarked() -> None:
    seen = stored("module_one_signature")
    assert [one.code for one in answer.remarks(seen)] == []
    assert [one.code for one in answer.remarks(replace(seen, complete=False))] == ["V105"]


def test_a_tag_set_chooses_before_anything_else(asked: Any) -> None:
    found = asked(SEVERAL, tags=("gpu", "serve"))
    assert [graph.tags for graph in found.model.meta_graphs] == [("serve", "gpu")]
    alone = select_meta_graphs(model_of(SEVERAL), ("serve", "gpu"))
    assert found.report.hashes == smanalyze.analyze(alone).hashes
    assert not found.request.complete


def test_the_tag_set_of_the_only_meta_graph_is_all_of_it(asked: Any) -> None:
    assert asked("module_one_signature", tags=("serve",)).request.complete


@pytest.mark.parametrize(
    "number",
    [{"seed": -1}, {"timeout": 0.0}, {"timeout": -1.0}, {"timeout": float("nan")}, {"timeout": float("inf")},
     {"timeout": 1e300}, {"memory": 0}, {"memory": -1}, {"memory": 1 << 70}],
    ids=str,
)  # fmt: skip
def test_a_number_with_which_nothing_can_run_is_an_error(number: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=r"from|at most"):
        verify(model_of("module_one_signature"), python="/bin/false", **number)


def test_nothing_is_made_for_a_model_that_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Sandbox, "__enter__", lambda self: pytest.fail("a folder was made"))
    model = smanalyze.load(TESTDATA / "verify" / "init_write")
    said = verify(model, python="/bin/false")
    assert said.verdict == "REFUSED"
    assert said.hashes == smanalyze.analyze(model).hashes
