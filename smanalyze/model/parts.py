"""Whether a part of a model is there, and what of it could not be read."""

from __future__ import annotations

from typing import Literal

from smanalyze.model.record import record

Presence = Literal["present", "absent", "not-fetched", "not-read"]
"""absent: never written. not-fetched: elsewhere (git-LFS pointer, missing shard, lone file). not-read: broken, or a
limit was met."""

MODEL_FILES = ("saved_model.pb", "saved_model.pbtxt", "saved_model.cpb")
"""The files that may hold the graphs, in the order TensorFlow's own loader tries them."""

INDEX = "variables/variables.index"
"""The file that says which variables the checkpoint holds."""

METAINDEX = "metaindex of the checkpoint"
"""Name of a part of the index that nothing reads."""

OBJECTS = "checkpoint object graph"
"""Name of the part that is stored in the bundle as a string tensor."""

LISTING = "list of files"
"""The part of an Unreadable for a folder (``file``, with a slash at its end) that was not listed to its end."""


LEFT_OUT = frozenset({"limit", "refused", "old-format"})
"""Codes of an Unreadable that was left alone on purpose; nothing is known against it."""

NOT_LOOKED_AT = LEFT_OUT | {"unreadable"}
"""The same, and what the system would not give."""


@record
class Unreadable:
    """A part that was left out, and why.

    ``code`` names the kind of fault for rules (``lfs-pointer``, ``empty-file``, ``truncated``, ``corrupt``,
    ``utf8-mangled``, ``wrong-kind``, ``limit``: too large for us, or a package is not installed; ``missing``;
    ``refused``: it leads out of the file, or into a plugin; ``old-format``: one of TensorFlow's first years;
    ``unreadable``: the system would not give it); ``message`` is a sentence; ``file`` is relative to the model's
    directory with forward slashes; ``offset`` is in bytes.
    """

    code: str
    part: str
    message: str
    file: str | None = None
    offset: int | None = None
    presence: Presence = "not-read"


@record
class FileEntry:
    """One file below the model's directory: path with forward slashes, size in bytes (of the target, for links).
    ``leads_out``: a link on the way to it leads to a place outside the directory."""

    path: str
    size: int
    is_symlink: bool = False
    leads_out: bool = False
