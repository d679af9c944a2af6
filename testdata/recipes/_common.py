"""What all recipes share, without TensorFlow: where a fixture goes, and source files for its assets."""

import contextlib
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

TESTDATA = Path(__file__).resolve().parent.parent


# Recipes called broken_*, pairs_*, scan_*, verify_* and weights_* write into the folder of that name, all others into
# models/; the first argument, if any, is another place.
KINDS = {"broken": "broken", "pairs": "pairs", "scan": "scan", "verify": "verify", "weights": "weights"}
KIND = KINDS.get(Path(sys.argv[0]).stem.partition("_")[0], "models")
OUTPUT = Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else TESTDATA / KIND


def fresh(name: str) -> str:
    """The place for the model `name`, not made yet; what stood there is removed."""
    path = OUTPUT / name
    shutil.rmtree(path, ignore_errors=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    return str(path)


def copy_model(source: str, name: str) -> str:
    """A copy of the good model `source` of testdata as `name`."""
    path = fresh(name)
    shutil.copytree(TESTDATA / "models" / source, path)
    return path


def drop_empty_directories(path: str) -> None:
    """Remove empty assets/ and variables/: git would not keep them."""
    for folder in sorted(Path(path).rglob("*"), reverse=True):
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()


@contextlib.contextmanager
def source_files(files: dict[str, bytes]) -> Iterator[None]:
    """Work in a directory that holds `files`, so that they have relative names and no path of this machine is saved."""
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        for name, content in files.items():
            Path(name).write_bytes(content)
        yield
