"""Rules about nodes that TensorFlow refuses, and nodes whose work is not in the model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.checks.helpers import (
    Cases,
    Change,
    Maker,
    add_const,
    broken,
    check_case,
    edited,
    function,
    good,
    graph,
    one,
    params,
)  # fmt: skip

BASE = "module_one_signature"
TF1 = "tf1_frozen"


def const(name: str) -> Change:
    """Adds a constant of that name to the main graph."""
    return lambda message: add_const(graph(message), name, b"x")


def in_function(name: str, op: str, *inputs: str, part: str = "__inference___call__") -> Change:
    """Adds a node to a function."""
    return lambda message: function(message, part).node_def.add(name=name, op=op).input.extend(inputs)


def in_main(name: str, op: str, *inputs: str) -> Change:
    """Adds a node to the main graph."""
    return lambda message: graph(message).node.add(name=name, op=op).input.extend(inputs)


def function_called(op: str) -> Change:
    """A library function with the name of an op, which a node calls by that name."""

    def change(message: Any) -> None:
        graph(message).library.function.add().signature.name = op
        graph(message).node.add(name="call", op=op)

    return change


TABLE = {
    "invalid-node-name": Cases(
        {"hostile": good("hostile_names"), "space": edited(TF1, const("a b")), "underscore": edited(TF1, const("_a")),
         "backslash": edited(TF1, const("a\\b")), "empty": edited(TF1, const("")),
         "function": edited(BASE, in_function("é", "NoOp"))},
        {"plain": good(BASE), "control_flow": good("control_flow"), "scope": edited(TF1, const("a/b>c/")),
         "dot": edited(TF1, const(".a-b")), "cut": broken("truncated_pb"), "japanese_labels": good("names_japanese")},
    ),
    "missing-input": Cases(
        {"none": edited(TF1, in_main("read", "ReadFile")), "few": edited(TF1, in_main("write", "WriteFile", "bias")),
         "control": edited(TF1, in_main("read", "ReadFile", "^bias")),
         "function": edited(BASE, in_function("read", "ReadFile"))},
        {"enough": edited(TF1, in_main("write", "WriteFile", "bias", "bias", "^bias")), "plain": good(BASE),
         "list": edited(TF1, in_main("names", "IdentityN")), "unknown_op": edited(TF1, in_main("own", "AcmeOp")),
         "function_of_that_name": edited(TF1, function_called("ReadFile")), "loops": good("tf1_queue"),
         "datasets": good("datasets_inside"), "cut": broken("truncated_pb")},
    ),
    "host-code-op": Cases(
        {"main": edited(TF1, in_main("call", "PyFunc")), "function": edited(BASE, in_function("call", "EagerPyFunc")),
         "stateless": edited(TF1, in_main("call", "PyFuncStateless"))},
        {"none": good(BASE), "files": good("absolute_path_constant"),
         "dead": edited("unreachable_function", in_function("call", "PyFunc", part="dead_902"))},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("rule", "maker", "fires"), params(TABLE))
def test_case(rule: str, maker: Maker, fires: bool, tmp_path: Path) -> None:
    check_case(rule, maker, fires, tmp_path)


def test_place_and_number_are_told(tmp_path: Path) -> None:
    finding = one(edited(BASE, in_function("read", "ReadFile")), tmp_path, "missing-input")
    assert finding.where.function is not None and finding.where.node == "read"
    assert finding.message == "1 node has fewer inputs than ReadFile takes."
    assert finding.evidence[0].endswith("has 0 of at least 1 inputs")
    assert one(edited(TF1, in_main("call", "PyFunc")), tmp_path / "more", "host-code-op").evidence == (
        "PyFunc call of the main graph",
    )
