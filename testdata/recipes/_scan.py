"""What the recipes of models for the scan share: a write that tells of itself, an innocent signature."""

from _tf import tf

PROOF = "scan_proof.txt"
"""Written to the working directory by whatever is tried: where it stands, the op has run."""

SECRET = "/home/author/secret.txt"
"""What is read; it is nowhere."""


def write(x, path=PROOF):
    """x, and a file written on the way."""
    with tf.control_dependencies([tf.io.write_file(path, tf.strings.as_string(x))]):
        return tf.identity(x)


class Doubler(tf.Module):
    """An innocent signature."""

    @tf.function(input_signature=[tf.TensorSpec([], tf.float32, name="x")])
    def double(self, x):
        return {"y": x * 2.0}
