"""A model of many inputs, for tests of what that costs."""

from __future__ import annotations

from pathlib import Path

import smanalyze
from smanalyze.model.saved_model import SavedModel
from tests.format.protos import proto

FLOATS = "attr { key: 'dtype' value { type: DT_FLOAT } }"
SEVEN = "attr { key: 'value' value { tensor { dtype: DT_FLOAT tensor_shape { dim { size: 7 } } float_val: 1 } } }"


def model_of_many(folder: Path, count: int) -> SavedModel:
    """Its inputs have related names and unknown sizes; a constant is added to each, which fixes the last."""
    numbers = range(count)
    nodes = f"node {{ name: 'c' op: 'Const' {FLOATS} {SEVEN} }}"
    nodes += "".join(
        f"node {{ name: 'x_{k}' op: 'Placeholder' {FLOATS} }}"
        f"node {{ name: 'y_{k}' op: 'AddV2' input: 'x_{k}' input: 'c' }}"
        for k in numbers
    )
    nodes += "node { name: 'y' op: 'AddN' " + " ".join(f"input: 'y_{k}'" for k in numbers) + " }"
    sizes = "tensor_shape { dim { size: -1 } dim { size: -1 } }"
    inputs = "".join(
        f"inputs {{ key: 'feature_{k}' value {{ name: 'x_{k}:0' dtype: DT_FLOAT {sizes} }} }}" for k in numbers
    )
    text = f"""
      saved_model_schema_version: 1
      meta_graphs {{ meta_info_def {{ tags: 'serve' }} graph_def {{ {nodes} }}
        signature_def {{ key: 's' value {{ {inputs} outputs {{ key: 'y' value {{ name: 'y:0' dtype: DT_FLOAT }} }} }} }}
      }}"""
    (folder / "saved_model.pb").write_bytes(proto("SavedModel", text).SerializeToString())
    return smanalyze.load(folder)
