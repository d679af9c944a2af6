"""TensorFlow's word for the op risk table: where its OpDefs have the operands, and what some ops did when they ran."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from smanalyze.graph import op_attrs, op_risk, ops

ROOT = Path(__file__).resolve().parents[2]
NO_STRING = {"Abort", "SleepOp", "SleepIdentityOp", "SleepDataset", "ExperimentalSleepDataset"}


def check_operands(documents: list[dict[str, Any]]) -> int:
    """How many operands of registered ops are strings where the table says; fails where one is not."""
    checked = 0
    for document in documents:
        for op, definition in document["ops"].items():
            for risk in op_risk.risks(op):
                if risk.input_index is not None:
                    argument = definition["in"][risk.input_index]
                    before = definition["in"][: risk.input_index]
                    assert not any(arg.get("number_attr") or arg.get("type_list_attr") for arg in before), op
                    assert argument.get("type") == 7 or op in NO_STRING, op  # DT_STRING
                elif risk.attr is not None:
                    kinds = {attr["name"]: attr["type"] for attr in definition["attr"]}
                    if op_attrs.attr_first_release(op, risk.attr) and risk.attr not in kinds:
                        continue  # older than the attr
                    assert kinds[risk.attr] in ("string", "list(string)") or op in NO_STRING, op
                    defaults = {attr["name"]: attr["default"] for attr in definition["attr"]}
                    assert not risk.only_if or defaults[risk.attr], op
                checked += bool(risk.operand)
    return checked


def test_operands_are_those_of_every_release() -> None:
    folder = os.environ.get("SMANALYZE_CORPUS")
    registries = Path(folder or "") / ".." / "data" / "op_registry"
    if not folder or not registries.exists():
        pytest.skip("the registries are not beside the corpus")
    sys.path.insert(0, str(ROOT / "tools"))
    try:
        from make_op_registry import read_documents
    finally:
        sys.path.pop(0)
    assert check_operands(read_documents(registries)) > 2000


PROOF = """
import json, os, sys
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import tensorflow as tf
from tensorflow import raw_ops as raw
here = sys.argv[1]
def at(name): return os.path.join(here, name)
told = {}
def tell(name, run):
    before = set(os.listdir(here))
    try: run()
    except tf.errors.OpError: pass
    told[name] = sorted(set(os.listdir(here)) - before)
one = tf.constant([1.0])
device = "/job:localhost/replica:0/task:0/device:CPU:0"
def debug(url):
    return lambda: raw.DebugIdentityV3(input=one, device_name=device, tensor_name="a:0", debug_urls=[url])
tell("PrintV2 stderr", lambda: raw.PrintV2(input="x", output_stream="stderr"))
tell("PrintV2 file", lambda: raw.PrintV2(input="x", output_stream="file://" + at("print")))
tell("DebugIdentityV3 file", debug("File://" + at("debug")))
tell("CacheDatasetV2 memory", lambda: list(tf.data.Dataset.range(1).cache()))
tell("CacheDatasetV2 file", lambda: list(tf.data.Dataset.range(1).cache(at("cache"))))
query = "create table t(a int)"
tell("SqlDataset", lambda: list(tf.data.experimental.SqlDataset("sqlite", at("db"), query, (tf.int32,))))
with open(at("outside"), "wb") as file: file.write(one.numpy().tobytes())
@tf.function
def mapped(): return raw.ImmutableConst(dtype=tf.float32, shape=[1], memory_region_name=at("outside"))
told["ImmutableConst"] = mapped().numpy().tolist()
@tf.function
def writes(x):
    tf.io.write_file(at("hidden"), "x")
    return x
inner = raw.DatasetToGraphV2(
    input_dataset=tf.data.Dataset.range(1).map(writes)._variant_tensor, external_state_policy=1
)
@tf.function(input_signature=[tf.TensorSpec([], tf.string)])
def plays(graph):
    dataset = raw.DatasetFromGraph(graph_def=graph)
    return raw.DatasetToSingleElement(dataset=dataset, output_types=[tf.int64], output_shapes=[[]])
tell("DatasetFromGraph", lambda: plays(inner))
told["its ops"] = sorted({node.op for node in plays.get_concrete_function().graph.as_graph_def().node})
from tensorflow.python.framework import op_def_registry
for risk in sys.argv[2:]:
    op, attr = risk.split()
    (value,) = (one.default_value for one in op_def_registry.get(op).attr if one.name == attr)
    assert value.WhichOneof("value") in ("s", "list"), risk
    told["default " + risk] = [text.decode() for text in value.list.s or [value.s] if text]
print(json.dumps(told))
"""


@pytest.mark.tensorflow
def test_tensorflow_does_what_the_table_says(tmp_path: Path) -> None:
    """Conditions of ``only_if`` in both ways, their attrs' defaults, and the risks that no name tells of."""
    if importlib.util.find_spec("tensorflow") is None:
        pytest.skip("TensorFlow is not installed")
    hanging = [risk for op in ops.registered_ops() for risk in op_risk.risks(op) if risk.only_if and risk.attr]
    attrs = sorted({f"{risk.op} {risk.attr}" for risk in hanging})
    command = [sys.executable, "-c", PROOF, str(tmp_path), *attrs]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr[-1000:]
    told = json.loads(done.stdout.splitlines()[-1])
    defaults = {name: told.pop(f"default {name}") for name in attrs}
    assert [risk for risk in hanging if any(map(risk.applies_to, defaults[f"{risk.op} {risk.attr}"]))] == []
    assert told == {
        "PrintV2 stderr": [],
        "PrintV2 file": ["print"],
        "DebugIdentityV3 file": ["debug"],
        "CacheDatasetV2 memory": [],
        "CacheDatasetV2 file": ["cache.data-00000-of-00001", "cache.index"],
        "SqlDataset": ["db"],
        "ImmutableConst": [1.0],
        "DatasetFromGraph": ["hidden"],
        "its ops": ["DatasetFromGraph", "DatasetToSingleElement", "Identity", "NoOp", "Placeholder"],
    }
