"""A signature asked through TensorFlow Serving's REST interface.

Source: www.tensorflow.org/tfx/serving/api_rest: ``instances`` are rows, ``inputs`` columns; classify and regress take
``examples``.
"""

from __future__ import annotations

import json
from math import prod
from typing import Any

from smanalyze.facts.parse_spec import ExampleInput
from smanalyze.facts.snippets_feeds import (
    MAX_JSON_VALUES,
    Caller,
    code_text,
    example_base64,
    feature_size,
    feature_value,
    sendable,
)
from smanalyze.facts.snippets_python import example_lines, example_names, repeated
from smanalyze.model.tensors import TensorInfo
from smanalyze.report.tensors import Snippet

_TITLE = "Ask TensorFlow Serving (REST)"
_CLASSIFY = ("tensorflow/serving/classify", "tensorflow/serving/regress")


def rest_snippet(caller: Caller) -> Snippet:
    """A curl command, or Python code where the values are too many for one."""
    inputs = caller.required()
    encoded = [info.name for info in inputs if info.encoding != "dense"]
    if encoded:
        reason = f"Not possible: {', '.join(encoded)} is no dense tensor, which REST cannot carry."
        return Snippet("rest", _TITLE, "", reason)
    if caller.signature.method_name in _CLASSIFY:
        return _examples(caller, inputs)
    by_row = bool(inputs) and all(info.shape is not None and info.shape[:1] == (None,) for info in inputs)
    if sum(_values(caller, info) for info in inputs) > MAX_JSON_VALUES:
        return Snippet("rest", _TITLE, _code(caller, inputs, by_row), _note(caller, inputs))
    sent = {info.name: _json_value(caller, info, caller.sizes(info)[by_row:]) for info in inputs}
    body = {"signature_name": caller.signature.key, **({"instances": [sent]} if by_row else {"inputs": sent})}
    return Snippet("rest", _TITLE, _curl(caller, "predict", json.dumps(body)), _note(caller, inputs))


def _note(caller: Caller, inputs: list[TensorInfo]) -> str:
    if any(caller.example(info.name) for info in inputs):
        return 'The "b64" is a serialized tf.Example in base64, made as the Python code makes it.'
    return 'Bytes that are no text go as {"b64": "..."}.' if any(i.dtype == "string" for i in inputs) else ""


def _values(caller: Caller, info: TensorInfo) -> int:
    example = caller.example(info.name)
    each = max(sum(map(feature_size, example.features)), 1) if example else 1
    return each * prod(max(size, 1) for size in caller.sizes(info))  # [[], [], …] takes room too


def _curl(caller: Caller, verb: str, body: str) -> str:
    return curl_command(_url(caller, verb), body)


def _url(caller: Caller, verb: str) -> str:
    return served_url(served_name(caller.path), verb)


def served_name(path: str) -> str:
    """The name that a model is likely to have on a server, whose choice it is: that of the folder given to it."""
    name = path.partition("/")[0]
    kept = "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else "_" for c in name)
    return kept or "model"


def served_url(name: str, verb: str) -> str:
    """Where TensorFlow Serving answers, as its own image is started."""
    return f"http://localhost:8501/v1/models/{name}:{verb}"


def curl_command(url: str, body: str) -> str:
    """A command for a shell that posts the body."""
    quoted = body.replace("'", "'\\''")
    return f"curl -X POST {url} \\\n  -d '{quoted}'"


def _zero(info: TensorInfo) -> Any:
    zero: Any = "text" if info.dtype == "string" else False if info.dtype == "bool" else 0
    return 0.0 if info.dtype.startswith(("float", "bfloat")) else zero


def _json_value(caller: Caller, info: TensorInfo, sizes: tuple[int, ...]) -> Any:
    example = caller.example(info.name)
    value: Any = {"b64": example_base64(example)} if example else _zero(info)
    for size in reversed(sizes):
        value = [value] * size
    return value


def _code(caller: Caller, inputs: list[TensorInfo], by_row: bool) -> str:
    names = example_names(caller)
    entries: list[str] = []
    made: list[str] = []
    for info in inputs:
        example = caller.example(info.name)
        value = repr(_zero(info)).replace("'", '"')
        if example:
            made += example_lines(names[info.name], example)
            value = f'{{"b64": base64.b64encode({names[info.name]}.SerializeToString()).decode()}}'
        sizes = "".join(f", {size}" for size in caller.sizes(info)[by_row:])
        entries.append(f"{code_text(info.name)}: filled({value}{sizes})")
    rows = f'"instances": [{{{", ".join(entries)}}}]' if by_row else f'"inputs": {{{", ".join(entries)}}}'
    filled = ("def filled(value, *sizes):", "    return [filled(value, *sizes[1:])] * sizes[0] if sizes else value", "")
    return _python(caller, "predict", rows, (*filled, *made), encoded=bool(made))


def _python(caller: Caller, verb: str, rows: str, before: tuple[str, ...] = (), *, encoded: bool = False) -> str:
    imports = ("import base64", "import tensorflow as tf") if encoded else ()
    return "\n".join((
        "import json, urllib.request",
        *imports,
        "",
        *before,
        f'body = {{"signature_name": {code_text(caller.signature.key)}, {rows}}}',
        f'url = "{_url(caller, verb)}"',
        "print(urllib.request.urlopen(url, json.dumps(body).encode()).read().decode())",
    ))  # fmt: skip


def _examples(caller: Caller, inputs: list[TensorInfo]) -> Snippet:
    verb = caller.signature.method_name.rsplit("/", 1)[-1]
    note = 'Each example holds the features that the model parses, by name; a feature of bytes is {"b64": "..."}.'
    example = next((found for info in inputs if (found := caller.example(info.name)) and found.features), None)
    if example is not None and sum(map(feature_size, example.features)) > MAX_JSON_VALUES:
        return Snippet("rest", _TITLE, _python(caller, verb, f'"examples": [{{{_entries(example)}}}]'), note)
    named: dict[str, Any] = {"feature_name": 0.0}
    if example is not None:
        named = {f.name: _listed(feature_value(f), feature_size(f)) for f in sendable(example)}
    body = json.dumps({"signature_name": caller.signature.key, "examples": [named]})
    return Snippet("rest", _TITLE, _curl(caller, verb, body), note)


def _entries(example: ExampleInput) -> str:
    return ", ".join(
        f"{code_text(f.name)}: "
        + (json.dumps(feature_value(f)) if feature_size(f) == 1 else repeated(json.dumps(feature_value(f)), f))
        for f in sendable(example)
    )


def _listed(value: Any, count: int) -> Any:
    return value if count == 1 else [value] * count
