"""Scans as SARIF."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import jsonschema
import pytest

from smanalyze.render.sarif import render_sarif
from smanalyze.report.findings import Location, RuleInfo
from smanalyze.report.scan import ScanReport
from smanalyze.report.serialize import from_dict, to_dict
from tests.render.sample import HOSTILE
from tests.render.sarif_schema import validated
from tests.render.scan_sample import CLEAN, FULL, IDLE, LAMBDA, READS, WRITES, hostile

RULES = (
    RuleInfo(WRITES.rule, "error", "acts", "It writes a file at load.", "nobody asked for it.", "do not load it."),
    RuleInfo("unused", "note", "acts", "Something else.", "", ""),
)


def run_of(*reports: ScanReport) -> Any:
    """The one run of the log, which follows the schema."""
    log = validated(render_sarif(reports, RULES, version="1.2.3"))
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    return run


def test_the_schema_would_notice() -> None:
    with pytest.raises(jsonschema.ValidationError):
        validated('{"version": "2.1.0", "runs": [{"results": []}]}')


def test_every_finding_is_a_result() -> None:
    run = run_of(FULL)
    told = [(one["ruleId"], one["level"], one["partialFingerprints"]) for one in run["results"]]
    every = [*FULL.findings, *(one.finding for one in FULL.allowed)]
    assert told == [(one.rule, one.severity, {"smanalyzeFindingId/v1": one.id}) for one in every]
    assert run["results"][0]["message"] == {"text": WRITES.message}
    assert run["results"][0]["properties"] == {
        "op": "WriteFile", "risk_class": "file-write", "when": ["load", "function:reset"],
        "operands": [{"text": "/tmp/owned", "origin": "constant", "inside_model": False},
                     {"text": "assets/text.txt", "origin": "asset", "inside_model": True}],
        "caller_controlled": False, "evidence": list(WRITES.evidence),
    }  # fmt: skip


def test_places_are_files_and_names_inside_the_model() -> None:
    results = run_of(FULL)["results"]
    (place,) = results[1]["locations"]
    assert place["physicalLocation"] == {"artifactLocation": {"uri": "saved_model.pb", "uriBaseId": "MODEL"}}
    assert [(one["kind"], one["fullyQualifiedName"]) for one in place["logicalLocations"]] == [
        ("signature", "serving_default"),
        ("function", "__inference_serve_7"),
        ("node", "__inference_serve_7::ReadFile"),
    ]
    (place,) = results[2]["locations"]
    assert place["physicalLocation"] == {
        "artifactLocation": {"uri": "keras_metadata.pb", "uriBaseId": "MODEL"}
    }  # fmt: skip
    assert place["properties"] == {"byte_offset": 120}
    nowhere = replace(WRITES, where=Location())
    (place,) = run_of(replace(FULL, findings=(nowhere,), file="saved_model.pbtxt"))["results"][0]["locations"]
    assert place == {
        "physicalLocation": {"artifactLocation": {"uri": "saved_model.pbtxt", "uriBaseId": "MODEL"}}
    }  # fmt: skip


def test_a_file_of_any_name_is_an_address() -> None:
    odd = replace(WRITES, where=Location(file="assets/a b:c%\u00e9\ud800?.txt"))
    result = run_of(replace(FULL, findings=(odd,)))["results"][0]
    uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert uri == "assets/a%20b%3Ac%25%C3%A9%ED%A0%80%3F.txt"


def test_the_proof_is_a_flow() -> None:
    results = run_of(FULL)["results"]
    (flow,) = results[0]["codeFlows"]
    (thread,) = flow["threadFlows"]
    assert [one["location"]["message"]["text"] for one in thread["locations"]] == list(WRITES.path)
    (flow,) = results[1]["codeFlows"]
    assert len(flow["threadFlows"][0]["locations"]) == len(READS.path), "no step is left out"
    assert "codeFlows" not in results[3], "nothing leads to it"


def test_what_is_allowed_is_suppressed_with_its_reason() -> None:
    results = run_of(FULL)["results"]
    assert [len(one.get("suppressions", ())) for one in results] == [0, 0, 0, 1, 1]
    assert results[3]["suppressions"] == [{
        "kind": "external", "status": "accepted",
        "justification": "Accepted by entry 2, by ann, until 2030-12-31: left by the exporter, looked at",
        "properties": {"reason": "left by the exporter, looked at", "by": "ann", "expires": "2030-12-31", "entry": 2},
    }]  # fmt: skip


def test_rules_are_those_of_the_catalogue() -> None:
    run = run_of(FULL)
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == [WRITES.rule, READS.rule, LAMBDA.rule, IDLE.rule]
    for one in run["results"]:
        assert rules[one["ruleIndex"]]["id"] == one["ruleId"]
    known, other = rules[0], rules[1]
    assert known["name"] == "WritesAtLoad"
    assert known["shortDescription"] == {"text": "It writes a file at load."}
    assert known["help"] == {"text": "Why: nobody asked for it. Fix: do not load it."}
    assert known["defaultConfiguration"] == {"level": "error"}
    assert other["help"] == {"text": f"Why: {READS.why} Fix: {READS.fix}"}, "as the finding says"
    assert "helpUri" not in known


def test_what_it_does_not_speak_for_is_told() -> None:
    (invocation,) = run_of(FULL)["invocations"]
    told = [(one["level"], one["message"]["text"]) for one in invocation["toolExecutionNotifications"]]
    assert told == [
        ("warning", "function missing_fn was not followed: The library does not hold it."),
        ("warning", "op MyOp was not followed: Nothing known registers it."),
        ("warning", "checkpoint was not read: The data file is missing."),
        ("note", "Entry 1 (finding 999999999999) fits no finding."),
    ]


def test_several_models_share_a_run() -> None:
    other = replace(FULL, path_name="other", version="", allowed=())
    run = run_of(FULL, other, CLEAN)
    assert run["originalUriBaseIds"] == {
        "MODEL1": {"description": {"text": "full (version 7)"}},
        "MODEL2": {"description": {"text": "other"}},
        "MODEL3": {"description": {"text": "clean"}},
    }
    bases = [one["locations"][0]["physicalLocation"]["artifactLocation"]["uriBaseId"] for one in run["results"]]
    assert bases == ["MODEL1"] * 5 + ["MODEL2"] * 3
    told = [(one["path_name"], one["version"], one["verdict"]) for one in run["properties"]["models"]]
    assert told == [("full", "7", "acts-at-load"), ("other", "", "acts-at-load"), ("clean", "", "clean")]
    assert len(run["tool"]["driver"]["rules"]) == 4, "each is described once"


def test_a_clean_model_is_a_run_without_results() -> None:
    run = run_of(CLEAN)
    assert (run["results"], run["tool"]["driver"]["rules"]) == ([], [])
    assert run["tool"]["driver"]["semanticVersion"] == "1.2.3"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("writes {input x}.txt {0}", "writes {{input x}}.txt {{0}}"),
        ("[look](https://evil.example)", r"\[look\](https://evil.example)"),
        (r"\[look](1)", r"\\\[look\](1)"),
        ("layer[0] and (1)", "layer[0] and (1)"),
        ("\x1b[31mred\u202e", "\\x1b[31mred⟦U+202E⟧"),
    ],
)
def test_text_stays_text(text: str, shown: str) -> None:
    result = run_of(replace(FULL, findings=(replace(WRITES, message=text),)))["results"][0]
    assert result["message"]["text"] == shown


@pytest.mark.parametrize("name", HOSTILE)
def test_any_name_makes_a_valid_log(name: str) -> None:
    text = render_sarif([hostile(name)], RULES, version="1.2.3")
    validated(text)
    assert text.isascii()


def test_json_makes_the_same_log() -> None:
    again = from_dict(ScanReport, to_dict(FULL))
    assert render_sarif([again], RULES, version="1.2.3") == render_sarif([FULL], RULES, version="1.2.3")
