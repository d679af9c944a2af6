"""Reports made by hand: a full one, an empty one, a hostile one and a huge one."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from functools import cache
from itertools import count
from typing import Any

from smanalyze.report.document import (
    SCHEMA_VERSION,
    SECTIONS,
    Counts,
    FingerprintReport,
    MetaGraphReport,
    ModelSummary,
    NotRead,
    Parameters,
    PartSize,
    Producer,
    Report,
    Warmup,
    Writer,
)
from smanalyze.report.pictures import Picture, Pictures, SizeBlock
from smanalyze.report.sections import (
    AssetRow,
    Callable,
    CheckpointReport,
    DeviceCount,
    LayerTable,
    LibraryFunction,
    OpReport,
    ReuseAnswer,
    ReuseReport,
    ShardRow,
    StoredTensor,
    TableRow,
    Trace,
    UnregisteredOp,
    VariableRow,
)
from smanalyze.report.tensors import OpCount
from tests.render.sample_parts import ARGUMENT, NO_REACH, REACH, SIGNATURE, finding, layer, layers, variable, variables

HOSTILE = (
    "<script>document.title='taken'</script>",
    '"><img src=x onerror="document.title=\'taken\'">',
    "\x1b[31mred\x1b[0m\x00\x07",
    "safe\u202egnp.exe\u2066\u200b",
    "{{ 7 * 7 }}{% raw %}",
    "javascript:alert(1)",
    "line\nbreak\r\ttab\u2028",
    "\ud800lone",
    "</style></script><!--",
    "x" * 100_000,
)
"""Names as nobody should write them, and somebody will."""


OPS = tuple(OpCount(op, 320 // (i + 1)) for i, op in enumerate((
    "Const", "ReadVariableOp", "Conv2D", "FusedBatchNormV3", "Relu", "AddV2", "MaxPool", "Mean", "MatMul", "Identity",
    "NoOp", "MyLibraryOp",
)))  # fmt: skip


def full() -> Report:
    """Something like a ResNet that uses every field."""
    rows = variables()
    return Report(
        schema_version=SCHEMA_VERSION, sections=SECTIONS, model=_model(), meta_graphs=(_graph(),), variables=rows,
        checkpoint=CheckpointReport(
            "present", "variables/variables", 55, 102_546_848, "little", 3_204, 2, 3,
            (ShardRow("variables.data-00000-of-00002", "present", True, 102_546_848, 102_546_848),
             ShardRow("variables.data-00001-of-00002", "not-fetched", True, None, 2_048_000)),
            (StoredTensor("_CHECKPOINTABLE_OBJECT_GRAPH", "string", (), 88_210, "present", "the object graph"),),
        ),
        assets=(AssetRow("labels.txt", 10_484, "present", "object graph", ("labels",), ("serving_default",), (0,)),
                AssetRow("left_over.bin", None, "not-fetched", "", (), (), ())),
        fingerprint=FingerprintReport("present", "1", "22", "333", "4444", "55555", "0b0e-11", 2200),
        reuse=ReuseReport(
            "Adam", "sparse_categorical_crossentropy", ("accuracy",), ("Custom>MyLayer",), True, True, True, False,
            "training", "all recorded", (
                ReuseAnswer("tf.saved_model.load", "yes", ("Every signature can be called.",)),
                ReuseAnswer("tf_keras.models.load_model", "partly", ("`MyLayer` has to be registered first.",)),
                ReuseAnswer("keras.models.load_model", "no", ("Keras 3 does not read this form.",)),
                ReuseAnswer("keras.layers.TFSMLayer", "unknown", ("Nobody tried.",)),
            )),
        findings=(
            finding(1, "error", "`MyLibraryOp` is registered by no TensorFlow release.", rule="op-unregistered"),
            finding(2, "warning", "A shard of the checkpoint is not here.", rule="shard-missing"),
            finding(3, "warning", "The input boxes has a default that TensorFlow Serving ignores."),
            finding(4, "note", "The optimizer is stored and needed by nobody.", evidence=()),
        ),
        not_read=(NotRead("variables", "not-fetched", "The file is a git-LFS pointer.", "variables/v.data", 0),),
        pictures=_pictures(rows, OPS),
    )  # fmt: skip


def empty() -> Report:
    """A model without anything in it."""
    report = full()
    nothing = replace(
        report.model, headline="", tags=(), sizes=(), size_bytes=0, tensorflow_version="", warmup=(), chosen="",
        other_versions=(), producer=Producer("", "", "", 0, 0), writer=Writer("", ()),
        parameters=Parameters(0, 0, 0, 0, 0, 0, 0, 0, False), counts=Counts(0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
    )  # fmt: skip
    return replace(
        report, model=nothing, meta_graphs=(), variables=(), assets=(), findings=(), not_read=(), pictures=Pictures(),
        checkpoint=CheckpointReport("absent", "", 0, 0, "", 0, 0, 0, (), ()), fingerprint=FingerprintReport("absent"),
        reuse=ReuseReport("", "", (), (), None, False, False, False, "", "", ()),
    )  # fmt: skip


def hollow() -> Report:
    """A MetaGraph, and nothing in it."""
    graph = MetaGraphReport(
        (), "", None, None, (), (), (), LayerTable("none", "", "", (), 0, 0, ()), (),
        OpReport(0, 0, 0, 0, (), (), (), "", (), "", ()),
    )  # fmt: skip
    return replace(empty(), meta_graphs=(graph, graph))


def hostile() -> Report:
    """The full report with every text in turn replaced by one that would do harm."""
    turn = count()
    keep = {*SECTIONS, "present", "absent", "not-fetched", "error", "warning", "note", "yes", "partly", "no", "unknown"}

    def spoil(value: Any) -> Any:
        if isinstance(value, str):
            return value if value in keep else f"{HOSTILE[next(turn) % len(HOSTILE)]}{value}"
        if isinstance(value, tuple):
            return tuple(spoil(item) for item in value)
        if is_dataclass(value) and not isinstance(value, type):
            kept = {"kind", "unit", "of", "encoding", "found"}
            others = [f.name for f in fields(value) if f.name not in kept]
            return replace(value, **{name: spoil(getattr(value, name)) for name in others})
        return value

    spoiled: Report = spoil(full())
    return spoiled


@cache  # it takes seconds to make
def huge() -> Report:
    """60,000 layers, as many variables, long lists everywhere."""
    many = range(60_000)
    names = tuple(f"encoder/stack_{i // 100}/layer_{i}/attention/output/dense/kernel" for i in many)
    graph = _graph()
    reach = replace(REACH, variables=names, function_names=names)
    deep = ARGUMENT.value
    for i in range(3_000):
        deep = replace(deep, key=str(i), kind="list", items=(deep,))
    trace = replace(graph.callables[0].traces[0], reach=reach, arguments=(replace(ARGUMENT, value=deep),))
    signature = replace(SIGNATURE, reach=reach, inputs=SIGNATURE.inputs * 500)
    graph = replace(
        graph,
        signatures=tuple(replace(signature, key=f"signature_{i}") for i in range(1_000)),
        callables=tuple(replace(graph.callables[0], path=f"f{i}", traces=(trace,) * 40) for i in range(2_000)),
        functions=tuple(LibraryFunction(n, "called", 9, 1, 1, False, names[:99], names[:99], ()) for n in names),
        layers=replace(graph.layers, rows=tuple(layer(n, "Dense", 1024, i % 12) for i, n in enumerate(names))),
        ops=replace(graph.ops, histogram=tuple(OpCount(f"Op{i}", 60_000 - i) for i in many)),
    )
    report = full()
    return replace(
        report, meta_graphs=(graph,), variables=tuple(variable(n, used_by=names[:50]) for n in names),
        findings=tuple(finding(i, "warning", f"Something about layer {i}.") for i in range(5_000)),
        model=replace(report.model, counts=Counts(1, 1000, 2000, 80_000, 60_000, 10**6, 10**5, 60_000, 0, 0)),
    )  # fmt: skip


SAMPLES = {"full": full, "empty": empty, "hollow": hollow, "hostile": hostile, "huge": huge}


def _model() -> ModelSummary:
    return ModelSummary(
        path_name="resnet50", kind="SavedModel", found="serving_base", chosen="version 3 of 3, below a serving base",
        other_versions=("1", "2"), tensorflow_version="2.15.0",
        producer=Producer("2.15.0", "meta_info_def", "v2.15.0-rc1-8-g6887368d6d4", 1645, 12),
        writer=Writer("Keras 2 (tf_keras)", ("keras_metadata.pb is there", "node name StatefulPartitionedCall")),
        tags=(("serve",),), size_bytes=104_900_000,
        sizes=(PartSize("variables", 102_550_052, 2, "present"), PartSize("graph", 2_300_000, 1, "present"),
               PartSize("assets", 10_484, 1, "present"), PartSize("keras_metadata", 39_464, 1, "present")),
        parameters=Parameters(25_636_712, 23_534_592, 33_828_720, 102_546_848, 135_314_880, 8_192_000, 2, 9_408, True),
        counts=Counts(1, 1, 2, 9, 412, 4_806, 731, 320, 1, 2),
        warmup=(Warmup("PredictLog", "serving_default", ("image",), 12),), debug_files=2,
        headline="A Keras image classifier with 25.6 million parameters, written by TensorFlow 2.15; one signature, "
                 "`serving_default`, turns a batch of 224 by 224 images into 1,000 probabilities.",
    )  # fmt: skip


def _graph() -> MetaGraphReport:
    trace = Trace("__inference_call_1", (ARGUMENT,), "TensorSpec((None, 1000), tf.float32)", None, 320, REACH)
    return MetaGraphReport(
        tags=("serve",), tensorflow_version="2.15.0", init_op="init", train_op=None, signatures=(SIGNATURE,),
        callables=(
            Callable("__call__", "tf.function", 0, False, ("keras_api.call",), "model(image, boxes)", (ARGUMENT,),
                     (trace, replace(trace, function="__inference_call_2", reach=NO_REACH)), "True"),
            Callable("layers[2].call", "method", 7, True, (), "model.layers[2].call(x)", (), (), ""),
        ),
        functions=(
            LibraryFunction("__inference_call_1", "signature", 1509, 2, 1, True, ("__inference_call_2",), (), ()),
            LibraryFunction("__inference_call_2", "called", 12, 1, 1, False, (), ("__inference_call_1",), ("While",)),
        ),
        layers=LayerTable("keras_metadata", "Functional", "resnet50", layers(), 25_636_712, 23_534_592,
                          ("Two layers share `conv1/kernel`; it counts once in the sum.",)),
        tables=(TableRow("labels", "HashTableV2", "string", "int64", ("model.labels",), "lines of labels.txt",
                         ("labels.txt",), ("serving_default",)),),
        ops=OpReport(4_806, 12, 4_000, 806, OPS, (
            UnregisteredOp("MyLibraryOp", 1, "my_library", "pip install my_library", "No release registers it.",
                           ("__inference_call_1",)),),
            (DeviceCount("/device:GPU:0", 3),), "2.4", ("Conv2D",), "2.1", ("MatMul",)),
    )  # fmt: skip


def _pictures(variables: tuple[VariableRow, ...], ops: tuple[OpCount, ...]) -> Pictures:
    def picture(unit: str, of: str, parts: dict[str, list[tuple[str, int]]]) -> Picture:
        total = sum(value for rows in parts.values() for _, value in rows) or 1
        blocks = tuple(
            SizeBlock(name, name, sum(v for _, v in rows), sum(v for _, v in rows) / total, tuple(
                SizeBlock(n.rpartition("/")[2], n, v, v / total) for n, v in rows
            ))
            for name, rows in parts.items()
        )  # fmt: skip
        return Picture(unit, of, total, tuple(sorted(blocks, key=lambda b: -b.value)))  # type: ignore[arg-type]

    by_layer: dict[str, list[tuple[str, int]]] = {}
    for row in variables:
        by_layer.setdefault(row.name.partition("/")[0], []).append((row.name, row.size))
    by_kind = {"mathematics": [(o.op, o.count) for o in ops[:9]], "other": [(o.op, o.count) for o in ops[9:]]}
    return Pictures(picture("bytes", "variable", by_layer), picture("nodes", "op", by_kind))
