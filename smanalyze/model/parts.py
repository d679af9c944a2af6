"""Whether a part of a model is there, and what of it could not be read."""

from __future__ import annotations

from typing import Literal

from smanalyze.model.record import record

Presence = Literal["present", "absent", "not-fetched", "not-read"]
"""absent: never written. not-fetched: elsewhere (git-LFS pointer, missing shard, lone file). not-read: broken, or a
limit was met."""


METAINDEX = "metaindex of the checkpoint"
"""Name of a part of the index that nothing reads."""

LISTING = "list of files"
"""The part of an Unreadable for a folder (``file``, with a slash at its end) that was not listed to its end."""


@record
class Unreadable:
    """A part that was left out, and why.

    ``code`` names the kind of fault for rules (``lfs-pointer``, ``empty-file``, ``truncated``, ``corrupt``,
    ``utf8-mangled``, ``wrong-kind``, ``limit``, ``missing``; ``unreadable``: the system would not give it); ``message``
    is a sentence; ``file`` is relative to the model's directory with forward slashes; ``offset`` is in bytes.
    """

    code: str
    part: str
    message: str
    file: str | None = None
    offset: int | None = None
    presence: Presence = "not-read"


@record
class FileEntry:
    """One file below the model's directory: path with forward slashes, size in bytes (of the target, for links)."""

    path: str
    size: int
    is_symlink: bool = False
