"""What TensorFlow computes: python tensorflow_outputs.py DIR ... prints a JSON line for each SavedModel.

A line has, by signature and output, dtype, shape and a digest of the bytes. The inputs are the same for every model:
numbers from a seeded generator with 4 for an unknown size, and for strings the lines of all assets beside the models.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import zlib
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import numpy as np
import tensorflow as tf


def _value(name: str, spec: tf.TensorSpec, words: list[bytes]) -> tf.Tensor:
    shape = [4 if size is None else size for size in spec.shape.as_list()]
    if spec.dtype == tf.string:
        count = int(np.prod(shape))
        flat = words if shape == [4] else [words[i % len(words)] for i in range(count)]
        return tf.constant(flat, shape=None if shape == [4] else shape)
    random = np.random.default_rng(zlib.crc32(name.encode()))
    if spec.dtype.is_integer:
        return tf.constant(random.integers(1, 5, shape), spec.dtype)
    return tf.cast(tf.constant(random.standard_normal(shape)), spec.dtype)


def outputs(directory: Path, words: list[bytes]) -> dict[str, dict[str, list[object]]]:
    """By signature and output."""
    found: dict[str, dict[str, list[object]]] = {}
    for key, function in tf.saved_model.load(str(directory)).signatures.items():
        given = {name: _value(name, spec, words) for name, spec in function.structured_input_signature[1].items()}
        found[key] = {
            name: [value.dtype.name, value.shape.as_list(), hashlib.sha256(value.numpy().tobytes()).hexdigest()]
            for name, value in sorted(function(**given).items())
        }
    return found


def main() -> None:
    """One line for each directory."""
    directories = [Path(text) for text in sys.argv[1:]]
    assets = sorted(file for directory in directories for file in directory.glob("assets/*"))
    words = sorted({word for file in assets for word in file.read_bytes().split()}) or [b"word"]
    for directory in directories:
        sys.stdout.write(json.dumps(outputs(directory, words)) + "\n")


if __name__ == "__main__":
    main()
