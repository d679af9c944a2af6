"""Code in architectures written as YAML."""

from __future__ import annotations

import time

from smanalyze.facts.keras_yaml import MAX_LAMBDAS, judge_yaml


def test_very_many_lambdas_take_linear_time_and_are_cut() -> None:
    """The lines around each were looked at up to the ends of the file."""
    started = time.process_time()
    *found, left_out = judge_yaml("  f_type: lambda\n" * 50_000)
    assert time.process_time() - started < 20
    assert len(found) == MAX_LAMBDAS
    assert (left_out.kind, left_out.reason) == ("unreadable", "49,000 more lambdas were left out.")


def test_code_and_name_are_those_of_the_block() -> None:
    layer = (
        "- class_name: Lambda\n  config:\n    function:\n    - {code}\n    function_type: lambda\n    name: {name}\n"
    )
    found = list(judge_yaml(layer.format(code="4wEAAAAA", name="first") + layer.format(code="4wEAAAAB", name="second")))
    assert [one.name for one in found] == ["first", "second"]
    assert len({one.payload.sha256 for one in found if one.payload is not None}) == 2
