"""What depends on what: claims of findings, calls with other values, and what comes of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from smanalyze.inputs.records import Feed, Trial
from smanalyze.verify.answer import compare
from smanalyze.verify.observed import Observed
from smanalyze.verify.varied import Claimed, claimed, variants
from tests.models import report_of
from tests.verify.observed import stored

CASES = [("unused_signature_input", "V407", "y"), ("constant_output", "V408", "version")]


def fates(name: str, code: str, observed: Observed) -> list[str]:
    return [one.status for one in compare(report_of(name), observed) if one.code == code]


@pytest.mark.parametrize(("name", "code", "output"), CASES)
def test_an_output_that_moves_contradicts_and_one_that_was_not_tried_is_not_tested(
    name: str, code: str, output: str
) -> None:
    seen = stored(name)
    assert fates(name, code, seen) == ["confirmed"]
    moved = tuple(replace(one, different=(output,)) for one in seen.varied)
    assert fates(name, code, replace(seen, varied=moved)) == ["contradicted"]
    assert fates(name, code, replace(seen, varied=())) == ["not tested"]
    failed = tuple(replace(one, outcome="exception") for one in seen.varied)
    assert fates(name, code, replace(seen, varied=failed)) == ["not tested"]


@pytest.mark.parametrize(("name", "code", "output"), CASES)
def test_an_output_that_differs_by_chance_contradicts_nothing(name: str, code: str, output: str) -> None:
    seen = stored(name)
    runs = tuple(replace(run, different=(output,)) for run in seen.runs)
    moved = tuple(replace(one, different=(output,)) for one in seen.varied)
    assert fates(name, code, replace(seen, varied=moved, runs=runs)) == ["confirmed"]


def test_the_findings_are_the_claims() -> None:
    report = report_of("unused_signature_input")
    (graph,) = report.meta_graphs
    assert claimed(report, graph.tags, graph.signatures[0]) == Claimed(("ignored",), ())
    assert claimed(replace(report, findings=()), graph.tags, graph.signatures[0]) == Claimed((), ())


def trial(*arrays: np.ndarray) -> Trial:
    feeds = tuple(
        Feed(name, name, f"{name}:0", str(array.dtype), array.shape, array)
        for name, array in zip("abc", arrays, strict=False)
    )
    return Trial("plain", None, feeds)


@pytest.mark.parametrize(
    "array",
    [
        np.array([1, 2], np.float32), np.array(255, np.uint8), np.array([True, False]), np.array([b"x", b""], object),
        np.array(b"smanalyze", object),
    ],
    ids=str,
)  # fmt: skip
def test_other_values_are_others_of_the_same_kind(array: np.ndarray) -> None:
    ((names, made),) = variants(trial(array, array), Claimed(("b",), ()))
    assert names == ("b",)
    assert np.array_equal(made.feeds[0].array, array)
    assert not np.array_equal(made.feeds[1].array, array)
    assert (made.feeds[1].array.dtype, made.feeds[1].array.shape) == (array.dtype, array.shape)


def test_rows_are_turned_round_where_that_makes_others() -> None:
    rows = np.array([[1], [2]])
    ((names, made),) = variants(trial(rows, rows), Claimed((), ("y",)))
    assert (names, made.feeds[0].array.tolist()) == (("a", "b"), [[2], [1]])
    ((_, made),) = variants(trial(np.array([[1], [1]])), Claimed((), ("y",)))
    assert made.feeds[0].array.tolist() == [[2], [2]]
    assert list(variants(trial(), Claimed((), ("y",)))) == []
