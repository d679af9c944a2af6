# /// script
# requires-python = "==3.11.*"
# dependencies = ["tensorflow-cpu==2.21.0"]
# ///
"""save_debug_info=True: the stack of every node, with the paths of the author's machine (a made-up one here)."""

import sys
from pathlib import Path

from _tf import save, seed, tf
from tensorflow.core.framework import graph_debug_info_pb2

MODELS = ("debug_info",)

# The paths of the machine this runs on, and what stands in the fixture instead.
MADE_UP = {
    str(Path(__file__).resolve().parent): "/home/author/project",
    sys.prefix: "/home/author/.venv",
    sys.base_prefix: "/usr",
}


class Linear(tf.Module):
    def __init__(self):
        super().__init__(name="linear")
        self.kernel = tf.Variable([[1.0], [2.0]], name="kernel")

    @tf.function(input_signature=[tf.TensorSpec([None, 2], tf.float32, name="x")])
    def __call__(self, x):
        return {"y": tf.matmul(x, self.kernel)}


def replace_paths(file: Path) -> None:
    info = graph_debug_info_pb2.GraphDebugInfo.FromString(file.read_bytes())
    for index, name in enumerate(info.files):
        for real, made_up in MADE_UP.items():
            name = name.replace(real, made_up)
        info.files[index] = name
    file.write_bytes(info.SerializeToString(deterministic=True))


def main() -> None:
    seed()
    module = Linear()
    options = tf.saved_model.SaveOptions(save_debug_info=True)
    path = save(module, "debug_info", signatures=module.__call__, options=options)
    replace_paths(Path(path) / "debug" / "saved_model_debug_info.pb")


if __name__ == "__main__":
    main()
