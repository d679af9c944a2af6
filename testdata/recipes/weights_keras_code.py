# /// script
# requires-python = "==3.11.*"
# dependencies = ["tensorflow-cpu==2.15.1", "h5py==3.16.0"]
# ///
"""Keras files whose configurations bring code and dangerous references along, edited by hand. No code in them does harm:
what is bytecode only mentions such names in a string, and what would be called is named with arguments that lead nowhere.
"""

import base64
import json
import marshal
import pickletools
import re
import zipfile
from pathlib import Path

import h5py
from _common import fresh

MODELS = ("keras_code", "keras_code_honest")

HARMLESS = compile("lambda x: x * 2.0", "/home/author/project/model.py", "eval").co_consts[0]
MENTIONS = compile("lambda x: (\"import os; os.system('id')\", x)[1]", "/home/author/project/model.py", "eval")
PICKLE = pickletools.optimize(b"\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c\x00\x85.")
"""Names posix.system and an argument; it is taken apart by no one, and calls nothing (there is no REDUCE)."""

PICKLED = base64.b64encode(PICKLE).decode()


def code(function) -> str:
    return base64.encodebytes(marshal.dumps(function)).decode()


MENTIONED = code(MENTIONS.co_consts[0])


def keras3_object(module, name, config, registered=None) -> dict:
    return {"module": module, "class_name": name, "config": config, "registered_name": registered}


def layer(name: str, class_name: str, module="keras.layers", **config) -> dict:
    return keras3_object(module, class_name, {"name": name, "trainable": True, "dtype": "float32", **config})


def function(module, name: str) -> dict:
    return keras3_object(module, "function", name, name)


def keras3_lambda(text: str) -> dict:
    return {"class_name": "__lambda__", "config": {"code": text, "defaults": None, "closure": None}}


def sequential(*layers: dict) -> dict:
    first = layer("features", "InputLayer", batch_shape=[None, 3])
    return keras3_object("keras", "Sequential", {"name": "crafted", "trainable": True, "layers": [first, *layers]})


def keras2(*layers: dict) -> dict:
    first = {"class_name": "InputLayer", "config": {"batch_input_shape": [None, 3], "name": "features"}}
    return {"class_name": "Sequential", "config": {"name": "crafted", "layers": [first, *layers]}}


def keras2_lambda(name: str, text: str, **config) -> dict:
    given = {"name": name, "function": [text, None, None], "function_type": "lambda", "module": "__main__"}
    return {"class_name": "Lambda", "config": {**given, **config}}


def archive(path: Path, config: dict | str | bytes) -> None:
    text = json.dumps(config) if isinstance(config, dict) else config
    with zipfile.ZipFile(path, "w") as made:
        for member, content in (("metadata.json", '{"keras_version": "3.8.0"}'), ("config.json", text)):
            made.writestr(zipfile.ZipInfo(member), content)


def hdf5(path: Path, config: dict, training: dict | None = None) -> None:
    with h5py.File(path, "w") as made:
        made.attrs["keras_version"] = "2.15.0"
        made.attrs["backend"] = "tensorflow"
        made.attrs["model_config"] = json.dumps(config)
        if training is not None:
            made.attrs["training_config"] = json.dumps(training)


def spelled(text: str) -> str:
    """JSON with every letter of every string as a number."""

    def numbers(match: re.Match[str]) -> str:
        return "".join(f"\\u{ord(letter):04x}" if letter.isalpha() else letter for letter in match[0])

    return re.sub(r'"[^"]*"', numbers, text)


LISTEN = layer("fetch", "Lambda", function=function("keras.utils", "get_file"),
               arguments={"fname": "made.up", "origin": "https://example.com/made.up", "extract": True})  # fmt: skip


def archives(folder: Path) -> None:
    archive(folder / "lambda.keras", sequential(layer("double", "Lambda", function=keras3_lambda(MENTIONED))))
    archive(folder / "value.keras", sequential(layer("dense", "Dense", units=2, activation={
        "class_name": "__lambda__", "config": {"value": [MENTIONED, None, None]}})))  # fmt: skip
    archive(folder / "foreign.keras", sequential(
        layer("shell", "Lambda", function=function("os", "system"), arguments={"command": "id"}),
        layer("inner", "Bidirectional", layer=layer("cell", "RNN", cell=layer("popen", "Popen", module="subprocess"))),
        layer("through", "Lambda", function=function("keras.src.utils.io_utils", "os.system")),
        layer("python", "Lambda", function=function("builtins", "eval")),
        layer("library", "Lambda", function=function("numpy", "load"), arguments={"allow_pickle": True}),
    ))  # fmt: skip
    archive(folder / "gadget.keras", sequential(
        layer("unsafe", "Lambda", function=function("keras.config", "enable_unsafe_deserialization")),
        LISTEN,
        layer("again", "Lambda", function=function("keras.models", "load_model"), arguments={"safe_mode": False}),
        keras3_object("keras.layers", "TorchModuleWrapper", {"name": "torch", "module": PICKLED}),
        layer("graph", "TFSMLayer", filepath="/home/author/other_model"),
        layer("plot", "Lambda", function=function("keras.utils", "plot_model")),
        layer("data", "Lambda", function=function("keras.datasets.mnist", "load_data")),
        layer("build", "Lambda", function=function("keras.applications", "VGG16"), arguments={"weights": "/x.h5"}),
        layer("logging", "Lambda", function=function("keras.config", "enable_interactive_logging")),
    ))  # fmt: skip
    archive(folder / "vocabulary.keras", sequential(
        layer("words", "StringLookup", vocabulary="/etc/passwd"),
        layer("address", "TextVectorization", vocabulary="http://169.254.169.254/latest/meta-data/"),
        layer("up", "IntegerLookup", vocabulary="../../ids.txt"),
        layer("elsewhere", "StringLookup", vocabulary="/home/author/words.txt"),
        layer("inside", "StringLookup", vocabulary="words.txt"),
    ))  # fmt: skip
    archive(folder / "spelled.keras", spelled(json.dumps(sequential(LISTEN))))
    archive(folder / "utf16.keras", json.dumps(sequential(LISTEN)).encode("utf-16"))
    archive(folder / "deep.keras", '{"class_name": "Lambda", "config": ' + "[" * 100_000 + "]" * 100_000 + "}")
    archive(folder / "broken.keras", json.dumps(sequential(LISTEN))[:-20])


INDENTED = MENTIONED.strip().replace("\n", "\n\n" + " " * 8)
YAML = f"""\
class_name: Sequential
config:
  layers:
  - class_name: Lambda
    config:
      function: !!python/tuple
      - '{INDENTED}

        '
      - null
      - null
      function_type: lambda
      name: double
  name: crafted
keras_version: 2.4.0
"""


def others(folder: Path) -> None:
    hdf5(folder / "lambda.h5",
         keras2(keras2_lambda("double", MENTIONED), keras2_lambda("twin", MENTIONED),
                keras2_lambda("shaped", code(HARMLESS), output_shape=[code(HARMLESS), None, None],
                              output_shape_type="lambda")),
         {"loss": function("subprocess", "call"), "optimizer_config": {"class_name": "Adam", "config": {}}})  # fmt: skip
    node = {"name": "write", "op": "WriteFile", "input": ["name", "text"]}
    calls = [[["_CONSTANT_VALUE", -1, "/home/author/made.up", {"contents": "made up"}]]]
    (folder / "graph.json").write_text(json.dumps(keras2(
        {"class_name": "TFOpLambda", "config": {"name": "w", "function": "io.write_file"}, "inbound_nodes": calls},
        {"class_name": "TFOpLambda", "config": {"name": "r", "function": "raw_ops.ReadFile"}, "inbound_nodes": []},
        {"class_name": "TFOpLambda", "config": {"name": "m", "function": "math.multiply"}, "inbound_nodes": []},
        {"class_name": "TensorFlowOpLayer", "config": {"name": "n", "node_def": node, "constants": {}}},
        {"class_name": "TensorFlowOpLayer", "config": {"name": "p", "node_def": "\n\x01p\x12\x06PyFunc"}},
    )))  # fmt: skip
    (folder / "lambda.yaml").write_text(YAML)
    (folder / "tag.yaml").write_text("class_name: !!python/object/apply:os.system ['id']\nconfig: {}\n")


def honest(folder: Path) -> None:
    """Whatever a careful author's model holds: none of it is more than a note."""
    archive(folder / "custom.keras", sequential(
        layer("dense", "Dense", units=2, activation="relu", kernel_initializer=keras3_object(
            "keras.initializers", "GlorotUniform", {"seed": None})),
        layer("act", "Activation", activation=keras3_object("builtins", "function", "gelu", "function")),
        layer("named", "Lambda", function=keras3_object("builtins", "function", "acme>scale", "function")),
        keras3_object("acme.layers", "Shift", {"name": "shift"}, "acme>Shift"),
        keras3_object(None, "Plain", {"name": "plain"}, "Plain"),
        layer("words", "StringLookup", vocabulary=["/etc/passwd", "os.system", "lambda"]),
        layer("get_file", "Dense", units=1),
        layer("prepared", "Lambda", function=function("keras.applications.resnet50", "preprocess_input")),
        layer("own", "Lambda", function=function("builtins", "load_model")),
        layer("インナー", "Bidirectional", layer=layer("lstm", "LSTM", units=2)),
    ))  # fmt: skip
    hdf5(folder / "legacy.h5", keras2(
        {"class_name": "Dense", "config": {"name": "os", "activation": "relu", "units": 2}},
        {"class_name": "Lambda", "config": {"name": "named", "function": "scale", "function_type": "function"}},
        {"class_name": "acme>Shift", "config": {"name": "shift"}},
        {"class_name": "TFOpLambda", "config": {"name": "tf.io.decode_raw", "function": "io.decode_raw"}},
        {"class_name": "StringLookup", "config": {"name": "words", "vocabulary": "assets/words.txt"}},
    ))  # fmt: skip


def main() -> None:
    for name, make in (("keras_code", (archives, others)), ("keras_code_honest", (honest,))):
        folder = Path(fresh(name))
        folder.mkdir()
        for part in make:
            part(folder)


if __name__ == "__main__":
    main()
