# /// script
# requires-python = "==3.11.*"
# dependencies = ["tensorflow-cpu==2.21.0"]
# ///
"""Good SavedModels edited after the save: ops TensorFlow has not, names meant to do harm, dead functions, text form."""

import os

from _common import source_files
from _tf import read_saved_model, save, seed, tf, write_saved_model
from google.protobuf import text_format

MODELS = ("custom_op", "hostile_names", "unreachable_function", "module_pbtxt")


class CustomOps(tf.Module):
    """Two identity nodes, `fancy` and `trees`, to be given the names of custom ops."""

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, name="x")])
    def __call__(self, x):
        fancy = tf.identity(x, name="fancy")
        return {"fancy": fancy + 1.0, "trees": tf.identity(fancy * 2.0, name="trees")}


def custom_op() -> None:
    """An op nobody knows and one of TensorFlow Decision Forests; TensorFlow cannot load this model."""
    module = CustomOps()
    path = save(module, "custom_op", signatures=module.__call__)
    saved_model = read_saved_model(path)
    meta_graph = saved_model.meta_graphs[0]
    identity = next(op for op in meta_graph.meta_info_def.stripped_op_list.op if op.name == "Identity")
    for node_name, op in (("fancy", "AcmeFancyOp"), ("trees", "SimpleMLInferenceOp")):
        for function in meta_graph.graph_def.library.function:
            for node in function.node_def:
                if node.name == node_name:
                    node.op = op
        definition = meta_graph.meta_info_def.stripped_op_list.op.add()
        definition.CopyFrom(identity)
        definition.name = op
    write_saved_model(path, saved_model)


SCRIPT = "<script>alert('sig')</script>"
ESCAPE = "\x1b[31mred\x1b[0m\x07"
BIDI = "safe\u202egnp.exe"
PIPE = "a|b](javascript:alert(1))\n| fake | row |"
FORMULA = '=HYPERLINK("http://example.com")'


class Hostile(tf.Module):
    """Object names TensorFlow itself accepts, and a file name that is a shell command."""

    def __init__(self):
        super().__init__(name="hostile")
        setattr(self, "<b>bold</b>", tf.Variable(1.0, name="bold"))
        setattr(self, "../../escape", tf.Variable(2.0, name="escape"))
        self.asset = tf.saved_model.Asset("$(id) `id` \u202egnp.txt")

    @tf.function(input_signature=[tf.TensorSpec([], tf.float32, name="x")])
    def one(self, x):
        return {"y": tf.add(x, getattr(self, "<b>bold</b>"), name="node"), "text": tf.io.read_file(self.asset)}

    @tf.function(input_signature=[tf.TensorSpec([], tf.float32, name="x")])
    def two(self, x):
        return {"y": x * getattr(self, "../../escape")}


def rename_key(entries, old: str, new: str) -> None:
    entries[new].CopyFrom(entries[old])
    del entries[old]


def hostile_names() -> None:
    """Terminal escapes, markup, bidirectional text and line breaks in every kind of name; TensorFlow cannot load it."""
    with source_files({"$(id) `id` \u202egnp.txt": b"harmless\n"}):
        module = Hostile()
        signatures = {"one": module.one, "two": module.two, "three": module.two, "four": module.two}
        path = save(module, "hostile_names", signatures=signatures)
    saved_model = read_saved_model(path)
    meta_graph = saved_model.meta_graphs[0]
    for old, new in (("one", SCRIPT), ("two", ESCAPE), ("three", BIDI), ("four", PIPE)):
        rename_key(meta_graph.signature_def, old, new)
    rename_key(meta_graph.signature_def[SCRIPT].inputs, "x", "<img src=x onerror=alert(1)>")
    rename_key(meta_graph.signature_def[ESCAPE].outputs, "y", "line\nbreak\ttab\x00nul")
    rename_key(meta_graph.signature_def[PIPE].inputs, "x", FORMULA)
    for function in meta_graph.graph_def.library.function:
        for node in function.node_def:
            if node.name == "node":
                node.name = "</td></tr>" + ESCAPE
            node.input[:] = [name.replace("node:z", "</td></tr>" + ESCAPE + ":z") for name in node.input]
    for node in meta_graph.object_graph_def.nodes:
        if node.variable.name == "bold":
            node.variable.name = PIPE
    meta_graph.meta_info_def.tags[:] = ["serve", "<u>tag</u>\r" + ESCAPE]
    meta_graph.meta_info_def.tensorflow_version = "2.21.0<!--" + BIDI
    write_saved_model(path, saved_model)


class Doubler(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec([], tf.float32, name="x")])
    def __call__(self, x):
        return {"y": x * 2.0}


def unreachable_function() -> None:
    """Two functions more in the library: `dead`, which nothing calls, and `deader`, which only `dead` calls."""
    module = Doubler()
    path = save(module, "unreachable_function", signatures=module.__call__)
    saved_model = read_saved_model(path)
    library = saved_model.meta_graphs[0].graph_def.library
    body = next(f for f in library.function if any(node.op == "Mul" for node in f.node_def))
    caller = next(f for f in library.function if "signature_wrapper" in f.signature.name)
    deader, dead = library.function.add(), library.function.add()
    deader.CopyFrom(body)
    deader.signature.name = "__inference_deader_901"
    dead.CopyFrom(caller)
    dead.signature.name = "__inference_dead_902"
    for node in dead.node_def:
        if "f" in node.attr:
            node.attr["f"].func.name = deader.signature.name
    write_saved_model(path, saved_model)


def module_pbtxt() -> None:
    """A TF2 SavedModel as saved_model.pbtxt; no fingerprint, as TensorFlow computes it from saved_model.pb only."""
    module = Doubler()
    path = save(module, "module_pbtxt", signatures=module.__call__)
    text = text_format.MessageToString(read_saved_model(path))
    os.remove(path + "/saved_model.pb")
    os.remove(path + "/fingerprint.pb")
    with open(path + "/saved_model.pbtxt", "w", encoding="utf-8") as file:
        file.write(text)


def main() -> None:
    seed()
    custom_op()
    hostile_names()
    unreachable_function()
    module_pbtxt()


if __name__ == "__main__":
    main()
