# /// script
# requires-python = "==3.11.*"
# dependencies = ["tensorflow-cpu==2.21.0"]
# ///
"""One fault of design in each: models that load and run, and still deserve a word."""

from pathlib import Path

from _tf import save, seed, tf

MODELS = (
    "unused_signature_input",
    "constant_output",
    "undeclared_asset",
    "absolute_path_constant",
    "big_constant",
    "unused_variable",
    "mutating_signature",
    "random_and_time",
    "file_writer_in_branch",
)

SCALAR = tf.TensorSpec([], tf.float32, name="x")


class UnusedInput(tf.Module):
    @tf.function(input_signature=[SCALAR, tf.TensorSpec([], tf.float32, name="ignored")])
    def __call__(self, x, ignored):
        return {"y": x * 2.0}


class ConstantOutput(tf.Module):
    """`version` depends on no input; `y` does."""

    @tf.function(input_signature=[SCALAR])
    def __call__(self, x):
        return {"y": x * 2.0, "version": tf.constant("v1") + tf.constant("-beta")}


class AbsolutePath(tf.Module):
    """A file of the author's machine, read by name at every call, and one by name of a bucket."""

    @tf.function(input_signature=[])
    def __call__(self):
        return {
            "vocabulary": tf.io.read_file("/home/author/vocab.txt"),
            "weights": tf.io.read_file("gs://author-bucket/weights.bin"),
        }


class BigConstant(tf.Module):
    """Weights baked into the graph: 12 000 floats, and as many zeros that take no room."""

    @tf.function(input_signature=[tf.TensorSpec([None, 120], tf.float32, name="x")])
    def __call__(self, x):
        weights = tf.constant([[(row * 100 + column) % 97 for column in range(100)] for row in range(120)], tf.float32)
        return {"y": tf.matmul(x, weights) + tf.matmul(x, tf.zeros([120, 100]))}


class UnusedVariable(tf.Module):
    """`forgotten` is saved and no function reads it."""

    def __init__(self):
        super().__init__(name="unused_variable")
        self.used = tf.Variable(2.0, name="used")
        self.forgotten = tf.Variable(tf.range(100.0), name="forgotten")

    @tf.function(input_signature=[SCALAR])
    def __call__(self, x):
        return {"y": x * self.used}


class Counter(tf.Module):
    """A signature that changes a variable."""

    def __init__(self):
        super().__init__(name="counter")
        self.calls = tf.Variable(0, name="calls", dtype=tf.int64)

    @tf.function(input_signature=[SCALAR])
    def __call__(self, x):
        return {"y": x + 1.0, "calls": self.calls.assign_add(1)}


class RandomAndTime(tf.Module):
    """Two calls with the same input give two answers."""

    @tf.function(input_signature=[SCALAR])
    def __call__(self, x):
        return {"y": x + tf.random.normal([]), "now": tf.timestamp()}


class FileWriter(tf.Module):
    """WriteFile in one branch of a condition, where a scan of the main graph does not look."""

    @tf.function(input_signature=[tf.TensorSpec([], tf.string, name="text")])
    def __call__(self, text):
        def write():
            tf.io.write_file("log.txt", text)
            return True

        return {"written": tf.cond(tf.strings.length(text) > 1000, write, lambda: False)}


def main() -> None:
    seed()
    for name, module in (
        ("unused_signature_input", UnusedInput()),
        ("constant_output", ConstantOutput()),
        ("undeclared_asset", Counter()),
        ("absolute_path_constant", AbsolutePath()),
        ("big_constant", BigConstant()),
        ("unused_variable", UnusedVariable()),
        ("mutating_signature", Counter()),
        ("random_and_time", RandomAndTime()),
        ("file_writer_in_branch", FileWriter()),
    ):
        path = save(module, name, signatures=module.__call__)
        if name == "undeclared_asset":
            (Path(path) / "assets").mkdir()
            (Path(path) / "assets" / "stray.txt").write_text("no graph reads this\n")


if __name__ == "__main__":
    main()
