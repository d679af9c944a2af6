"""Rules about paths inside the model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.checks.helpers import Cases, Maker, add_const, check_case, edited, good, graph, node, params

BASE = "tf1_frozen"


def table_from_file(path: bytes) -> Any:
    """A TF1 table filled from a file that is no asset."""

    def change(message: Any) -> None:
        body = graph(message)
        table = body.node.add(name="table", op="HashTableV2")
        table.attr["shared_name"].s = b"hash_table_" + path + b"_-2_-1"
        add_const(body, "file", path)
        body.node.add(name="fill", op="InitializeTableFromTextFileV2", input=["table", "file"])

    return change


def plain_strings(message: Any) -> None:
    """Strings that begin with a slash and name no file."""
    body = graph(message)
    for number, text in enumerate((b"/v1/models", b"/[a-z]+/", b"/home/author/label")):
        add_const(body, f"text_{number}", text)
    body.node.add(name="match", op="StaticRegexFullMatch", input=["text_0"])


def asset_source(message: Any) -> None:
    for meta_graph in message.meta_graphs:
        node(meta_graph.graph_def, "vocabulary_file").attr["value"].tensor.string_val[0] = b"/home/author/vocab.txt"


TABLE = {
    "leaked-path": Cases(
        {"debug_info": good("debug_info"), "asset": edited("tf1_builder_multi_metagraph", asset_source),
         "table_name": edited(BASE, table_from_file(b"/home/author/v.txt"))},
        {"none": good("tables_and_assets"), "asset": good("tf1_builder_multi_metagraph"),
         "strings": edited(BASE, plain_strings)},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("rule", "maker", "fires"), params(TABLE))
def test_case(rule: str, maker: Maker, fires: bool, tmp_path: Path) -> None:
    check_case(rule, maker, fires, tmp_path)
