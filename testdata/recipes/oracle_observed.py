# /// script
# requires-python = "==3.11.*"
# dependencies = ["tensorflow-cpu==2.21.0"]
# ///
"""What `smanalyze verify` sees when TensorFlow loads and runs each model: observed/NAME.json, one child for all."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.verify.observed import NAMES, STORED, observe_all, stored_text  # noqa: E402


def main():
    STORED.mkdir(exist_ok=True)
    for name, observed in observe_all(NAMES):
        (STORED / f"{name}.json").write_text(stored_text(observed), encoding="utf-8")


if __name__ == "__main__":
    main()
