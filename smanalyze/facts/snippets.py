"""Ready code for calling a signature: Python, TensorFlow Serving's REST interface, C++."""

from __future__ import annotations

import json
from math import prod
from typing import Any

from smanalyze.facts.objects import is_word
from smanalyze.model.saved_model import MetaGraph, Signature
from smanalyze.model.tensors import Shape, TensorInfo
from smanalyze.report.tensors import Snippet

MAX_JSON_VALUES = 64
"""A request with more values is written as code that makes it."""

_CPP_TYPES = {
    "float32": "float", "float64": "double", "int32": "tensorflow::int32", "int64": "tensorflow::int64",
    "uint8": "tensorflow::uint8", "int8": "tensorflow::int8", "int16": "tensorflow::int16", "bool": "bool",
    "string": "tensorflow::tstring", "float16": "Eigen::half", "bfloat16": "tensorflow::bfloat16",
}  # fmt: skip
_CLASSIFY = ("tensorflow/serving/classify", "tensorflow/serving/regress")


def build_snippets(
    signature: Signature, meta_graph: MetaGraph, path_name: str, *, several: bool
) -> tuple[Snippet, ...]:
    """One snippet for each way to call the signature. Unknown sizes are 1; values are zeros to be replaced.

    ``several``: the model has more than one MetaGraph, so that Python must name the tags.
    """
    return (
        _python(signature, meta_graph.tags if several else None, path_name),
        _rest(signature, path_name),
        _cpp(signature, meta_graph, path_name),
    )


def _sizes(shape: Shape) -> tuple[int, ...]:
    return tuple(1 if size is None else size for size in shape or ())


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=True)


def _sent(signature: Signature) -> list[TensorInfo]:
    """The inputs a caller must send: those without a default."""
    return [info for info in signature.inputs if info.default is None]


# Python -------------------------------------------------------------------------------------------------------------


def _python(signature: Signature, tag_set: tuple[str, ...] | None, path_name: str) -> Snippet:
    tags = "" if tag_set is None else f", tags={json.dumps(tag_set)}"
    lines = ["import tensorflow as tf", "", f"model = tf.saved_model.load({_quoted(path_name)}{tags})"]
    lines.append(f"signature = model.signatures[{_quoted(signature.key)}]")
    arguments = [(info.name, _python_value(info)) for info in _sent(signature)]
    if all(is_word(name) for name, _ in arguments):
        call = [f"    {name}={value}," for name, value in arguments]
        lines += ["outputs = signature(", *call, ")"] if call else ["outputs = signature()"]
    else:  # names like "0/observation" and "class" are no Python words
        lines += ["outputs = signature(**{", *(f"    {_quoted(name)}: {value}," for name, value in arguments), "})"]
    lines += [f"print(outputs[{_quoted(info.name)}])" for info in signature.outputs[:8]]
    encoded = any(info.encoding != "dense" for info in signature.inputs)
    note = "Sparse and composite inputs of a TF1 signature are fed by their component tensors." if encoded else ""
    return Snippet("python", "Call it in Python", "\n".join(lines), note)


def _python_value(info: TensorInfo) -> str:
    dtype = info.dtype.removesuffix("_ref")
    sizes = list(_sizes(info.shape))
    if info.encoding == "sparse":
        return f"tf.sparse.from_dense(tf.zeros({sizes}, tf.{dtype}))"
    if dtype == "string":
        return 'tf.constant("text")' if not sizes else f'tf.fill({sizes}, "text")'
    return f"tf.zeros({sizes}, tf.{dtype})"


# REST ---------------------------------------------------------------------------------------------------------------


def _rest(signature: Signature, path_name: str) -> Snippet:
    title = "Ask TensorFlow Serving (REST)"
    inputs = _sent(signature)
    encoded = [info.name for info in inputs if info.encoding != "dense"]
    if encoded:
        return Snippet(
            "rest", title, "", f"Not possible: {', '.join(encoded)} is no dense tensor, which REST cannot carry."
        )
    if signature.method_name in _CLASSIFY:
        return _rest_examples(signature, path_name, title)
    by_row = bool(inputs) and all(info.shape is not None and info.shape[:1] == (None,) for info in inputs)
    values = sum(prod(_sizes(info.shape)) for info in inputs)
    note = 'Bytes that are no text go as {"b64": "..."}.' if any(i.dtype == "string" for i in inputs) else ""
    if values > MAX_JSON_VALUES:
        return Snippet("rest", title, _rest_code(signature, inputs, by_row, path_name), note)
    body: dict[str, Any] = {"signature_name": signature.key}
    if by_row:
        body["instances"] = [{info.name: _json_value(info, _sizes(info.shape)[1:]) for info in inputs}]
    else:
        body["inputs"] = {info.name: _json_value(info, _sizes(info.shape)) for info in inputs}
    return Snippet("rest", title, _curl(path_name, "predict", json.dumps(body)), note)


def _curl(path_name: str, verb: str, body: str) -> str:
    quoted = body.replace("'", "'\\''")
    return f"curl -X POST http://localhost:8501/v1/models/{_url_name(path_name)}:{verb} \\\n  -d '{quoted}'"


def _url_name(path_name: str) -> str:
    kept = "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else "_" for c in path_name)
    return kept or "model"


def _json_value(info: TensorInfo, sizes: tuple[int, ...]) -> Any:
    zero: Any = "text" if info.dtype == "string" else False if info.dtype == "bool" else 0
    if info.dtype.startswith(("float", "bfloat")):
        zero = 0.0
    value = zero
    for size in reversed(sizes):
        value = [value] * size
    return value


def _rest_code(signature: Signature, inputs: list[TensorInfo], by_row: bool, path_name: str) -> str:
    skip = 1 if by_row else 0
    entries = ", ".join(f"{_quoted(i.name)}: zeros{tuple(_sizes(i.shape)[skip:])}" for i in inputs)
    rows = f'"instances": [{{{entries}}}]' if by_row else f'"inputs": {{{entries}}}'
    return "\n".join((
        "import json, urllib.request",
        "",
        "def zeros(*sizes):",
        "    return [zeros(*sizes[1:])] * sizes[0] if sizes else 0",
        "",
        f'body = {{"signature_name": {_quoted(signature.key)}, {rows}}}',
        f'url = "http://localhost:8501/v1/models/{_url_name(path_name)}:predict"',
        "print(urllib.request.urlopen(url, json.dumps(body).encode()).read().decode())",
    ))  # fmt: skip


def _rest_examples(signature: Signature, path_name: str, title: str) -> Snippet:
    verb = signature.method_name.rsplit("/", 1)[-1]
    body = json.dumps({"signature_name": signature.key, "examples": [{"feature_name": 0.0}]})
    note = 'Each example holds the features that the model parses, by name; a feature of bytes is {"b64": "..."}.'
    return Snippet("rest", title, _curl(path_name, verb, body), note)


# C++ ----------------------------------------------------------------------------------------------------------------


def _cpp(signature: Signature, meta_graph: MetaGraph, path_name: str) -> Snippet:
    tags = ", ".join(_quoted(tag) for tag in meta_graph.tags)
    lines = [
        '#include "tensorflow/cc/saved_model/loader.h"',
        "",
        "tensorflow::SavedModelBundle bundle;",
        "TF_CHECK_OK(tensorflow::LoadSavedModel({}, {}, " + f"{_quoted(path_name)}, {{{tags}}}, &bundle));",
    ]
    feeds = []
    for number, (name, dtype, shape) in enumerate(_feeds(signature)):
        lines.append(
            f"tensorflow::Tensor input{number}(tensorflow::{_cpp_enum(dtype)}, "
            f"tensorflow::TensorShape({{{', '.join(map(str, _sizes(shape)))}}}));"
        )
        if dtype in _CPP_TYPES:
            filler = '"text"' if dtype == "string" else f"{_CPP_TYPES[dtype]}(0)"
            lines.append(f"input{number}.flat<{_CPP_TYPES[dtype]}>().setConstant({filler});")
        feeds.append(f"{{{_quoted(name)}, input{number}}}")
    fetches = ", ".join(_quoted(name) for name in _fetches(signature))
    lines += [
        "std::vector<tensorflow::Tensor> outputs;",
        f"TF_CHECK_OK(bundle.session->Run({{{', '.join(feeds)}}}, {{{fetches}}}, {{}}, &outputs));",
    ]
    return Snippet("cpp", "Call it in C++", "\n".join(lines))


def _feeds(signature: Signature) -> list[tuple[str, str, Shape]]:
    feeds: list[tuple[str, str, Shape]] = []
    for info in _sent(signature):
        if info.components:
            feeds.extend((part.tensor_name, part.dtype, part.shape) for part in info.components)
        else:
            feeds.append((info.tensor_name, info.dtype, info.shape))
    return feeds


def _fetches(signature: Signature) -> list[str]:
    names: list[str] = []
    for info in signature.outputs:
        names.extend([part.tensor_name for part in info.components] or [info.tensor_name])
    return names


def _cpp_enum(dtype: str) -> str:
    words = {"float32": "DT_FLOAT", "float64": "DT_DOUBLE", "float16": "DT_HALF"}
    return words.get(dtype, "DT_" + dtype.upper())
