"""The names of what the first node to differ reads."""

from __future__ import annotations

from smanalyze.verify.first_difference import capture_names


def test_variables_of_one_name_are_told_apart_by_their_paths() -> None:
    captures = {1: b"variable Variable|w1 ", 2: b"variable Variable|w2 ", 3: b"variable hidden|layers[0].w "}
    assert capture_names(captures) == {1: "variable Variable at w1", 2: "variable Variable at w2", 3: "variable hidden"}


def test_a_constant_is_nothing_to_read() -> None:
    assert capture_names({1: b"table t vocab.txt", 2: b"constant f.trace.capture#1"}) == {1: "table t vocab.txt"}
