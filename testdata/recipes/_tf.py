"""What the recipes that need TensorFlow share: the same weights on every run, protos read and written back."""

import hashlib
import os
from pathlib import Path

os.environ |= {"TF_CPP_MIN_LOG_LEVEL": "3", "TF_ENABLE_ONEDNN_OPTS": "0", "CUDA_VISIBLE_DEVICES": "-1"}

import tensorflow as tf  # noqa: E402  (it reads the environment)
from _common import drop_empty_directories, fresh  # noqa: E402
from tensorflow.core.protobuf import fingerprint_pb2, saved_model_pb2  # noqa: E402

tf.get_logger().setLevel("ERROR")


def seed() -> None:
    """The same random numbers on every run."""
    tf.keras.utils.set_random_seed(0)


def save(obj, name: str, signatures=None, options=None) -> str:
    """tf.saved_model.save of `obj` as the model `name`."""
    path = fresh(name)
    tf.saved_model.save(obj, path, signatures=signatures, options=options)
    settle(path)
    return path


def settle(path: str) -> None:
    """After a save: no empty directories, and a uuid made from the model's name instead of a random one."""
    drop_empty_directories(path)
    file = Path(path) / "fingerprint.pb"
    if not file.exists():
        return
    fingerprint = fingerprint_pb2.FingerprintDef.FromString(file.read_bytes())
    if getattr(fingerprint, "uuid", ""):
        digest = hashlib.sha256(Path(path).name.encode()).digest()
        fingerprint.uuid = f"{int.from_bytes(digest[:16], 'big'):020d}"
        file.write_bytes(fingerprint.SerializeToString(deterministic=True))


def read_saved_model(path: str) -> saved_model_pb2.SavedModel:
    """The SavedModel proto of the directory `path`."""
    return saved_model_pb2.SavedModel.FromString((Path(path) / "saved_model.pb").read_bytes())


def write_saved_model(path: str, saved_model: saved_model_pb2.SavedModel) -> None:
    """Write an edited proto back, with the fingerprint TensorFlow computes for it."""
    (Path(path) / "saved_model.pb").write_bytes(saved_model.SerializeToString(deterministic=True))
    write_fingerprint(path)


def write_fingerprint(path: str) -> None:
    """Let TensorFlow compute fingerprint.pb for what stands in `path` now."""
    from tensorflow.python.saved_model.pywrap_saved_model import fingerprinting

    (Path(path) / "fingerprint.pb").write_bytes(fingerprinting.CreateFingerprintDef(path))
    settle(path)
