# /// script
# requires-python = "==3.11.*"
# dependencies = ["tensorflow-cpu==2.15.1"]
# ///
"""An Estimator trained and exported in two processes: its table gets a random name."""

import shutil
import tempfile

from _common import drop_empty_directories, fresh
from _pairs import make_pairs
from _tf import tf

MODELS = ("noise_estimator",)


def training_data() -> tf.data.Dataset:
    return tf.data.Dataset.from_tensors(({"city": [["Paris"], ["Oslo"]]}, [[0.0], [1.0]]))


def receiver():
    city = tf.compat.v1.placeholder(tf.string, [None, 1], name="city")
    return tf.estimator.export.ServingInputReceiver({"city": city}, {"city": city})


def store(column, name: str) -> None:
    path = fresh(name)
    with tempfile.TemporaryDirectory() as folder:
        config = tf.estimator.RunConfig(model_dir=folder + "/train", tf_random_seed=0)
        estimator = tf.estimator.LinearRegressor([column], config=config)
        estimator.train(training_data, steps=1)
        exported = estimator.export_saved_model(folder + "/export", receiver)
        shutil.copytree(exported.decode(), path)
    drop_empty_directories(path)


def column(new: bool):
    return tf.feature_column.categorical_column_with_vocabulary_list("city", ["Paris", "Oslo", "Rome"])


if __name__ == "__main__":
    make_pairs({"noise_estimator": column}, store)
