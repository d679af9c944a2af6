# /// script
# requires-python = "==3.11.*"
# dependencies = ["tensorflow-cpu==2.21.0"]
# ///
"""Plain tf.Modules: with no, one and several signatures."""

from _tf import save, seed, tf

MODELS = ("module_no_signature", "module_one_signature", "module_several_signatures", "unknown_rank")


class Scale(tf.Module):
    """y = x * factor, reachable only as a child of another module."""

    def __init__(self):
        super().__init__(name="scale")
        self.factor = tf.Variable(2.0, name="factor")

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, name="x")])
    def times(self, x):
        return x * self.factor


class NoSignature(tf.Module):
    """Functions at the root and on the child `scale`; none is exported as a signature.

    With only one at the root, TensorFlow would make that one `serving_default` unasked.
    """

    def __init__(self):
        super().__init__(name="no_signature")
        self.scale = Scale()
        self.offset = tf.Variable([1.0, 2.0, 3.0], name="offset")

    @tf.function(input_signature=[tf.TensorSpec([3], tf.float32, name="x")])
    def shift(self, x):
        return self.scale.times(x) + self.offset

    @tf.function(input_signature=[])
    def read_offset(self):
        return tf.identity(self.offset)


class Linear(tf.Module):
    """y = x @ kernel + bias."""

    def __init__(self):
        super().__init__(name="linear")
        self.kernel = tf.Variable(tf.random.stateless_normal([3, 2], seed=[1, 2]), name="kernel")
        self.bias = tf.Variable(tf.zeros([2]), name="bias")

    @tf.function(input_signature=[tf.TensorSpec([None, 3], tf.float32, name="x")])
    def __call__(self, x):
        return {"y": tf.matmul(x, self.kernel) + self.bias}


class Several(tf.Module):
    """Three signatures over shared variables; `predict` has a default for one of its inputs."""

    def __init__(self):
        super().__init__(name="several")
        self.kernel = tf.Variable(tf.random.stateless_normal([4, 2], seed=[3, 4]), name="kernel")

    @tf.function(
        input_signature=[
            tf.TensorSpec([None, 4], tf.float32, name="features"),
            tf.TensorSpec([], tf.float32, name="temperature"),
        ]
    )
    def predict(self, features, temperature=tf.constant(1.0)):
        logits = tf.matmul(features, self.kernel) / temperature
        return {"logits": logits, "probabilities": tf.nn.softmax(logits)}

    @tf.function(input_signature=[tf.TensorSpec([None, 4], tf.float32, name="features")])
    def embed(self, features):
        return {"embedding": tf.nn.l2_normalize(tf.matmul(features, self.kernel), axis=-1)}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="lines")])
    def parse(self, lines):
        columns = tf.io.decode_csv(lines, [[0.0]] * 4)
        return {"features": tf.stack(columns, axis=1), "length": tf.strings.length(lines)}


class UnknownRank(tf.Module):
    """One input of any rank, one of known rank with unknown dimensions."""

    @tf.function(
        input_signature=[
            tf.TensorSpec(None, tf.float32, name="anything"),
            tf.TensorSpec([None, 2, None], tf.int32, name="cube"),
        ]
    )
    def shapes(self, anything, cube):
        return {"doubled": anything * 2.0, "rank": tf.rank(anything), "cube_sum": tf.reduce_sum(cube, axis=1)}


def main() -> None:
    seed()
    save(NoSignature(), "module_no_signature")

    linear = Linear()
    save(linear, "module_one_signature", signatures=linear.__call__)

    several = Several()
    save(
        several,
        "module_several_signatures",
        signatures={"serving_default": several.predict, "embed": several.embed, "parse": several.parse},
    )

    unknown = UnknownRank()
    save(unknown, "unknown_rank", signatures={"serving_default": unknown.shapes})


if __name__ == "__main__":
    main()
