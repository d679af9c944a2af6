"""The process that reads HDF5 files and Keras archives; ``keras_child`` starts it and talks to it.

HDF5 is read by a large C library, and a file may be hostile. So this process has limits on memory, time and files,
loads no HDF5 plugins, follows nothing that leads out of the file, unpickles nothing, and writes nothing but a temporary
copy of the weights where an archive is compressed.

Requests are lines of JSON on stdin: the limits; ``{"do": "open", "path", "kind", "texts_only"}``;
``{"do": "read", "number"}``.
Answers on stdout are frames: one byte for the kind (``J`` JSON, ``D`` data, ``Z`` the end of data, ``E`` a refusal:
JSON of a code and a sentence), 8 bytes of length, little-endian, the content.
"""

from __future__ import annotations

import json
import struct
import sys
from typing import IO, Any

from smanalyze.format.keras_limits import MAX_INFLATED_BYTES, MAX_PROBLEMS, Refused, short


class Reader:
    """One open file."""

    def __init__(self, path: str) -> None:
        self.file: IO[bytes] = open(path, "rb")  # noqa: SIM115  (open until the process ends)
        self.problems: list[tuple[str, str]] = []
        self.hdf5: Any = None

    def open(self, kind: str, texts_only: bool) -> dict[str, Any]:
        """What is in the file: texts (architecture, metadata, attributes), tensors, problems."""
        from smanalyze.format.hdf5 import Hdf5
        from smanalyze.format.keras_archive import Archive

        texts: dict[str, str] = {}
        weights: IO[bytes] | None = self.file
        if kind == "keras":
            archive = Archive(self.file, self._problem)
            texts = archive.texts()
            if texts_only:
                return {"texts": texts, "tensors": [], "problems": self.problems}
            weights = archive.weights()
            archive.check_rest()
        try:
            self.hdf5 = None if weights is None else Hdf5(weights, self._problem)
        except Refused as refused:
            if not texts:
                raise
            self._problem(*refused.args)
        if self.hdf5 is not None:
            texts = {**self.hdf5.texts(), **texts}
            if not texts_only:
                self.hdf5.walk()
        tensors = [] if self.hdf5 is None else self.hdf5.tensors
        return {"texts": texts, "tensors": tensors, "problems": self.problems}

    def _problem(self, code: str, message: str) -> None:
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append((code, message))


def limit(memory: int, seconds: int, file_bytes: int) -> None:
    """Limits of this process, where the platform has them."""
    try:
        import resource
    except ImportError:
        return
    wanted = {"RLIMIT_AS": memory, "RLIMIT_CPU": seconds, "RLIMIT_FSIZE": file_bytes, "RLIMIT_CORE": 0}
    for name, value in wanted.items():
        number = getattr(resource, name, None)
        if number is None:
            continue
        try:
            hard = resource.getrlimit(number)[1]
            value = value if hard == resource.RLIM_INFINITY else min(value, hard)
            resource.setrlimit(number, (value, hard))
        except (ValueError, OSError):
            continue  # macOS refuses some


def send(kind: bytes, content: bytes = b"") -> None:
    """One frame."""
    out = sys.stdout.buffer
    out.write(kind + struct.pack("<Q", len(content)))
    out.write(content)


def answer(reader: Reader | None, request: dict[str, Any]) -> Reader | None:
    """Serves one request; gives the reader that is open afterwards."""
    try:
        if request["do"] == "open":
            reader = Reader(request["path"])
            send(b"J", json.dumps(reader.open(request["kind"], request["texts_only"])).encode())
        elif reader is not None and reader.hdf5 is not None:
            for piece in reader.hdf5.pieces(request["number"]):
                send(b"D", piece)
            send(b"Z")
    except Refused as refused:
        send(b"E", json.dumps(refused.args).encode())
    except ImportError as error:
        send(b"E", json.dumps(("no-h5py", short(error))).encode())
    except MemoryError:
        send(b"E", json.dumps(("limit", "It needs more memory than the reader is allowed.")).encode())
    except (OSError, ValueError, RuntimeError, KeyError, TypeError, IndexError, OverflowError) as error:
        send(b"E", json.dumps(("corrupt", f"It cannot be read: {short(error)}.")).encode())
    sys.stdout.buffer.flush()
    return reader


def main() -> None:
    """Serves requests until stdin ends."""
    first = json.loads(sys.stdin.buffer.readline())
    limit(first["memory"], first["seconds"], MAX_INFLATED_BYTES)
    reader: Reader | None = None
    for line in sys.stdin.buffer:
        reader = answer(reader, json.loads(line))
