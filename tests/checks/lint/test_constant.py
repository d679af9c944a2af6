"""Rules about constants in the graph."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from smanalyze.checks.lint.constant import LARGE_BYTES, NOTABLE_BYTES
from tests.checks.helpers import Cases, Maker, check_case, edited, good, graph, node, one, params


def constant_of(size: int, *, others: int = 0) -> Any:
    """A constant of so many bytes, among small ones of so many bytes together."""

    def change(message: Any) -> None:
        for name, length in [("large", size), *((f"small_{i}", 1024) for i in range(others // 1024))]:
            item = graph(message).node.add(name=name, op="Const")
            item.attr["dtype"].type = 4
            item.attr["value"].tensor.dtype = 4
            item.attr["value"].tensor.tensor_content = bytes(length)

    return change


def without_attr(name: str) -> Any:
    """The constant ``bias`` without one of its attrs."""

    def change(message: Any) -> None:
        del node(graph(message), "bias").attr[name]

    return change


BASE = "tf1_frozen"
TABLE = {
    "large-constant": Cases(
        {"baked_weights": good("big_constant"),
         "megabyte": edited(BASE, constant_of(LARGE_BYTES + 1, others=20 << 20))},
        {"small": good("module_one_signature"),
         "small_share": edited(BASE, constant_of(NOTABLE_BYTES * 2, others=2 << 20)),
         "small_size": edited(BASE, constant_of(NOTABLE_BYTES))},
    ),
    "incomplete-constant": Cases(
        {"value": edited(BASE, without_attr("value")), "dtype": edited(BASE, without_attr("dtype"))},
        {"whole": good(BASE), "functions": good("control_flow")},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("rule", "maker", "fires"), params(TABLE))
def test_case(rule: str, maker: Maker, fires: bool, tmp_path: Path) -> None:
    check_case(rule, maker, fires, tmp_path)


def test_size_and_place_are_told(tmp_path: Path) -> None:
    finding = one(good("big_constant"), tmp_path, "large-constant")
    assert "48,000 bytes" in finding.message
    assert "float32 (120, 100)" in finding.evidence[0]
    assert finding.where.function is not None
