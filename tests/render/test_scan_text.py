"""The scan on a terminal."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from smanalyze.render.scan_text import render_scan_text
from smanalyze.render.text_page import cells
from smanalyze.render.visible import visible
from smanalyze.report.scan import Operand, ScanReport
from tests.render.sample import HOSTILE
from tests.render.scan_sample import CLEAN, FULL, READS, WORDS, WRITES, hostile


def text_of(report: ScanReport, width: int = 80) -> str:
    return render_scan_text(report, width=width, color=False)


def test_the_verdict_stands_first_and_all_is_said() -> None:
    text = text_of(FULL)
    assert text.splitlines()[0] == "full (version 7): acts-at-load. Loading it writes a file."
    joined = " ".join(text.split())
    for words in WORDS:
        assert words in joined


def test_sections_follow_each_other() -> None:
    titles = ["Findings 1 error, 1 warning, 1 note", "Not followed 2 parts", "Not read", "Allowed (2)"]
    assert re.findall(r"\n\n(\S.*)\n─", text_of(FULL)) == titles


def test_the_path_goes_in_step_by_step() -> None:
    assert (
        "           path  the init op of tags serve\n"
        "                 → node PartitionedCall\n"
        "                   → function __inference_init_10\n"
        "                     → node WriteFile\n"
    ) in text_of(FULL)


def test_a_long_path_shows_both_ends() -> None:
    text = text_of(FULL)
    assert "→ … 7 more steps\n" in text
    assert "function branch_4\n" in text and "function branch_5\n" not in text
    assert "→ node ReadFile\n" in text
    short = replace(READS, path=(*READS.path[:15], READS.path[-1]))
    assert "more step" not in text_of(replace(FULL, findings=(short,), allowed=()))


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_the_path_leaves_room_for_its_names(width: int) -> None:
    lines = [line for line in text_of(FULL, width).splitlines() if line.lstrip().startswith("→ ")]
    assert max(len(line) - len(line.lstrip()) for line in lines) <= width // 2


def test_a_clean_model_is_a_few_lines() -> None:
    assert text_of(CLEAN).splitlines() == [
        "clean: clean. It does nothing beside computing.",
        "Expected, and no finding: RestoreV2, SaveV2 while saving or restoring;",
        "InitializeTableFromTextFileV2 when the model is loaded.",
    ]
    alone = replace(CLEAN, expected=(), nodes=0, functions=0)
    assert text_of(alone) == "clean: clean. It does nothing beside computing.\n"


def test_what_was_looked_at_is_said() -> None:
    assert text_of(FULL).endswith(
        "\nLooked at 1,234 nodes, in the main graph and 56 functions.\n"
        "Expected, and no finding: RestoreV2, SaveV2 while saving or restoring;\n"
        "InitializeTableFromTextFileV2 when the model is loaded.\n"
    )


def test_a_finding_about_files_has_no_op() -> None:
    text = text_of(replace(FULL, findings=(replace(WRITES, op="", when=(), path=(), operands=()),), allowed=()))
    assert "op  " not in text and "runs  " not in text and "path  " not in text


def test_the_path_is_not_told_twice() -> None:
    text = " ".join(text_of(FULL).split())
    assert text.count("the init op of tags serve") == 1


def test_why_and_fix_stand_with_the_first_of_a_rule() -> None:
    twice = replace(FULL, findings=(WRITES, replace(WRITES, id="aaaaaaaaaaaa")), allowed=())
    assert text_of(twice).count("fix   do not load it") == 1
    assert text_of(twice).count("id    ") == 2, "an id is what an allow list needs"


def test_many_operands_are_cut() -> None:
    many = replace(WRITES, operands=tuple(Operand(f"/tmp/{number}", "constant") for number in range(20)))
    text = text_of(replace(FULL, findings=(many,)))
    assert "/tmp/5 " in text and "/tmp/6" not in text
    assert "… 14 more operands" in text


def test_remarks_about_the_list_are_told_on_stderr_instead() -> None:
    assert "fits no finding" not in text_of(FULL)


@pytest.mark.parametrize("width", [40, 80, 200])
@pytest.mark.parametrize("name", HOSTILE)
def test_no_line_passes_the_width_and_nothing_acts(name: str, width: int) -> None:
    for line in text_of(hostile(name), width).splitlines():
        assert cells(line) <= width
        assert visible(line) == line


def test_colour_changes_nothing_but_colour() -> None:
    painted = render_scan_text(FULL, width=80, color=True)
    assert re.sub(r"\x1b\[[0-9;]*m", "", painted) == text_of(FULL)
    assert "\x1b[" in painted
