"""Talks to the process that reads an HDF5 file or a Keras archive (``keras_worker``)."""

from __future__ import annotations

import importlib.util
import json
import os
import struct
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from typing import IO, Any

from smanalyze.errors import FormatError, LimitError, UsageError
from smanalyze.format.checksum import SLICE_BYTES, crc32c, mask
from smanalyze.format.numpy_types import from_bytes
from smanalyze.model.bundle import BundleEntry, TensorSlice

MEMORY_BYTES = 4 << 30
"""Address space of the process; numpy and h5py alone take half a gigabyte of it, hardly any of it memory."""

CPU_SECONDS = 3600
ANSWER_SECONDS = 120.0
"""How long one answer, or one piece of values, may take."""

MISSING = "Keras archives and HDF5 files are read with h5py: pip install 'smanalyze[keras]'."
MAX_FRAME_BYTES = 1 << 31
_HEADER = struct.Struct("<cQ")

_CODE = """
import sys, types
ours = types.ModuleType("smanalyze")
ours.__path__ = [sys.argv[1]]
sys.modules["smanalyze"] = ours
sys.path += sys.argv[2:]
from smanalyze.format.keras_worker import main
main()
"""
"""An isolated Python knows neither PYTHONPATH nor the working folder, and may have another smanalyze installed."""

_PASSED = ("SYSTEMROOT", "TEMP", "TMP", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")


class KerasChild:
    """The process for one file, started at the first request and ended with this object. With ``texts_only`` it looks
    for no tensors; the texts of an archive need no h5py."""

    def __init__(
        self, path: str, kind: str, seconds: float = ANSWER_SECONDS, memory: int = MEMORY_BYTES,
        texts_only: bool = False,
    ) -> None:  # fmt: skip
        self._request = {"do": "open", "path": os.path.abspath(path), "kind": kind, "texts_only": texts_only}
        self._paths = _paths(needed=kind != "keras" or not texts_only)
        self._seconds = seconds
        self._memory = memory
        self._process: subprocess.Popen[bytes] | None = None

    def open(self) -> dict[str, Any]:
        """What is in the file: ``texts``, ``tensors`` and ``problems``, see ``keras_worker.Reader.open``.

        Raises UsageError where h5py is missing, FormatError (``offset`` None) for what is refused or cannot be read.
        """
        process = self._process = self._start()
        limits = {"memory": self._memory, "seconds": CPU_SECONDS}
        self._send(process, limits)
        self._send(process, self._request)
        kind, content = self._frame(process)
        if kind != b"J":
            raise _refusal(kind, content)
        return dict(json.loads(content))

    def pieces(self, number: int) -> Iterator[bytes]:
        """The values of a tensor, row-major and little-endian. Raises FormatError where they cannot be read."""
        if self._process is None:
            self.open()
        process = self._process
        assert process is not None
        self._send(process, {"do": "read", "number": number})
        done = False
        try:
            while True:
                kind, content = self._frame(process)
                if kind != b"D":
                    done = True
                    break
                yield content
        finally:
            if not done:  # what was not fetched would be taken for the next answer
                self._stop(process)
        if kind != b"Z":
            raise _refusal(kind, content)

    def _start(self) -> subprocess.Popen[bytes]:
        environment = {name: os.environ[name] for name in _PASSED if name in os.environ}
        environment |= {"HDF5_PLUGIN_PATH": "", "HDF5_PLUGIN_PRELOAD": "::", "HDF5_USE_FILE_LOCKING": "FALSE"}
        environment |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
        process = subprocess.Popen(
            [sys.executable, "-I", "-c", _CODE, *self._paths],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
        )
        weakref.finalize(self, _end, process)
        return process

    def _stop(self, process: subprocess.Popen[bytes]) -> None:
        _end(process)
        self._process = None

    def _send(self, process: subprocess.Popen[bytes], request: dict[str, Any]) -> None:
        assert process.stdin is not None
        try:
            process.stdin.write(json.dumps(request).encode() + b"\n")
            process.stdin.flush()
        except OSError:
            return  # it has ended; the answer will say so

    def _frame(self, process: subprocess.Popen[bytes]) -> tuple[bytes, bytes]:
        """The next frame. Raises FormatError where the process ended, or took too long and was ended."""
        assert process.stdout is not None
        late = threading.Event()

        def end() -> None:
            late.set()
            process.kill()

        timer = threading.Timer(self._seconds, end)
        timer.daemon = True
        timer.start()
        try:
            header = process.stdout.read(_HEADER.size)
            kind, size = _HEADER.unpack(header) if len(header) == _HEADER.size else (b"", 0)
            content = process.stdout.read(size) if size <= MAX_FRAME_BYTES else b""
        finally:
            timer.cancel()
        if not kind or len(content) != size:
            self._stop(process)
            if late.is_set():
                raise LimitError(f"Reading it took longer than {self._seconds:g} seconds and was stopped.")
            raise FormatError("The process that reads it came to an end; the file is damaged or asks for too much.")
        return kind, content


class KerasReader:
    """Reads tensors of a Keras file (model.checkpoint.TensorReader); ``tensors`` are number and size in bytes by key.

    An entry with an offset means a run of that tensor's bytes. Runs that follow each other are read in one go.
    """

    def __init__(self, child: KerasChild, tensors: dict[str, tuple[int, int]]) -> None:
        self._child = child
        self._tensors = tensors
        self._run: tuple[str, int, Iterator[bytes], bytes] | None = None

    def read(self, entry: BundleEntry) -> Any:
        """The values as a read-only numpy array. Raises FormatError."""
        return from_bytes(self.read_bytes(entry), entry.dtype, entry.shape)

    def read_strings(self, entry: BundleEntry) -> list[bytes]:
        """Raises FormatError: no strings are read of these files."""
        raise FormatError(f"An entry of dtype {entry.dtype} holds no strings.")

    def read_bytes(self, entry: BundleEntry) -> bytes:
        """The values as they would lie in a tensor bundle. Raises FormatError."""
        return b"".join(self.chunks(entry)) if entry.offset is None else self._range(entry, entry.offset)

    def chunks(self, entry: BundleEntry, size: int = SLICE_BYTES) -> Iterator[bytes]:
        """All bytes of the tensor, ``size`` at a time. Raises FormatError where they cannot be read."""
        for piece in self._pieces(entry.key):
            for start in range(0, len(piece), size):
                yield piece[start : start + size]

    def computed_crc32c(self, entry: BundleEntry, piece: TensorSlice | None = None) -> int:
        """The masked CRC-32C that a tensor bundle would store for these values. Raises FormatError."""
        crc = 0
        for chunk in self.chunks(entry):
            crc = crc32c(chunk, crc)
        return mask(crc)

    def _pieces(self, key: str) -> Iterator[bytes]:
        if key not in self._tensors:
            raise FormatError(f"There is no tensor {key}.")
        self._run = None
        number, size = self._tensors[key]
        total = 0
        for piece in self._child.pieces(number):
            total += len(piece)
            yield piece
        if total != size:
            raise FormatError(f"{key} gave {total} bytes instead of {size}.")

    def _range(self, entry: BundleEntry, offset: int) -> bytes:
        """``entry.size`` bytes of the tensor from ``offset`` on; goes on where the last call ended if it can."""
        run, self._run = self._run, None
        if run is None or run[:2] != (entry.key, offset):
            run = (entry.key, 0, self._pieces(entry.key), b"")
        _, position, pieces, rest = run
        gathered = [rest]
        have = len(rest)
        wanted = offset - position + entry.size
        while have < wanted:
            piece = next(pieces, None)
            if piece is None:
                raise FormatError(f"{entry.key} ends before byte {offset + entry.size}.")
            gathered.append(piece)
            have += len(piece)
        content = b"".join(gathered)
        if offset + entry.size == self._tensors[entry.key][1]:
            next(pieces, None)  # so that the answer is read to its end
        else:
            self._run = (entry.key, offset + entry.size, pieces, content[wanted:])
        return content[offset - position : wanted]


def _paths(needed: bool) -> list[str]:
    """Our package's folder, and where an isolated Python finds h5py and numpy, if not by itself."""
    specs = [importlib.util.find_spec(name) for name in ("h5py", "numpy")]
    if specs[0] is None and needed:
        raise UsageError(MISSING)
    files = [spec.origin for spec in specs if spec is not None and spec.origin]
    folders = dict.fromkeys(os.path.dirname(os.path.dirname(os.path.abspath(file))) for file in files)
    return [os.path.dirname(os.path.dirname(os.path.abspath(__file__))), *folders]


def _refusal(kind: bytes, content: bytes) -> FormatError | UsageError:
    code, message = json.loads(content) if kind == b"E" else ("corrupt", "The answer makes no sense.")
    if code == "no-h5py":
        return UsageError(f"h5py cannot be used ({message}): pip install 'smanalyze[keras]'.")
    return LimitError(message) if code == "limit" else FormatError(message)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    pipes: tuple[IO[bytes] | None, ...] = (process.stdin, process.stdout)
    closers: list[Callable[[], None]] = [pipe.close for pipe in pipes if pipe is not None]
    for close in closers:
        try:
            close()
        except OSError:
            continue
    process.wait()
