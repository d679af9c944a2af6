"""Ops that do more than compute."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from smanalyze.report.diff import Severities
from tests.checks.compat.helpers import (
    Cases,
    Maker,
    changed,
    check_case,
    edited,
    every,
    mirrored,
    one,
    pair,
    params,
    rules_of,
    same,
)
from tests.checks.compat.program_edits import add, add_text, attr, copy_function, in_function, op
from tests.checks.helpers import TESTDATA, graph

MODULE, CALL = "module_one_signature", "__inference___call__"


def with_nodes(*changes: object) -> Maker:
    """The model with more nodes in its function."""
    return edited(MODULE, new=[in_function(CALL, *changes)])  # type: ignore[arg-type]


READ = with_nodes(add_text("path", b"/etc/table.csv"), add("read", "ReadFile", ["path:output:0"]))
JOINED = with_nodes(
    add_text("folder", b"/etc/"),
    add("join", "StringJoin", ["folder:output:0", "x"]),
    add("read", "ReadFile", ["join:output:0"]),
)
LISTED = with_nodes(add("list", "MatchingFiles", ["x"]))
TWO = with_nodes(add("list", "MatchingFiles", ["x"]), add("read", "ReadFile", ["x"]))
PRINTED_TO_FILE = edited(
    MODULE,
    old=[in_function(CALL, add("p", "PrintV2", ["x"]))],
    new=[in_function(CALL, add("p", "PrintV2", ["x"]), attr("p", "output_stream", b"file:///tmp/x"))],
)
PYTHON = with_nodes(add("py", "PyFunc", ["x"], token=b"pyfunc_0"))
HIDDEN = with_nodes(add("hlo", "XlaCallModule", ["x"]))
ABORT = with_nodes(add("stop", "Abort"))
CALLED = with_nodes(add("far", "RemoteCall", ["x"]))
PRINTED = with_nodes(add("print", "PrintV2", ["x"]))
ASSIGNED = edited("mutating_signature", old=[in_function(CALL, op("AssignAddVariableOp", "ReadVariableOp"))])
RANDOM = with_nodes(add("noise", "RandomStandardNormal", ["x"]))
IN_DEAD_CODE = edited(
    MODULE, new=[copy_function(CALL, "__inference_dead_1"), in_function("dead", add("read", "ReadFile", ["x"]))]
)
RESTORED = with_nodes(add_text("prefix", b"/tmp/other"), add("restore", "RestoreV2", ["prefix:output:0"]))
AT_LOAD = edited(
    "tables_and_assets",
    new=[in_function("_initializer_81", add("read", "ReadFile", ["text_file_init_asset_filepath"]))],
)

TABLE: dict[str, Cases] = {
    "op-filesystem-added": Cases(
        fires={
            "read": READ,
            "list": LISTED,
            "pair": pair("change_read_file"),
            "print to a file": PRINTED_TO_FILE,
            "dead": IN_DEAD_CODE,
            "restore": RESTORED,
            "at load": AT_LOAD,
            "more": edited(
                "absolute_path_constant",
                new=[in_function(CALL, add("more", "ReadFile", ["ReadFile/filename:output:0"]))],
            ),
        },
        silent={
            "as many": same("absolute_path_constant"),
            "gone": mirrored(READ),
            "print": PRINTED,
            "a variable more to save": pair("change_layer_inserted"),
            "table from an asset": pair("change_asset_line"),
            "optimizer": pair("change_optimizer_dropped"),
        },
    ),
    "op-filesystem-removed": Cases(
        fires={"read": mirrored(READ)}, silent={"added": READ, "saver": pair("change_optimizer_dropped")}
    ),
    "op-host-code-added": Cases(fires={"py": PYTHON}, silent={"gone": mirrored(PYTHON), "read": READ}),
    "op-host-code-removed": Cases(fires={"py": mirrored(PYTHON)}, silent={"added": PYTHON}),
    "op-opaque-added": Cases(fires={"hlo": HIDDEN}, silent={"gone": mirrored(HIDDEN), "py": PYTHON}),
    "op-opaque-removed": Cases(fires={"hlo": mirrored(HIDDEN)}, silent={"added": HIDDEN}),
    "op-process-added": Cases(fires={"abort": ABORT}, silent={"gone": mirrored(ABORT), "py": PYTHON}),
    "op-process-removed": Cases(fires={"abort": mirrored(ABORT)}, silent={"added": ABORT}),
    "op-network-added": Cases(fires={"remote": CALLED}, silent={"gone": mirrored(CALLED), "read": READ}),
    "op-network-removed": Cases(fires={"remote": mirrored(CALLED)}, silent={"added": CALLED}),
    "op-output-leak-added": Cases(
        fires={"print": PRINTED, "pair": pair("change_print_added")}, silent={"gone": mirrored(PRINTED), "read": READ}
    ),
    "op-output-leak-removed": Cases(fires={"print": mirrored(PRINTED)}, silent={"added": PRINTED}),
    "op-stateful-added": Cases(
        fires={"assign": ASSIGNED},
        silent={
            "gone": mirrored(ASSIGNED),
            "restored": pair("change_layer_inserted"),
            "at load": AT_LOAD,
            "in training": pair("change_keras2_lambda_added"),
        },
    ),
    "op-stateful-removed": Cases(fires={"assign": mirrored(ASSIGNED)}, silent={"added": ASSIGNED}),
    "op-random-added": Cases(
        fires={"noise": RANDOM, "pair": pair("change_random_added")},
        silent={"gone": mirrored(RANDOM), "there before": same("random_and_time")},
    ),
    "op-random-removed": Cases(fires={"noise": mirrored(RANDOM)}, silent={"added": RANDOM}),
}


@pytest.mark.parametrize(("rule", "maker", "fires"), params(TABLE))
def test_case(rule: str, maker: Maker, fires: bool, tmp_path: Path) -> None:
    check_case(rule, maker, fires, tmp_path)


def test_a_file_is_named(tmp_path: Path) -> None:
    finding = one(pair("change_read_file"), tmp_path, "op-filesystem-added")
    assert finding.message == "The new model reads, writes or lists files: ReadFile ('lookup/table.csv')."
    assert finding.reach == ("serving_default", "predict")
    assert finding.severities == Severities("warning", "warning", "warning", "error")


def test_what_was_called_and_is_run_by_loading_now_is_told(tmp_path: Path) -> None:
    model = TESTDATA / "scan" / "write_in_object_function"

    def save_by(message: Any) -> None:
        nodes = message.meta_graphs[0].object_graph_def.nodes
        number = next(child.node_id for child in nodes[0].children if child.local_name == "log")
        saving = nodes[0].saveable_objects["any"]
        saving.save_function = saving.restore_function = number

    finding = one(changed(lambda _: (model, model), new=[save_by]), tmp_path, "op-filesystem-added")
    assert finding.message.endswith("WriteFile; loading the model runs it now.")
    assert finding.severities.security == "error"


def test_the_beginning_of_a_joined_name_is_named(tmp_path: Path) -> None:
    assert "('/etc/{input x}')" in one(JOINED, tmp_path, "op-filesystem-added").message


def test_several_ops_of_one_kind_are_one_finding(tmp_path: Path) -> None:
    finding = one(TWO, tmp_path, "op-filesystem-added")
    assert (
        finding.message
        == "The new model reads, writes or lists files: MatchingFiles ('{input x}'), ReadFile ('{input x}')."
    )
    assert len(finding.evidence) == 2


def test_what_nothing_runs_is_told_lower(tmp_path: Path) -> None:
    finding = one(IN_DEAD_CODE, tmp_path, "op-filesystem-added")
    assert finding.message.endswith("ReadFile; nothing that the model offers runs it.")
    assert finding.severities == Severities("note", "note", "note", "warning")


def test_what_runs_at_load_says_so(tmp_path: Path) -> None:
    assert "runs when the model is loaded" in one(AT_LOAD, tmp_path, "op-filesystem-added").evidence[0]


def test_a_moved_op_is_silent(tmp_path: Path) -> None:
    def moved(message: object) -> None:
        library = graph(message).library.function
        for body in library:
            for item in body.node_def:
                if item.op == "ReadFile":
                    item.name += "_moved"
                for number, reference in enumerate(item.input):
                    if reference.startswith("ReadFile:"):
                        item.input[number] = "ReadFile_moved:contents:0"
                    if reference.startswith("ReadFile_1:"):
                        item.input[number] = "ReadFile_1_moved:contents:0"

    assert rules_of(TABLE, every(edited("absolute_path_constant", new=[moved]), tmp_path)) == []


def test_a_metagraph_that_is_new_is_looked_at_too(tmp_path: Path) -> None:
    """One more set of tags brings one more graph, with all that it can do."""

    def more(message: Any) -> None:
        added = message.meta_graphs.add()
        added.CopyFrom(message.meta_graphs[0])
        added.meta_info_def.tags[:] = ["serve", "gpu"]
        body = next(item for item in added.graph_def.library.function if CALL in item.signature.name)
        add("read", "ReadFile", ["x"])(body)

    (finding,) = rules_of(TABLE, every(edited(MODULE, new=[more]), tmp_path))
    assert finding.rule == "op-filesystem-added" and finding.where.tag_set == "serve,gpu"


def test_a_file_of_its_own_is_no_risk(tmp_path: Path) -> None:
    finding = one(AT_LOAD, tmp_path, "op-filesystem-added")
    assert finding.severities == Severities("note", "note", "note", "note")
    assert "{asset vocab.txt}" in finding.message
