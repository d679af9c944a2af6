"""The pieces of which the reports in sample.py are made."""

from __future__ import annotations

from dataclasses import replace

from smanalyze.model.tensors import Shape, Structure
from smanalyze.report.findings import Finding, Location, Severity
from smanalyze.report.sections import Layer, SliceRow, VariableRow
from smanalyze.report.tensors import Argument, OpCount, Reach, SignatureReport, Snippet, Tensor, TensorComponent

NO_REACH = Reach(0, 0, (), (), (), 0, (), (), (), (), ())


def variable(name: str, shape: Shape = (64, 32), role: str = "weight", size: int = 8192, **more: object) -> VariableRow:
    """A float32 variable that is used by serving_default."""
    row = VariableRow(
        name=name, checkpoint_keys=(f"{name}/.ATTRIBUTES/VARIABLE_VALUE",), object_paths=(f"model.{name}",),
        dtype="float32", shape=shape, elements=size // 4, size=size, presence="present", shard=0, trainable=True,
        role=role, device="", distribution=(), slices=(), used_by=("serving_default",), used_by_functions=3,
        written_by=(), copy_of=None, slot_of=None, crc32c="0x1234abcd", layer=name.rpartition("/")[0],
        meta_graphs=(0,),
    )  # fmt: skip
    return replace(row, **more)  # type: ignore[arg-type]


def layer(path: str, class_name: str, parameters: int = 0, depth: int = 0, **more: object) -> Layer:
    """A layer with its kernel."""
    row = Layer(
        path=path, name=path.rpartition("/")[2], class_name=class_name, depth=depth,
        output_shapes=((None, 112, 112, 64),), dtype="float32", parameters=parameters,
        trainable_parameters=parameters, trainable=True, variables=(f"{path}/kernel",) if parameters else (), nodes=12,
        inbound=(),
    )  # fmt: skip
    return replace(row, **more)  # type: ignore[arg-type]


def finding(number: int, severity: Severity, message: str, **more: object) -> Finding:
    """A finding in serving_default."""
    row = Finding(
        id=f"{number:012x}", rule="sig-unnamed-dimension", severity=severity,
        where=Location(signature="serving_default", node="x"), message=message,
        why="A request with another size is rejected by `TensorFlow Serving`, at run time and one at a time.",
        fix="Export with `None` in the place of the batch size.", evidence=("x: float32 (1, 224, 224, 3)",),
    )  # fmt: skip
    return replace(row, **more)  # type: ignore[arg-type]


REACH = Reach(
    nodes=1509, functions=7, function_names=("__inference_call_1", "__inference_call_2"),
    ops=(OpCount("Conv2D", 53), OpCount("MyLibraryOp", 1)), variables=("conv1/kernel", "dense/kernel"),
    parameters=25_636_712, tables=("labels",), assets=("labels.txt",), changes=("counter",),
    random_ops=("RandomUniform",), unregistered_ops=("MyLibraryOp",),
)  # fmt: skip

ARGUMENT = Argument(
    name="inputs", text="{'image': TensorSpec(...), 'boxes': (RaggedTensorSpec, 3)}",
    value=Structure("dict", items=(
        Structure("tensor", key="image", name="image", dtype="float32", shape=(None, 224, 224, 3)),
        Structure("tuple", key="boxes", items=(
            Structure("type_spec", name="RaggedTensorSpec", value=9, items=(
                Structure("shape", key="shape", shape=(None, None)), Structure("dtype", key="dtype", dtype="int64"),
            )),
            Structure("int", value=3), Structure("none"),
        )),
    )),
    default="None",
)  # fmt: skip

SIGNATURE = SignatureReport(
    key="serving_default", method_name="tensorflow/serving/predict",
    inputs=(
        Tensor("image", "float32", (None, 224, 224, 3), "dense", "serving_default_image:0"),
        Tensor("boxes", "int64", (None, None), "ragged", "", type_spec="RaggedTensorSpec", default="[]", components=(
            TensorComponent("values", "serving_default_boxes:0", "int64", (None,)),
            TensorComponent("row_splits", "serving_default_boxes_1:0", "int64", (None,)),
        )),
    ),
    outputs=(Tensor("probabilities", "float32", (None, 1000), "dense", "StatefulPartitionedCall:0"),),
    arguments=(ARGUMENT,), backed_by="__inference_call_1", reach=REACH,
    snippets=(
        Snippet("python", "Call it from Python", 'import tensorflow as tf\nmodel = tf.saved_model.load("resnet50")\n'
                'out = model.signatures["serving_default"](image=tf.zeros([1, 224, 224, 3]))'),
        Snippet("rest", "Ask TensorFlow Serving", "curl -d '{\"instances\": [[0.0]]}' http://localhost:8501/v1/models/m",
                "Ragged inputs cannot be sent this way."),
    ),
)  # fmt: skip

STAGES = (("conv1", 9_472), ("conv2", 215_808), ("conv3", 1_219_584), ("conv4", 7_098_368), ("conv5", 14_964_736))


def layers() -> tuple[Layer, ...]:
    rows = [layer("input_1", "InputLayer")]
    for name, parameters in STAGES:
        rows.append(layer(name, "Functional", parameters, variables=(), inbound=(rows[-1].path,)))
        rows += [layer(f"{name}/block{i}", "Conv2D", parameters // 4, depth=1, inbound=(name,)) for i in range(4)]
    return (*rows, layer("dense", "Dense", 2_049_000, trainable=False, trainable_parameters=0, output_shapes=(None,)))


def variables() -> tuple[VariableRow, ...]:
    rows = [
        variable(f"{name}/block{i}/kernel", (3, 3, 64, parameters // 2304), size=parameters)
        for name, parameters in STAGES
        for i in range(4)
    ]
    pieces = tuple(SliceRow(f"{i * 512}:{i * 512 + 512},0:1000", i, 0, 2_048_000) for i in range(4))
    return (
        variable("conv1/kernel", (7, 7, 3, 64), size=37_632),
        *rows,
        variable("dense/kernel", (2048, 1000), size=8_192_000, slices=pieces, trainable=False, presence="not-fetched"),
        variable("counter", (), "counter", 8, dtype="int64", trainable=None, written_by=("serving_default",)),
        variable("optimizer/m", (2048, 1000), "optimizer", 8_192_000, slot_of="dense/kernel", used_by=()),
        variable("copy", (7, 7, 3, 64), "copy", 37_632, copy_of="conv1/kernel", device="/device:GPU:0"),
    )
