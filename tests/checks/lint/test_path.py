"""Rules about paths inside the model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.checks.helpers import Cases, Maker, add_const, check_case, edited, found, good, graph, node, params

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


def joined(first: bytes, second: bytes) -> Any:
    def change(message: Any) -> None:
        body = graph(message)
        add_const(body, "first", first)
        add_const(body, "second", second)
        body.node.add(name="join", op="StringJoin", input=["first", "second"])
        body.node.add(name="read", op="ReadFile", input=["join"])

    return change


def through_call(message: Any) -> None:
    """The name is handed to a function, which hands it to ReadFile."""
    body = graph(message)
    add_const(body, "file", b"C:\\Users\\author\\vocab.txt")
    body.node.add(name="call", op="PartitionedCall", input=["file"]).attr["f"].func.name = "reader_1"
    reader = body.library.function.add()
    reader.signature.name = "reader_1"
    reader.signature.input_arg.add(name="name", type=7)
    reader.signature.output_arg.add(name="text", type=7)
    reader.node_def.add(name="same", op="Identity", input=["name"])
    reader.node_def.add(name="read", op="ReadFile", input=["same:output:0"])
    reader.ret["text"] = "read:contents:0"


def plain_strings(message: Any) -> None:
    """Strings that begin with a slash and name no file."""
    body = graph(message)
    for number, text in enumerate((b"/v1/models", b"/[a-z]+/", b"/home/author/label")):
        add_const(body, f"text_{number}", text)
    body.node.add(name="match", op="StaticRegexFullMatch", input=["text_0"])


def saver_name(message: Any) -> None:
    node(graph(message), "save/filename/input").attr["value"].tensor.string_val[0] = b"/home/author/model"


def asset_source(message: Any) -> None:
    for meta_graph in message.meta_graphs:
        node(meta_graph.graph_def, "vocabulary_file").attr["value"].tensor.string_val[0] = b"/home/author/vocab.txt"


TABLE = {
    "absolute-path-constant": Cases(
        {"read_file": good("absolute_path_constant"), "table": edited(BASE, table_from_file(b"/data/v.txt")),
         "join": edited(BASE, joined(b"s3://bucket/", b"v.txt")), "call": edited(BASE, through_call)},
        {"assets": good("tables_and_assets"), "strings": edited(BASE, plain_strings),
         "relative": edited(BASE, joined(b"data", b"/v.txt")), "table": edited(BASE, table_from_file(b"data/v.txt")),
         "fed_by_the_saver": edited("tf1_partitioned_variables", saver_name), "writer": good("file_writer_in_branch"),
         "fed_by_the_loader": edited("tf1_builder_multi_metagraph", asset_source), "tf1": good("tf1_queue")},
    ),
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


def test_each_path_is_a_finding_with_its_node(tmp_path: Path) -> None:
    hits = found(good("absolute_path_constant"), tmp_path, "absolute-path-constant")
    assert [finding.where.node for finding in hits] == ["ReadFile", "ReadFile_1"]
    assert "/home/author/vocab.txt" in hits[0].message
    assert "gs://author-bucket/weights.bin" in hits[1].message
