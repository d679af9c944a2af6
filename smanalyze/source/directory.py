"""A directory on this machine: its files, and their bytes. Reads only; opens nothing but regular files."""

from __future__ import annotations

import mmap
import os
import stat
from collections.abc import Iterator

from smanalyze.errors import FormatError, NotASavedModelError

MAX_FILES = 100_000
"""Files listed of one directory tree; a model has a handful."""

MAX_ALL_FILES = 4 * MAX_FILES
MAX_DEPTH = 32

FOLLOWED = frozenset({"variables", "assets", "assets.extra", "debug"})
"""Folders of a SavedModel that may be links to folders elsewhere, as caches and version stores make them."""

PIECE = 1 << 20
"""Bytes read at once of a file that is only passed through."""


class Directory:
    """The files below one root, by paths with forward slashes."""

    def __init__(self, root: str) -> None:
        self.root = root
        self.unlisted: list[tuple[str, str]] = []
        self._links: set[str] = set()

    def files(self) -> tuple[tuple[str, int, bool], ...]:
        """(path, size in bytes, is a symlink) of each regular file, sorted. Links to folders are followed where
        TensorFlow looks into them (FOLLOWED, at the top), and nowhere else.

        ``unlisted`` then holds (folder, reason) for what was left out: folders that cannot be read, lie too deep, or
        hold more than MAX_FILES files below one at the top. Raises NotASavedModelError if the directory itself cannot
        be listed.
        """
        found: list[tuple[str, int, bool]] = []
        self._list(self.root, "", 0, found, MAX_ALL_FILES)
        return tuple(sorted(found))

    def _list(self, folder: str, prefix: str, depth: int, found: list[tuple[str, int, bool]], limit: int) -> None:
        try:
            with os.scandir(folder) as listed:
                # Files before folders: where there are too many, those beside saved_model.pb are kept.
                entries = sorted(listed, key=lambda entry: (entry.is_dir(follow_symlinks=False), entry.name))
        except OSError as error:
            if not prefix:
                raise NotASavedModelError(f"The folder cannot be read: {error.strerror}.", file=folder) from error
            self.unlisted.append((prefix, f"The folder cannot be read: {error.strerror}."))
            return
        for entry in entries:
            # Each folder at the top has room of its own, so that a crowd in one does not hide the files of another.
            room = min(limit, len(found) + MAX_FILES) if not depth else limit
            if len(found) >= room:
                self.unlisted.append((prefix, "There are too many files; the rest was not listed."))
                return
            self._add(entry, prefix, depth, found, room)

    def _add(
        self, entry: os.DirEntry[str], prefix: str, depth: int, found: list[tuple[str, int, bool]], limit: int
    ) -> None:
        path = prefix + entry.name
        try:
            if entry.is_dir(follow_symlinks=not depth and entry.name in FOLLOWED):
                if entry.is_symlink():
                    self._links.add(entry.name)
                if depth < MAX_DEPTH:
                    self._list(entry.path, path + "/", depth + 1, found, limit)
                else:
                    self.unlisted.append((path + "/", f"The folder lies more than {MAX_DEPTH} levels deep."))
            elif stat.S_ISREG(entry.stat().st_mode):
                found.append((path, entry.stat().st_size, entry.is_symlink()))
        except OSError:
            return  # a dangling link, or a file that went away

    def leads_out(self, path: str) -> bool:
        """Whether a link on the way to a file, as listed, leads to a place outside the directory."""
        place = os.path.join(self.root, path)
        if not os.path.islink(place) and path.partition("/")[0] not in self._links:
            return False
        root = os.path.join(os.path.realpath(self.root), "")
        return not os.path.realpath(place).startswith(root)

    def file(self, path: str) -> tuple[str, int, bool]:
        """What ``files`` says of one file. Raises NotASavedModelError if it went away."""
        try:
            place = os.path.join(self.root, path)
            return path, os.stat(place).st_size, os.path.islink(place)
        except OSError as error:
            raise NotASavedModelError(f"The file cannot be read: {error.strerror}.", file=path) from error

    def read(self, path: str, limit: int | None = None) -> bytes:
        """The file's bytes, at most ``limit`` of them; raises FormatError if it cannot be opened."""
        try:
            with open(os.path.join(self.root, path), "rb") as file:
                return file.read() if limit is None else file.read(limit)
        except OSError as error:
            raise FormatError(f"The file cannot be read: {error.strerror}.", file=path) from error

    def pieces(self, path: str) -> Iterator[memoryview]:
        """The file's bytes from first to last, a piece at a time; each piece is gone when the next one is asked for.

        Raises FormatError if the file is no regular one or cannot be read.
        """
        place = os.path.join(self.root, path)
        try:
            if not stat.S_ISREG(os.stat(place).st_mode):  # opening a pipe would wait for somebody to write to it
                raise FormatError("This is no regular file.", file=path)
            buffer = memoryview(bytearray(PIECE))
            with open(place, "rb", buffering=0) as file:
                while size := file.readinto(buffer):
                    yield buffer[:size]
        except OSError as error:
            raise FormatError(f"The file cannot be read: {error.strerror}.", file=path) from error

    def map(self, path: str) -> memoryview:
        """The file's bytes as a read-only memory map that lives as long as the view does.

        Raises FormatError if it cannot be opened or mapped.
        """
        try:
            with open(os.path.join(self.root, path), "rb") as file:
                if os.fstat(file.fileno()).st_size == 0:
                    return memoryview(b"")  # an empty file cannot be mapped
                return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise FormatError(f"The file cannot be read: {reason}.", file=path) from error
