"""One worker process from outside: asks it, watches its time and memory, and says how it ended."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable
from typing import Any, Literal

from smanalyze.model.record import record
from smanalyze.verify.memory import GroupMemory

OutcomeKind = Literal["ok", "exception", "timeout", "out-of-memory", "abort", "segfault", "blocked-syscall", "ended"]
"""How a step ended; the child outlives ``ok``, ``exception``, and at times ``out-of-memory``."""

WATCH_SECONDS = 0.1
TAIL_BYTES = 8192
MAX_LINE = 64 << 20
PIECE = 1 << 20

GRACE = 2.0
"""Seconds in which the end of a process is waited for, and in which one that has ended is listened to: another one that
left its group may hold its pipes open."""

End = tuple[OutcomeKind, str]
"""How it ended, and the words for it."""

Sink = Callable[[str, str, int, bytes], None]
"""Takes what belongs to one attachment: its name, its error, its size, and a piece of it."""


@record
class Outcome:
    """How a step ended. ``result`` is the worker's; ``said`` the end of what the process printed, where it died."""

    kind: OutcomeKind
    result: Any = None
    error: str = ""
    message: str = ""
    said: str = ""
    peak: int = 0
    dead: bool = False

    @property
    def told(self) -> str:
        """The exception with its message, or the message alone."""
        return f"{self.error}: {self.message}" if self.error else self.message


class Child:
    """A worker in a process group of its own. ``command`` is what runs, ``memory`` the bytes that it may fill."""

    def __init__(self, command: list[str], folder: str, environment: dict[str, str], memory: int) -> None:
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=folder,
            env=environment, start_new_session=True, close_fds=True,
        )  # fmt: skip
        self.group = self._process.pid
        self._limit = memory
        self._memory = GroupMemory(self.group)
        self._said = b""
        self._buffer = b""
        self._selector = selectors.DefaultSelector()
        for stream in (self._process.stdout, self._process.stderr):
            assert stream is not None
            os.set_blocking(stream.fileno(), False)
            self._selector.register(stream, selectors.EVENT_READ)

    def send(self, request: dict[str, Any]) -> None:
        """Hands over a request; ``answer`` must be called for each, in order."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):  # it has ended; the answer will say so
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()

    def ask(self, request: dict[str, Any], seconds: float, sink: Sink | None = None) -> Outcome:
        """The answer to one request."""
        self.send(request)
        return self.answer(seconds, sink)

    def answer(self, seconds: float, sink: Sink | None = None) -> Outcome:
        """The answer to the oldest request without one; kills the process where it takes too long or too much."""
        begin = time.monotonic()
        reading = _Reading(sink)
        self._memory.peak = 0
        why: End | None = None
        gone, until = False, 0.0
        while True:
            if why is None:
                why = self._take(reading)
                if reading.done is not None:
                    return self._told(reading.done)
                if why is None and not gone and time.monotonic() - begin > seconds:
                    why = "timeout", f"it took longer than {seconds:g} s"
                if why is not None:
                    self._kill()
            gone = self._process.poll() is not None  # asked before its last words are read
            until = until or (time.monotonic() + GRACE if gone else 0.0)
            quiet = not self._read()
            if (quiet and (gone or not self._selector.get_map())) or (gone and time.monotonic() > until):
                return self._ended(why)
            if why is None and self._memory.look() > self._limit:
                why = "out-of-memory", f"it filled more than {self._limit / 1e9:.1f} GB"
                self._kill()

    def _take(self, reading: _Reading) -> End | None:
        """Uses up what was read; how it must end where that is no answer."""
        try:
            self._buffer = reading.take(self._buffer)
        except (ValueError, KeyError, TypeError, RecursionError):
            return "ended", "what it answered cannot be understood"
        too_long = len(self._buffer) > MAX_LINE
        return ("ended", f"a line of its answer is longer than {MAX_LINE:,} bytes") if too_long else None

    def close(self) -> None:
        """Ends the process and everything in its group."""
        self._kill()
        self._process.wait()
        self._selector.close()
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            assert stream is not None
            with contextlib.suppress(OSError):
                stream.close()

    def _kill(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.group, signal.SIGKILL)

    def _read(self) -> bool:
        """Reads what is there, waiting a little; False where there was nothing."""
        found = False
        for key, _ in self._selector.select(WATCH_SECONDS):
            content = os.read(key.fd, PIECE)
            found = True
            if not content:
                self._selector.unregister(key.fileobj)
            elif key.fileobj is self._process.stdout:
                self._buffer += content
            else:
                self._said = (self._said + content)[-TAIL_BYTES:]
        return found

    def _told(self, line: dict[str, Any]) -> Outcome:
        peak = self._memory.peak
        error = line.get("error")
        if error is None:
            return Outcome("ok", line["result"], peak=peak)
        memory = error["type"] in ("ResourceExhaustedError", "MemoryError")
        kind: OutcomeKind = "out-of-memory" if memory else "exception"
        return Outcome(kind, None, error["type"], error["message"], self._tail(), peak)

    def _ended(self, why: End | None) -> Outcome:
        """How a process that is gone came to its end; ``why`` we ended it, if we did."""
        try:
            code = self._process.wait(GRACE)
        except subprocess.TimeoutExpired:  # it has closed its pipes and lives on
            why = why or ("ended", "it would not be talked to any more")
            self._kill()
            code = self._process.wait()
        said = self._tail()
        kind, message = why or _cause(code, said)
        return Outcome(kind, None, "", message, said, self._memory.peak, dead=True)

    def _tail(self) -> str:
        return self._said.decode("utf-8", "backslashreplace").strip()


class _Reading:
    """Takes one answer apart as it arrives."""

    def __init__(self, sink: Sink | None) -> None:
        self.done: dict[str, Any] | None = None
        self._sink = sink
        self._name, self._error, self._size, self._missing = "", "", 0, 0

    def take(self, buffer: bytes) -> bytes:
        """Uses up what is complete; gives back the rest."""
        while self.done is None and buffer:
            if self._missing:
                piece, buffer = buffer[: self._missing], buffer[self._missing :]
                self._missing -= len(piece)
                if self._sink is not None:
                    self._sink(self._name, self._error, self._size, piece)
                continue
            line, newline, rest = buffer.partition(b"\n")
            if not newline:
                return buffer
            buffer = rest
            message = json.loads(line)
            if not isinstance(message, dict):
                raise TypeError("an answer is made of objects")
            if "result" in message or ("error" in message and "at" not in message):
                self.done = _checked(message)
            elif "at" in message:
                self._name, self._error = message["at"], message.get("error", "")
                self._size = self._missing = message["bytes"]
                if type(self._size) is not int or self._size < 0:
                    raise ValueError("an attachment has a size")
                if self._sink is not None and not self._size:
                    self._sink(self._name, self._error, 0, b"")
        return buffer


def _checked(message: dict[str, Any]) -> dict[str, Any]:
    """The last line of an answer; raises TypeError or KeyError where it tells neither a result nor an error."""
    error = message.get("error")
    if error is not None and not (isinstance(error["type"], str) and isinstance(error["message"], str)):
        raise TypeError("an error has a type and a message")
    if error is None and "result" not in message:
        raise KeyError("result")
    return message


def _cause(code: int, said: str) -> tuple[OutcomeKind, str]:
    """What an exit code means, and the line that says why."""
    lines = [line for line in said.splitlines() if "Check failed" in line or "terminate called" in line]
    line = lines[-1].strip() if lines else ""
    if code >= 0:
        return "ended", f"exit code {code}"
    name = signal.Signals(-code).name
    if name == "SIGABRT":
        return (
            ("out-of-memory", "bad_alloc") if "bad_alloc" in said else ("abort", line or "the process aborted itself")
        )
    if name in ("SIGSEGV", "SIGBUS", "SIGILL", "SIGFPE"):
        return "segfault", name
    if name == "SIGSYS":
        return "blocked-syscall", "it opened an internet socket, or started a program"
    if name == "SIGKILL":
        return "out-of-memory", "killed from outside, as the system does where memory runs out"
    kinds: dict[str, OutcomeKind] = {"SIGXCPU": "timeout"}
    return kinds.get(name, "ended"), name
