"""A signature called from Python."""

from __future__ import annotations

import json

from smanalyze.facts.objects import is_word
from smanalyze.facts.parse_spec import ExampleInput, Feature
from smanalyze.facts.snippets_feeds import EXAMPLE_LISTS, Caller, Feed, code_text, feature_size, feeds, sendable
from smanalyze.report.tensors import Snippet

_LIST_WORDS = {"float_list": "FloatList", "int64_list": "Int64List", "bytes_list": "BytesList"}
_VALUES = {"float32": "0.0", "int64": "0", "string": 'b"text"'}


def python_snippet(caller: Caller) -> Snippet:
    """Load the model, call the signature with zeros (or ``"text"``, or an Example of both), print its outputs."""
    signature = caller.signature
    tags = f", tags={json.dumps(caller.tags)}" if caller.several else ""
    lines = [*caller.imports, "import tensorflow as tf", ""]
    lines.append(f"model = tf.saved_model.load({code_text(caller.path)}{tags})")
    lines.append(f"signature = model.signatures[{code_text(signature.key)}]")
    names = example_names(caller)
    for found in caller.examples:
        lines += example_lines(names[found.name], found)
    arguments: list[tuple[str, str]] = []
    for info in caller.signature.inputs:
        for feed in feeds(caller, info):
            value = _examples(names[info.name], feed.sizes) if info.name in names else _value(feed)
            arguments.append((feed.keyword, value))
    if all(is_word(name) for name, _ in arguments):
        call = [f"    {name}={value}," for name, value in arguments]
        lines += ["outputs = signature(", *call, ")"] if call else ["outputs = signature()"]
    else:  # names like "0/observation" and "class" are no Python words
        lines += ["outputs = signature(**{", *(f"    {code_text(name)}: {value}," for name, value in arguments), "})"]
    lines += [f"print(outputs[{code_text(info.name)}])" for info in signature.outputs[:8]]
    return Snippet("python", "Call it in Python", "\n".join(lines), _note(caller))


def _note(caller: Caller) -> str:
    unknown = [found.name for found in caller.examples if not found.features]
    notes = []
    if any(info.encoding != "dense" for info in caller.signature.inputs):
        notes.append("A sparse or composite input of a TF1 signature is fed by its components, which TensorFlow names.")
    defaults = [info.name for info in caller.signature.inputs if info.default is not None]
    if defaults:
        notes.append(f"A loaded signature knows no defaults, so {', '.join(defaults)} must be sent.")
    if unknown:
        notes.append(f"{', '.join(unknown)} takes serialized tf.Examples whose features are not told by constants.")
    return " ".join(notes)


def _value(feed: Feed) -> str:
    sizes = list(feed.sizes)
    if feed.values is not None:
        values = repr(list(feed.values) if sizes else feed.values[0])
        return f"tf.constant({values}, tf.{feed.dtype}{f', shape={sizes}' if len(sizes) > 1 else ''})"
    if feed.dtype == "string":
        return 'tf.constant("text")' if not sizes else f'tf.fill({sizes}, "text")'
    return f"tf.zeros({sizes}, tf.{feed.dtype})"


# Examples -----------------------------------------------------------------------------------------------------------


def example_names(caller: Caller) -> dict[str, str]:
    """The Python variable for each input that takes Examples: ``example``, ``example_2``, …"""
    inputs = enumerate(caller.examples, 1)
    return {found.name: f"example_{number}" if number > 1 else "example" for number, found in inputs}


def example_lines(name: str, example: ExampleInput) -> list[str]:
    """Code that makes a tf.Example with all its features."""
    features = []
    for feature in sendable(example):
        field = EXAMPLE_LISTS[feature.dtype]
        value = f"tf.train.{_LIST_WORDS[field]}(value={repeated(_VALUES[feature.dtype], feature)})"
        features.append(f"    {code_text(feature.name)}: tf.train.Feature({field}={value}),")
    if not features:
        return [f"{name} = tf.train.Example()"]
    return [f"{name} = tf.train.Example(features=tf.train.Features(feature={{", *features, "}))"]


def repeated(value: str, feature: Feature) -> str:
    """A list of the value, as long as the feature is."""
    count = feature_size(feature)
    return f"[{value}]" if count == 1 else f"[{value}] * {count}"


def _examples(name: str, sizes: tuple[int, ...]) -> str:
    text = f"{name}.SerializeToString()"
    if not sizes:
        return f"tf.constant({text})"
    return f"tf.constant([{text}])" if sizes == (1,) else f"tf.fill({list(sizes)}, {text})"
