"""The same comparison with TensorFlow itself, on the models of testdata, damaged ones, and other people's.

TensorFlow runs in child processes only; see tensorflow_answers.py.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

import smanalyze
from smanalyze.errors import NotASavedModelError

from .helpers import (
    ANSWERED_BY,
    ASPECTS,
    BROKEN,
    REASONS,
    STORED,
    ask,
    ask_what_is_reached,
    call_expressions,
    corpus,
    corpus_names,
    differences,
    disagreements,
    has_tensorflow,
    model_directories,
    stored_answers,
)

pytestmark = [
    pytest.mark.tensorflow,
    pytest.mark.skipif(not has_tensorflow(), reason="TensorFlow is not installed: pip install smanalyze[verify]"),
]

DIRECTORIES = model_directories()
DAMAGED = sorted(entry.name for entry in BROKEN.iterdir() if entry.is_dir())
CORPUS = corpus()
needs_corpus = pytest.mark.skipif(CORPUS is None, reason="SMANALYZE_CORPUS is not set")

#: Loads no more without Keras 2, which registered a class for the optimizers of TensorFlow before 2.11.
NEEDS_KERAS_2 = "AttributeError: '_UserObject' object has no attribute 'add_slot'"

Answers = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def answers() -> Answers:
    """TensorFlow on every model of testdata."""
    found = ask(list(DIRECTORIES.values()), "--structures", "--load", "--show")
    return dict(zip(DIRECTORIES, found, strict=True))


@pytest.fixture(scope="module")
def damaged() -> Answers:
    """TensorFlow on every damaged model."""
    return dict(zip(DAMAGED, ask([BROKEN / name for name in DAMAGED], "--structures", "--load"), strict=True))


@pytest.fixture(scope="module")
def expected() -> Answers:
    """What the corpus says of its models."""
    assert CORPUS is not None
    return {model["name"]: model for model in json.loads((CORPUS / "expected.json").read_text(encoding="utf-8"))}


@pytest.fixture(scope="module")
def others(expected: Answers) -> Answers:
    """TensorFlow on other people's models; those that do not load are not loaded."""
    assert CORPUS is not None
    loadable = [name for name, model in expected.items() if model["tf221_load"] == "ok"]
    rest = [name for name in expected if name not in loadable]
    folder = CORPUS / "public"
    found = dict(zip(loadable, ask([folder / name for name in loadable], "--structures", "--load"), strict=True))
    found.update(zip(rest, ask([folder / name for name in rest], "--structures"), strict=True))
    return found


def releases() -> list[str]:
    """The models that each TensorFlow release wrote, ``2.3.4/keras``; none where there is no corpus."""
    if CORPUS is None:
        return []
    files = (CORPUS / "releases").rglob("saved_model.pb")
    return sorted(file.parent.relative_to(CORPUS / "releases").as_posix() for file in files)


@pytest.fixture(scope="module")
def released() -> Answers:
    """TensorFlow on those."""
    assert CORPUS is not None
    found = ask([CORPUS / "releases" / name for name in releases()], "--structures", "--load")
    return dict(zip(releases(), found, strict=True))


def all_disagreements(name: str, directory: Path, found: dict[str, Any]) -> list[str]:
    """Over all aspects that were asked for, but the fingerprint: that of other people's models is often stale."""
    assert "fatal" not in found, found
    model = smanalyze.load(directory)
    asked = [aspect for aspect in ASPECTS if ANSWERED_BY.get(aspect, aspect) in found]
    aspects = [aspect for aspect in asked if aspect != "fingerprint"]
    return [line for aspect in aspects for line in disagreements(name, aspect, model, found)]


# The models of testdata ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", DIRECTORIES)
def test_stored_answers_are_still_tensorflows(name: str, answers: Answers) -> None:
    """If not: python testdata/recipes/oracle_answers.py, and read the difference."""
    stored, live = stored_answers(name), answers[name]
    assert list(differences(stored, {key: live[key] for key in live if key in stored})) == []


@pytest.mark.parametrize("name", DIRECTORIES)
def test_stored_show_is_still_tensorflows(name: str, answers: Answers) -> None:
    assert (STORED / f"{name}.show.txt").read_bytes().decode() == answers[name]["show"]


@pytest.mark.parametrize("name", DIRECTORIES)
def test_we_read_what_tensorflow_reads(name: str, answers: Answers) -> None:
    assert all_disagreements(name, DIRECTORIES[name], answers[name]) == []


@pytest.fixture(scope="module")
def reached() -> dict[str, Any]:
    """What each expression that a report says to call gives in the loaded model."""
    wanted = {path: list(call_expressions(smanalyze.load(path)).values()) for path in DIRECTORIES.values()}
    return dict(zip(DIRECTORIES, ask_what_is_reached(wanted), strict=True))


@pytest.mark.parametrize(
    "name", [name for name in DIRECTORIES if any("callables" in loaded for loaded in stored_answers(name)["load"])]
)
def test_what_a_report_says_to_call_reaches_its_function(name: str, reached: dict[str, Any]) -> None:
    wrong = {
        number: text
        for number, text in call_expressions(smanalyze.load(DIRECTORIES[name])).items()
        if reached[name].get(text) != number
    }
    assert wrong == {}


# Damaged models -----------------------------------------------------------------------------------------------------


def outcome(found: dict[str, Any]) -> str:
    """What TensorFlow does with a model: ``kills``, ``error`` or ``loads``."""
    parts = [found["load"], found["checkpoint"]]
    if any(isinstance(part, dict) and isinstance(part.get("fatal"), str) for part in parts):
        return "kills"
    refused = isinstance(found["load"], dict) or any("error" in loaded for loaded in found["load"])
    return "error" if refused else "loads"


def told(name: str) -> str:
    """What the table in broken/README.md says of it."""
    rows = (BROKEN / "README.md").read_text(encoding="utf-8").splitlines()
    last = next(row for row in rows if row.startswith(f"| {name} |")).strip("| ").rpartition("|")[2]
    word = re.search(r"kills|error|loads", last)
    assert word is not None, last
    return word.group()


@pytest.mark.parametrize("name", DAMAGED)
def test_damaged_models_end_as_their_readme_says(name: str, damaged: Answers) -> None:
    assert outcome(damaged[name]) == told(name)


@pytest.mark.parametrize("name", DAMAGED)
def test_we_read_at_least_what_tensorflow_reads_of_a_damaged_model(name: str, damaged: Answers) -> None:
    if name == "empty_folder":
        with pytest.raises(NotASavedModelError):
            smanalyze.load(BROKEN / name)
        return
    assert all_disagreements(name, BROKEN / name, damaged[name]) == []


@pytest.mark.parametrize(("name", "place"), [key for key in REASONS if key[0] in DAMAGED])
def test_every_reason_is_still_needed(name: str, place: str, damaged: Answers) -> None:
    aspect = place.partition(":")[0]
    found = [f"{aspect}: {line}" for line in ASPECTS[aspect](smanalyze.load(BROKEN / name), damaged[name][aspect])]
    assert any(line.startswith(place) for line in found)


def test_a_question_that_kills_is_answered_as_such(damaged: Answers) -> None:
    """And the questions after it, and the directories after it, are answered nevertheless."""
    assert damaged["index_hostile_sizes"]["checkpoint"] == {"fatal": "SIGABRT"}
    assert damaged["index_hostile_strings"]["checkpoint"] == {"fatal": "SIGSEGV"}
    assert damaged["index_hostile_sizes"]["graph"]["schema_version"] == 1
    assert damaged["index_unsorted_keys"]["graph"]["schema_version"] == 1


def test_a_script_that_cannot_run_is_an_error() -> None:
    with pytest.raises(RuntimeError, match="exit code 2"):
        ask([BROKEN], "--no-such-option")


# Other people's models ----------------------------------------------------------------------------------------------


@needs_corpus
@pytest.mark.parametrize("name", corpus_names(), ids=corpus_names())
def test_we_read_what_tensorflow_reads_of_other_peoples_models(name: str, others: Answers) -> None:
    assert CORPUS is not None
    assert all_disagreements(name, CORPUS / "public" / name, others[name]) == []


@needs_corpus
def test_other_peoples_models_load(expected: Answers, others: Answers) -> None:
    """Guards against a comparison that finds nothing to compare."""
    loadable = [name for name in others if "load" in others[name]]
    failed = {name: others[name]["load"] for name in loadable if outcome(others[name]) != "loads"}
    reasons = {loaded.get("error") for found in failed.values() for loaded in found}
    assert reasons <= {NEEDS_KERAS_2}
    assert len(failed) < len(loadable) / 10


@needs_corpus
@pytest.mark.parametrize("name", releases())
def test_we_read_what_every_release_wrote(name: str, released: Answers) -> None:
    assert CORPUS is not None
    assert all_disagreements(name, CORPUS / "releases" / name, released[name]) == []
