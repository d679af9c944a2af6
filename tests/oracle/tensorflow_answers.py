"""What TensorFlow itself says of a SavedModel directory, as JSON.

    python tensorflow_answers.py DIR [--structures] [--bodies] [--load] [--show]    one document
    python tensorflow_answers.py --many FILE [...]      FILE names a directory a line; one document a line
    python tensorflow_answers.py --many FILE --reach FILE   what Python expressions for the loaded models give
    python tensorflow_answers.py --descriptors          TensorFlow's own proto descriptors

Needs tensorflow and nothing of smanalyze. Some inputs kill TensorFlow (a CHECK failure, a segmentation fault), and
function names depend on what was loaded before, so questions are answered in forks of the process that imported
TensorFlow; where a fork dies the answer is ``{"fatal": "SIGSEGV"}``. Run it as a child process, never import it.

The answer to a question that TensorFlow refuses is ``{"error": "Type: first line"}``. No answer holds an absolute path,
a time, a host name, or anything else that differs from run to run.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import hashlib
import io
import json
import os
import re
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

os.environ |= {"TF_CPP_MIN_LOG_LEVEL": "3", "TF_ENABLE_ONEDNN_OPTS": "0", "CUDA_VISIBLE_DEVICES": "-1"}

# TensorFlow prints where it likes; what is ours goes to the descriptor that stdout was.
ANSWERS = os.fdopen(os.dup(1), "w", encoding="utf-8")
os.dup2(2, 1)

import numpy as np  # noqa: E402  (after the environment is set)
import tensorflow as tf  # noqa: E402
from tensorflow.python.framework.ops import EagerTensor  # noqa: E402
from tensorflow.python.saved_model import load as tf_load  # noqa: E402
from tensorflow.python.saved_model import loader_impl, nested_structure_coder  # noqa: E402
from tensorflow.python.tools import saved_model_cli  # noqa: E402

tf.get_logger().setLevel("ERROR")

MAX_DIGEST_BYTES = 65536
"""Values up to this size are hashed."""

TIMEOUT = 120
"""Seconds for one question, after which the fork is killed."""


# The graph file -----------------------------------------------------------------------------------------------------


def graph_answer(directory: str) -> dict[str, Any]:
    """What the SavedModel proto says, parsed by TensorFlow."""
    saved_model = loader_impl.parse_saved_model(directory)
    return {
        "schema_version": saved_model.saved_model_schema_version,
        "meta_graphs": [meta_graph_answer(meta_graph) for meta_graph in saved_model.meta_graphs],
    }


def meta_graph_answer(meta_graph: Any) -> dict[str, Any]:
    """One MetaGraphDef."""
    graph, info = meta_graph.graph_def, meta_graph.meta_info_def
    ops = Counter(node.op for node in graph.node)
    for function in graph.library.function:
        ops.update(node.op for node in function.node_def)
    answer: dict[str, Any] = {
        "tags": list(info.tags),
        "tensorflow_version": info.tensorflow_version,
        "producer": graph.versions.producer,
        "min_consumer": graph.versions.min_consumer,
        "nodes": len(graph.node),
        "functions": {function.signature.name: len(function.node_def) for function in graph.library.function},
        "ops": dict(ops),
        "signatures": {key: signature_answer(value) for key, value in meta_graph.signature_def.items()},
        "assets": [[asset.filename, asset.tensor_info.name] for asset in meta_graph.asset_file_def],
        "collections": sorted(meta_graph.collection_def),
    }
    if meta_graph.HasField("object_graph_def"):
        objects = meta_graph.object_graph_def
        answer["objects"] = {
            "nodes": len(objects.nodes),
            "kinds": dict(Counter(node.WhichOneof("kind") or "unknown" for node in objects.nodes)),
            "concrete_functions": sorted(objects.concrete_functions),
        }
    return answer


def bodies_answer(directory: str) -> list[dict[str, Any]]:
    """For each MetaGraphDef its bodies by the function's name, "" for the main graph: how often each op stands in it,
    and each function's name in an attr of a node; a node whose op is a function has it as both."""
    found = []
    for meta_graph in loader_impl.parse_saved_model(directory).meta_graphs:
        graph = meta_graph.graph_def
        bodies = {"": graph.node} | {function.signature.name: function.node_def for function in graph.library.function}
        found.append({name: body_answer(nodes, set(bodies)) for name, nodes in bodies.items()})
    return found


def body_answer(nodes: Iterable[Any], functions: set[str]) -> dict[str, Any]:
    """One of them."""
    ops, calls = Counter(node.op for node in nodes), Counter()
    for node in nodes:
        calls.update({node.op} & functions)
        calls.update(names_of_functions(node.attr))
    return {"ops": dict(ops), "calls": dict(calls)}


def names_of_functions(attrs: Any) -> Iterator[str]:
    """Of those in attrs, and of those that they are given for their own attrs."""
    for attr in attrs.values():
        for func in (attr.func, *attr.list.func):
            if func.name:
                yield func.name
                yield from names_of_functions(func.attr)


def signature_answer(signature: Any) -> dict[str, Any]:
    """One SignatureDef."""
    return {
        "method": signature.method_name,
        "inputs": {key: tensor_answer(info) for key, info in signature.inputs.items()},
        "outputs": {key: tensor_answer(info) for key, info in signature.outputs.items()},
        "defaults": {key: normal(tf.make_ndarray(value)) for key, value in signature.defaults.items()},
    }


def tensor_answer(info: Any) -> dict[str, Any]:
    """One TensorInfo; the parts of an encoded one as lists of strings."""
    answer: dict[str, Any] = {"dtype": dtype_name(info.dtype), "shape": shape_of(tf.TensorShape(info.tensor_shape))}
    encoding = info.WhichOneof("encoding")
    if encoding == "coo_sparse":
        sparse = info.coo_sparse
        answer["sparse"] = [
            sparse.indices_tensor_name,
            sparse.values_tensor_name,
            sparse.dense_shape_tensor_name,
        ]
    elif encoding == "composite_tensor":
        composite = info.composite_tensor
        answer["composite"] = [tensor_answer(component) for component in composite.components]
        answer["type_spec"] = composite.type_spec.type_spec_class_name.rsplit(".", 1)[-1]
    else:
        answer["name"] = info.name
    return answer


def dtype_name(number: int) -> str:
    """The name tf.dtypes gives a DataType number; ``invalid`` for none."""
    return str(tf.dtypes.as_dtype(number).name) if number else "invalid"


# Structured values --------------------------------------------------------------------------------------------------


def normal(value: Any) -> Any:
    """Any value of a structured signature as JSON that keeps kinds apart (a tuple from a list, 1 from 1.0)."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    for kinds, form in FORMS:
        if isinstance(value, kinds):
            return form(value)
    return {"other": type(value).__name__}


def shape_of(shape: Any) -> Any:
    """Sizes with null for unknown ones; null for unknown rank."""
    return None if shape.rank is None else shape.as_list()


def _tensor_spec(spec: Any) -> dict[str, Any]:
    return {type(spec).__name__: {"name": spec.name, "shape": shape_of(spec.shape), "dtype": spec.dtype.name}}


def _symbolic(tensor: Any) -> dict[str, Any]:
    return _tensor_spec(tf.TensorSpec(tensor.shape, tensor.dtype))


def _type_spec(spec: Any) -> dict[str, Any]:
    state = spec._serialize()
    return {"TypeSpec": type(spec).__name__, "state": [normal(part) for part in state]}


def _tuple(value: Any) -> dict[str, Any]:
    if hasattr(value, "_fields"):
        return {"namedtuple": type(value).__name__, "fields": [[k, normal(getattr(value, k))] for k in value._fields]}
    return {"tuple": [normal(item) for item in value]}


def _array(value: Any) -> dict[str, Any]:
    array = np.asarray(value)
    dtype = "string" if array.dtype == object else array.dtype.name
    return {"array": dtype, "shape": list(array.shape), "values": [_word(item) for item in array.ravel()]}


def _word(value: Any) -> str:
    """A number as Python writes it, with as few digits as numpy needs for the dtype."""
    if isinstance(value, np.floating):
        return repr(float(str(value)))
    return repr(value.item() if isinstance(value, np.generic) else value)


FORMS: tuple[tuple[Any, Callable[[Any], Any]], ...] = (
    (float, lambda value: {"float": repr(value)}),
    (tf.TensorSpec, _tensor_spec),
    (tf.TypeSpec, _type_spec),
    (tf.DType, lambda value: {"dtype": value.name}),
    (tf.TensorShape, lambda value: {"shape": shape_of(value)}),
    (dict, lambda value: {"dict": {str(key): normal(item) for key, item in value.items()}}),
    (tuple, _tuple),
    (list, lambda value: {"list": [normal(item) for item in value]}),
    (tf.Tensor, lambda value: _array(value.numpy()) if isinstance(value, EagerTensor) else _symbolic(value)),
    ((np.ndarray, np.generic), _array),
)  # fmt: skip


def structures_answer(directory: str) -> list[dict[str, Any]]:
    """Every concrete function's structured values, decoded without loading the model."""
    answers = []
    for meta_graph in loader_impl.parse_saved_model(directory).meta_graphs:
        functions = meta_graph.object_graph_def.concrete_functions
        answers.append({name: attempt(partial(structured, proto)) for name, proto in functions.items()})
    return answers


def structured(proto: Any) -> dict[str, Any]:
    """One SavedConcreteFunction."""
    decode = nested_structure_coder.decode_proto
    return {
        "inputs": normal(decode(proto.canonicalized_input_signature)),
        "outputs": normal(decode(proto.output_signature)),
        "captures": list(proto.bound_inputs),
    }


def sort_decoded_dicts() -> None:
    """Make TensorFlow decode dicts in the order of their keys: its own order differs from process to process."""
    decode = nested_structure_coder._DictCodec.do_decode
    nested_structure_coder._DictCodec.do_decode = lambda *given: dict(sorted(decode(*given).items()))


sort_decoded_dicts()


# The checkpoint -----------------------------------------------------------------------------------------------------


def checkpoint_answer(directory: str) -> dict[str, Any] | None:
    """Key -> [dtype, shape, digest] as tf.train.load_checkpoint reads it. The digest of a big value is null, of one
    that TensorFlow does not read ``error``."""
    prefix = f"{directory}/variables/variables"
    if not Path(f"{prefix}.index").exists():
        return None
    reader = tf.train.load_checkpoint(prefix)
    dtypes = reader.get_variable_to_dtype_map()
    return {
        key: [dtypes[key].name, shape, value_digest(reader, key, dtypes[key], shape)]
        for key, shape in reader.get_variable_to_shape_map().items()
    }


def value_digest(reader: Any, key: str, dtype: Any, shape: list[int]) -> str | None:
    """The first 16 hex digits of the SHA-256 of the value's bytes; a string counts as its length, then itself."""
    size = dtype.size if dtype != tf.string else 16
    if int(np.prod(shape, dtype=object)) * (size or 1) > MAX_DIGEST_BYTES:
        return None
    try:
        value = reader.get_tensor(key)
    except Exception:
        return "error"
    return digest(value)


def digest(value: Any) -> str:
    """See value_digest."""
    if isinstance(value, bytes):
        value = np.array(value, dtype=object)
    if value.dtype.kind == "O":
        items = value.ravel().tolist()
        data = b"".join(len(item).to_bytes(8, "little") + item for item in items)
    else:
        data = np.ascontiguousarray(value).tobytes()
    return hashlib.sha256(data).hexdigest()[:16]


def fingerprint_answer(directory: str) -> dict[str, Any]:
    """The fingerprint that TensorFlow computes now, whatever fingerprint.pb says; numbers as text."""
    from tensorflow.core.protobuf import fingerprint_pb2
    from tensorflow.python.saved_model.pywrap_saved_model import fingerprinting

    message = fingerprint_pb2.FingerprintDef.FromString(fingerprinting.CreateFingerprintDef(directory))
    fields = (
        "saved_model_checksum", "graph_def_program_hash", "signature_def_hash", "saved_object_graph_hash",
        "checkpoint_hash",
    )  # fmt: skip
    return {name: str(getattr(message, name)) for name in fields}


# The loaded model ---------------------------------------------------------------------------------------------------


class WatchedLoader(tf_load.Loader):  # type: ignore[misc]
    """TensorFlow's loader, which remembers itself: the objects by node id are its own only."""

    last: WatchedLoader | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        WatchedLoader.last = self


tf_load.Loader = WatchedLoader


def load_answer(directory: str) -> list[Any]:
    """For each MetaGraph, what tf.saved_model.load makes of it."""
    tag_sets = [list(m.meta_info_def.tags) for m in loader_impl.parse_saved_model(directory).meta_graphs]
    if not tag_sets:
        return [attempt(partial(loaded_answer, directory, None))]
    return [attempt(partial(loaded_answer, directory, tags)) for tags in tag_sets]


def loaded_answer(directory: str, tags: list[str] | None) -> dict[str, Any]:
    """The signatures, callables and variables of a model when it is loaded."""
    root = tf.saved_model.load(directory, tags=tags)
    answer: dict[str, Any] = {"signatures": {key: concrete_answer(f) for key, f in root.signatures.items()}}
    loader = WatchedLoader.last
    WatchedLoader.last = None
    if loader is None:
        answer["variables"] = [[None, *variable_answer(variable)] for variable in root.variables]
        return answer
    paths = paths_of(loader._proto)
    answer["callables"] = []
    answer["variables"] = []
    for number, proto in enumerate(loader._proto.nodes):
        node, kind = loader.get(number), proto.WhichOneof("kind")
        if kind in ("function", "bare_concrete_function"):
            answer["callables"].append({"id": number, "path": paths.get(number), **callable_answer(node)})
        elif kind == "variable":
            answer["variables"].append([number, *variable_answer(node)])
    return answer


def paths_of(objects: Any) -> dict[int, str]:
    """Node id -> the shortest path of names from the root; the first in file order of equally short ones."""
    paths = {0: ""}
    queue = [0]
    for number in queue:
        for child in objects.nodes[number].children:
            if child.node_id not in paths:
                paths[child.node_id] = f"{paths[number]}.{child.local_name}".lstrip(".")
                queue.append(child.node_id)
    return paths


def callable_answer(node: Any) -> dict[str, Any]:
    """A tf.function with its traces in order, or a bare concrete function (one trace, no argument spec)."""
    if not hasattr(node, "_list_all_concrete_functions_for_serialization"):
        return {"traces": [trace_answer(node)]}
    traces = node._list_all_concrete_functions_for_serialization()
    return {"spec": argument_spec(node), "traces": [trace_answer(trace) for trace in traces]}


def argument_spec(function: Any) -> dict[str, Any]:
    """The arguments of a restored tf.function: names by kind, and the defaults it knows."""
    parameters = list(function.function_type.parameters.values())
    kinds: dict[str, list[str]] = {}
    for parameter in parameters:
        kinds.setdefault(parameter.kind.name.lower(), []).append(parameter.name)
    defaults = {name: normal(value) for name, value in (function._default_values or {}).items()}
    return {**kinds, "defaults": defaults}


def reached_answer(directory: str, expressions: list[str]) -> dict[str, int | None]:
    """Expression -> the id of the function that runs when what it gives is called, null where there is none.
    ``model`` in it is the loaded model."""
    root = tf.saved_model.load(directory)
    loader, WatchedLoader.last = WatchedLoader.last, None
    assert loader is not None
    kinds = [node.WhichOneof("kind") for node in loader._proto.nodes]
    ids = {id(loader.get(i)): i for i, kind in enumerate(kinds) if kind in ("function", "bare_concrete_function")}
    found: dict[str, int | None] = {}
    for text in expressions:
        found[text] = None
        with contextlib.suppress(Exception):
            value = reach(ast.parse(text, mode="eval").body, root)
            found[text] = ids.get(id(value if id(value) in ids else value.__call__))
    return found


def reach(expression: ast.expr, root: Any) -> Any:
    """The value of an expression of names, indices and getattr only: the names come from the model."""
    match expression:
        case ast.Name("model"):
            return root
        case ast.Attribute(value, name):
            return getattr(reach(value, root), name)
        case ast.Subscript(value, ast.Constant(key)):
            return reach(value, root)[key]
        case ast.Call(ast.Name("getattr"), [value, ast.Constant(str(name))]):
            return getattr(reach(value, root), name)
    raise ValueError(f"Not tried: {ast.dump(expression)}")


def concrete_answer(function: Any) -> dict[str, Any]:
    """One concrete function: what goes in (positional and keyword arguments) and out."""
    return {"inputs": normal(function.structured_input_signature), "outputs": normal(function.structured_outputs)}


def trace_answer(function: Any) -> dict[str, Any]:
    """One trace of a callable, also as TensorFlow prints each argument and what is returned."""
    arguments, keywords = function.structured_input_signature
    texts = [repr(value) for value in (*arguments, *keywords.values())]
    return {**concrete_answer(function), "texts": texts, "returns": repr(function.structured_outputs)}


def variable_answer(variable: Any) -> list[Any]:
    """Name, dtype, shape, trainable."""
    return [variable.name, variable.dtype.name, shape_of(variable.shape), bool(variable.trainable)]


def show_answer(directory: str) -> str:
    """The text of ``saved_model_cli show --all``, with the set of ops in sorted order."""

    class SortedSet(set):  # type: ignore[type-arg]
        def __repr__(self) -> str:
            return "{" + ", ".join(map(repr, sorted(self))) + "}" if self else "set()"

    original = saved_model_cli._get_ops_in_metagraph
    saved_model_cli._get_ops_in_metagraph = lambda meta_graph: SortedSet(original(meta_graph))
    text = io.StringIO(newline="")
    with contextlib.redirect_stdout(text):
        saved_model_cli._show_all(directory)
    return text.getvalue()


# Asking -------------------------------------------------------------------------------------------------------------

QUESTIONS: dict[str, Callable[[str], Any]] = {
    "graph": graph_answer,
    "checkpoint": checkpoint_answer,
    "fingerprint": fingerprint_answer,
    "bodies": bodies_answer,
    "structures": structures_answer,
    "load": load_answer,
    "show": show_answer,
}
TRACELESS = ("graph", "checkpoint", "fingerprint", "structures", "bodies")
ALWAYS = ("graph", "checkpoint", "fingerprint")
OPTIONAL = ("structures", "bodies", "load", "show")


def attempt(question: Callable[[], Any]) -> Any:
    """The answer, or what was raised instead."""
    try:
        return question()
    except Exception as error:
        return {"error": described(error)}


def described(error: BaseException) -> str:
    """Type and first line of an exception, without what differs from machine to machine."""
    lines = str(error).strip().splitlines()
    line = re.sub(r"running on \S+", "running on <host>", lines[0] if lines else "")
    return f"{type(error).__name__}: {line}"[:300]


def in_fork(names: Iterable[str], directory: str) -> dict[str, Any] | str:
    """The answers to these questions, given by a fork of this process; or what killed the fork."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        found = {name: attempt(partial(QUESTIONS[name], directory)) for name in names}
        with os.fdopen(writing, "w", encoding="utf-8") as file:
            file.write(json.dumps(found, sort_keys=True).replace(json.dumps(directory)[1:-1], "<model>"))
        os._exit(0)
    os.close(writing)
    timer = Killer(child)
    with os.fdopen(reading, encoding="utf-8") as file:
        text = file.read()
    _, status = os.waitpid(child, 0)
    timer.cancel()
    code = os.waitstatus_to_exitcode(status)
    if code == 0:
        answer: dict[str, Any] = json.loads(text)
        return answer
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"


def answers(directory: str, questions: Iterable[str]) -> dict[str, Any]:
    """One document: the answer to each question.

    Forking such a big process takes time, so those that leave no trace in the process share a fork until it dies.
    """
    directory = directory.rstrip("/")
    together = [name for name in questions if name in TRACELESS]
    answer: dict[str, Any] = {}
    for group in filter(None, [together, *([name] for name in questions if name not in TRACELESS)]):
        found = in_fork(group, directory)
        if not isinstance(found, str):
            answer |= found
            continue
        for name in group:
            alone = in_fork([name], directory) if len(group) > 1 else found
            answer[name] = {"fatal": alone} if isinstance(alone, str) else alone[name]
    return answer


class Killer:
    """Kills a process that takes longer than TIMEOUT, by an alarm."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        signal.signal(signal.SIGALRM, self)
        signal.alarm(TIMEOUT)

    def __call__(self, *_: Any) -> None:
        os.kill(self.pid, signal.SIGXCPU)

    def cancel(self) -> None:
        signal.alarm(0)


# TensorFlow's protos ------------------------------------------------------------------------------------------------


def descriptor_answer() -> dict[str, str]:
    """The proto files behind SavedModels and checkpoints, each a serialized FileDescriptorProto in hex; a file stands
    after those it imports."""
    from google.protobuf import descriptor_pool
    from tensorflow.core.framework import graph_debug_info_pb2  # noqa: F401  (importing registers the file)
    from tensorflow.core.protobuf import fingerprint_pb2, saved_model_pb2, tensor_bundle_pb2  # noqa: F401
    from tensorflow.python.keras.protobuf import saved_metadata_pb2

    files: dict[str, str] = {}

    def add(file: Any) -> None:
        for dependency in file.dependencies:
            add(dependency)
        files[file.name] = file.serialized_pb.hex()

    for name in ("protobuf/saved_model", "protobuf/fingerprint", "protobuf/tensor_bundle", "framework/graph_debug_info",
                 "framework/variable"):  # fmt: skip
        add(descriptor_pool.Default().FindFileByName(f"tensorflow/core/{name}.proto"))
    add(saved_metadata_pb2.DESCRIPTOR)
    return files


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("directory", nargs="?")
    parser.add_argument("--many", metavar="FILE")
    for name in OPTIONAL:
        parser.add_argument(f"--{name}", action="store_true")
    parser.add_argument("--seconds", action="store_true", help="add the time each directory took")
    parser.add_argument("--reach", metavar="FILE", help="JSON: directory -> Python expressions for the loaded model")
    parser.add_argument("--descriptors", action="store_true")
    given = parser.parse_args()
    if given.descriptors:
        print(json.dumps(descriptor_answer()), file=ANSWERS, flush=True)
        return
    lines = Path(given.many).read_text(encoding="utf-8").splitlines() if given.many else [given.directory]
    questions = [*ALWAYS, *(name for name in OPTIONAL if getattr(given, name))]
    if given.reach:
        expressions = json.loads(Path(given.reach).read_text(encoding="utf-8"))
        QUESTIONS["reach"] = lambda directory: reached_answer(directory, expressions.get(directory, []))
        questions = ["reach"]
    for line in lines:
        started = time.monotonic()
        answer = {"tensorflow": tf.__version__, **answers(line, questions)}
        if given.seconds:
            answer["seconds"] = round(time.monotonic() - started, 2)
        print(json.dumps(answer, sort_keys=True), file=ANSWERS, flush=True)


if __name__ == "__main__":
    main()
