"""A line on a terminal that says how far the reading of a model is; nothing at all in a pipe."""

from __future__ import annotations

import os
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

FIRST = 0.3
"""Seconds before the line is shown: what is done by then needs none."""

EVERY = 0.1


class ProgressBar:
    """Draws over one line of a terminal, and takes it away in the end."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._begin = time.monotonic()
        self._next = self._begin + FIRST
        self._drawn = False

    def told(self, done: int, total: int) -> None:
        """Bytes done, bytes to do."""
        now = time.monotonic()
        if now >= self._next and total > 0:
            self._next = now + EVERY
            self._drawn = True
            _draw(progress_line(self._name, done, total, now - self._begin, _width()))

    def close(self) -> None:
        """Leaves the terminal as it was."""
        if self._drawn:
            _draw("")


class progress_bar:  # noqa: N801
    """``with progress_bar(quiet, name) as told``: what to tell how far it is; None where nobody would see it."""

    def __init__(self, quiet: bool, name: str) -> None:
        self._bar = ProgressBar(name) if _is_watched(quiet) else None

    def __enter__(self) -> Callable[[int, int], None] | None:
        return self._bar.told if self._bar is not None else None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.close()


class progress_steps:  # noqa: N801
    """``with progress_steps(quiet) as tell``: what to tell the name of each step; None where nobody would see it."""

    def __init__(self, quiet: bool) -> None:
        self._watched = _is_watched(quiet)

    def __enter__(self) -> Callable[[str], None] | None:
        return self._tell if self._watched else None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._watched:
            _draw("")

    def _tell(self, step: str) -> None:
        from smanalyze.render.visible import visible

        _draw(visible(step)[: max(_width() - 1, 0)])


def progress_line(name: str, done: int, total: int, seconds: float, width: int) -> str:
    """``name  45 %  1.2 GB of 2.6 GB, 820 MB/s, 2 s left``, with a bar before it where there is room."""
    from smanalyze.render.units import bytes_text
    from smanalyze.render.visible import visible

    share = min(done / total, 1.0)
    rate = done / seconds if seconds > 0 else 0.0
    words = f"{share * 100:3.0f} %  {bytes_text(done)} of {bytes_text(total)}, {bytes_text(int(rate))}/s"
    if rate:
        words += f", {_time_text((total - done) / rate)} left"
    room = width - 1 - len(words)
    shown = visible(name)
    if room >= len(shown) + 14:
        full = round(share * 10)
        return f"{shown}  {'━' * full}{'─' * (10 - full)}  {words}"
    return f"{shown}  {words}" if room >= len(shown) + 2 else words[: max(width - 1, 0)]


def _time_text(seconds: float) -> str:
    whole = max(round(seconds), 0)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    return f"{minutes}:{rest:02d}" if minutes < 60 else f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"


def _is_watched(quiet: bool) -> bool:
    return not quiet and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def _draw(text: str) -> None:
    """Text in the place of what is on the line."""
    sys.stderr.write(f"\r\x1b[K{text}")
    sys.stderr.flush()


def _width() -> int:
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns or 80
    except (OSError, ValueError):
        return 80
