"""The ops that have rules are such as there are."""

from __future__ import annotations

from smanalyze.graph.ops import registered
from smanalyze.inputs import rules_math, rules_shape, rules_slice, rules_text, rules_value, rules_window
from smanalyze.inputs.rules import RULES

OF_TEXT = {"NormalizeUTF8", "CaseFoldUTF8", "WhitespaceTokenizeWithOffsets"}
"""Ops of tensorflow_text."""


def test_each_op_is_one_of_tensorflow() -> None:
    assert {op for op in RULES if registered(op) is None} == OF_TEXT


def test_each_op_has_one_rule() -> None:
    parts = [part.RULES for part in (rules_shape, rules_slice, rules_math, rules_window, rules_value, rules_text)]
    assert len(RULES) == sum(map(len, parts))
