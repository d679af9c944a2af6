"""The audit on a terminal."""

from __future__ import annotations

import re

import pytest

from smanalyze.render.audit_text import render_audit_text
from smanalyze.render.text_page import cells
from smanalyze.render.visible import visible
from smanalyze.report.audit import AuditReport
from tests.render.audit_sample import CONTENT_WORDS, FULL, WEIGHTS, hostile
from tests.render.sample import HOSTILE


def test_the_verdict_stands_first() -> None:
    text = render_audit_text(FULL, width=80, color=False)
    assert text.splitlines()[0] == "full (version 7): damaged. data: the tensor kernel fails its check."
    for words in ("the model has 21", "Two have one number.", "crc kernel", "data at byte 12, 24 bytes", "stored twice",
                  "An export would need 1.8 kB of the 3 kB stored (60 %).", "list.json", "weights.h5", "ab" * 32,
                  "A change of these would not be noticed: assets/vocab.txt.", "1 NaN", "all zero"):  # fmt: skip
        assert words in text


def test_contents_of_a_file_of_weights() -> None:
    text = render_audit_text(WEIGHTS, width=120, color=False)
    assert "\nContents " in text and "\nFingerprint" not in text
    for words in CONTENT_WORDS:
        assert words in text


@pytest.mark.parametrize("audit", [FULL, WEIGHTS], ids=["model", "weights"])
@pytest.mark.parametrize("width", [40, 80, 200])
@pytest.mark.parametrize("name", HOSTILE)
def test_no_line_passes_the_width_and_nothing_acts(name: str, width: int, audit: AuditReport) -> None:
    text = render_audit_text(hostile(name, audit), width=width, color=False)
    for line in text.splitlines():
        assert cells(line) <= width
        assert visible(line) == line


def test_colour_changes_nothing_but_colour() -> None:
    plain = render_audit_text(FULL, width=80, color=False)
    assert re.sub(r"\x1b\[[0-9;]*m", "", render_audit_text(FULL, width=80, color=True)) == plain
