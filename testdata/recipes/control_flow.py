# /// script
# requires-python = "==3.11.*"
# dependencies = ["tensorflow-cpu==2.21.0"]
# ///
"""Functional control flow (If, While, Case, nested) and a dataset with its own functions."""

from _tf import save, seed, tf

MODELS = ("control_flow", "datasets_inside")


class ControlFlow(tf.Module):
    """One signature a kind of control flow; `nested` is a cond within a while within a case."""

    def __init__(self):
        super().__init__(name="control_flow")
        self.step = tf.Variable(0.5, name="step")

    @tf.function(input_signature=[tf.TensorSpec([], tf.float32, name="x")])
    def cond(self, x):
        return {"y": tf.cond(x > 0.0, lambda: x * self.step, lambda: tf.constant(-1.0))}

    @tf.function(input_signature=[tf.TensorSpec([], tf.int32, name="n")])
    def loop(self, n):
        def body(i, total):
            return i + 1, total + self.step

        _, total = tf.while_loop(lambda i, _: i < n, body, (0, 0.0), maximum_iterations=100)
        return {"total": total}

    @tf.function(input_signature=[tf.TensorSpec([], tf.int32, name="branch")])
    def switch(self, branch):
        branches = [lambda: tf.constant(1.0), lambda: self.step + 0.0, lambda: tf.constant(3.0)]
        return {"y": tf.switch_case(branch, branches)}

    @tf.function(input_signature=[tf.TensorSpec([None, 2], tf.float32, name="rows")])
    def mapped(self, rows):
        return {"sums": tf.map_fn(lambda row: tf.reduce_sum(row) * self.step, rows)}

    @tf.function(input_signature=[tf.TensorSpec([], tf.int32, name="n")])
    def nested(self, n):
        def odd_steps():
            total = 0.0
            for i in tf.range(n):
                if i % 2 == 1:
                    total += self.step
            return total

        return {"total": tf.switch_case(tf.sign(n), [lambda: 0.0, odd_steps])}


class Datasets(tf.Module):
    """A tf.data pipeline inside a function: Range, Map, Filter and Reduce hold functions of their own."""

    def __init__(self):
        super().__init__(name="datasets")
        self.weight = tf.Variable(2, name="weight", dtype=tf.int64)

    @tf.function(input_signature=[tf.TensorSpec([], tf.int64, name="n")])
    def sum_of_squares(self, n):
        dataset = tf.data.Dataset.range(n).map(lambda i: i * i * self.weight)
        dataset = dataset.filter(lambda square: square > 1)
        return {"total": dataset.reduce(tf.constant(0, tf.int64), lambda total, square: total + square)}


def main() -> None:
    seed()
    flow = ControlFlow()
    names = ("cond", "loop", "switch", "mapped", "nested")
    save(flow, "control_flow", signatures={name: getattr(flow, name) for name in names})

    datasets = Datasets()
    save(datasets, "datasets_inside", signatures=datasets.sum_of_squares)


if __name__ == "__main__":
    main()
