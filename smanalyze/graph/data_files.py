"""The data files beside this package's modules."""

from __future__ import annotations

import os


def read_data(name: str) -> str:
    """The text of ``data/NAME``. Without pathlib, which takes long to import."""
    with open(os.path.join(os.path.dirname(__file__), "data", name), encoding="utf-8") as file:
        return file.read()
