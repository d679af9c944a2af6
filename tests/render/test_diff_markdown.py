"""The diff as a comment on a pull request."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from smanalyze.render.diff_markdown import render_diff_markdown
from smanalyze.render.markdown_sheet import LIMIT
from smanalyze.report.diff import DiffReport, Severities
from tests.render.diff_sample import ENDS, FULL, SAME, SAMPLES, finding, hostile
from tests.render.sample import HOSTILE
from tests.render.test_markdown import OURS, READER, SUMMARY, cells_of, tokens

EVERY = {**SAMPLES, **{f"hostile {place}": hostile(text) for place, text in enumerate(HOSTILE)}}


def _plain(text: str) -> str:
    return re.sub(r"\\([\[\]_|`<>*~])", r"\1", text).replace("`", "")


def test_the_answer_stands_first() -> None:
    lines = render_diff_markdown(FULL).splitlines()
    assert lines[0] == "### SavedModel diff: ❌ breaking for serving and python · 🔒 needs security review"
    assert lines[2] == (
        "`ranker (version 7)` → `build` · interface, program changed · objects, assets equal · weights not known · "
        "weights: 3 of 9 changed, 5 equal by checksum. 1 could not be compared: their data was not fetched on one side."
    )
    assert lines[4] == "The new model breaks what callers rely on: 2 errors, 1 warning, 1 note."


def test_everything_is_told() -> None:
    text = _plain(render_diff_markdown(FULL))
    for words in ENDS:
        if not words.startswith("matched with"):  # of a rule's first finding only
            assert words in text


def test_whom_it_concerns_stands_before_each_finding() -> None:
    rows = [line for line in render_diff_markdown(FULL).splitlines() if "| `sig-" in line or "| `op-" in line]
    assert rows == [
        "| ❌ serving, python | `sig-output-dim-changed` | signature serving_default, output probs | "
        "probs_1 was \\[?, 10\\], and is \\[?, 11\\]. |",
        "| ❌ serving | `sig-output-dim-changed` |  | probs_2 was \\[?, 10\\], and is \\[?, 11\\]. |",
        "| 🔒 security | `op-filesystem-added` | function preprocess | "
        "The function preprocess reads a file. (nothing) → ReadFile |",
    ]


def test_the_same_model_is_one_line() -> None:
    lines = render_diff_markdown(SAME).splitlines()
    assert lines[0] == "### SavedModel diff: ✅ same model, re-exported"
    assert lines[2:] == [f"`ranker (version 7)` → `build`: {SAME.summary}"]


def test_sections_with_nothing_to_say_are_left_out() -> None:
    empty = replace(
        FULL, findings=(), signatures=(), functions=(), files=(), not_compared=(), unused_renames=(),
        weights=replace(FULL.weights, tensors=()), normalised=type(FULL.normalised)(),
    )  # fmt: skip
    text = render_diff_markdown(empty)
    assert text.count("<details>") == 1 and "Not compared" not in text


def test_a_long_list_is_cut_at_a_finding_and_says_so() -> None:
    text = render_diff_markdown(SAMPLES["huge"])
    rows = [line for line in text.splitlines() if "`sig-output-dim-changed` |" in line]
    assert f"*… {3_000 - len(rows):,} more findings; see --format json or html*" in text
    assert 100 < len(rows) <= 250 and all(line.endswith("11\\]. |") for line in rows)


def test_long_findings_are_cut_at_a_finding() -> None:
    """Fewer, and each as long as a cell may be."""
    findings = tuple(finding(n, Severities("error"), message=f"{n} " + "word " * 200) for n in range(200))
    text = render_diff_markdown(replace(FULL, findings=findings))
    rows = [line for line in text.splitlines() if "`sig-output-dim-changed` |" in line]
    assert len(text) < LIMIT and f"*… {200 - len(rows)} more findings; see" in text
    assert all(line.endswith(" |") for line in rows)


@pytest.mark.parametrize("name", EVERY)
def test_a_comment_is_short_and_whole(name: str) -> None:
    text = render_diff_markdown(EVERY[name])
    assert len(text) < LIMIT
    assert text.count("\n<details>\n") == text.count("\n</details>\n")
    width = 0
    for line in text.split("\n"):
        if not line.startswith("| "):
            width = 0
            continue
        width = width or cells_of(line)
        assert cells_of(line) == width


@pytest.mark.parametrize("report", EVERY.values(), ids=EVERY)
def test_names_are_inert(report: DiffReport) -> None:
    """No HTML but ours, no link, no picture, no mention, nothing invisible."""
    text = render_diff_markdown(report)
    for token in tokens(text):
        if token.type in ("html_block", "html_inline"):
            assert not SUMMARY.sub("", token.content).strip() or token.content in OURS, token.content
        assert token.type not in ("link_open", "image", "s_open", "fence")
    assert not re.search(r"[\x00-\x08\x1b\u202e\u2066\ud800-\udfff]", text)


def test_nobody_is_mentioned_and_no_issue_linked() -> None:
    text = render_diff_markdown(hostile("@everyone #12 www.example.org https://example.org |x| [a](b)"))
    shown = "".join(
        inner.content for token in READER.parse(text) for inner in token.children or () if inner.type == "text"
    )
    assert "@everyone" in shown.replace("<!-- -->", "")
    outside = re.sub(r"`[^`]*`", "", text)
    assert not re.search(r"@(?!<!-- -->)|#(?=12)|https:(?=//)|www(?=\.)", outside)
