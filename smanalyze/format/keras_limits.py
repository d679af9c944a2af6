"""Limits of the process that reads Keras files, and how it says what it does not read."""

from __future__ import annotations

PIECE_BYTES = 4 << 20
"""Values sent at once."""

MAX_TENSORS = 200_000
MAX_DEPTH = 64
MAX_PROBLEMS = 100
MAX_MEMBERS = 100_000

MAX_TEXT_BYTES = 64 << 20
"""An architecture as JSON; those of the largest public models have a few megabytes."""

MAX_INFLATED_BYTES = 8 << 30
"""Weights of a compressed archive, which are unpacked to disk. Keras itself does not compress."""

SMALL_BYTES = 64 << 20
"""Below this nothing is called a bomb, whatever its ratio."""

MAX_RATIO = 1100
"""deflate makes 1032 bytes of one at most (zlib.net/zlib_tech.html); a dataset that stores less is empty."""

MAX_ZIP_RATIO = 100
"""Weights hardly shrink; what shrank more than this is not unpacked to disk."""

MAX_CHUNK_BYTES = 1 << 30
"""HDF5 unpacks a chunk in memory."""


class Refused(Exception):  # noqa: N818  (it never leaves the process)
    """What is not read, and why: ``args`` are a code as in ``Unreadable`` and a sentence."""


def short(error: BaseException) -> str:
    """A library's complaint, cut to a line's length."""
    return str(error).strip().rstrip(".")[:300] or type(error).__name__
