"""Rules about what the graph does beside computing: each class of ops, when it runs, on what."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from smanalyze.api.scan import scan
from smanalyze.load import load
from tests.checks.helpers import Cases, Maker, add_const, check_case, edited, found, good, graph, node, one, params

BASE = "tf1_frozen"


def acting(op: str, *texts: bytes, runs: bool = True, **attrs: bytes) -> Any:
    """A node of the op whose inputs are constants; the signature's output waits for it, or nothing does."""

    def change(message: Any) -> None:
        body = graph(message)
        for number, text in enumerate(texts):
            add_const(body, f"text_{number}", text)
        act = body.node.add(name="act", op=op, input=[f"text_{number}" for number in range(len(texts))])
        for name, value in attrs.items():
            act.attr[name].s = value
        if runs:
            _output(message).input.append("^act")

    return change


def _output(message: Any) -> Any:
    signature = next(iter(message.meta_graphs[0].signature_def.values()))
    tensor = next(iter(signature.outputs.values()))
    return node(graph(message), tensor.name.partition(":")[0])


def from_input(op: str) -> Any:
    """A node of the op whose operand is the signature's input."""

    def change(message: Any) -> None:
        signature = next(iter(message.meta_graphs[0].signature_def.values()))
        name = next(iter(signature.inputs.values())).name.partition(":")[0]
        body = graph(message)
        body.node.add(name="text", op="AsString", input=[name])
        body.node.add(name="act", op=op, input=["text"])
        _output(message).input.append("^act")

    return change


def nothing_offered(message: Any) -> None:
    message.meta_graphs[0].signature_def.clear()


def at_load(message: Any) -> None:
    """The node runs as the model's init op."""
    message.meta_graphs[0].collection_def["saved_model_main_op"].node_list.value.append("act")


def table_from_file(path: bytes) -> Any:
    """A TF1 table filled from a file that is no asset."""

    def change(message: Any) -> None:
        body = graph(message)
        body.node.add(name="table", op="HashTableV2")
        add_const(body, "file", path)
        body.node.add(name="fill", op="InitializeTableFromTextFileV2", input=["table", "file"])
        _output(message).input.append("^fill")

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


def does(op: str, *texts: bytes, runs: bool = True, **attrs: bytes) -> Maker:
    return edited(BASE, acting(op, *texts, runs=runs, **attrs))


TABLE = {
    "writes-file": Cases(
        {"branch": good("file_writer_in_branch"), "write": does("WriteFile", b"/tmp/x", b"text"),
         "print": does("PrintV2", b"text", output_stream=b"file:///tmp/x"),
         "idle": does("WriteFile", b"x", b"text", runs=False), "cache": does("CacheDataset", b"data", b"/tmp/cache")},
        {"print": does("PrintV2", b"text", output_stream=b"stderr"), "cache": does("CacheDataset", b"data", b""),
         "read": does("ReadFile", b"/x")},
    ),
    "reads-file": Cases(
        {"input": edited(BASE, from_input("ReadFile")), "relative": does("ReadFile", b"data/v.txt"),
         "list": does("MatchingFiles", b"*"), "table": edited(BASE, table_from_file(b"v.txt"))},
        {"assets": good("tables_and_assets"), "absolute": does("ReadFile", b"/x"), "tf1": good("tf1_queue")},
    ),
    "absolute-path-constant": Cases(
        {"read_file": good("absolute_path_constant"), "table": edited(BASE, table_from_file(b"/data/v.txt")),
         "join": edited(BASE, joined(b"s3://bucket/", b"v.txt")), "call": edited(BASE, through_call)},
        {"assets": good("tables_and_assets"), "strings": edited(BASE, plain_strings),
         "relative": edited(BASE, joined(b"data", b"/v.txt")), "table": edited(BASE, table_from_file(b"data/v.txt")),
         "fed_by_the_saver": edited("tf1_partitioned_variables", saver_name), "writer": good("file_writer_in_branch"),
         "fed_by_the_loader": edited("tf1_builder_multi_metagraph", asset_source), "tf1": good("tf1_queue")},
    ),
    "saves-elsewhere": Cases(
        {"signature": does("SaveV2", b"model", b"key", b""), "load": edited(BASE, acting("RestoreV2", b"/x"), at_load)},
        {"saver": good("tf1_partitioned_variables"), "object_saver": good("module_one_signature"),
         "left_over": does("SaveV2", b"model", b"key", b"", runs=False),
         "name_only": does("ShardedFilename", b"/x", b"0", b"1")},
    ),
    "uses-network": Cases(
        {"rpc": does("Rpc", b"host:1", b"method", b"request"), "group": does("CollectiveReduce", b"data")},
        {"local": good("control_flow"), "queue": good("tf1_queue")},
    ),
    "acts-on-process": Cases(
        {"abort": does("Abort"), "load": edited(BASE, acting("Abort"), at_load)}, {"assert": does("Assert", b"x")}
    ),
    "calls-host-code": Cases({"py": does("EagerPyFunc", token=b"pyfunc_0")}, {"none": good("random_and_time")}),
    "opaque-code": Cases(
        {"graph": does("DatasetFromGraph", b"bytes"), "module": does("XlaCallModule", module=b"ML" * 400)},
        {"library": does("TRTEngineOp", serialized_segment=b"engine"), "none": good("control_flow")},
    ),
    "prints-data": Cases(
        {"print": does("Print", b"text"), "stderr": does("PrintV2", b"text", output_stream=b"stderr")},
        {"summary": does("ScalarSummary", b"tag", b"value"), "none": good("control_flow")},
    ),
    "debug-op": Cases({"debugger": does("DebugIdentityV2", b"x")}, {"none": good("debug_info")}),
    "remote-device": Cases(
        {"worker": does("_Send", b"x", recv_device=b"/job:worker/replica:0/task:1/device:CPU:0")},
        {"local": does("_Send", b"x", recv_device=b"/job:localhost/replica:0/task:0/device:CPU:0"),
         "placed": good("device_placement")},
    ),
    "denied-op": Cases({}, {"nothing_is_denied": good("control_flow")}),
}  # fmt: skip


@pytest.mark.parametrize(("rule", "maker", "fires"), params(TABLE))
def test_case(rule: str, maker: Maker, fires: bool, tmp_path: Path) -> None:
    check_case(rule, maker, fires, tmp_path)


def test_each_path_is_a_finding_with_its_node(tmp_path: Path) -> None:
    hits = found(good("absolute_path_constant"), tmp_path, "absolute-path-constant")
    assert [finding.where.node for finding in hits] == ["ReadFile", "ReadFile_1"]
    assert "/home/author/vocab.txt" in hits[0].message
    assert "gs://author-bucket/weights.bin" in hits[1].message


SEVERITIES = [
    ("writes-file", does("WriteFile", b"x", b"text"), "error"),
    ("writes-file", does("WriteFile", b"x", b"text", runs=False), "warning"),
    ("writes-file", edited(BASE, acting("WriteFile", b"x", b"text", runs=False), nothing_offered), "error"),
    ("reads-file", edited(BASE, from_input("ReadFile")), "warning"),
    ("reads-file", does("ReadFile", b"data/v.txt", runs=False), "note"),
    ("absolute-path-constant", does("ReadFile", b"/etc/passwd"), "error"),
    ("absolute-path-constant", edited(BASE, table_from_file(b"/data/v.txt")), "warning"),
    ("reads-file", does("ReadFile", b"data/../v.txt"), "warning"),
    ("reads-file", does("ReadFile", b"../../etc/passwd"), "error"),
    ("calls-host-code", does("PyFunc", token=b"pyfunc_0"), "warning"),
    ("calls-host-code", edited(BASE, acting("PyFunc", runs=False), at_load), "error"),
    ("calls-host-code", does("PyFunc", token=b"pyfunc_0", runs=False), "note"),
    ("opaque-code", does("XlaCallModule", module=b"ML"), "note"),
    ("opaque-code", does("DatasetFromGraph", b"bytes"), "error"),
    ("opaque-code", does("XlaCustomCall", target_name=b"f"), "warning"),
    ("saves-elsewhere", edited(BASE, acting("RestoreV2", b"model"), at_load), "error"),
    ("prints-data", does("PrintV2", b"text", output_stream=b"stderr"), "note"),
]


@pytest.mark.parametrize(("rule", "maker", "severity"), SEVERITIES)
def test_how_bad(rule: str, maker: Maker, severity: str, tmp_path: Path) -> None:
    assert one(maker, tmp_path, rule).severity == severity


def test_what_is_denied_is_an_error_wherever_it_is(tmp_path: Path) -> None:
    model = load(does("MatMul", b"x", runs=False)(tmp_path))
    hits = [one for one in scan(model, deny=frozenset({"MatMul", "Absent"})).findings if one.rule == "denied-op"]
    assert [(one.op, one.severity) for one in hits] == [("MatMul", "error")]
    assert hits[0].when == ("signature:serving_default",)  # the model has one that runs, too


def test_a_long_program_is_told_by_its_size_and_digest(tmp_path: Path) -> None:
    (finding,) = found(does("XlaCallModule", module=b"ML" * 400), tmp_path, "opaque-code")
    assert "800 characters, sha256 " in finding.message
