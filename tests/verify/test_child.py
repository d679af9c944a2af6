"""A worker from outside: what is said of each way in which it can end. The workers here are a few lines of Python."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import pytest

from smanalyze.verify import child as child_module
from smanalyze.verify.child import Child, Outcome

GIGABYTE = 1 << 30

HEAD = """
import json, os, sys
def say(**message):
    sys.stdout.write(json.dumps(message) + chr(10)); sys.stdout.flush()
sys.stdin.readline()
say(begins="x")
"""


def end_of(code: str, folder: Path, *, seconds: float = 20.0, memory: int = GIGABYTE) -> Outcome:
    """What is said of a worker that runs these lines."""
    child = Child([sys.executable, "-I", "-S", "-c", HEAD + code], str(folder), dict(os.environ), memory)
    try:
        return child.ask({"do": "x"}, seconds)
    finally:
        child.close()


def test_an_answer_is_ok(tmp_path: Path) -> None:
    outcome = end_of("say(result={'a': 1})", tmp_path)
    assert (outcome.kind, outcome.result, outcome.dead) == ("ok", {"a": 1}, False)


def test_an_exception_is_told_and_the_child_lives(tmp_path: Path) -> None:
    outcome = end_of("say(error={'type': 'ValueError', 'message': 'no'})", tmp_path)
    assert (outcome.kind, outcome.error, outcome.message, outcome.dead) == ("exception", "ValueError", "no", False)


def test_an_exception_for_want_of_memory_is_told_as_such(tmp_path: Path) -> None:
    outcome = end_of("say(error={'type': 'ResourceExhaustedError', 'message': 'OOM'})", tmp_path)
    assert (outcome.kind, outcome.dead) == ("out-of-memory", False)


@pytest.mark.parametrize(
    ("code", "kind", "message"),
    [
        ("sys.stderr.write('F0000 x.cc:1] Check failed: a == b' + chr(10)); sys.stderr.flush(); os.abort()", "abort",
         "Check failed: a == b"),
        ("os.kill(os.getpid(), 11)", "segfault", "SIGSEGV"),
        ("os.kill(os.getpid(), 31)", "blocked-syscall", "socket"),
        ("os.kill(os.getpid(), 9)", "out-of-memory", "from outside"),
        ("sys.stderr.write('std::bad_alloc'); sys.stderr.flush(); os.abort()", "out-of-memory", "bad_alloc"),
        ("sys.exit(3)", "ended", "exit code 3"),
    ],
)  # fmt: skip
@pytest.mark.skipif(sys.platform != "linux", reason="the numbers are those of Linux")
def test_each_death_has_its_name(code: str, kind: str, message: str, tmp_path: Path) -> None:
    outcome = end_of(code, tmp_path)
    assert (outcome.kind, outcome.dead) == (kind, True)
    assert message in outcome.message


def test_a_child_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    outcome = end_of("import time; time.sleep(60)", tmp_path, seconds=0.3)
    assert (outcome.kind, outcome.dead, outcome.message) == ("timeout", True, "it took longer than 0.3 s")


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="nothing tells how much memory a process fills")
def test_a_child_that_fills_too_much_is_ended(tmp_path: Path) -> None:
    code = "import time; kept = bytearray(200 << 20); time.sleep(60)"
    outcome = end_of(code, tmp_path, memory=100 << 20)
    assert (outcome.kind, outcome.dead) == ("out-of-memory", True)
    assert outcome.peak > 100 << 20


def test_what_it_prints_is_kept_and_confuses_nobody(tmp_path: Path) -> None:
    outcome = end_of("sys.stderr.write('x' * 100000 + 'the end'); sys.stderr.flush(); os.abort()", tmp_path)
    assert outcome.said.endswith("the end")
    assert len(outcome.said) <= 8192


def test_attachments_arrive_whole(tmp_path: Path) -> None:
    code = (
        "say(at='start', bytes=3000000); sys.stdout.buffer.write(b'ab' * 1500000); sys.stdout.flush()\n"
        "say(at='gone', error='no value', bytes=0)\nsay(result={})"
    )
    found: dict[str, bytes] = {}
    child = Child([sys.executable, "-I", "-S", "-c", HEAD + code], str(tmp_path), dict(os.environ), GIGABYTE)

    def take(name: str, error: str, size: int, piece: bytes) -> None:
        found[name + error] = found.get(name + error, b"") + piece
        assert size in (3000000, 0)

    assert child.ask({"do": "x"}, 20.0, take).kind == "ok"
    child.close()
    assert found == {"start": b"ab" * 1500000, "goneno value": b""}


def test_what_a_child_starts_ends_with_it(tmp_path: Path) -> None:
    code = "import subprocess\nother = subprocess.Popen(['sleep', '60'])\nsay(result=other.pid)"
    child = Child([sys.executable, "-I", "-S", "-c", HEAD + code], str(tmp_path), dict(os.environ), GIGABYTE)
    other = child.ask({"do": "x"}, 20.0).result
    child.close()
    until = time.monotonic() + 5
    while _runs(other) and time.monotonic() < until:
        time.sleep(0.02)
    assert not _runs(other)


def _runs(pid: int) -> bool:
    """Whether a process is there, and no zombie that nobody has buried."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


ESCAPES = """
import time
if not os.fork():
    os.setsid()
    end = time.monotonic() + 12
    while time.monotonic() < end:
        time.sleep(0.05)
        {chatter}
    os._exit(0)
"""


@pytest.mark.parametrize("chatter", ["pass", "os.write(2, b'x')"], ids=["silent", "talking"])
@pytest.mark.parametrize("then", ["time.sleep(60)", "os._exit(3)"], ids=["waits", "ends"])
def test_a_process_that_left_the_group_holds_up_nobody(chatter: str, then: str, tmp_path: Path) -> None:
    """It has the pipes of the worker, and no signal to the group reaches it."""
    begin = time.monotonic()
    outcome = end_of(ESCAPES.format(chatter=chatter) + then, tmp_path, seconds=1.0)
    assert (outcome.kind, outcome.dead) == ("timeout" if "sleep" in then else "ended", True)
    assert time.monotonic() - begin < 8


def test_a_worker_that_closes_its_pipes_is_ended(tmp_path: Path) -> None:
    outcome = end_of("import time; os.close(1); os.close(2); time.sleep(60)", tmp_path, seconds=20.0)
    assert (outcome.kind, outcome.dead, outcome.message) == ("ended", True, "it would not be talked to any more")


@pytest.mark.parametrize(
    "answer",
    ["no json", "[1]", "1", '"result"', '{"error": 1}', '{"error": {"type": 1, "message": ""}}', '{"error": null}',
     '{"at": "x"}', '{"at": "x", "bytes": -1}', '{"at": "x", "bytes": "3"}', "[" * 100000],
    ids=lambda answer: answer[:40],
)  # fmt: skip
def test_an_answer_that_is_none_ends_the_worker(answer: str, tmp_path: Path) -> None:
    code = f"sys.stdout.write({answer!r} + chr(10)); sys.stdout.flush(); import time; time.sleep(60)"
    outcome = end_of(code, tmp_path)
    assert (outcome.kind, outcome.dead) == ("ended", True)
    assert outcome.message == "what it answered cannot be understood"


def test_a_line_without_end_is_not_taken_for_want_of_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child_module, "MAX_LINE", 1 << 20)
    outcome = end_of("while True: sys.stdout.write('x' * 65536)", tmp_path)
    assert (outcome.kind, outcome.dead) == ("ended", True)
    assert outcome.message == "a line of its answer is longer than 1,048,576 bytes"


def test_the_requests_are_lines_of_json(tmp_path: Path) -> None:
    code = "say(result=json.loads(sys.stdin.readline()))"
    child = Child([sys.executable, "-I", "-S", "-c", HEAD + code], str(tmp_path), dict(os.environ), GIGABYTE)
    child.send({"do": "first"})
    outcome = child.ask({"do": "x", "name": "a\nb"}, 20.0)
    child.close()
    assert outcome.result == json.loads(json.dumps({"do": "x", "name": "a\nb"}))
