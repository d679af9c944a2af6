"""The child process: loads a model with TensorFlow, runs it, and tells what it saw.

Needs TensorFlow 2.12 or newer, numpy and Python 3.8; knows nothing of smanalyze, so that any interpreter can run it:
``python -I worker.py``. Requests are lines of JSON on stdin, ``{"do": ...}``; the answer to each is lines of JSON on
what was stdout: ``{"begins": ...}``, any number of ``{"at": ...}``, each followed by as many raw bytes as its ``bytes``
says, and ``{"result": ...}`` or ``{"error": ...}``. Whatever TensorFlow or the model prints goes to stderr. Arrays come
from, and go to, files in numpy's own format without pickle; strings are lengths and bytes.
"""

from __future__ import annotations

import collections
import collections.abc
import ctypes
import hashlib
import json
import os
import platform
import struct
import sys
import time
import zlib
from typing import Any

np: Any = None  # numpy and TensorFlow are imported when asked for
tf: Any = None
OUT: Any = None
ROOT: Any = None
"""The loaded model."""
OBJECTS: dict[str, Any] = {}
"""Path -> the object there: what ``load`` was asked about."""
MAX_TEXT = 2000
MAX_SAVED = 32 << 20
"""Bytes of an output that is kept for comparing."""
MAX_SAMPLE = 4096
"""Elements of a tensor inside a model that are."""


def say(**message: Any) -> None:
    """One line of an answer."""
    OUT.write(json.dumps(message).encode() + b"\n")
    OUT.flush()


# The cage -----------------------------------------------------------------------------------------------------------

_CALLS = {  # audit architecture, then the numbers of seccomp, socket, execve and execveat
    "x86_64": (0xC000003E, 317, 41, (59, 322)),
    "aarch64": (0xC00000B7, 277, 198, (221, 281)),
}
_LOAD, _EQUAL, _AT_LEAST, _RETURN, _ALLOW, _KILL_PROCESS = 0x20, 0x15, 0x35, 0x06, 0x7FFF0000, 0x80000000


def block_calls(network: bool, processes: bool) -> bool:
    """Lets the kernel kill this process where it opens an internet socket or starts a program, unless it may."""
    known = _CALLS.get(platform.machine())
    if sys.platform != "linux" or known is None:
        return False
    arch, seccomp, socket, execs = known
    kill = (_RETURN, 0, 0, _KILL_PROCESS)
    code = [(_LOAD, 0, 0, 4), (_EQUAL, 1, 0, arch), kill, (_LOAD, 0, 0, 0), (_AT_LEAST, 0, 1, 0x40000000), kill]
    for number in () if processes else execs:
        code += [(_EQUAL, 0, 1, number), kill]
    if not network:
        code += [(_EQUAL, 0, 4, socket), (_LOAD, 0, 0, 16), (_EQUAL, 1, 0, 2), (_EQUAL, 0, 1, 10), kill]  # AF_INET, 6
    lines = [struct.pack("HBBI", *line) for line in [*code, (_RETURN, 0, 0, _ALLOW)]]
    program = ctypes.create_string_buffer(b"".join(lines))
    header = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(lines), ctypes.addressof(program)))
    return bool(ctypes.CDLL(None).syscall(seccomp, 1, 1, header) == 0)  # SECCOMP_SET_MODE_FILTER, of all threads


# Steps --------------------------------------------------------------------------------------------------------------


def start(request: Any) -> Any:
    """Imports TensorFlow and the libraries of ops; then no more programs and sockets."""
    global np, tf
    import numpy
    import tensorflow

    np, tf = numpy, tensorflow
    tf.config.threading.set_intra_op_parallelism_threads(request["threads"])
    tf.config.threading.set_inter_op_parallelism_threads(request["threads"])
    tf.random.set_seed(request["seed"])
    from tensorflow.python.framework import op_def_registry
    from tensorflow.python.saved_model import nested_structure_coder

    missing = [name for name in request["ops"] if op_def_registry.get(name) is None]
    for library in request["libraries"]:
        tf.load_op_library(library)
    codec: Any = nested_structure_coder._DictCodec  # its order differs from process to process
    codec.do_decode = lambda *given, decode=codec.do_decode: dict(sorted(decode(*given).items()))
    blocked = block_calls(request["network"], request["processes"])
    version = ".".join(map(str, sys.version_info[:3]))
    own = os.readlink("/proc/self/ns/net") if sys.platform == "linux" else ""
    return {
        "tensorflow": tf.__version__, "python": version, "blocked": blocked, "unregistered": missing, "namespace": own,
    }  # fmt: skip


def load(request: Any) -> Any:
    """Loads one MetaGraph; describes its signatures, and each object asked for."""
    global ROOT
    OBJECTS.clear()
    ROOT = None
    ROOT = tf.saved_model.load(request["model"], tags=request["tags"])
    found = []
    for place in request["objects"]:
        try:
            OBJECTS[place["path"]] = reached = reach(ROOT, place["steps"])
            found.append(dict(described(reached), path=place["path"]))
        except Exception as error:
            found.append({"path": place["path"], "kind": "error", "error": first_line(error)})
    if not request["objects"]:
        for variable in getattr(ROOT, "variables", ()):
            OBJECTS[variable.name] = variable
            found.append(dict(described(variable), path=variable.name))
    signatures = [signature(key, function) for key, function in sorted(ROOT.signatures.items())]
    return {"signatures": signatures, "objects": found}


def reach(thing: Any, steps: Any) -> Any:
    """What Python finds on a path of attributes, keys and indices."""
    for kind, name in steps:
        thing = getattr(thing, name) if kind == "attribute" else thing[int(name) if kind == "index" else name]
    return thing


def described(thing: Any) -> Any:
    """What an object is: a variable, a function with its traces, an asset, a resource, or something else."""
    if isinstance(thing, tf.Variable):
        return {
            "kind": "variable", "name": thing.name, "dtype": thing.dtype.name, "shape": shape_of(thing.shape),
            "trainable": bool(thing.trainable),
        }  # fmt: skip
    if hasattr(thing, "_list_all_concrete_functions_for_serialization"):
        return {"kind": "function", "traces": list(map(trace, thing._list_all_concrete_functions_for_serialization()))}
    if hasattr(thing, "structured_input_signature"):
        return {"kind": "function", "traces": [trace(thing)]}
    if hasattr(thing, "asset_path"):
        return {"kind": "asset", "file": thing.asset_path.numpy().decode("utf-8", "backslashreplace")}
    return {"kind": "resource" if hasattr(thing, "resource_handle") else "other"}


def trace(function: Any) -> Any:
    """A concrete function as TensorFlow prints it, and how many captures it has."""
    arguments, keywords = function.structured_input_signature or ((), {})
    texts = [repr(value)[:MAX_TEXT] for value in list(arguments) + list(keywords.values())]
    returns = repr(function.structured_outputs)[:MAX_TEXT]
    return {"texts": texts, "returns": returns, "captures": len(function.captured_inputs)}


def signature(key: Any, function: Any) -> Any:
    """What goes in and out of a signature, tensor by tensor."""
    inputs = sorted(function.structured_input_signature[1].items())
    return {"key": key, "inputs": flat(inputs), "outputs": flat(sorted(function.structured_outputs.items()))}


def flat(pairs: Any) -> Any:
    """Name, dtype and shape of each tensor."""
    known = ((name, spec) for name, spec in parts(pairs) if hasattr(spec, "dtype"))
    return [{"name": name, "dtype": spec.dtype.name, "shape": shape_of(spec.shape)} for name, spec in known]


def shape_of(shape: Any) -> Any:
    """Sizes with null for unknown ones; null for unknown rank."""
    return None if shape.rank is None else shape.as_list()


def values(request: Any) -> Any:
    """The bytes of variables, one after the other."""
    for path in request["paths"]:
        try:
            array = OBJECTS[path].numpy()
        except Exception as error:
            say(at=path, error=first_line(error), bytes=0)
            continue
        content = encoded(array)
        say(at=path, bytes=len(content))
        OUT.write(content)
    return {}


def encoded(array: Any) -> Any:
    """The bytes of an array; of strings their lengths (8 bytes each), then themselves."""
    array = as_array(array)
    if array.dtype.kind not in "OSU":
        return np.ascontiguousarray(array).tobytes()
    items = [item if isinstance(item, bytes) else str(item).encode() for item in array.ravel().tolist()]
    return b"".join(struct.pack("<Q", len(item)) for item in items) + b"".join(items)


def as_array(value: Any) -> Any:
    """What TensorFlow gives as numpy has it; of one string that is bytes, whose last zeros numpy would drop."""
    return np.array(value, object) if isinstance(value, bytes) else np.asarray(value)


def digest_of(array: Any) -> Any:
    """The digest of an array's bytes."""
    return hashlib.sha256(encoded(array)).hexdigest()


def tables(request: Any) -> Any:
    """Size, dtypes and keys of lookup tables."""
    found = []
    for place in request["tables"]:
        path, dtypes = place["path"], {"Tkeys": place["keys"], "Tvalues": place["values"]}
        try:
            handle = OBJECTS[path].resource_handle
            size = int(tf.raw_ops.LookupTableSizeV2(table_handle=handle))
            keys, _ = tf.raw_ops.LookupTableExportV2(table_handle=handle, **dtypes)
            first = [key.decode("utf-8", "replace") for key in keys.numpy()[:5].tolist() if isinstance(key, bytes)]
            found.append({"path": path, "size": size, "first": first, "error": ""})
        except Exception as error:
            found.append({"path": path, "error": first_line(error)})
    return {"tables": found}


def state(paths: Any) -> Any:
    """A checksum of each variable; none for one that has no value."""
    found: dict[str, Any] = {}
    for path in paths:
        try:
            found[path] = zlib.crc32(encoded(OBJECTS[path].numpy()))
        except Exception:
            found[path] = None
    return found


def call(request: Any) -> Any:
    """Calls a signature as often as asked; tells what came out, and which variables changed."""
    function = ROOT.signatures[request["key"]]
    feeds = {name: tf.constant(decoded(place), dtype=place["dtype"]) for name, place in request["feeds"].items()}
    before = state(request["watch"])
    seconds, digests, outputs = [], [], []
    for number in range(request["repeat"]):
        begin = time.monotonic()
        answer = function(**feeds)
        tensors = dict(parts(sorted(answer.items())))
        arrays = {name: tensor.numpy() for name, tensor in tensors.items()}
        seconds.append(time.monotonic() - begin)
        digests.append({name: digest_of(array) for name, array in arrays.items()})
        if not number:
            outputs = [kept(name, tensors[name], array, digests[0][name], request) for name, array in arrays.items()]
    after = state(request["watch"])
    different = sorted({name for digest in digests for name in digest if digest[name] != digests[0][name]})
    return {
        "outputs": outputs, "seconds": [seconds[0], seconds[-1]], "different": different,
        "changed": [path for path in before if before[path] != after[path]],
    }  # fmt: skip


def fingerprint(request: Any) -> Any:
    """The hashes that TensorFlow computes of the model, and those it reads of fingerprint.pb."""
    from tensorflow.core.protobuf import fingerprint_pb2
    from tensorflow.python.saved_model.pywrap_saved_model import fingerprinting

    def numbers(content: Any) -> Any:
        message = fingerprint_pb2.FingerprintDef.FromString(content)
        return {name: str(getattr(message, name)) for name in request["fields"]}

    with open(os.path.join(request["model"], "fingerprint.pb"), "rb") as file:
        stored = numbers(file.read())
    return {"stored": stored, "computed": numbers(fingerprinting.CreateFingerprintDef(request["model"]))}


# Inside, for comparing two models -----------------------------------------------------------------------------------


def assign(request: Any) -> Any:
    """Gives a variable another value."""
    place = request["value"]
    OBJECTS[request["path"]].assign(tf.constant(decoded(place), dtype=place["dtype"]))
    return {}


def look(request: Any) -> Any:
    """What nodes compute inside of a signature, or of what is called on the way that ``chain`` names, node by node."""
    from tensorflow.python.eager import context, wrap_function
    from tensorflow.python.framework import function_def_to_graph

    function = ROOT.signatures[request["key"]]
    graph, feeds = function.graph, request["feeds"]
    names = function._arg_keywords[: len(graph.inputs) - len(function.captured_inputs)]
    given = [tf.constant(decoded(feeds[name]), dtype=feeds[name]["dtype"]) for name in names]
    held = by_name(graph.inputs, [*given, *function.captured_inputs])

    def fetch(tensors: Any) -> Any:
        inner = wrap_function.WrappedFunction(graph, None)
        return inner.prune(list(graph.inputs[: len(given)]), list(tensors))(*given)

    for name in request["chain"]:
        call = graph.get_operation_by_name(name)
        computed = [tensor for tensor in call.inputs if tensor.name not in held]
        if computed:
            held.update(by_name(computed, fetch(computed)))
        given = [held[tensor.name] for tensor in call.inputs]
        graph = function_def_to_graph.function_def_to_graph(context.context().get_function_def(call.get_attr("f").name))
        held = by_name(graph.inputs, given)
    nodes = [graph.get_operation_by_name(name) for name in request["nodes"]]
    tensors = [tensor for node in nodes for tensor in node.outputs if plain(tensor.dtype)]
    values = fetch(tensors) if tensors else ()
    return {"tensors": [sampled(tensors[number], value, request) for number, value in enumerate(values)]}


def by_name(tensors: Any, values: Any) -> Any:
    """Values by the names of tensors."""
    return {tensors[number].name: value for number, value in enumerate(values)}


def plain(dtype: Any) -> Any:
    """Whether values of this dtype can be handed out."""
    return dtype not in (tf.resource, tf.variant) and not dtype._is_ref_dtype


def sampled(tensor: Any, value: Any, request: Any) -> Any:
    """What one tensor is, and so many of its elements in even steps."""
    array = as_array(value.numpy())
    some = np.ravel(array)[:: max(1, -(-array.size // MAX_SAMPLE))] if array.size else np.ravel(array)
    told = kept(tensor.name, tensor, some, digest_of(array), request)
    return dict(told, shape=list(array.shape), sample=list(some.shape))


# Tensors as files and back --------------------------------------------------------------------------------------------


def parts(pairs: Any) -> Any:
    """Each tensor by name; those of a sparse or ragged one have its name and a number."""
    for name, value in pairs:
        flattened = tf.nest.flatten(value, expand_composites=True)
        for number, tensor in enumerate(flattened):
            yield (name if len(flattened) == 1 else f"{name}#{number}"), tensor


def kept(name: Any, tensor: Any, array: Any, digest: Any, request: Any) -> Any:
    """What one output is. Its values go to a file where they are not too many: ``file`` holds numbers as numpy has
    them, ``raw`` the bytes that ``encoded`` makes of strings, and of numbers that numpy has no name for."""
    array = as_array(array)
    finite, file, raw = array.dtype.kind not in "fc" or bool(np.isfinite(array).all()), None, None
    plain = array.dtype.kind in "fciub"
    content = b"" if plain else encoded(array)
    size = array.nbytes if plain else len(content)
    if request["keep"] and size <= request.get("largest", MAX_SAVED):
        place = "{}-{}".format(request["keep"], hashlib.sha256(name.encode()).hexdigest()[:16])
        file, raw = (place + ".npy", None) if plain else (None, place + ".raw.npy")
        np.save(file or raw, array if plain else np.frombuffer(content, np.uint8), allow_pickle=False)
    what = {"name": name, "dtype": tensor.dtype.name, "shape": list(array.shape), "size": size}
    return dict(what, finite=finite, digest=digest, file=file, raw=raw)


def decoded(place: Any) -> Any:
    """An input from the bytes in its file, as ``encoded`` makes them."""
    content = np.load(place["file"], allow_pickle=False).tobytes()
    if place["dtype"] != "string":
        dtype = tf.dtypes.as_dtype(place["dtype"]).as_numpy_dtype
        return np.frombuffer(content, dtype).reshape(place["shape"])
    count, items = int(np.prod(place["shape"], dtype=np.int64)), []
    at = 8 * count
    for number in range(count):
        size = struct.unpack_from("<Q", content, 8 * number)[0]
        items.append(content[at : at + size])
        at += size
    return np.array([*items, None], dtype=object)[:-1].reshape(place["shape"])


# One call, for ``smanalyze run`` -------------------------------------------------------------------------------------


def apply(request: Any) -> Any:
    """Calls a signature, or the function at a path, once; what came out, each dense tensor for itself.

    Arguments are trees: ``{"tensor": file}``, ``{"literal": value}``, ``{"sparse": files}``, ``{"ragged": files}``,
    ``{"list": trees}``, ``{"tuple": trees}``, ``{"dict": {key: tree}}``, ``{"named": [class, {field: tree}]}``.
    """
    function = ROOT.signatures[request["key"]] if request["path"] is None else OBJECTS[request["path"]]
    arguments = [built(tree) for tree in request["arguments"]]
    keywords = {name: built(tree) for name, tree in request["keywords"].items()}
    begin = time.monotonic()
    answer = function(*arguments, **keywords)
    found: list[Any] = []
    for name, value in named(answer):
        for role, tensor in dense(value):
            full = full_name(name, role, found)
            row = {"name": full, "dtype": tensor.dtype.name, "shape": shape_of(tensor.shape), "size": 0}
            if tensor.dtype not in (tf.resource, tf.variant):
                row = kept(full, tensor, tensor.numpy(), "", request)
            found.append(dict(row, output=name, role=role))
    return {"outputs": found, "seconds": time.monotonic() - begin}


def session(request: Any) -> Any:
    """Calls a signature by the names of its tensors, in a session of TensorFlow 1."""
    one, threads = tf.compat.v1, tf.config.threading.get_intra_op_parallelism_threads()
    config = one.ConfigProto(intra_op_parallelism_threads=threads, inter_op_parallelism_threads=threads)
    with one.Session(graph=tf.Graph(), config=config) as running:
        try:
            one.saved_model.loader.load(running, request["tags"], request["model"])
        except Exception as error:
            return {"not_loaded": first_line(error)}
        feeds = {name: decoded(place) for name, place in request["feeds"].items()}
        begin = time.monotonic()
        arrays = running.run([row["tensor"] for row in request["fetches"]], feed_dict=feeds)
        seconds = time.monotonic() - begin
        found: list[Any] = []
        for row, array in zip(request["fetches"], arrays):  # noqa: B905 (Python 3.8)
            full = full_name(row["output"], row["role"], found)
            told = kept(full, running.graph.get_tensor_by_name(row["tensor"]), array, "", request)
            dtype = tf.dtypes.as_dtype(told["dtype"]).base_dtype.name
            found.append(dict(told, dtype=dtype, output=row["output"], role=row["role"]))
    return {"outputs": found, "seconds": seconds}


def full_name(output: Any, role: Any, before: Any) -> Any:
    """What a dense tensor is called: as no other of those before it."""
    taken, name = {row["name"] for row in before}, f"{output}.{role}" if role else output
    return next(full for full in (name, *(f"{name}-{n + 2}" for n in range(len(taken)))) if full not in taken)


def built(tree: Any) -> Any:
    """The argument that a tree stands for."""
    ((kind, what),) = tree.items()
    if kind == "literal":
        return what
    if kind == "tensor":
        return tf.constant(decoded(what), dtype=what["dtype"])
    if kind == "sparse":
        return tf.SparseTensor(*[built({"tensor": one}) for one in what])
    if kind == "ragged":
        flat, *splits = [built({"tensor": one}) for one in what]
        return tf.RaggedTensor.from_nested_row_splits(flat, splits)
    if kind == "dict":
        return {key: built(inner) for key, inner in what.items()}
    if kind == "named":
        return collections.namedtuple(what[0], list(what[1]))(**{key: built(inner) for key, inner in what[1].items()})
    return list(map(built, what)) if kind == "list" else tuple(map(built, what))


def named(value: Any, name: Any = "") -> Any:
    """(name, tensor or what is made of some) of all that was returned; what stands deeper has names with dots."""
    if isinstance(value, collections.abc.Mapping):
        inner = sorted(((str(key), item) for key, item in value.items()), key=lambda pair: pair[0])
    elif isinstance(value, (list, tuple)):
        fields = getattr(value, "_fields", None)
        words = fields or [str(number) if name else f"output_{number}" for number in range(len(value))]
        inner = [(word, value[number]) for number, word in enumerate(words)]
    else:
        if hasattr(value, "dtype") or any(map(tf.is_tensor, tf.nest.flatten(value, expand_composites=True))):
            yield name or "output_0", value
        return
    for word, item in inner:
        yield from named(item, f"{name}.{word}" if name else word)


def dense(value: Any) -> Any:
    """(role, dense tensor) of a tensor's parts; "" for one that is dense itself."""
    if isinstance(value, tf.SparseTensor):
        return [("indices", value.indices), ("values", value.values), ("dense_shape", value.dense_shape)]
    if isinstance(value, tf.RaggedTensor):
        splits = [(f"splits_{level}", one) for level, one in enumerate(value.nested_row_splits)]
        return [("values", value.flat_values), *splits]
    flattened = tf.nest.flatten(value, expand_composites=True)
    many = len(flattened) > 1
    return [(f"part_{number}" if many else "", tf.convert_to_tensor(one)) for number, one in enumerate(flattened)]


# Talking ------------------------------------------------------------------------------------------------------------


def first_line(error: Any) -> Any:
    """Type and message of an exception."""
    return f"{type(error).__name__}: {str(error).strip()}"[:MAX_TEXT]


STEPS = {
    "start": start, "load": load, "values": values, "tables": tables, "call": call, "apply": apply,
    "session": session, "fingerprint": fingerprint, "assign": assign, "look": look,
}  # fmt: skip


def main() -> None:
    """Serves requests until stdin ends."""
    global OUT
    requests, OUT = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    for line in requests:
        request = json.loads(line.decode())
        say(begins=request["do"])
        try:
            result = STEPS[request["do"]](request)
        except Exception as error:
            say(error={"type": type(error).__name__, "message": str(error).strip()[:MAX_TEXT]})
        else:
            say(result=result)


if __name__ == "__main__":
    main()
