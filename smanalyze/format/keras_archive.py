"""Keras archives (``.keras``): the texts in them, and their weights as a file. Runs in ``keras_worker``'s process.

Source: keras/src/saving/saving_lib.py: a zip of metadata.json, config.json and model.weights.h5, stored uncompressed.
"""

from __future__ import annotations

import io
import json
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from typing import IO, Any

from smanalyze.format.keras_limits import (
    MAX_INFLATED_BYTES,
    MAX_MEMBERS,
    MAX_TEXT_BYTES,
    MAX_ZIP_RATIO,
    PIECE_BYTES,
    SMALL_BYTES,
    Refused,
    short,
)

TEXTS = ("metadata.json", "config.json")
WEIGHTS = "model.weights.h5"

_BROKEN = (zipfile.BadZipFile, RuntimeError, OSError, EOFError, ValueError, zlib.error, struct.error)
"""What zipfile raises for damaged, encrypted and unknown kinds of members."""

Problem = Callable[[str, str], None]


def decode_json(content: bytes) -> str:
    """JSON as text, in the encoding that json.loads takes for it: Keras hands it the bytes."""
    try:
        return content.decode(json.detect_encoding(content), "surrogatepass")
    except UnicodeDecodeError:
        return content.decode("utf-8", "replace")


def _refuse_bomb(info: zipfile.ZipInfo, what: str) -> None:
    shrank = info.file_size > SMALL_BYTES and info.file_size > MAX_ZIP_RATIO * max(info.compress_size, 1)
    if shrank or info.file_size > MAX_INFLATED_BYTES:
        raise Refused("limit", f"{what} {info.file_size} bytes unpacked, {info.compress_size} packed.")


class MemberView(io.RawIOBase):
    """A part of a file, as a file: an uncompressed member of an archive needs no copy."""

    def __init__(self, file: IO[bytes], start: int, size: int) -> None:
        self.file, self.start, self.size, self.position = file, start, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        base = (0, self.position, self.size)[whence]
        self.position = max(0, base + offset)
        return self.position

    def tell(self) -> int:
        return self.position

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")
        wanted = max(0, min(len(view), self.size - self.position))
        self.file.seek(self.start + self.position)
        content = self.file.read(wanted)
        view[: len(content)] = content
        self.position += len(content)
        return len(content)


class Archive:
    """An archive that is open; problems are told to ``problem`` as a code and a sentence."""

    def __init__(self, file: IO[bytes], problem: Problem) -> None:
        self.file = file
        self.problem = problem
        try:
            self.archive = zipfile.ZipFile(file)
        except _BROKEN as error:
            raise Refused("corrupt", f"The archive cannot be read: {short(error)}.") from error
        self.members = {info.filename: info for info in self.archive.infolist()}
        if len(self.members) > MAX_MEMBERS:
            raise Refused("limit", f"The archive holds {len(self.members)} files; {MAX_MEMBERS} are read.")

    def texts(self) -> dict[str, str]:
        """The JSON files in it by name, those that can be read."""
        found = {}
        for name in TEXTS:
            if name in self.members:
                try:
                    found[name] = self._text(self.members[name])
                except Refused as refused:
                    self.problem(*refused.args)
                except _BROKEN as error:
                    self.problem("corrupt", f"{name} cannot be read: {short(error)}.")
        return found

    def _text(self, info: zipfile.ZipInfo) -> str:
        with self.archive.open(info) as member:  # the directory's sizes may lie; what is read is what counts
            content = member.read(MAX_TEXT_BYTES + 1)
        if len(content) > MAX_TEXT_BYTES:
            raise Refused("limit", f"{info.filename} is larger than {MAX_TEXT_BYTES} bytes.")
        return decode_json(content)

    def check_rest(self) -> None:
        """Compares the CRC-32 of what is neither text nor weights: the assets of a model."""
        for name, info in self.members.items():
            if name in (*TEXTS, WEIGHTS) or info.is_dir():
                continue
            try:
                _refuse_bomb(info, f"{name} claims")
                with self.archive.open(info) as member:  # zipfile compares it at the end
                    while member.read(PIECE_BYTES):
                        pass
            except Refused as refused:
                self.problem(*refused.args)
            except _BROKEN as error:
                self.problem("corrupt", f"{name} cannot be read: {short(error)}.")

    def weights(self) -> IO[bytes] | None:
        """The HDF5 file in it: a view of the archive where it lies there as it is, else a temporary copy."""
        info = self.members.get(WEIGHTS)
        if info is None:
            self.problem("missing", f"The archive holds no {WEIGHTS}.")
            return None
        try:
            stored = info.compress_type == zipfile.ZIP_STORED and not info.flag_bits & 1
            return self._view(info) if stored else self._copy(info)
        except Refused as refused:
            self.problem(*refused.args)
        except _BROKEN as error:
            self.problem("corrupt", f"{WEIGHTS} cannot be read: {short(error)}.")
        return None

    def _view(self, info: zipfile.ZipInfo) -> Any:
        self.file.seek(info.header_offset)
        header = self.file.read(30)
        if len(header) < 30 or header[:4] != b"PK\x03\x04":
            raise Refused("corrupt", "The archive's directory leads to no file.")
        start = info.header_offset + 30 + sum(struct.unpack("<HH", header[26:30]))
        view = MemberView(self.file, start, info.file_size)
        checksum = 0
        while piece := view.read(PIECE_BYTES):
            checksum = zlib.crc32(piece, checksum)
        view.seek(0)
        if checksum != info.CRC:
            self.problem("corrupt", f"{WEIGHTS} is damaged: its CRC-32 is not the one that the archive has of it.")
        return view

    def _copy(self, info: zipfile.ZipInfo) -> IO[bytes]:
        _refuse_bomb(info, "The weights claim")
        copy = tempfile.TemporaryFile()  # noqa: SIM115  (open until the process ends)
        with self.archive.open(info) as member:  # gives no more than the directory promised
            while piece := member.read(PIECE_BYTES):
                copy.write(piece)
        copy.seek(0)
        return copy
