"""Which files a SavedModel writes, and when: python scan_runs.py DIR ... prints a JSON line for each.

A line says for each moment which files it wrote: ``load``, ``signature:KEY`` and ``function:PATH`` (each called once,
in the loaded model), ``gradient:KEY`` (called and differentiated), ``saver`` (the loaded model's checkpoint saved),
``exit`` (the loaded model let go); and in a session of TF1, as servers have them, ``session`` (loading) and
``session:KEY``. An ``error`` is the type of what was raised. Each moment is tried in a fork, in an empty folder: only
models of one's own may be given. Needs tensorflow, and nothing of smanalyze; run it as a child process, never
import it.
"""

from __future__ import annotations

import gc
import json
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

os.environ |= {"TF_CPP_MIN_LOG_LEVEL": "3", "TF_ENABLE_ONEDNN_OPTS": "0", "CUDA_VISIBLE_DEVICES": "-1"}

# TensorFlow prints where it likes; what is ours goes to the descriptor that stdout was.
ANSWERS = os.fdopen(os.dup(1), "w", encoding="utf-8")
os.dup2(2, 1)

import numpy as np  # noqa: E402  (after the environment is set)
import tensorflow as tf  # noqa: E402  (after the environment is set)
from tensorflow.python.eager.polymorphic_function.concrete_function import ConcreteFunction  # noqa: E402
from tensorflow.python.saved_model import loader_impl  # noqa: E402

TIMEOUT = 10
"""Seconds for one moment."""

INIT_OP = "__saved_model_init_op"

NOT_OFFERED = ("signatures", "_serialize_to_tensors", "_restore_from_tensors")
"""Children that are not for callers: signatures are tried as such, and the others are the saver's."""

VALUES = {tf.string: "scan_caller.txt", tf.int32: 1, tf.int64: 1, tf.float32: 1.0}


def value(spec: Any) -> Any:
    """What a caller gives for a spec: one file name, or 1."""
    shape = [1 if size is None else size for size in spec.shape.as_list()]
    return np.full(shape, VALUES[spec.dtype], spec.dtype.as_numpy_dtype)


def call(function: Any) -> Any:
    """A call with such values."""
    arguments, keywords = function.structured_input_signature
    flat = tf.nest.flatten((arguments, keywords))
    given = [tf.constant(value(item)) if isinstance(item, tf.TensorSpec) else item for item in flat]
    positional, named = tf.nest.pack_sequence_as((arguments, keywords), given)
    return function(*positional, **named)


def differentiate(function: Any) -> None:
    """A call, and the gradient of its outputs with respect to its inputs that are numbers."""
    specs = function.structured_input_signature[1]
    given = {name: tf.constant(value(spec)) for name, spec in specs.items()}
    with tf.GradientTape() as tape:
        numbers = [tensor for tensor in given.values() if tensor.dtype.is_floating]
        tape.watch(numbers)
        outputs = [output for output in function(**given).values() if output.dtype.is_floating]
    tape.gradient(outputs, numbers)


def functions(loaded: Any, path: str = "", seen: frozenset[int] = frozenset()) -> Iterator[tuple[str, Any]]:
    """The functions below the loaded object by path, one for each trace: ``PATH``, ``PATH#1``."""
    for name, child in sorted(loaded._trackable_children().items()):
        if name in NOT_OFFERED or id(child) in seen:
            continue
        inner = f"{path}.{name}" if path else name
        traces = [child] if isinstance(child, ConcreteFunction) else getattr(child, "concrete_functions", None)
        for number, trace in enumerate(traces or ()):
            yield f"{inner}#{number}" if number else inner, trace
        if traces is None and hasattr(child, "_trackable_children"):
            yield from functions(child, inner, seen | {id(child)})


def let_go(loaded: Any) -> None:
    """Nothing holds the model any more."""
    loaded.__dict__.clear()
    gc.collect()


def moments(loaded: Any) -> dict[str, Callable[[], Any]]:
    """What can be tried with a loaded model."""
    found: dict[str, Callable[[], Any]] = {"load": lambda: None}
    for key, signature in loaded.signatures.items():
        found[f"signature:{key}"] = lambda signature=signature: call(signature)
        specs = signature.structured_input_signature[1].values()
        if any(spec.dtype.is_floating for spec in specs):
            found[f"gradient:{key}"] = lambda signature=signature: differentiate(signature)
    for path, function in functions(loaded):
        found[f"function:{path}"] = lambda function=function: call(function)
    if not hasattr(loaded, "graph"):  # of TF1, nothing is tracked
        found["saver"] = lambda: tf.train.Checkpoint(loaded).write("checkpoint/of_scan_runs")
    found["exit"] = lambda: let_go(loaded)
    return found


def written() -> list[str]:
    """The files and folders in the working directory, but for those of the saver of this script; takes them away."""
    found = [path for path in Path().iterdir() if path.name != "checkpoint"]
    for path in found:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    return sorted(path.name for path in found)


def only_meta_graph(directory: str) -> Any:
    """The one MetaGraph that such a model has."""
    (meta_graph,) = loader_impl.parse_saved_model(directory).meta_graphs
    return meta_graph


def in_session(directory: str, key: str) -> Any:
    """The same for a session: loading, and where a signature is given, a call."""
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        raised = {}
        try:
            meta_graph = tf.compat.v1.saved_model.load(
                session, list(only_meta_graph(directory).meta_info_def.tags), directory
            )
            if key:
                written()
                signature = meta_graph.signature_def[key]
                feeds = {
                    info.name: value(tf.TensorSpec(info.tensor_shape, info.dtype)) for info in signature.inputs.values()
                }
                session.run([info.name for info in signature.outputs.values()], feeds)
        except Exception as error:
            raised = {"error": type(error).__name__}
        return {"files": written(), **raised}


def attempt(directory: str, moment: str | None) -> Any:
    """What one moment does; without one, the names of the moments."""
    if moment is not None and moment.startswith("session"):
        return in_session(directory, moment.partition(":")[2])
    loaded = tf.saved_model.load(directory)
    found = moments(loaded)
    if moment is None:
        return list(found)
    if moment != "load":
        written()
    raised = {}
    try:
        found[moment]()
    except Exception as error:
        raised = {"error": type(error).__name__}
    if moment == "exit":
        del found, loaded
        gc.collect()
    return {"files": written(), **raised}


def in_fork(directory: str, moment: str | None) -> Any:
    """The same in a process and a folder of its own; ``{"fatal": "SIGABRT"}`` where the process dies."""
    reading, writing = os.pipe()
    with tempfile.TemporaryDirectory() as folder:
        child = os.fork()
        if not child:
            os.close(reading)
            os.chdir(folder)
            signal.alarm(TIMEOUT)
            try:
                answer = attempt(directory, moment)
            except Exception as error:
                answer = {"files": written(), "error": type(error).__name__}
            with os.fdopen(writing, "w", encoding="utf-8") as file:
                json.dump(answer, file)
            os._exit(0)
        os.close(writing)
        with os.fdopen(reading, encoding="utf-8") as file:
            text = file.read()
        _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    return json.loads(text) if code == 0 else {"fatal": signal.Signals(-code).name}


def answer(directory: str) -> dict[str, Any]:
    """By moment."""
    keys = sorted(key for key in only_meta_graph(directory).signature_def if key != INIT_OP)
    names = in_fork(directory, None)
    found = {name: in_fork(directory, name) for name in names} if isinstance(names, list) else {"load": names}
    return found | {name: in_fork(directory, name) for name in ("session", *(f"session:{key}" for key in keys))}


def main() -> None:
    """A line for each directory."""
    for directory in sys.argv[1:]:
        print(json.dumps(answer(os.path.abspath(directory)), sort_keys=True), file=ANSWERS, flush=True)


if __name__ == "__main__":
    main()
