"""Every op whose demands on its inputs are known."""

from __future__ import annotations

from smanalyze.inputs import rules_math, rules_shape, rules_slice, rules_text, rules_value, rules_window
from smanalyze.inputs.walk import Rule

RULES: dict[str, Rule] = {
    **rules_shape.RULES, **rules_slice.RULES, **rules_math.RULES, **rules_window.RULES, **rules_value.RULES,
    **rules_text.RULES,
}  # fmt: skip
