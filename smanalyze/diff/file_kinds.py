"""What a file is, where it can run or make something run: by its first bytes, and by its name."""

from __future__ import annotations

import re

from smanalyze.errors import FormatError
from smanalyze.model.saved_model import SavedModel

_MAGIC = (
    (b"\x7fELF", "executable"), (b"MZ", "executable"), (b"\xcf\xfa\xed\xfe", "executable"),
    (b"\xce\xfa\xed\xfe", "executable"), (b"\xca\xfe\xba\xbe", "executable"), (b"#!", "script"),
)  # fmt: skip

_ENDINGS = {
    "executable": (".so", ".dll", ".dylib", ".exe", ".pyd", ".node", ".jar", ".class", ".wasm"),
    "script": (".py", ".pyc", ".sh", ".bash", ".bat", ".cmd", ".ps1", ".js", ".pl", ".rb"),
    "pickle": (".pkl", ".pickle", ".joblib", ".dill"),
}

_PICKLE = re.compile(rb"\x80[\x02-\x05](\x95|[}\](){c\x8cXqKNGUJ\x88\x89])")
"""PROTO with a version, then FRAME or an opcode that a pickle begins with (Python's pickletools)."""


def kind_of(model: SavedModel, path: str) -> str:
    """``executable``, ``script`` or ``pickle`` for what runs, or makes something run when it is loaded; "" for another
    file, or one that cannot be read."""
    begin = _begin(model, path)
    for magic, kind in _MAGIC:
        # Two letters begin many a text; an MZ header is binary within its first bytes.
        if begin.startswith(magic) and (magic != b"MZ" or b"\0" in begin[:64]):
            return kind
    if _PICKLE.match(begin):
        return "pickle"
    name = path.lower()
    return next((kind for kind, endings in _ENDINGS.items() if name.endswith(endings)), "")


def _begin(model: SavedModel, path: str) -> bytes:
    if model.file_pieces is None:
        return b""
    try:
        return bytes(next(model.file_pieces(path), memoryview(b""))[:64])
    except FormatError:
        return b""
