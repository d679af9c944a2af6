"""Our reading of every model in testdata is TensorFlow's, as testdata/oracle keeps it: needs no TensorFlow."""

from __future__ import annotations

import functools

import pytest

import smanalyze
from smanalyze.model.saved_model import SavedModel

from .helpers import (
    ANSWERED_BY,
    ASPECTS,
    MODELS,
    REASONS,
    STORED,
    call_expressions,
    disagreements,
    model_directories,
    stored_answers,
)

DIRECTORIES = model_directories()

#: (model, aspect): stored answers leave the structures out where the loaded model says the same.
CASES = [
    (name, aspect)
    for name in DIRECTORIES
    for aspect in ASPECTS
    if ANSWERED_BY.get(aspect, aspect) in stored_answers(name)
]


@functools.cache
def read(name: str) -> SavedModel:
    """A model of testdata, read once."""
    return smanalyze.load(DIRECTORIES[name])


@pytest.mark.parametrize(("name", "aspect"), CASES)
def test_we_read_what_tensorflow_reads(name: str, aspect: str) -> None:
    assert disagreements(name, aspect, read(name), stored_answers(name)) == []


def test_every_model_has_answers_and_no_other() -> None:
    """After a model was added, changed or removed: python testdata/recipes/oracle_answers.py."""
    assert {file.name for file in STORED.iterdir()} == {
        name + suffix for name in DIRECTORIES for suffix in (".json", ".show.txt")
    }


def test_the_models_that_tensorflow_cannot_load_are_those_we_know() -> None:
    refusing = {name for name in DIRECTORIES if any("error" in loaded for loaded in stored_answers(name)["load"])}
    assert refusing == {"custom_op", "hostile_names", "keras2_legacy_optimizer_slots"}


def test_callables_are_compared_at_all() -> None:
    """Guards against a comparison that finds nothing to compare."""
    traces = 0
    for name in DIRECTORIES:
        for loaded in stored_answers(name)["load"]:
            traces += sum(len(found["traces"]) for found in loaded.get("callables", ()))
    assert traces > 200


@pytest.mark.parametrize("name", DIRECTORIES)
def test_what_a_report_says_to_call_is_python(name: str) -> None:
    """That it reaches the right function is for TensorFlow to say."""
    assert [number for number, text in call_expressions(read(name)).items() if not text] == []


@pytest.mark.parametrize(("name", "place"), [key for key in REASONS if (MODELS / key[0]).is_dir()])
def test_every_reason_is_still_needed(name: str, place: str) -> None:
    aspect = place.partition(":")[0]
    found = [f"{aspect}: {line}" for line in ASPECTS[aspect](read(name), stored_answers(name)[aspect])]
    assert any(line.startswith(place) for line in found)
