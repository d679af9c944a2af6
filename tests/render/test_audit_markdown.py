"""The audit as Markdown."""

from __future__ import annotations

import re

import pytest

from smanalyze.render.audit_markdown import render_audit_markdown
from smanalyze.render.markdown_sheet import LIMIT
from smanalyze.report.audit import AuditReport
from tests.render.audit_sample import CONTENT_WORDS, FULL, WEIGHTS, hostile
from tests.render.sample import HOSTILE


def test_it_says_what_the_text_says() -> None:
    text = render_audit_markdown(FULL)
    assert text.splitlines()[2] == "❌ **damaged.** data: the tensor kernel fails its check."
    for words in ("the model has 21", "Two have one number.", "data at byte 12, 24 bytes", "stored twice", "list.json",
                  "weights.h5", "A change of these would not be noticed: `assets/vocab.txt`.", "not computable",
                  "- `saved_model_checksum`: every chunk but the first", "Singleprint `1/2/3/5` (recomputed)",
                  "Singleprint `1/2/3/4` (stored)",
                  ):  # fmt: skip
        assert words in text


def test_contents_of_a_file_of_weights() -> None:
    text = render_audit_markdown(WEIGHTS)
    assert "## Contents" in text and "## Fingerprint" not in text
    for words in CONTENT_WORDS:
        assert words in text.replace("\\_", "_")


@pytest.mark.parametrize("audit", [FULL, WEIGHTS], ids=["model", "weights"])
@pytest.mark.parametrize("name", HOSTILE)
def test_names_are_inert(name: str, audit: AuditReport) -> None:
    text = render_audit_markdown(hostile(name, audit))
    assert len(text) < LIMIT
    assert text.count("<details>") == text.count("</details>")
    assert not re.search(r"(?<!\\)<(script|img)", re.sub(r"`[^`]*`", "", text))
    assert "\x1b" not in text and "\u202e" not in text
