# /// script
# requires-python = "==3.11.*"
# dependencies = ["tensorflow-cpu==2.21.0"]
# ///
"""Lookup tables of three kinds and two assets."""

from _common import source_files
from _tf import save, seed, tf

MODELS = ("tables_and_assets",)


class Tables(tf.Module):
    """A table from a vocabulary file, one from constants, a mutable one with content, and a file read at call."""

    def __init__(self):
        super().__init__(name="tables")
        self.ids = tf.lookup.StaticHashTable(
            tf.lookup.TextFileInitializer(
                "vocab.txt",
                tf.string,
                tf.lookup.TextFileIndex.WHOLE_LINE,
                tf.int64,
                tf.lookup.TextFileIndex.LINE_NUMBER,
            ),
            default_value=-1,
            name="ids",
        )
        self.buckets = tf.lookup.StaticVocabularyTable(
            tf.lookup.KeyValueTensorInitializer(["cat", "dog"], tf.constant([0, 1], tf.int64)),
            num_oov_buckets=2,
            name="buckets",
        )
        self.prices = tf.lookup.experimental.MutableHashTable(tf.string, tf.float32, -1.0, name="prices")
        self.prices.insert(["apple", "pear"], [1.5, 2.5])
        self.greeting = tf.saved_model.Asset("greeting.txt")

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="words")])
    def look_up(self, words):
        return {
            "ids": self.ids.lookup(words),
            "buckets": self.buckets.lookup(words),
            "prices": self.prices.lookup(words),
        }

    @tf.function(input_signature=[])
    def greet(self):
        return {"greeting": tf.io.read_file(self.greeting)}


def main() -> None:
    seed()
    with source_files({"vocab.txt": b"red\ngreen\nblue\n", "greeting.txt": "Hello, 世界\n".encode()}):
        tables = Tables()
        save(tables, "tables_and_assets", signatures={"serving_default": tables.look_up, "greet": tables.greet})


if __name__ == "__main__":
    main()
