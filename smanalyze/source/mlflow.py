"""The input example that MLflow keeps beside a model (mlflow.org/docs: MLmodel, saved_input_example_info)."""

from __future__ import annotations

import os
import re

MAX_BYTES = 64 << 20
MAX_UP = 3
"""MLflow puts a SavedModel into ``tfmodel`` or ``data/model`` below the folder of its MLmodel file."""


def input_example(root: str) -> bytes | None:
    """The JSON of the example that the nearest MLmodel file above the model names; None where there is none."""
    folder = os.path.abspath(root)
    for _ in range(MAX_UP):
        folder = os.path.dirname(folder)
        text = _read(os.path.join(folder, "MLmodel"))
        if text is None:
            continue
        named = re.search(rb"^\s*artifact_path:\s*['\"]?([^'\"\s/\\]+\.json)['\"]?\s*$", text, re.MULTILINE)
        return _read(os.path.join(folder, named[1].decode("utf-8", "replace") if named else "input_example.json"))
    return None


def _read(path: str) -> bytes | None:
    try:
        if not os.path.isfile(path) or os.path.getsize(path) > MAX_BYTES:
            return None
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return None
