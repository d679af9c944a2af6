# /// script
# requires-python = "==3.11.*"
# dependencies = ["tensorflow-cpu==2.21.0"]
# ///
"""Pairs with one change in a variable, or in a vocabulary; the functions stay what they are."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from _common import source_files
from _pairs import make_pairs, values
from _tf import save, tf

MODELS = (
    "change_trainable",
    "change_weights_nudged",
    "change_weights_retrained",
    "change_weights_nan",
    "change_weights_zero",
    "change_variable_dtype",
    "change_asset_line",
)

WORDS = ["red", "green", "blue"]


class Net(tf.Module):
    """Two layers; only `hidden` is ever changed."""

    def __init__(self, hidden=None, **options):
        super().__init__(name="net")
        hidden = values(0, shape=(16, 16)) if hidden is None else hidden
        self.hidden = tf.Variable(hidden, **{"name": "hidden", "dtype": tf.float32} | options)
        self.logits = tf.Variable(values(1, shape=(16, 3)), name="logits", dtype=tf.float32)

    @tf.function(input_signature=[tf.TensorSpec([None, 16], tf.float32, name="x")])
    def predict(self, x):
        return {"y": tf.matmul(tf.nn.relu(tf.matmul(x, tf.cast(self.hidden, tf.float32))), self.logits)}


class Embedding(tf.Module):
    """A row for each of WORDS, and one for all that the vocabulary file does not know."""

    def __init__(self):
        super().__init__(name="embedding")
        keys, numbers = tf.lookup.TextFileIndex.WHOLE_LINE, tf.lookup.TextFileIndex.LINE_NUMBER
        vocabulary = tf.lookup.TextFileInitializer("vocab.txt", tf.string, keys, tf.int64, numbers)
        self.ids = tf.lookup.StaticHashTable(vocabulary, default_value=len(WORDS))
        self.rows = tf.Variable(values(0, shape=(len(WORDS) + 1, 2)), dtype=tf.float32, name="rows")

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="words")])
    def predict(self, words):
        return {"embedded": tf.gather(self.rows, self.ids.lookup(words))}


def nudged(kernel: np.ndarray) -> np.ndarray:
    return kernel * 1.001 + np.random.default_rng(2).normal(0.0, 1e-3, kernel.shape)


def with_nan(kernel: np.ndarray) -> np.ndarray:
    return np.where(np.arange(kernel.size).reshape(kernel.shape) == 5, np.nan, kernel)


def weights(change: Callable) -> Callable:
    return lambda new: Net(change(values(0, shape=(16, 16)))) if new else Net()


def embedding(new: bool) -> Embedding:
    Path("vocab.txt").write_text("\n".join([*WORDS, *(["yellow"] if new else [])]) + "\n")
    return Embedding()


PAIRS = {
    "change_trainable": lambda new: Net(trainable=not new),
    "change_weights_nudged": weights(nudged),
    "change_weights_retrained": weights(lambda kernel: values(2, shape=kernel.shape)),
    "change_weights_nan": weights(with_nan),
    "change_weights_zero": weights(np.zeros_like),
    "change_variable_dtype": lambda new: Net(dtype=tf.bfloat16 if new else tf.float32),
    "change_asset_line": embedding,
}


if __name__ == "__main__":
    with source_files({}):
        make_pairs(PAIRS, lambda module, name: save(module, name, signatures=module.predict))
