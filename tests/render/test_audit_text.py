"""The audit on a terminal."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from smanalyze.render.audit_text import render_audit_text
from smanalyze.render.text_page import cells
from smanalyze.render.visible import visible
from smanalyze.report.audit import AuditReport, FileAudit, FingerprintField
from tests.render.audit_sample import CONTENT_WORDS, FULL, WEIGHTS, hostile
from tests.render.sample import HOSTILE


def test_the_verdict_stands_first() -> None:
    text = render_audit_text(FULL, width=80, color=False)
    assert text.splitlines()[0] == "full (version 7): damaged. data: the tensor kernel fails its check."
    for words in ("the model has 21", "Two have one number.", "crc kernel", "data at byte 12, 24 bytes", "stored twice",
                  "An export would need 1.8 kB of the 3 kB stored (60 %).", "list.json", "weights.h5", "ab" * 32,
                  "A change of these would not be noticed: assets/vocab.txt.", "1 NaN", "all zero"):  # fmt: skip
        assert words in text


NONE_STORED = replace(
    FULL.fingerprint, presence="absent", stored_singleprint="", verdict="absent",
    fields=(FingerprintField("saved_model_checksum", "not-computable", "", "77", "split", (), "There is none."),),
)  # fmt: skip


def test_a_hash_without_another_is_no_fault() -> None:
    """In JSON it stays not-computable; nothing is wrong with it, and nothing is red."""
    text = render_audit_text(replace(FULL, fingerprint=NONE_STORED), width=80, color=False)
    (line,) = [line for line in text.splitlines() if line.startswith("  saved_model_checksum  n")]
    assert " ".join(line.split()) == "saved_model_checksum nothing to compare with split the model has 77"
    assert "not computable" not in text
    painted = render_audit_text(replace(FULL, fingerprint=NONE_STORED), width=80, color=True)
    (line,) = [line for line in painted.splitlines() if "nothing to compare with" in line]
    assert "\x1b[2mnothing to compare with" in line
    assert "not computable" in render_audit_text(FULL, width=80, color=False)


def test_a_singleprint_says_how_it_is_known() -> None:
    text = render_audit_text(FULL, width=80, color=False)
    assert "  singleprint, recomputed  1/2/3/5\n  singleprint, stored      1/2/3/4\n" in text
    same = replace(FULL.fingerprint, stored_singleprint="1/2/3/5")
    assert "singleprint, stored" not in render_audit_text(replace(FULL, fingerprint=same), width=80, color=False)
    unknown = replace(FULL.fingerprint, recomputed_singleprint="", stored_singleprint="")
    assert "singleprint" not in render_audit_text(replace(FULL, fingerprint=unknown), width=80, color=False)


def test_the_legend_says_what_the_hashes_say() -> None:
    text = render_audit_text(FULL, width=100, color=False)
    for line in (
        "  saved_model_checksum     every chunk but the first",
        "  signature_def_hash       signatures of the first MetaGraph, without their keys",
        "  recomputed_hashes        3 of its 4 hashes, not its uuid",
        "  manifest                 the whole file",
    ):
        assert f"{line}\n" in text
    assert "graph_def_program_hash  " not in text, "it covers no file"


def test_what_is_damaged_is_not_said_to_go_unnoticed() -> None:
    rows = (FileAudit("a.pb", 1, None, (), "damaged"), FileAudit("b.txt", 1, None, ()))
    text = render_audit_text(replace(FULL, files=rows, uncovered=("b.txt",)), width=80, color=False)
    assert [line.split() for line in text.splitlines() if line.startswith(("  a.pb", "  b.txt"))] == [
        ["a.pb", "1", "byte", "damaged"], ["b.txt", "1", "byte", "nothing"],
    ]  # fmt: skip


HASHES = tuple(str(2**64 - 1 - number) for number in range(4))
FIGURES = ("-0.006962", "3.277e+04", "-3.277e+04", "12.35")


@pytest.mark.parametrize("width", [40, 48, 52, 60, 72, 80, 100, 120])
def test_no_figure_and_no_hash_is_torn(width: int) -> None:
    fields = tuple(
        FingerprintField(f"saved_object_graph_hash_{number}", "matches", value, value, "TF 2.11 to 2.21", ("x",))
        for number, value in enumerate(HASHES)
    )
    fingerprint = replace(FULL.fingerprint, fields=fields, recomputed_singleprint="/".join(HASHES))
    rows = tuple(
        replace(row, key="layer_with_weights-0/kernel", minimum=-0.006962, maximum=32770.0, mean=-32770.0, std=12.345,
                sparsity=0.5, infinite=5)
        for row in FULL.checkpoint.statistics
    )  # fmt: skip
    checkpoint = replace(FULL.checkpoint, statistics=rows)
    text = render_audit_text(replace(FULL, fingerprint=fingerprint, checkpoint=checkpoint), width=width, color=False)
    for value in HASHES:
        assert text.count(value) == 2, "in its own row, and in the singleprint"
    statistics = text[text.index("\nStatistics") : text.index("\nNot read")]
    shown = [figure for figure in FIGURES if figure in statistics]
    assert shown[:2] == list(FIGURES[:2])
    assert "infinite" in statistics or width == 40, "a word may be"
    parts = {word for word in statistics.split() if re.fullmatch(r"-?[0-9.]+(e\+?)?[0-9]*", word)}
    assert parts <= {*FIGURES, "5", "1", "2", "50", "3", "6", "4", "0"}


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
