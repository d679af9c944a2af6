"""Every exception smanalyze raises.

    SmanalyzeError                 the root; only ``smanalyze.cli`` catches it
    ├── UsageError                 the request cannot be met as asked (bad flag, unknown tag-set, missing extra)
    ├── NotASavedModelError        the path holds nothing that we read
    └── FormatError                bytes that break their format's rules; carries file and offset
        └── LimitError             bytes that were left alone: nothing is known against them

A fault *in a model* is a Finding, not an exception: ``load`` catches FormatError and records an Unreadable part.
"""

from __future__ import annotations


class SmanalyzeError(Exception):
    """Root of all errors raised on purpose.

    ``message`` is a full sentence a user can act on; ``file`` is the path as the user may know it (never made
    absolute by us), ``offset`` a byte position in it.
    """

    def __init__(self, message: str, *, file: str | None = None, offset: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.file = file
        self.offset = offset

    def __str__(self) -> str:
        place = self.file or ""
        if self.offset is not None:
            place += f" at byte {self.offset}" if place else f"byte {self.offset}"
        return f"{place}: {self.message}" if place else self.message


class UsageError(SmanalyzeError):
    """The request itself cannot be met: an unknown tag-set, signature or name, an unusable flag value."""


class NotASavedModelError(SmanalyzeError):
    """The path is missing, empty, or holds something other than a SavedModel."""


class FormatError(SmanalyzeError):
    """Bytes that do not follow the rules of their format (truncated, corrupt, hostile)."""


class LimitError(FormatError):
    """Bytes that were not looked at, because that would take too much memory or time."""
