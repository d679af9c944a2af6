"""Models for `smanalyze run`, made with TensorFlow: python run_models.py DIR saves them into it.

``composites``: a TF2 signature with a ragged, a sparse and a dense input, and such outputs. ``dtypes``: outputs of
dtypes that numpy lacks. ``functions``: a list of modules with functions, a traced literal, a named tuple. ``refs``: a
TF1 graph that tf.saved_model.load refuses.
"""

from __future__ import annotations

import collections
import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import tensorflow as tf

Spec = tf.TensorSpec
Point = collections.namedtuple("Point", ["x", "y"])


class Composites(tf.Module):
    """Composite tensors in and out."""

    @tf.function(
        input_signature=[
            tf.RaggedTensorSpec([None, None], tf.int64),
            tf.SparseTensorSpec([None, 3], tf.float32),
            Spec([], tf.float32, name="by"),
        ]
    )
    def serve(self, r: tf.RaggedTensor, sp: tf.SparseTensor, by: tf.Tensor) -> dict[str, tf.Tensor]:
        """Sums of rows, and a few of the same kind."""
        return {"sums": tf.reduce_sum(r, axis=1), "dense": tf.sparse.to_dense(sp) * by, "twice": r * 2}


class Dtypes(tf.Module):
    """What numpy has no name for."""

    @tf.function(input_signature=[Spec([None], tf.float32, name="x")])
    def serve(self, x: tf.Tensor) -> dict[str, tf.Tensor]:
        """The same in other dtypes."""
        steer = tf.fill(tf.shape(x), tf.constant(b"\x1b[31mred\x00\x07"))
        return {
            "half": tf.cast(x, tf.float16), "brain": tf.cast(x, tf.bfloat16), "steer": steer,
            "complex": tf.complex(x, -x), "wide": tf.cast(x, tf.int64), "nan": x / 0.0,
            "../out/side": tf.strings.as_string(x),
        }  # fmt: skip


class Layer(tf.Module):
    """One of a list."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = tf.Variable(factor)

    @tf.function
    def call(self, x: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Another factor while training."""
        return x * self.factor * (10.0 if training else 1.0)


class Functions(tf.Module):
    """Functions and no signature."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = [Layer(2.0), Layer(3.0)]
        self.calls = tf.Variable(0)
        for layer in self.layers:
            for training in (False, True):
                layer.call.get_concrete_function(Spec([None], tf.float32), training=training)
        self.shift.get_concrete_function(Point(Spec([], tf.float32), Spec([], tf.float32)), by=Spec([], tf.float32))

    @tf.function
    def shift(self, point: Point, *, by: tf.Tensor) -> Point:
        """A named tuple in and out."""
        return Point(point.x + by, point.y + by)

    @tf.function(input_signature=[])
    def count(self) -> tf.Tensor:
        """How often it was called."""
        return self.calls.assign_add(1)


def refs(folder: str) -> None:
    """A variable as TensorFlow 1 had them, and a sparse output."""
    one = tf.compat.v1
    with tf.Graph().as_default(), one.Session() as session:
        by = one.placeholder(tf.float32, [], name="by")
        count = one.get_variable("count", initializer=1.0, use_resource=False)
        sparse = tf.sparse.from_dense(tf.stack([by, 0.0, by]))
        session.run(one.global_variables_initializer())
        build = one.saved_model.utils.build_tensor_info
        signature = one.saved_model.build_signature_def(
            {"by": build(by)}, {"count": build(one.assign_add(count, by)), "sparse": build(sparse)}
        )
        builder = one.saved_model.Builder(folder)
        builder.add_meta_graph_and_variables(session, ["serve"], {"serving_default": signature})
        builder.save()


def main(folder: Path) -> None:
    """Saves all of them."""
    composites, dtypes = Composites(), Dtypes()
    tf.saved_model.save(composites, str(folder / "composites"), {"serving_default": composites.serve})
    tf.saved_model.save(dtypes, str(folder / "dtypes"), {"serving_default": dtypes.serve})
    refs(str(folder / "refs"))
    functions = Functions()
    functions.bare = functions.layers[0].call.get_concrete_function(Spec([None], tf.float32, name="x"), training=True)
    tf.saved_model.save(functions, str(folder / "functions"))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
