# /// script
# requires-python = "==3.11.*"
# dependencies = ["tensorflow-cpu==2.21.0"]
# ///
"""What TensorFlow says of every model in models/, kept in testdata/oracle so that tests need no TensorFlow.

Not a recipe of models (``ORACLE`` says so): run it after a model was added or changed. It asks
tests/oracle/tensorflow_answers.py and writes for each SavedModel ``<name>.json`` and ``<name>.show.txt``, the text of
``saved_model_cli show --all``; ``<name>`` is the path below models/ with ``--`` for ``/``. Answers of models that are
gone are removed.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from _common import TESTDATA

ORACLE = True

MODELS_FOLDER = TESTDATA / "models"
SCRIPT = TESTDATA.parent / "tests" / "oracle" / "tensorflow_answers.py"
OUTPUT = Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else TESTDATA / "oracle"
WIDTH = 120


def main() -> None:
    directories = sorted(file.parent for file in MODELS_FOLDER.rglob("saved_model.pb*"))
    OUTPUT.mkdir(parents=True, exist_ok=True)
    for old in (*OUTPUT.glob("*.json"), *OUTPUT.glob("*.show.txt")):
        old.unlink()
    for directory, answer in zip(directories, ask(directories), strict=True):
        name = directory.relative_to(MODELS_FOLDER).as_posix().replace("/", "--")
        write(name, answer)


def ask(directories: list[Path]) -> list[dict]:
    """The answers, in order."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as listing:
        listing.write("".join(f"{directory}\n" for directory in directories))
        listing.flush()
        command = [sys.executable, str(SCRIPT), "--many", listing.name, "--structures", "--load", "--show"]
        child = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
    return [json.loads(line) for line in child.stdout.splitlines()]


def write(name: str, answer: dict) -> None:
    """The two files of one model. What the loaded model says need not be said twice."""
    shown = answer.pop("show")
    if isinstance(shown, str):
        (OUTPUT / f"{name}.show.txt").write_text(shown, encoding="utf-8", newline="")
    else:
        answer["show"] = shown
    if all("error" not in loaded for loaded in answer["load"]):
        del answer["structures"]
    (OUTPUT / f"{name}.json").write_text(pretty(answer) + "\n", encoding="utf-8")


def pretty(value, indent: str = "", used: int = 0) -> str:
    """JSON that breaks a line only where it would be too long."""
    flat = json.dumps(value, sort_keys=True)
    if not isinstance(value, (dict, list)) or len(indent) + used + len(flat) < WIDTH:
        return flat
    inner = indent + " "
    if isinstance(value, list):
        rows = [inner + pretty(item, inner) for item in value]
        return "[\n" + ",\n".join(rows) + f"\n{indent}]"
    rows = []
    for key in sorted(value):
        label = json.dumps(key) + ": "
        rows.append(inner + label + pretty(value[key], inner, len(label) + 1))
    return "{\n" + ",\n".join(rows) + f"\n{indent}}}"


if __name__ == "__main__":
    main()
