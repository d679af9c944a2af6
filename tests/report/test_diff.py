"""The diff as a document: what the issue's outline names is there, and it comes back as it was."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest

from smanalyze.errors import FormatError
from smanalyze.render.json import render_json
from smanalyze.report.diff import AREAS, AUDIENCES, DIFF_VERDICTS, DiffReport
from smanalyze.report.noise import Normalised, noise_words
from smanalyze.report.schemas import schema_text
from smanalyze.report.serialize import from_dict, to_dict
from tests.pairs import diff_of, each_pair
from tests.render.diff_sample import FULL, SAME

VALIDATOR = jsonschema.Draft202012Validator(json.loads(schema_text("diff")))


def _strict(text: str) -> Any:
    """JSON as others read it: no NaN, no Infinity."""

    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is no JSON")

    return json.loads(text, parse_constant=refuse)


@each_pair
def test_documents_follow_the_schema_and_come_back(name: str) -> None:
    report = diff_of(name)
    document = _strict(render_json([report]))
    VALIDATOR.validate(document)
    assert from_dict(DiffReport, document) == report


@pytest.mark.parametrize("report", [FULL, SAME], ids=["full", "same"])
def test_samples_too(report: DiffReport) -> None:
    document = _strict(render_json([report]))
    VALIDATOR.validate(document)
    assert from_dict(DiffReport, document) == report


OUTLINE = {
    "": "schema_version verdict security_review audiences hashes findings weights normalised not_compared",
    "audiences": " ".join(AUDIENCES),
    "audiences.security": "error warning note",
    "hashes": "interface objects program weights assets",
    "hashes.program": "old new equal",
    "findings.0": "id rule severity severities where old new message reach status confidence",
    "findings.0.severities": " ".join(AUDIENCES),
    "weights": "changed equal not_compared tensors",
}
"""As the issue writes it down."""


@pytest.mark.parametrize("place", OUTLINE)
def test_what_the_outline_names_is_there(place: str) -> None:
    at = to_dict(FULL)
    for step in filter(None, place.split(".")):
        at = at[int(step) if step.isdigit() else step]
    assert set(OUTLINE[place].split()) <= at.keys()


@each_pair
def test_a_finding_is_what_it_says(name: str) -> None:
    report = diff_of(name)
    assert report.verdict in DIFF_VERDICTS
    ids = [finding.id for finding in report.findings]
    assert len(set(ids)) == len(ids)
    for finding in report.findings:
        assert finding.area in AREAS and 0 < finding.confidence <= 1
        assert finding.message.endswith(".") and finding.why and finding.fix
    assert report.security_review == any(one.severities.security == "error" for one in report.findings)
    assert (report.verdict == "breaking") == bool(report.breaks)


def test_audiences_and_hashes_are_told_in_order() -> None:
    assert tuple(audience for audience, _ in FULL.audiences.rows()) == AUDIENCES
    assert [name for name, _ in FULL.hashes.rows()] == list(to_dict(FULL)["hashes"])
    assert not FULL.hashes.all_equal and SAME.hashes.all_equal


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (Normalised(), ()),
        (Normalised(fingerprint_uuid=1), ("the fingerprint's uuid",)),
        (Normalised(1, 2, 3_000), ("1 generated function name", "2 automatic variable names", "3,000 checkpoint keys")),
    ],
)
def test_noise_in_words(found: Normalised, words: tuple[str, ...]) -> None:
    assert noise_words(found) == words


def test_every_kind_of_noise_has_words() -> None:
    for name in to_dict(Normalised()):
        assert noise_words(Normalised(**{name: 1})), name


@pytest.mark.parametrize("place", ["verdict", "audiences", "hashes", "findings", "weights", "normalised"])
def test_what_lacks_or_is_of_another_kind_is_named(place: str) -> None:
    document = to_dict(FULL)
    with pytest.raises(FormatError, match=place):
        from_dict(DiffReport, {**document, place: 3})
    del document[place]
    with pytest.raises(FormatError, match=place):
        from_dict(DiffReport, document)
