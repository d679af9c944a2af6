"""Rules about the function library and the wiring of nodes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from smanalyze.checks.bodies import circle
from tests.checks.helpers import Cases, Maker, broken, check_case, edited, function, good, graph, node, one, params

BASE = "module_one_signature"


def dangle_in_function(message: Any) -> None:
    node(function(message, "__inference___call__"), "MatMul").input[0] = "nothere:output:0"


def lose_return(message: Any) -> None:
    returns = function(message, "__inference___call__").ret
    returns[next(iter(returns))] = "nothere:output:0"


def repeat_in_function(message: Any) -> None:
    body = function(message, "__inference___call__")
    body.node_def.add().CopyFrom(node(body, "MatMul"))


def circle_in_function(message: Any) -> None:
    node(function(message, "__inference___call__"), "MatMul").input[0] = "MatMul:product:0"


def dead_call(message: Any) -> None:
    for item in function(message, "dead_902").node_def:
        if "f" in item.attr:
            item.attr["f"].func.name = "__inference_gone_1"


def without_objects(message: Any) -> None:
    message.meta_graphs[0].ClearField("object_graph_def")


def call_an_op(message: Any) -> None:
    graph(message).node.add(name="gradient", op="SymbolicGradient").attr["f"].func.name = "MatMul"


def name_lost_trace(message: Any) -> None:
    objects = message.meta_graphs[0].object_graph_def
    next(item for item in objects.nodes if item.HasField("function")).function.concrete_functions.append("gone_1")


def swap_by_attribute(message: Any) -> None:
    function(message, "dead_902").attr["api_implements"].s = b"lstm_1234"


TABLE = {
    "missing-function": Cases(
        {"called": broken("dangling_function"), "by_dead": edited("unreachable_function", dead_call)},
        {"all": good("control_flow"), "an_op": edited(BASE, call_an_op), "datasets": good("datasets_inside"),
         "cut": broken("truncated_pb")},
    ),
    "missing-concrete-function": Cases(
        {"trace": edited(BASE, name_lost_trace), "hostile": broken("pb_hostile_object_graph")},
        {"all": good("reusable_hub"), "tf1": good("tf1_frozen"), "cut": broken("truncated_pb")},
    ),
    "unreachable-function": Cases(
        {"dead": good("unreachable_function")},
        {"called": good("control_flow"), "gradient": good("custom_gradient"), "datasets": good("datasets_inside"),
         "chosen_by_attribute": edited("unreachable_function", swap_by_attribute)},
    ),
    "dangling-input": Cases(
        {"main": broken("dangling_input"), "function": edited(BASE, dangle_in_function),
         "return": edited(BASE, lose_return)},
        {"wired": good("control_flow"), "tf1": good("tf1_queue"), "cut": broken("truncated_pb")},
    ),
    "duplicate-node": Cases(
        {"main": broken("duplicate_nodes"), "function": edited(BASE, repeat_in_function)},
        {"unique": good("control_flow"), "tf1": good("tf1_queue")},
    ),
    "node-cycle": Cases(
        {"main": broken("node_cycle"), "function": edited(BASE, circle_in_function)},
        {"loop": good("tf1_queue"), "functional_loop": good("control_flow"),
         "partitions": good("tf1_partitioned_variables")},
    ),
    "recursive-function": Cases(
        {"self_and_pair": broken("recursive_function")},
        {"nested": good("control_flow"), "none": good("tf1_frozen")},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("rule", "maker", "fires"), params(TABLE))
def test_case(rule: str, maker: Maker, fires: bool, tmp_path: Path) -> None:
    check_case(rule, maker, fires, tmp_path)


def test_python_loads_the_whole_library_other_loaders_what_is_called(tmp_path: Path) -> None:
    finding = one(edited("unreachable_function", dead_call), tmp_path, "missing-function")
    assert finding.severity == "error"
    (tmp_path / "plain").mkdir()
    plain = edited("unreachable_function", dead_call, without_objects)
    assert one(plain, tmp_path / "plain", "missing-function").severity == "warning"


def test_a_circle_does_not_hold_what_only_needs_it() -> None:
    needs = {"a": {"b"}, "b": {"c"}, "c": {"a"}, "user": {"a"}, "used": set(), "d": {"used"}}
    assert circle(needs) == {"a", "b", "c"}


def test_a_thousand_functions_deep_is_no_circle() -> None:
    assert circle({number: {number + 1} if number < 5000 else set() for number in range(5001)}) == set()
