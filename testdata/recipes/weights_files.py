# /// script
# requires-python = "==3.11.*"
# dependencies = ["tensorflow-cpu==2.21.0", "keras==3.15.1", "h5py==3.14.0"]
# ///
"""Files of weights without a SavedModel: those of keras3_export and keras3_saved_model in every form, and changed ones."""

import json
import re
import zipfile
from pathlib import Path

from _common import TESTDATA, fresh
from _tf import seed, tf
from keras3 import image_model, trained_model

MODELS = (
    "architecture",
    "checkpoint",
    "checkpoint_nudged",
    "keras3_h5",
    "keras3_h5_nudged",
    "keras_archive",
    "keras_archive_trained",
    "legacy_h5",
)

NUDGED = 3
"""Place of the weight that is changed: beta of the batch normalization, zeros until then."""

keras = tf.keras


def folder(name: str) -> Path:
    path = Path(fresh(name))
    path.mkdir()
    return path


def stored(model: str, key: str):
    reader = tf.train.load_checkpoint(str(TESTDATA / "models" / model / "variables" / "variables"))
    return reader.get_tensor(f"{key}/.ATTRIBUTES/VARIABLE_VALUE")


def image() -> keras.Model:
    """The model of keras3_export, with its weights."""
    model = image_model()
    for number, variable in enumerate(model.variables):
        variable.assign(stored("keras3_export", f"variables/{number}"))
    return model


def nudged() -> keras.Model:
    model = image()
    model.weights[NUDGED].assign(model.weights[NUDGED] + 0.25)
    return model


def trained() -> keras.Model:
    """The model of keras3_saved_model, with its weights; the optimizer's state is another."""
    model = trained_model()
    for number, variable in enumerate(model.trainable_variables):
        variable.assign(stored("keras3_saved_model", f"optimizer/_trainable_variables/{number}"))
    return model


def archive(model: keras.Model, name: str, file: str) -> None:
    """model.save, without the date, and without the addresses of this run that Keras takes for object ids."""
    path = folder(name) / file
    model.save(path)
    with zipfile.ZipFile(path) as saved:
        members = {info.filename: saved.read(info) for info in saved.infolist()}
    metadata = json.loads(members["metadata.json"]) | {"date_saved": "2026-01-01@00:00:00"}
    members["metadata.json"] = json.dumps(metadata).encode()
    members["config.json"] = without_ids(members["config.json"].decode()).encode()
    with zipfile.ZipFile(path, "w") as fixed:
        for member, content in members.items():
            fixed.writestr(zipfile.ZipInfo(member), content)


def without_ids(config: str) -> str:
    found: dict[str, int] = {}
    return re.sub(
        r'("shared_object_id": )(\d+)', lambda m: f"{m[1]}{found.setdefault(m[2], len(found) + 1)}", config
    )


def checkpoint(model: keras.Model, name: str) -> None:
    tf.train.Checkpoint(model=model).save(str(folder(name) / "ckpt"))


YAML = """\
backend: tensorflow
class_name: Functional
config:
  input_layers:
  - - image
    - 0
    - 0
  layers:
  - class_name: InputLayer
    config:
      batch_input_shape: !!python/tuple
      - null
      - 8
      - 8
      - 1
      dtype: float32
      name: image
    inbound_nodes: []
    name: image
  - class_name: Dense
    config:
      activation: softmax
      kernel_initializer:
        class_name: GlorotUniform
        config:
          seed: null
      name: classes
      units: 3
    inbound_nodes:
    - - - image
        - 0
        - 0
        - {}
    name: classes
  name: image_model
  output_layers:
  - - classes
    - 0
    - 0
keras_version: 2.4.0
"""
"""As tf.keras of TensorFlow 2.4 wrote it with ``to_yaml``; later releases write none."""


def main() -> None:
    seed()
    checkpoint(image(), "checkpoint")
    checkpoint(nudged(), "checkpoint_nudged")
    image().save_weights(folder("keras3_h5") / "image.weights.h5")
    nudged().save_weights(folder("keras3_h5_nudged") / "image.weights.h5")
    archive(image(), "keras_archive", "image.keras")
    archive(trained(), "keras_archive_trained", "trained.keras")
    model = image()
    path = folder("legacy_h5") / "image.h5"
    model.save(path)
    path = folder("architecture")
    (path / "image.json").write_text(without_ids(model.to_json()) + "\n")
    (path / "image.yaml").write_text(YAML)


if __name__ == "__main__":
    main()
