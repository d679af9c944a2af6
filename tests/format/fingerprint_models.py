"""Models made to ask for one rule of the fingerprint each, and TensorFlow's own answers."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from smanalyze.format.canonical import message_as_on_the_wire

_CHILD = """
import json, sys
from tensorflow.core.protobuf import fingerprint_pb2
from tensorflow.python.saved_model.pywrap_saved_model import fingerprinting
for directory in open(sys.argv[1], encoding="utf-8").read().splitlines():
    try:
        message = fingerprint_pb2.FingerprintDef.FromString(fingerprinting.CreateFingerprintDef(directory))
        answer = {name: getattr(message, name) for name in sys.argv[2].split(",")}
    except Exception as error:
        answer = {"error": str(error)}
    print(json.dumps(answer), flush=True)
"""
HASHES = "saved_model_checksum,graph_def_program_hash,signature_def_hash,saved_object_graph_hash,checkpoint_hash"


def ask_tensorflow(directories: Sequence[Path]) -> list[dict[str, Any]]:
    """What CreateFingerprintDef says of each directory: five hashes, an error, or the signal that it died of."""
    answers: list[dict[str, Any]] = []
    while len(answers) < len(directories):
        with tempfile.TemporaryDirectory() as folder:
            listing = Path(folder) / "directories"
            listing.write_text("\n".join(map(str, directories[len(answers) :])), encoding="utf-8")
            command = [sys.executable, "-c", _CHILD, str(listing), HASHES]
            child = subprocess.run(command, capture_output=True, check=False, cwd=folder)
        answers += [json.loads(line) for line in child.stdout.splitlines()]
        if len(answers) < len(directories):
            assert child.returncode < 0, child.stderr.decode()[-2000:]
            answers.append({"fatal": signal.Signals(-child.returncode).name})
    return answers


def wire(kind: str, **fields: Any) -> Any:
    """A message of ours whose maps are lists of entries, in any order and number."""
    return message_as_on_the_wire(f"tensorflow.{kind}")(**fields)


def model(**fields: Any) -> Any:
    """A SavedModel of one MetaGraph with a NoOp node, and what ``fields`` of the MetaGraph say."""
    saved = wire("SavedModel", saved_model_schema_version=1)
    meta_graph = saved.meta_graphs.add(**fields)
    meta_graph.graph_def.node.add(name="only", op="NoOp")
    meta_graph.meta_info_def.tags.append("serve")
    return saved


def with_functions(*names: str) -> Any:
    """A model whose concrete functions have these names, each with its place as its bound input."""
    saved = model()
    for number, name in enumerate(names):
        entry = saved.meta_graphs[0].object_graph_def.concrete_functions.add(key=name)
        entry.value.bound_inputs.append(number)
    return saved


def with_attrs(*keys: str) -> Any:
    """A model whose one node has these attrs, in this order."""
    saved = model()
    for number, key in enumerate(keys):
        saved.meta_graphs[0].graph_def.node[0].attr.add(key=key).value.i = number
    return saved


def with_call(function: str, op: str = "PartitionedCall", config: bytes | None = None) -> Any:
    """A model that calls a function from its top level."""
    saved = model()
    node = saved.meta_graphs[0].graph_def.node.add(name="call", op=op)
    node.attr.add(key="f").value.func.name = function
    if config is not None:
        node.attr.add(key="config_proto").value.s = config
    saved.meta_graphs[0].graph_def.library.function.add().signature.name = function
    return saved


def with_call_of_text() -> Any:
    """A call whose attr ``f`` is no function."""
    saved = model()
    saved.meta_graphs[0].graph_def.node.add(name="call", op="PartitionedCall").attr.add(key="f").value.s = b"f_12"
    return saved


def with_constant(dtype: int, content: bytes, op: str = "Const") -> Any:
    """A model with a constant at its top level."""
    saved = model()
    node = saved.meta_graphs[0].graph_def.node.add(name="constant", op=op)
    node.attr.add(key="value").value.tensor.string_val.append(content)
    node.attr.add(key="dtype").value.type = dtype
    return saved


def without_value() -> Any:
    """Map entries that leave out what is zero: a key, a number, a message."""
    saved = model()
    meta_graph = saved.meta_graphs[0]
    meta_graph.graph_def.node[0].attr.add().value.b = True
    meta_graph.graph_def.node[0].attr.add(key="a")
    meta_graph.meta_info_def.function_aliases.add(key="alias")
    meta_graph.signature_def.add(key="s")
    return saved


def unknown_fields() -> bytes:
    """Fields that nobody knows, at the end of the model, of a MetaGraph, and in a map entry beside key and value."""
    extra = b"\xc2\x3e\x03abc"
    saved = with_attrs("b", "a")
    meta_graph = saved.meta_graphs[0]
    meta_graph.MergeFromString(extra)
    meta_graph.graph_def.node[0].attr[0].MergeFromString(extra)
    meta_graph.graph_def.node[0].attr[0].value.MergeFromString(extra)
    return bytes(saved.SerializeToString()) + extra


def edge_models() -> dict[str, bytes]:
    """Name -> saved_model.pb."""
    made = {
        "empty-meta-graph": model(),
        "prefix-keys": with_attrs("Tidx", "T", "", "Tz"),
        "non-ascii-keys": with_attrs("é", "z", "\U0001f600", "\uffee"),
        "duplicate-keys": with_attrs("a", "b", "a"),
        "without-value": without_value(),
        "functions-in-order": with_functions("f_10", "f_9", "g_100", "__inference_h_2"),
        "functions-odd-numbers": with_functions("f_007", "f_+5", "g_-3", "12", "f_ 8 "),
        "call": with_call("__inference_f_12"),
        "call-padded": with_call("f_0012", "StatefulPartitionedCall", b"\x01"),
        "call-other-op": with_call("f_12", "XlaCall", b"\x01"),
        "call-of-text": with_call_of_text(),
        "call-no-number": with_call("f", config=b""),
        "string-constant": with_constant(7, b"secret"),
        "number-constant": with_constant(1, b"secret"),
        "placeholder": with_constant(7, b"secret", "HostConst"),
    }
    return {**{name: saved.SerializeToString() for name, saved in made.items()}, "unknown-fields": unknown_fields()}


def shuffled(data: bytes, seed: int) -> bytes:
    """The same SavedModel with the entries of its maps in another order."""
    chance = random.Random(seed)
    message = message_as_on_the_wire("tensorflow.SavedModel").FromString(data)
    for meta_graph in message.meta_graphs:
        nodes = [*meta_graph.graph_def.node, *(n for f in meta_graph.graph_def.library.function for n in f.node_def)]
        maps = [node.attr for node in nodes]
        maps += [meta_graph.signature_def, meta_graph.collection_def, meta_graph.object_graph_def.concrete_functions]
        maps += [entry.value.inputs for entry in meta_graph.signature_def]
        for entries in maps:
            copies = [type(entry).FromString(entry.SerializeToString()) for entry in entries]
            chance.shuffle(copies)
            if copies:  # else the message that holds the map would come into being
                del entries[:]
                entries.extend(copies)
    return bytes(message.SerializeToString())
