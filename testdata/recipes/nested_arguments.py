# /// script
# requires-python = "==3.11.*"
# dependencies = ["tensorflow-cpu==2.21.0"]
# ///
"""Functions whose arguments are structures and Python literals, with several traces."""

from collections import namedtuple

from _tf import save, seed, tf

MODELS = ("nested_arguments",)

Point = namedtuple("Point", ["x", "y"])


class Nested(tf.Module):
    """dict, list, tuple and namedtuple arguments; bool, int, float, str and None literals; keyword-only arguments."""

    def __init__(self):
        super().__init__(name="nested")
        self.weight = tf.Variable(3.0, name="weight")

    @tf.function
    def structures(self, features, pair, points):
        total = features["a"] * self.weight + features["b"]["deep"]
        total += pair[0] + pair[1][0]
        total += points[0].x + points[1].y
        return {"total": total, "parts": (features["a"], [pair[0], points[0]])}

    @tf.function
    def literals(self, x, training=False, power=2, rate=0.5, mode="sum", mask=None, *, bias=0.0):
        y = tf.pow(x, power) * rate + bias
        if training:
            y += self.weight
        if mask is not None:
            y *= mask
        return tf.reduce_sum(y) if mode == "sum" else tf.reduce_mean(y)

    @tf.function
    def variadic(self, *xs, **named):
        return tf.add_n(list(xs)) + tf.add_n([named[key] for key in sorted(named)])


def main() -> None:
    seed()
    module = Nested()
    scalar = tf.TensorSpec([], tf.float32)
    vector = tf.TensorSpec([None], tf.float32, name="x")
    module.structures.get_concrete_function(
        {"a": scalar, "b": {"deep": scalar}},
        (scalar, [scalar]),
        [Point(scalar, scalar), Point(scalar, scalar)],
    )
    module.literals.get_concrete_function(vector)
    module.literals.get_concrete_function(vector, training=True, bias=1.5)
    module.literals.get_concrete_function(vector, True, 3, 0.25, "mean")
    module.literals.get_concrete_function(vector, mask=vector)
    module.literals.get_concrete_function(tf.TensorSpec([2, 2], tf.float32))
    module.variadic.get_concrete_function(scalar, scalar, left=scalar, right=scalar)
    save(module, "nested_arguments")


if __name__ == "__main__":
    main()
