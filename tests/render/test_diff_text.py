"""The diff on a terminal."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from smanalyze.render.diff_text import render_diff_text
from smanalyze.render.text_page import cells
from smanalyze.render.visible import visible
from tests.pairs import diff_of
from tests.render.diff_sample import ENDS, FULL, SAME, SAMPLES, hostile
from tests.render.sample import HOSTILE


def _flat(text: str) -> str:
    """In one line, as it was before it was wrapped."""
    return " ".join(text.split())


def test_the_answer_stands_first() -> None:
    lines = render_diff_text(FULL, width=80).splitlines()
    assert lines[:3] == [
        "ranker (version 7) → build",
        "BREAKING for serving and python · needs security review",
        "The new model breaks what callers rely on: 2 errors, 1 warning, 1 note.",
    ]
    assert lines[4:8] == [
        "  serving       2 errors, 1 warning, 1 note",
        "  python        1 error, 1 warning, 1 note",
        "  keras         2 warnings, 1 note (not judged for)",
        "  security      1 error, 1 note (not judged for)",
    ]
    assert lines[8:11] == [
        "  changed       interface, program",
        "  equal         objects, assets",
        "  not known     weights",
    ]


def test_everything_is_told() -> None:
    text = _flat(render_diff_text(FULL, width=160))
    for words in ENDS:
        assert words in text


def test_the_same_model_is_one_line() -> None:
    text = render_diff_text(SAME, width=160)
    assert _flat(text) == f"ranker (version 7) → build: {SAME.summary}"
    more = render_diff_text(replace(SAME, not_compared=FULL.not_compared), width=80)
    assert "Not compared" in more and "SAME MODEL, RE-EXPORTED" in more


@pytest.mark.parametrize("name", ["noise_keras2_twice", "noise_keras3_processes", "noise_module_ids"])
def test_noise_is_one_sentence(name: str) -> None:
    report = diff_of(name)
    text = _flat(render_diff_text(report, width=80))
    assert text == f"old → new: {report.summary}"


def test_sections_with_nothing_to_say_are_left_out() -> None:
    empty = replace(
        FULL, findings=(), signatures=(), functions=(), files=(), not_compared=(), unused_renames=(),
        weights=replace(FULL.weights, tensors=()),
    )  # fmt: skip
    text = render_diff_text(empty, width=80)
    assert "─" not in text and "\n\n\n" not in text
    assert text.count("\n\n") == 1


def test_nobody_concerned_is_a_word() -> None:
    text = render_diff_text(replace(SAME, verdict="metadata"), width=80)
    assert "  serving       none\n" in text and "  security      none (not judged for)\n" in text


def test_a_rule_is_explained_once() -> None:
    text = _flat(render_diff_text(FULL, width=80))
    assert text.count("why Clients read the wrong label.") == 2  # two rules with errors; a note has no why
    assert text.count("fix Publish under a `new` key.") == 3
    assert "· node lookup/ReadFile_7 … 4 more lines" in text


def test_a_change_that_the_message_tells_is_not_told_again() -> None:
    text = render_diff_text(FULL, width=80)
    assert "[?, 10] → [?, 11]\n           " not in text
    assert "(nothing) → ReadFile" in text


def test_marks_and_words_tell_without_colour() -> None:
    text = render_diff_text(FULL, width=80)
    for words in ("~ predict → serving_default (renamed) same program", "+  input   mask", "old_only (removed)",
                  "+  assets/vocab.txt", "?  far.bin"):  # fmt: skip
        assert words in text
    assert re.search(r"^  \N{MINUS SIGN}  keras_metadata\.pb +removed", text, re.MULTILINE)
    assert re.search(r"^     variables/variables\.data\S+ +see weights", text, re.MULTILINE)


def test_a_large_signature_shows_what_changed() -> None:
    equal = FULL.signatures[0].tensors[:1] * 20
    wide = replace(FULL.signatures[0], tensors=(*FULL.signatures[0].tensors, *equal))
    text = render_diff_text(replace(FULL, signatures=(wide,)), width=80)
    assert "    21 equal\n" in text and text.count("float32 [?, 4]") == 0


def test_what_is_left_out_is_counted() -> None:
    text = render_diff_text(SAMPLES["huge"], width=80)
    for words in ("… 2,940 more findings; see", "more tensors; see", "more variables; see", "more functions; see",
                  "more files; see", "more parts; see", "more layers; see", "… 894 more"):  # fmt: skip
        assert words in text
    assert text.count("\n") < 4_000


@pytest.mark.parametrize("width", [40, 60, 80, 160])
@pytest.mark.parametrize("name", HOSTILE)
def test_no_line_passes_the_width_and_nothing_acts(name: str, width: int) -> None:
    for line in render_diff_text(hostile(name), width=width).splitlines():
        assert cells(line) <= width
        assert visible(line) == line


@pytest.mark.parametrize("width", [40, 60, 80, 160])
def test_no_line_passes_the_width(width: int) -> None:
    for line in render_diff_text(FULL, width=width).splitlines():
        assert cells(line) <= width
        assert line == line.rstrip()


def test_colour_changes_nothing_but_colour() -> None:
    plain = render_diff_text(FULL, width=80)
    assert re.sub(r"\x1b\[[0-9;]*m", "", render_diff_text(FULL, width=80, color=True)) == plain


def test_a_body_that_shows_the_same_again_is_counted() -> None:
    text = _flat(render_diff_text(FULL, width=80))
    assert "Functions 2 changed bodies; 1 more show the same" in text
    assert "also in call_again" in text and "~ call_again" not in text


def test_a_small_change_is_told_by_its_nodes() -> None:
    text = _flat(render_diff_text(FULL, width=80))
    assert "~ main graph constants only 1 changed node; 5 equal nodes" in text and "mul/y: 3.0 → 4.0 changed" in text
