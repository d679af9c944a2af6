"""The worker, step by step: starts it, loads into it, begins again where it died, and remembers each death."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from smanalyze.model.record import record
from smanalyze.report.findings import Location
from smanalyze.report.verify import Death, Environment, Network
from smanalyze.verify.child import Child, Outcome, Sink
from smanalyze.verify.sandbox import Sandbox

MAX_STARTS = 6
"""Children in one run: the first, and others for those that died."""

Tell = Callable[[str], None]
"""Takes the name of the step that begins."""


@record
class Wanted:
    """How the worker shall be: libraries of ops to load, the seed, threads (0: TensorFlow's own choice), and ops of
    which it shall say whether it knows them."""

    libraries: tuple[str, ...]
    seed: int
    threads: int
    ops: tuple[str, ...]


class Worker:
    """The worker of a sandbox. ``deaths`` holds those that came to an end; ``started`` what the last one said of
    itself, and ``could_not_start`` why there is none."""

    def __init__(self, box: Sandbox, wanted: Wanted, tell: Tell) -> None:
        self.deaths: list[Death] = []
        self.started: dict[str, Any] | None = None
        self.could_not_start = ""
        self._box = box
        self.wanted = wanted
        self._tell = tell
        self._child: Child | None = None
        self._starting = False
        self._starts = 0
        self._loaded: Any = None

    def begin(self) -> None:
        """Lets a child import TensorFlow, and does not wait for it."""
        self._child = self._box.start(plain=bool(self.wanted.threads))
        self._starts += 1
        self._starting = True
        wanted = self.wanted
        self._child.send(
            {"do": "start", "threads": wanted.threads, "seed": wanted.seed, "libraries": list(wanted.libraries),
             "ops": list(wanted.ops), **self._box.settings()}
        )  # fmt: skip

    def ready(self) -> bool:
        """Whether there is a child that has imported TensorFlow; starts one where there is none."""
        if time.monotonic() > self._box.end:
            self.could_not_start = "the time of the whole run is over"
            return False
        if self._child is None:
            if self._starts >= MAX_STARTS:
                self.could_not_start = "too many children died"
                return False
            self.begin()
        if self._starting:
            self._tell("import TensorFlow")
            assert self._child is not None
            outcome = self._child.answer(min(self._box.limits.start, self._left()))
            self._starting = False
            if outcome.kind != "ok":
                self._stop()
                self.could_not_start = f"{outcome.error or outcome.kind}: {outcome.message or outcome.said[-500:]}"
                return False
            self.started = outcome.result
        return True

    def load(self, tags: tuple[str, ...], objects: list[dict[str, Any]], *, anew: bool = False) -> Outcome:
        """Loads a MetaGraph, or gives the answer of before where it is still there and not wanted ``anew``."""
        if not anew and self._child is not None and self._loaded is not None and self._loaded[0] == tags:
            kept: Outcome = self._loaded[1]
            return kept
        request = {"do": "load", "model": str(self._box.model), "tags": list(tags), "objects": objects}
        outcome = self.do("load", Location(tag_set=",".join(tags)), request, self._box.limits.load)
        self._loaded = (tags, outcome) if outcome.kind == "ok" else None
        return outcome

    def do(
        self, step: str, where: Location, request: dict[str, Any], seconds: float = 0.0, sink: Sink | None = None
    ) -> Outcome:
        """One step; a death is remembered with it."""
        if not self.ready():
            return Outcome("ended", message=self.could_not_start, dead=True)
        self._tell(f"{step} {where.signature or where.tag_set or ''}".strip())
        assert self._child is not None
        outcome = self._child.ask(request, min(seconds or self._box.limits.step, self._left()), sink)
        outcome = replace(outcome, message=_plain(self._clean(outcome.message)), said=self._clean(outcome.said)[-2000:])
        if outcome.dead:
            self.deaths.append(Death(step, where, outcome.kind, outcome.message, outcome.said))
            self._stop()
        return outcome

    def _left(self) -> float:
        """Seconds of the whole run; what has begun is given one."""
        return max(self._box.end - time.monotonic(), 1.0)

    def plain(self, message: str) -> str:
        """A message of TensorFlow's in one line, without the places and names of this machine."""
        return _plain(self._clean(message))

    def _clean(self, text: str) -> str:
        """Without the times, places and names of this machine."""
        text = text.replace(str(self._box.root), "<scratch>")
        text = re.sub(r'File "[^"]*/([^/"]+)"', r'File "\1"', text)
        text = re.sub(r"\b([IWEF]\d{4}) [\d:.]+\s+\d+ ", r"\1 ", text)  # when, and in which thread
        return re.sub(r"running on \S+", "running on <host>", text)

    def inside(self, file: str) -> str:
        """A path of the child's as one inside the model; with ``..`` before it where it is not."""
        return os.path.relpath(file, self._box.model)

    def _stop(self) -> None:
        self._box.stop()
        self._child, self._loaded = None, None

    def environment(self, permitted: frozenset[str]) -> Environment:
        """Where the model ran."""
        told = self.started or {"tensorflow": "", "python": "", "blocked": False, "namespace": ""}
        apart = bool(told["namespace"]) and told["namespace"] != _namespace()
        network: Network = "permitted" if "network" in permitted else "namespace" if apart else "open"
        if network == "open" and told["blocked"]:
            network = "blocked"
        notes = []
        if network == "open":
            notes.append("The network could not be kept from the model.")
        if not told["blocked"] and "process" not in permitted:
            notes.append("The model could have started programs.")
        if not os.path.isdir("/proc/self"):
            notes.append("Its memory was not watched.")
        return Environment(told["tensorflow"], told["python"], network, tuple(notes))


_NOISE = re.compile(
    r"Graph execution error:|Detected at node \S+ defined at \(most recent call last\):|^\s*File .*$"
    r"|Original stack trace for \S+:|<stack traces unavailable>|\[Op:[^\]]*\]",
    re.MULTILINE,
)
"""What TensorFlow says around the sentence that tells what went wrong: where in its own or our code, and names that
it gave to functions while loading."""


def _plain(message: str) -> str:
    """The message of an exception in one line."""
    return " ".join(_NOISE.sub(" ", message).split())


def _namespace() -> str:
    try:
        return os.readlink("/proc/self/ns/net")
    except OSError:
        return ""
