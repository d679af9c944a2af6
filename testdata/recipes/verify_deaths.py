# /// script
# requires-python = "==3.11.*"
# dependencies = ["tensorflow-cpu==2.21.0"]
# ///
"""Models that do, when they are loaded or called, what a verification must survive and name."""

from _tf import save, tf
from tensorflow.python.trackable import resource

MODELS = (
    "endless_loop",
    "init_write",
    "memory_hog",
    "nan_output",
    "network",
    "py_function",
)

SCALAR = tf.TensorSpec([], tf.float32, name="x")


class EndlessLoop(tf.Module):
    @tf.function(input_signature=[SCALAR])
    def __call__(self, x):
        return {"y": tf.while_loop(lambda value: tf.math.is_finite(value), lambda value: (value * 0.5,), (x,))[0]}


class Writing(resource.CapturableResource):
    """A table whose initializer, which loading runs, writes a file."""

    def _create_resource(self):
        return tf.raw_ops.MutableHashTableV2(key_dtype=tf.string, value_dtype=tf.int64)

    def _initialize(self):
        tf.io.write_file("written_at_load.txt", "smanalyze")

    def _destroy_resource(self):
        pass


class InitWrite(tf.Module):
    def __init__(self):
        super().__init__()
        self.table = Writing()

    @tf.function(input_signature=[SCALAR])
    def __call__(self, x):
        return {"y": x, "size": tf.raw_ops.LookupTableSizeV2(table_handle=self.table.resource_handle)}


class MemoryHog(tf.Module):
    """Four gigabytes at once."""

    @tf.function(input_signature=[SCALAR])
    def __call__(self, x):
        return {"y": tf.reduce_sum(tf.sort(tf.fill([1 << 30], x)))}


class NanOutput(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, name="x")])
    def __call__(self, x):
        return {"y": tf.math.log(-1.0 - x * x)}


class Network(tf.Module):
    """A file of a bucket, by name."""

    @tf.function(input_signature=[SCALAR])
    def __call__(self, x):
        return {"y": x, "content": tf.io.read_file("gs://no-such-bucket/file.txt")}

    @tf.function(input_signature=[SCALAR])
    def double(self, x):
        return {"y": x * 2.0}


class PyFunction(tf.Module):
    @tf.function(input_signature=[SCALAR])
    def __call__(self, x):
        return {"y": tf.py_function(lambda value: value * 2.0, [x], tf.float32)}


def main():
    save(EndlessLoop(), "endless_loop")
    save(InitWrite(), "init_write")
    save(MemoryHog(), "memory_hog")
    save(NanOutput(), "nan_output")
    module = Network()
    save(module, "network", signatures={"serving_default": module.__call__, "double": module.double})
    save(PyFunction(), "py_function")


if __name__ == "__main__":
    main()
