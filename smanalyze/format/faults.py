"""What could not be read of one file: a bounded list of records, and the faults that concern a file as a whole."""

from __future__ import annotations

from smanalyze.format.limits import MAX_FAULTS, MAX_LFS_POINTER_BYTES
from smanalyze.model.parts import Presence, Unreadable

Buffer = bytes | memoryview
"""Bytes in memory or mapped; slicing a map copies nothing."""

_LFS_POINTER = b"version https://git-lfs.github.com/spec/"
_GZIP = b"\x1f\x8b"
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}".encode()


class Faults:
    """Collects the faults of one file while it is read; at most MAX_FAULTS are kept, the rest is counted."""

    def __init__(self, part: str, file: str) -> None:
        self.part = part
        self.file = file
        self._records: list[Unreadable] = []
        self._surplus = 0

    def add(self, code: str, message: str, offset: int | None = None, presence: Presence = "not-read") -> None:
        """Records one fault; ``code`` as in Unreadable, ``offset`` in bytes from the start of the file."""
        if len(self._records) >= MAX_FAULTS:
            self._surplus += 1
            return
        self._records.append(Unreadable(code, self.part, message, self.file, offset, presence))

    def add_whole_file(self, data: Buffer) -> bool:
        """Records why this cannot be the binary file it is named as; False (nothing recorded) if it may be.

        See ``whole_file_fault``.
        """
        fault = whole_file_fault(data)
        if fault is None:
            return False
        code, message = fault
        self.add(code, message, 0, "not-fetched" if code == "lfs-pointer" else "not-read")
        return True

    def records(self) -> tuple[Unreadable, ...]:
        """The faults in the order they were met, and one more that counts those left out."""
        if not self._surplus:
            return tuple(self._records)
        more = f"{self._surplus} more faults of this file are not listed."
        return (*self._records, Unreadable("corrupt", self.part, more, self.file))


def whole_file_fault(data: Buffer) -> tuple[str, str] | None:
    """(code, sentence) where the bytes cannot be the binary file they are named as: empty, a git-LFS pointer, gzip."""
    if not data:
        return "empty-file", "The file is empty (0 bytes)."
    if is_lfs_pointer(data):
        return "lfs-pointer", "The file is a git-LFS pointer; run `git lfs pull` to get its content."
    if bytes(data[:2]) == _GZIP:
        return "wrong-kind", "The file is gzip-compressed; decompress it first."
    return None


def is_lfs_pointer(data: Buffer) -> bool:
    """Whether the bytes are a git-LFS pointer (the text file that stands for a large one; git-lfs docs/spec.md)."""
    return len(data) < MAX_LFS_POINTER_BYTES and bytes(data[: len(_LFS_POINTER)]) == _LFS_POINTER


def is_utf8_mangled(data: Buffer) -> bool:
    """Whether a binary file was decoded and re-encoded as UTF-8: every byte above 127 became U+FFFD, or two bytes.

    Looks at the first 64 KiB. Binary data of some length is never valid UTF-8 by chance once it has such bytes.
    """
    head = bytes(data[: 64 << 10])
    if _REPLACEMENT in head:
        return True
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError as error:
        # A character cut in two by the 64 KiB edge says nothing.
        if error.start < len(head) - 3:
            return False
        text = head[: error.start].decode("utf-8")
    return not text.isascii()
