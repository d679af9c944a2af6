"""A folder of its own for one run: a private copy of the model, and the processes that work in it."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from smanalyze.errors import FormatError, UsageError
from smanalyze.model.parts import FileEntry
from smanalyze.model.record import record
from smanalyze.model.saved_model import SavedModel
from smanalyze.verify.child import Child

MISSING = "TensorFlow is not installed here: pip install 'smanalyze[verify]', or name an interpreter with --python."
MEGABYTE = 1 << 20
_PASSED = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
_HERE = Path(__file__).parent

MOST_SECONDS = 86400
"""A day; longer calls overflow the limits of the system."""

MOST_MEMORY = 1 << 50
"""Bytes, a petabyte; for the same reason."""


@record
class Limits:
    """What a child may use: bytes of memory, and seconds for each kind of step. ``total`` is for the whole run."""

    memory: int
    start: float = 120.0
    load: float = 30.0
    step: float = 30.0
    total: float = 600.0


def limits_for(model: SavedModel, memory: int | None, step: float | None) -> Limits:
    """The limits for a model: 1.5 GB and four times its variables; 30 s a call, 10 s more for each 100 MB to load."""
    size = sum(file.size for file in model.files)
    stored = min(sum(entry.size for entry in model.checkpoint.entries), size)  # an index may tell lies
    seconds = step or 30.0
    total = max(600.0, 20 * seconds)
    return Limits(
        memory or (1536 * MEGABYTE + 4 * stored), load=seconds + size / (10 * MEGABYTE), step=seconds, total=total
    )


def check_numbers(seed: int, timeout: float | None, memory: int | None) -> None:
    """Raises UsageError for a number with which nothing can run."""
    if seed < 0:
        raise UsageError("The seed is a number from 0 on.")
    if timeout is not None and not 0 < timeout <= MOST_SECONDS:  # nor is it NaN
        raise UsageError(f"A call can be given more than 0 and at most {MOST_SECONDS:,} seconds.")
    if memory is not None and not MEGABYTE <= memory <= MOST_MEMORY:
        raise UsageError(f"The child can be given from 1 to {MOST_MEMORY // MEGABYTE:,} MB of memory.")


def find_interpreter(given: str | None) -> str:
    """The Python whose TensorFlow is used. Raises UsageError where there is none, or no way to cage it."""
    if os.name != "posix":
        raise UsageError("A model can be verified on Linux and macOS only: elsewhere its process cannot be held in.")
    if given is not None:
        found = shutil.which(given)
        if found is None:
            raise UsageError(f"There is no interpreter {given}.")
        return os.path.abspath(found)
    if importlib.util.find_spec("tensorflow") is None:
        raise UsageError(MISSING)
    return sys.executable


class Sandbox:
    """``with Sandbox(...) as box``: a scratch folder, which holds a model's copy in ``box.model`` after ``box.copy``.
    ``end`` is when the whole run must be over, by the monotonic clock, however many workers it has. Nothing is left of
    it afterwards, nor of the child, even where this process is killed: a janitor waits for its end."""

    def __init__(self, interpreter: str, limits: Limits, permitted: frozenset[str]) -> None:
        self.limits = limits
        self._interpreter = interpreter
        self._permitted = permitted
        self._child: Child | None = None

    def __enter__(self) -> Sandbox:
        self.end = time.monotonic() + self.limits.total
        root = tempfile.mkdtemp(prefix="smanalyze-")
        self.root = Path(os.path.realpath(root))
        self._janitor = subprocess.Popen(
            [sys.executable, "-I", "-S", str(_HERE / "janitor.py"), str(self.root)],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        try:
            for name in ("home", "tmp", "work", "arrays"):
                (self.root / name).mkdir()
            self.model = self.root / "model"
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self.root, ignore_errors=True)
        assert self._janitor.stdin is not None
        with contextlib.suppress(OSError):
            self._janitor.stdin.close()
        self._janitor.wait()

    def copy(self, model: SavedModel, weights: SavedModel | None = None) -> dict[str, str]:
        """Writes the copy, in the place of one before, with the checkpoint of ``weights`` if that is given; gives the
        digest of each file of the original."""
        shutil.rmtree(self.model, ignore_errors=True)
        if weights is None:
            return self._copied(model, model.files)
        return {
            **self._copied(model, [file for file in model.files if not file.path.startswith("variables/")]),
            **self._copied(weights, [file for file in weights.files if file.path.startswith("variables/")]),
        }

    def _copied(self, model: SavedModel, files: Sequence[FileEntry]) -> dict[str, str]:
        assert model.file_pieces is not None
        needed = sum(file.size for file in files)
        if needed > shutil.disk_usage(self.root).free:
            raise UsageError(f"There is no room for a copy of the model ({needed} bytes); set TMPDIR.")
        self.model.mkdir(exist_ok=True)
        digests = {}
        for file in files:
            place = self.model / file.path
            place.parent.mkdir(parents=True, exist_ok=True)
            digest = hashlib.sha256()
            try:
                with open(place, "wb") as copy:
                    for piece in model.file_pieces(file.path):
                        digest.update(piece)
                        copy.write(piece)
                digests[file.path] = digest.hexdigest()
            except FormatError:
                place.unlink()  # what cannot be read is missing for TensorFlow, too
        return digests

    def files(self) -> dict[str, tuple[int, ...]]:
        """Path below the scratch folder -> size, of all but the arrays we exchange; of the model's copy with what the
        system notes of each change, its own time besides, which nobody can set."""
        found: dict[str, tuple[int, ...]] = {}
        for folder, folders, names in os.walk(self.root):
            if folder == str(self.root):
                folders[:] = (name for name in folders if name != "arrays")
            for place in (Path(folder, name) for name in names):
                path = place.relative_to(self.root).as_posix()
                with contextlib.suppress(OSError):  # the child may be removing it
                    now = place.lstat()
                    stamp = (now.st_size, now.st_ino, now.st_mtime_ns, now.st_ctime_ns)
                    found[path] = stamp if path.startswith("model/") else stamp[:1]
        return found

    def start(self, *, plain: bool = True) -> Child:
        """A new child in the place of the one before. ``plain``: without oneDNN, whose sums depend on the machine."""
        self.stop()
        network = "network" in self._permitted
        size = 16 * 1024 * MEGABYTE + 4 * self.limits.memory
        limits = {"AS": size, "NOFILE": 512, "FSIZE": 256 * MEGABYTE, "CORE": 0, "CPU": int(self.limits.total * 4)}
        wanted = json.dumps({"parent": os.getpid(), "network": network, "limits": limits})
        worker = [self._interpreter, "-I", "-B", "-X", "faulthandler", str(_HERE / "worker.py")]
        before = [sys.executable, "-I", "-S", str(_HERE / "cage.py"), wanted]
        self._child = Child([*before, *worker], str(self.root / "work"), self._environment(plain), self.limits.memory)
        self._tell_janitor(self._child.group)
        return self._child

    def stop(self) -> None:
        """Ends the child, if there is one."""
        child, self._child = self._child, None
        if child is not None:
            child.close()
            self._tell_janitor(0)

    def _tell_janitor(self, group: int) -> None:
        assert self._janitor.stdin is not None
        with contextlib.suppress(OSError):
            self._janitor.stdin.write(f"{group}\n".encode())
            self._janitor.stdin.flush()

    def _environment(self, plain: bool = True) -> dict[str, str]:
        """A clean one: nothing of the user's but where programs are and how text is written."""
        kept = {name: os.environ[name] for name in _PASSED if name in os.environ}
        scratch = {"HOME": "home", "TMPDIR": "tmp", "TEMP": "tmp", "TMP": "tmp", "XDG_CACHE_HOME": "tmp"}
        fixed = {
            "TF_CPP_MIN_LOG_LEVEL": "2", "CUDA_VISIBLE_DEVICES": "-1", "no_proxy": "*",
        }  # fmt: skip
        if plain:
            fixed["TF_ENABLE_ONEDNN_OPTS"] = "0"
        return {**kept, **{name: str(self.root / place) for name, place in scratch.items()}, **fixed}

    def settings(self) -> dict[str, Any]:
        """What the worker must know of the cage."""
        return {"network": "network" in self._permitted, "processes": "process" in self._permitted}
