# /// script
# requires-python = "==3.11.*"
# dependencies = ["tensorflow-cpu==2.15.1"]
# ///
"""An Estimator's export: tf.Example in (ParseExample), classify, regress and predict signatures."""

import shutil
import tempfile
from pathlib import Path

from _common import drop_empty_directories, fresh
from _tf import tf

MODELS = ("estimator_linear",)


def training_data() -> tf.data.Dataset:
    features = {"age": [[20.0], [60.0]], "city": [["Paris"], ["Oslo"]]}
    return tf.data.Dataset.from_tensors((features, [[0], [1]]))


def main() -> None:
    columns = [
        tf.feature_column.numeric_column("age"),
        tf.feature_column.categorical_column_with_vocabulary_list("city", ["Paris", "Oslo", "Rome"]),
    ]
    receiver = tf.estimator.export.build_parsing_serving_input_receiver_fn(
        tf.feature_column.make_parse_example_spec(columns)
    )
    path = fresh("estimator_linear")
    with tempfile.TemporaryDirectory() as folder:
        config = tf.estimator.RunConfig(model_dir=folder + "/train", tf_random_seed=0)
        estimator = tf.estimator.LinearClassifier(columns, config=config)
        estimator.train(training_data, steps=1)
        exported = estimator.export_saved_model(folder + "/export", receiver)
        shutil.copytree(Path(exported.decode()), path)
    drop_empty_directories(path)


if __name__ == "__main__":
    main()
