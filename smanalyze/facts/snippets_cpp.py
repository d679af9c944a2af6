"""A signature called from C++."""

from __future__ import annotations

from smanalyze.facts.parse_spec import ExampleInput
from smanalyze.facts.snippets_feeds import EXAMPLE_LISTS, Caller, Feed, code_text, feature_size, feeds, sendable
from smanalyze.model.saved_model import Signature
from smanalyze.report.tensors import Snippet

_TYPES = {
    "float32": "float", "float64": "double", "int32": "tensorflow::int32", "int64": "tensorflow::int64",
    "uint8": "tensorflow::uint8", "int8": "tensorflow::int8", "int16": "tensorflow::int16", "bool": "bool",
    "string": "tensorflow::tstring", "float16": "Eigen::half", "bfloat16": "tensorflow::bfloat16",
}  # fmt: skip


def cpp_snippet(caller: Caller) -> Snippet:
    """Load the bundle and run its session on the signature's tensors."""
    tags = ", ".join(code_text(tag) for tag in caller.tags)
    sent = [(feed, caller.example(info.name)) for info in caller.required() for feed in feeds(caller, info)]
    lines = ['#include "tensorflow/cc/saved_model/loader.h"']
    if any(example for _, example in sent):
        lines.append('#include "tensorflow/core/example/example.pb.h"')
    lines += [
        "",
        "tensorflow::SavedModelBundle bundle;",
        "TF_CHECK_OK(tensorflow::LoadSavedModel({}, {}, " + f"{code_text(caller.path)}, {{{tags}}}, &bundle));",
    ]
    for number, (feed, example) in enumerate(sent):
        lines += _input(number, feed, example)
    pairs = ", ".join(f"{{{code_text(feed.tensor_name)}, input{number}}}" for number, (feed, _) in enumerate(sent))
    fetches = ", ".join(code_text(name) for name in _fetches(caller.signature))
    lines += [
        "std::vector<tensorflow::Tensor> outputs;",
        f"TF_CHECK_OK(bundle.session->Run({{{pairs}}}, {{{fetches}}}, {{}}, &outputs));",
    ]
    return Snippet("cpp", "Call it in C++", "\n".join(lines))


def _input(number: int, feed: Feed, example: ExampleInput | None) -> list[str]:
    name, dtype = f"input{number}", feed.dtype
    sizes = ", ".join(map(str, feed.sizes))
    lines = [f"tensorflow::Tensor {name}(tensorflow::{_enum(dtype)}, tensorflow::TensorShape({{{sizes}}}));"]
    if example is not None:
        lines += _example(f"example{number}", example)
        lines.append(f"{name}.flat<tensorflow::tstring>().setConstant(example{number}.SerializeAsString());")
    elif dtype in _TYPES and feed.values is not None:
        lines.append(f"{name}.flat<{_TYPES[dtype]}>().setValues({{{', '.join(map(str, feed.values))}}});")
    elif dtype in _TYPES:
        filler = '"text"' if dtype == "string" else f"{_TYPES[dtype]}(0)"
        lines.append(f"{name}.flat<{_TYPES[dtype]}>().setConstant({filler});")
    return lines


def _example(name: str, example: ExampleInput) -> list[str]:
    """Code that makes a tf.Example with all its features."""
    lines = [f"tensorflow::Example {name};"]
    for feature in sendable(example):
        count = feature_size(feature)
        field = f"(*{name}.mutable_features()->mutable_feature())[{code_text(feature.name)}]"
        values = f"{field}.mutable_{EXAMPLE_LISTS[feature.dtype]}()"
        if feature.dtype != "string":
            lines.append(f"{values}->mutable_value()->Resize({count}, 0);")
        elif count == 1:
            lines.append(f'{values}->add_value("text");')
        else:
            lines.append(f'for (int i = 0; i < {count}; ++i) {values}->add_value("text");')
    return lines


def _fetches(signature: Signature) -> list[str]:
    names: list[str] = []
    for info in signature.outputs:
        names.extend([part.tensor_name for part in info.components] or [info.tensor_name])
    return names


def _enum(dtype: str) -> str:
    words = {"float32": "DT_FLOAT", "float64": "DT_DOUBLE", "float16": "DT_HALF"}
    return words.get(dtype, "DT_" + dtype.upper())
