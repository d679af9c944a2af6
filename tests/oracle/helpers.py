"""Our reading of a model in the form of tensorflow_answers.py, and how that script is asked."""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import smanalyze
from smanalyze.errors import FormatError
from smanalyze.model.bundle import BundleEntry
from smanalyze.model.checkpoint import Checkpoint
from smanalyze.model.graph import Graph
from smanalyze.model.objects import ConcreteFunction, FunctionSpec, ObjectGraph, SavedObject
from smanalyze.model.saved_model import MetaGraph, SavedModel, Signature
from smanalyze.model.tensors import Shape, Structure, TensorInfo

ROOT = Path(__file__).resolve().parents[2]
MODELS = ROOT / "testdata" / "models"
BROKEN = ROOT / "testdata" / "broken"
STORED = ROOT / "testdata" / "oracle"
SCRIPT = Path(__file__).with_name("tensorflow_answers.py")

MAX_DIGEST_BYTES = 65536
"""As in tensorflow_answers.py."""


# Where things are ---------------------------------------------------------------------------------------------------


def model_directories() -> dict[str, Path]:
    """Every SavedModel below testdata/models by the name its stored answers have: its path with ``--`` for ``/``."""
    files = [*MODELS.rglob("saved_model.pb"), *MODELS.rglob("saved_model.pbtxt")]
    return {file.parent.relative_to(MODELS).as_posix().replace("/", "--"): file.parent for file in sorted(files)}


def stored_answers(name: str) -> dict[str, Any]:
    """The answers that testdata/oracle keeps for a model."""
    answers: dict[str, Any] = json.loads((STORED / f"{name}.json").read_text(encoding="utf-8"))
    return answers


def corpus() -> Path | None:
    """The folder of other people's models, where the environment names one."""
    named = os.environ.get("SMANALYZE_CORPUS")
    return Path(named) if named else None


def corpus_names() -> list[str]:
    """The names of the corpus's models, none where there is no corpus: for parametrize."""
    folder = corpus()
    return sorted(entry.name for entry in (folder / "public").iterdir()) if folder else []


# Asking TensorFlow --------------------------------------------------------------------------------------------------


def has_tensorflow() -> bool:
    """Whether TensorFlow is installed, without importing it."""
    return importlib.util.find_spec("tensorflow") is not None


def ask(directories: Sequence[Path], *options: str) -> list[dict[str, Any]]:
    """TensorFlow's answers for each directory, in order, from one child process that is started anew if it dies.

    The script answers in forks of itself, whose death it reports; a directory that kills the script nevertheless gets
    ``{"fatal": "SIGSEGV"}``. Raises RuntimeError where the script ends by itself too early.
    """
    answers: list[dict[str, Any]] = []
    while len(answers) < len(directories):
        found, code, said = _ask_once(directories[len(answers) :], options)
        answers += found
        if len(answers) < len(directories):
            if code >= 0:
                raise RuntimeError(f"{SCRIPT.name} ended with exit code {code}:\n{said[-2000:]}")
            answers.append({"fatal": signal.Signals(-code).name})
    return answers


def _ask_once(directories: Sequence[Path], options: Sequence[str]) -> tuple[list[dict[str, Any]], int, str]:
    with tempfile.TemporaryDirectory() as folder:
        listing = Path(folder) / "directories"
        listing.write_text("".join(f"{directory}\n" for directory in directories), encoding="utf-8")
        command = [sys.executable, str(SCRIPT), "--many", str(listing), *options]
        child = subprocess.run(command, capture_output=True, check=False, cwd=folder)
    answers = [json.loads(line) for line in child.stdout.splitlines()]
    return answers, child.returncode, child.stderr.decode(errors="replace")


def ask_what_is_reached(expressions: dict[Path, list[str]]) -> list[Any]:
    """For each directory, expression -> the id of the function that a call of it runs in the loaded model."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "expressions.json"
        file.write_text(json.dumps({str(path): texts for path, texts in expressions.items()}), encoding="utf-8")
        return [answer.get("reach") for answer in ask(list(expressions), "--reach", str(file))]


def ask_descriptors() -> list[bytes]:
    """TensorFlow's proto files, each a serialized FileDescriptorProto that stands after those it imports."""
    child = subprocess.run(
        [sys.executable, str(SCRIPT), "--descriptors"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True
    )
    return [bytes.fromhex(file) for file in json.loads(child.stdout).values()]


# Comparing ----------------------------------------------------------------------------------------------------------


def differences(ours: Any, theirs: Any, where: str = "") -> Iterator[str]:
    """Where two JSON values differ, as lines of ``place: ours != TensorFlow's``; 1, 1.0 and true are three things."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key in sorted(set(ours) | set(theirs)):
            place = f"{where}/{key}"
            if key not in ours or key not in theirs:
                yield f"{place}: {'only TensorFlow has' if key in theirs else 'only we have'} it"
            else:
                yield from differences(ours[key], theirs[key], place)
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for number, (one, other) in enumerate(zip(ours, theirs, strict=True)):
            yield from differences(one, other, f"{where}/{number}")
    elif json.dumps(ours) != json.dumps(theirs):
        yield f"{where}: {json.dumps(ours)[:300]} != {json.dumps(theirs)[:300]}"


#: (model, where a difference begins) -> why TensorFlow and we may differ there. Every other difference is a fault.
REASONS: dict[tuple[str, str], str] = {
    ("tables_and_assets", "load: /0/signatures/serving_default/outputs/prices/1:"): (
        "The SignatureDef says [None], the concrete function's output_signature says unknown rank: a hash table's "
        "lookup loses its shape on the way. Loading shows the latter; a SignatureReport states the former."
    ),
    ("duplicate_nodes", "graph: /meta_graphs/0/ops/"): (
        "A function is there twice. Of equal names the last counts, so its nodes count once; that it is there twice "
        "is for a rule to say."
    ),
    (
        "index_unsorted_keys",
        "checkpoint: ",
    ): "The keys are out of order: TensorFlow lists what it then cannot find.",
    ("signature_dangling", "load: /0/signatures/serving_default/"): (
        "The entries that point nowhere stand in the SignatureDef alone; loading shows those of the concrete function."
    ),
    ("shard_bad_crc", "checkpoint: /kernel/"): "TensorFlow checks a CRC whenever it reads, we where it is asked for.",
}


def disagreements(name: str, aspect: str, model: SavedModel, answers: dict[str, Any]) -> list[str]:
    """Where our reading of a model and one of TensorFlow's answers differ without a reason."""
    found = (f"{aspect}: {line}" for line in ASPECTS[aspect](model, answers[ANSWERED_BY.get(aspect, aspect)]))
    return [line for line in found if not any(model == name and line.startswith(at) for model, at in REASONS)]


def _refused(answer: Any) -> bool:
    """Whether an answer is the error it ended with (a checkpoint's key may be called ``error``: that is a list)."""
    return isinstance(answer, dict) and any(isinstance(answer.get(word), str) for word in ("error", "fatal"))


def compare_graph(model: SavedModel, answer: Any) -> Iterator[str]:
    """The graph file: tags, signatures, nodes, functions, ops, assets, objects."""
    if _refused(answer):
        if not any(lost.part == "graph" for lost in model.unreadable):
            yield f"TensorFlow cannot parse it ({answer}), we find nothing wrong"
        return
    yield from differences(graph_form(model), default_values(answer))


def compare_checkpoint(model: SavedModel, answer: Any) -> Iterator[str]:
    """Keys, dtypes, shapes and values. Where TensorFlow gives up nothing is compared: we go on."""
    if not _refused(answer):
        yield from differences(checkpoint_form(model.checkpoint), answer)


def compare_fingerprint(model: SavedModel, answer: Any) -> Iterator[str]:
    """The stored fingerprint and the one TensorFlow computes; a model may have none."""
    if model.fingerprint is not None:
        yield from differences({field: str(getattr(model.fingerprint, field)) for field in answer}, answer)


def compare_structures(model: SavedModel, answer: Any) -> Iterator[str]:
    """Structured values and captures of every concrete function, also of a model that cannot be loaded."""
    if _refused(answer):
        return
    for meta_graph, theirs in zip(model.meta_graphs, answer, strict=True):
        ours = structures_form(meta_graph.objects)
        # A TypeSpec of a library that is not installed: TensorFlow gives up, we keep its class and state.
        unknown = {key for key, value in theirs.items() if "has not been registered" in value.get("error", "")}
        ours = {key: value for key, value in ours.items() if key not in unknown}
        yield from differences(ours, {key: value for key, value in theirs.items() if key not in unknown})


def compare_load(model: SavedModel, answer: Any) -> Iterator[str]:
    """Callables, variables and signatures of the loaded model, for each MetaGraph that loads."""
    if _refused(answer):
        return
    for number, (meta_graph, theirs) in enumerate(zip(model.meta_graphs, answer, strict=False)):
        if "error" in theirs:
            continue
        signatures = plain_signatures(theirs["signatures"])
        yield from differences(loaded_signatures_form(meta_graph), signatures, f"/{number}/signatures")
        if meta_graph.objects is not None and "callables" in theirs:
            ours = object_form(meta_graph.objects)
            yield from differences(ours["callables"], without_texts(theirs["callables"]), f"/{number}/callables")
            yield from differences(ours["variables"], theirs["variables"], f"/{number}/variables")


def without_texts(callables: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """TensorFlow's callables without what it prints of them."""
    spoken = ("texts", "returns")
    return [
        {**item, "traces": [{k: v for k, v in trace.items() if k not in spoken} for trace in item["traces"]]}
        for item in callables
    ]


def compare_report(model: SavedModel, answer: Any) -> Iterator[str]:
    """The texts of arguments and returned values: a report prints them as TensorFlow does."""
    if _refused(answer):
        return
    report = smanalyze.analyze(model)
    for number, (meta_graph, theirs) in enumerate(zip(model.meta_graphs, answer, strict=False)):
        callables = {found["id"]: found for found in theirs.get("callables", ())}
        for ours in report.meta_graphs[number].callables if callables else ():
            assert meta_graph.objects is not None
            function = meta_graph.objects.nodes[ours.object_id].function
            assert function is not None
            traces = dict(zip(function.traces, callables[ours.object_id]["traces"], strict=True))
            for trace in ours.traces:
                form = {"texts": [argument.text for argument in trace.arguments], "returns": trace.returns}
                spoken = {key: traces[trace.function][key] for key in form}
                yield from differences(form, spoken, f"/{number}/{ours.path}/{trace.function}")


def call_expressions(model: SavedModel) -> dict[int, str]:
    """Object id -> what the report says to call, as Python would write it; "" where that is no Python."""
    report = smanalyze.analyze(model)
    return {row.object_id: _called(row.call) for graph in report.meta_graphs for row in graph.callables}


def _called(text: str) -> str:
    try:
        call = ast.parse(text, mode="eval").body
    except SyntaxError:
        return ""
    return ast.unparse(call.func) if isinstance(call, ast.Call) else ""


#: Where the answer to an aspect is not called like it.
ANSWERED_BY = {"report": "load"}

ASPECTS: dict[str, Callable[[SavedModel, Any], Iterator[str]]] = {
    "graph": compare_graph,
    "checkpoint": compare_checkpoint,
    "fingerprint": compare_fingerprint,
    "structures": compare_structures,
    "load": compare_load,
    "report": compare_report,
}


# Our reading: the graph file ----------------------------------------------------------------------------------------


def graph_form(model: SavedModel) -> dict[str, Any]:
    """What tensorflow_answers.graph_answer says, from our model."""
    return {
        "schema_version": model.schema_version,
        "meta_graphs": [meta_graph_form(meta_graph) for meta_graph in model.meta_graphs],
    }


def meta_graph_form(meta_graph: MetaGraph) -> dict[str, Any]:
    """One MetaGraph."""
    graph = meta_graph.graph
    signatures = (*meta_graph.signatures, *meta_graph.special_signatures)
    form: dict[str, Any] = {
        "tags": list(meta_graph.tags),
        "tensorflow_version": meta_graph.tensorflow_version,
        "producer": graph.producer,
        "min_consumer": graph.min_consumer,
        "nodes": graph.node_count,
        "functions": {name: function.node_count for name, function in graph.functions.items()},
        "ops": dict(op_counts(graph)),
        "signatures": {signature.key: signature_form(signature) for signature in signatures},
        "assets": [[a.filename, a.tensor_name] for a in meta_graph.assets if a.declared_in == "asset_file_def"],
        "collections": [collection.name for collection in meta_graph.collections],
    }
    if meta_graph.objects is not None:
        form["objects"] = {
            "nodes": len(meta_graph.objects.nodes),
            "kinds": dict(Counter(node.kind for node in meta_graph.objects.nodes)),
            "concrete_functions": [function.name for function in meta_graph.objects.concrete_functions],
        }
    return form


def op_counts(graph: Graph) -> Counter[str]:
    """Ops of the main graph and of every function."""
    ops = Counter(node.op for node in graph.nodes)
    for function in graph.functions.values():
        ops.update(node.op for node in function.nodes)
    return ops


def signature_form(signature: Signature) -> dict[str, Any]:
    """One signature; of defaults the values as texts."""
    return {
        "method": signature.method_name,
        "inputs": {info.name: tensor_form(info) for info in signature.inputs},
        "outputs": {info.name: tensor_form(info) for info in signature.outputs},
        "defaults": {i.name: words(i.default) for i in signature.inputs if i.default is not None},
    }


def tensor_form(info: TensorInfo) -> dict[str, Any]:
    """One TensorInfo."""
    form: dict[str, Any] = {"dtype": info.dtype, "shape": shape_form(info.shape)}
    if info.encoding == "dense":
        form["name"] = info.tensor_name
    elif info.type_spec is None:
        form["sparse"] = [part.tensor_name for part in info.components]
    else:
        form["type_spec"] = info.type_spec
        form["composite"] = [
            {"dtype": part.dtype, "shape": shape_form(part.shape), "name": part.tensor_name} for part in info.components
        ]
    return form


def default_values(graph: dict[str, Any]) -> dict[str, Any]:
    """TensorFlow's graph answer, of defaults only the values: ours are texts, without dtype and shape."""
    return {
        **graph,
        "meta_graphs": [
            {**meta_graph, "signatures": {key: _default_values(s) for key, s in meta_graph["signatures"].items()}}
            for meta_graph in graph["meta_graphs"]
        ],
    }


def _default_values(signature: dict[str, Any]) -> dict[str, Any]:
    return {**signature, "defaults": {key: value["values"] for key, value in signature["defaults"].items()}}


def words(text: str) -> list[str]:
    """The values in the text of a small tensor, such as ``0.5`` or ``[1, 2]``."""
    return text.removeprefix("[").removesuffix("]").split(", ") if text not in ("", "[]") else []


def shape_form(shape: Shape) -> list[int | None] | None:
    """A shape as JSON."""
    return None if shape is None else list(shape)


# Our reading: structured values -------------------------------------------------------------------------------------


def normal(value: Structure | None) -> Any:
    """What tensorflow_answers.normal says of the value that a structure describes."""
    if value is None or value.kind == "none":
        return None
    if value.kind in ("bool", "int", "str"):
        return value.value
    if value.kind == "float":
        return {"float": repr(value.value)}
    if value.kind in ("tensor", "bounded_tensor"):
        kind = "TensorSpec" if value.kind == "tensor" else "BoundedTensorSpec"
        return {kind: {"name": value.name or None, "shape": shape_form(value.shape), "dtype": value.dtype}}
    if value.kind in ("list", "tuple"):
        return {value.kind: [normal(item) for item in value.items]}
    if value.kind == "dict":
        return {"dict": {item.key: normal(item) for item in value.items}}
    if value.kind == "named_tuple":
        return {"namedtuple": value.name, "fields": [[item.key, normal(item)] for item in value.items]}
    if value.kind == "type_spec":
        return {"TypeSpec": value.name, "state": [normal(item) for item in value.items]}
    if value.kind == "dtype":
        return {"dtype": value.dtype}
    if value.kind == "shape":
        return {"shape": shape_form(value.shape)}
    if value.kind == "tensor_value":
        return {"array": value.dtype, "shape": shape_form(value.shape), "values": words(str(value.value))}
    return {"other": value.kind}


def structures_form(objects: ObjectGraph | None) -> dict[str, Any]:
    """The structured values of every concrete function."""
    return {
        function.name: {
            "inputs": normal(function.inputs),
            "outputs": normal(function.outputs),
            "captures": list(function.bound_inputs),
        }
        for function in (objects.concrete_functions if objects else ())
    }


# Our reading: the checkpoint ----------------------------------------------------------------------------------------


def checkpoint_form(checkpoint: Checkpoint) -> dict[str, Any] | None:
    """Key -> [dtype, shape, digest of the value], None where there is no index."""
    if checkpoint.presence != "present":
        return None
    return {
        entry.key: [entry.dtype, list(entry.shape), value_digest(checkpoint, entry)] for entry in checkpoint.entries
    }


def value_digest(checkpoint: Checkpoint, entry: BundleEntry) -> str | None:
    """The digest of tensorflow_answers.value_digest."""
    size = entry.elements * 16 if entry.dtype == "string" else entry.size
    if size > MAX_DIGEST_BYTES or checkpoint.reader is None:
        return None
    try:
        return digest(checkpoint.reader.read(entry))
    except FormatError:
        return "error"


def digest(value: Any) -> str:
    """The first 16 hex digits of the SHA-256 of the bytes; a string counts as its length, then itself."""
    if value.dtype == object:
        data = b"".join(len(item).to_bytes(8, "little") + item for item in value.ravel())
    else:
        data = value.tobytes()
    return hashlib.sha256(data).hexdigest()[:16]


# Our reading: what a loaded model offers ----------------------------------------------------------------------------


def object_form(objects: ObjectGraph) -> dict[str, Any]:
    """The callables and variables of an object graph, as tensorflow_answers.loaded_answer lists them."""
    concrete = {function.name: function for function in objects.concrete_functions}
    paths = paths_of(objects)
    return {
        "callables": [
            callable_form(node, paths.get(node.id), concrete) for node in objects.nodes if node.function is not None
        ],
        "variables": [
            # A variable without a name (models of TensorFlow 2.0) gets the default one when it is loaded.
            [node.id, f"{node.variable.name or 'Variable'}:0", node.variable.dtype, shape_form(node.variable.shape),
             node.variable.trainable]
            for node in objects.nodes
            if node.variable is not None
        ],
    }  # fmt: skip


def callable_form(node: SavedObject, path: str | None, concrete: dict[str, ConcreteFunction]) -> dict[str, Any]:
    """One function object."""
    function = node.function
    assert function is not None
    traces = [concrete[name] for name in function.traces if name in concrete]
    form: dict[str, Any] = {
        "id": node.id,
        "path": path,
        "traces": [{"inputs": normal(trace.inputs), "outputs": normal(trace.outputs)} for trace in traces],
    }
    if node.kind == "function" and function.spec is not None:
        form["spec"] = spec_form(function.spec)
    return form


def spec_form(spec: FunctionSpec) -> dict[str, Any]:
    """Argument names by kind, and defaults by name."""
    kinds = {
        "positional_or_keyword": list(spec.arg_names),
        "var_positional": [spec.varargs] if spec.varargs else [],
        "keyword_only": list(spec.kwonly),
        "var_keyword": [spec.varkw] if spec.varkw else [],
    }
    last = spec.arg_names[len(spec.arg_names) - len(spec.defaults) :]
    defaults = {name: normal(value) for name, value in zip(last, spec.defaults, strict=True)}
    defaults |= {value.key or "": normal(value) for value in spec.kwonly_defaults}
    return {**{kind: names for kind, names in kinds.items() if names}, "defaults": defaults}


def paths_of(objects: ObjectGraph) -> dict[int, str]:
    """Object id -> the shortest path of names from the root; the first in file order of equally short ones."""
    paths = {0: ""}
    queue = [0]
    for number in queue:
        for name, child in objects.nodes[number].children:
            if child not in paths and 0 <= child < len(objects.nodes):
                paths[child] = f"{paths[number]}.{name}".lstrip(".")
                queue.append(child)
    return paths


def loaded_signatures_form(meta_graph: MetaGraph) -> dict[str, Any]:
    """How tf.saved_model.load offers the signatures: key -> what goes in and out, as [dtype, shape] by name.

    The encoded inputs of a TF1 signature are taken apart, with names that load_v1_in_v2.py makes.
    """
    return {
        signature.key: {
            "inputs": dict(sorted(part for info in signature.inputs for part in _parts(info))),
            "outputs": {info.name: [info.dtype, shape_form(info.shape)] for info in signature.outputs},
        }
        for signature in meta_graph.signatures
    }


def _parts(info: TensorInfo) -> list[tuple[str, list[Any]]]:
    if info.encoding == "dense":
        return [(info.name, [info.dtype, shape_form(info.shape)])]
    if info.type_spec is None:
        return [(f"{info.name}_{part.role}", [part.dtype, shape_form(part.shape)]) for part in info.components]
    return [
        (f"{info.name}_component_{number}", [part.dtype, shape_form(part.shape)])
        for number, part in enumerate(info.components)
    ]


def plain_signatures(signatures: dict[str, Any]) -> dict[str, Any]:
    """TensorFlow's loaded signatures in that form; a TF1 model's init op is offered as one, and is none."""
    return {
        key: {
            "inputs": _plain(answer["inputs"]["tuple"][1]),
            "outputs": _plain(answer["outputs"]),
        }
        for key, answer in signatures.items()
        if key not in ("__saved_model_init_op", "__saved_model_train_op")
    }


def _plain(value: dict[str, Any]) -> dict[str, Any]:
    return {key: _plain_tensor(tensor) for key, tensor in value.get("dict", {}).items()}


def _plain_tensor(value: Any) -> Any:
    spec = value.get("TensorSpec") if isinstance(value, dict) else None
    return [spec["dtype"], spec["shape"]] if spec else value
