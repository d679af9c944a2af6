# /// script
# requires-python = "==3.11.*"
# dependencies = ["tensorflow-cpu==2.21.0"]
# ///
"""WriteFile and ReadFile in the functions that nodes of a signature's function call: branches, bodies, dataset functions."""

from _scan import PROOF, SECRET, write
from _tf import save, seed, tf
from tensorflow.python.ops import gen_dataset_ops

MODELS = (
    "file_in_cond",
    "write_in_while",
    "write_in_case",
    "write_in_map_fn",
    "write_in_map_defun",
    "write_in_dataset_map",
    "write_in_dataset_filter",
    "write_in_dataset_interleave",
    "write_deep",
    "op_feeding_nothing",
)

SCALAR = tf.TensorSpec([], tf.int64, name="x")


def in_cond(x):
    """One branch writes, the other reads a file of the author's machine."""

    def read():
        return tf.strings.length(tf.io.read_file(SECRET))

    return tf.cond(x > 0, lambda: tf.cast(write(x), tf.int32), read)


def in_while(x):
    return tf.while_loop(lambda i: i < x, lambda i: [write(i) + 1], [tf.constant(0, tf.int64)], maximum_iterations=3)[0]


def in_case(x):
    return tf.switch_case(tf.cast(x, tf.int32), [lambda: x, lambda: write(x), lambda: -x])


def in_map_fn(x):
    return tf.reduce_sum(tf.map_fn(write, tf.stack([x, x])))


def in_map_defun(x):
    inner = tf.function(write, input_signature=[SCALAR], autograph=False).get_concrete_function()
    inner.add_to_graph(tf.compat.v1.get_default_graph())
    found = gen_dataset_ops.map_defun(
        arguments=[tf.stack([x, x])],
        captured_inputs=[],
        output_types=[tf.int64],
        output_shapes=[tf.TensorShape([])],
        f=inner,
    )
    return tf.reduce_sum(found[0])


def reduced(dataset):
    return dataset.reduce(tf.constant(0, tf.int64), lambda total, i: total + i)


def in_dataset_map(x):
    return reduced(tf.data.Dataset.range(x).map(write))


def in_dataset_filter(x):
    return reduced(tf.data.Dataset.range(x).filter(lambda i: write(i) >= 0))


def in_dataset_interleave(x):
    return reduced(tf.data.Dataset.range(x).interleave(lambda i: tf.data.Dataset.from_tensors(write(i)), cycle_length=1))


@tf.function(input_signature=[SCALAR], autograph=False)
def helper(x):
    """A function of its own, which a while in a case calls."""
    return write(x)


def deep(x):
    def loop():
        return tf.while_loop(lambda i: i < x, lambda i: [helper(i) + 1], [tf.constant(0, tf.int64)])[0]

    return tf.switch_case(tf.cast(x > 0, tf.int32), [lambda: -x, loop])


def feeding_nothing(x):
    """Neither file is of use to the output: the write happens all the same; the read, which changes nothing, does not."""
    tf.io.write_file(PROOF, "written")
    tf.io.read_file(SECRET)
    return x + 1


def save_one(name: str, body) -> None:
    """A model with one signature, which computes `body`."""
    module = tf.Module()
    module.act = tf.function(lambda x: {"y": body(x)}, input_signature=[SCALAR], autograph=False)
    save(module, name, signatures=module.act)


def main() -> None:
    seed()
    bodies = (
        in_cond, in_while, in_case, in_map_fn, in_map_defun, in_dataset_map, in_dataset_filter, in_dataset_interleave,
        deep, feeding_nothing,
    )  # fmt: skip
    for name, body in zip(MODELS, bodies, strict=True):
        save_one(name, body)


if __name__ == "__main__":
    main()
