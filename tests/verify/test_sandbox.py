"""Nothing is left of a sandbox, however its process ends; and the worker is what it must be."""

from __future__ import annotations

import ast
import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from smanalyze.errors import UsageError
from smanalyze.facts.manifest import digest_files
from smanalyze.verify import sandbox, worker
from smanalyze.verify.sandbox import Sandbox, find_interpreter, limits_for
from smanalyze.verify.steps import Wanted, Worker
from tests.conftest import ROOT
from tests.models import digests, folder_of, model_of

MODEL = "tables_and_assets"

posix = pytest.mark.skipif(os.name != "posix", reason="processes in groups")


def wait_until_gone(path: Path, pid: int) -> None:
    """Gives the janitor a moment."""
    until = time.monotonic() + 10
    while (path.exists() or Path(f"/proc/{pid}").exists()) and time.monotonic() < until:
        time.sleep(0.02)
    assert not path.exists()
    assert not Path(f"/proc/{pid}").exists()


def test_the_copy_is_the_model_and_no_link() -> None:
    model = model_of(MODEL)
    before = digests(folder_of(MODEL))
    with Sandbox(sys.executable, limits_for(model, None, None), frozenset()) as box:
        assert box.copy(model) == digest_files(model, model.files)
        for file in model.files:
            copy, original = box.model / file.path, folder_of(MODEL) / file.path
            assert copy.read_bytes() == original.read_bytes()
            assert not copy.is_symlink() and not copy.samefile(original)
        root = box.root
    assert not root.exists()
    assert digests(folder_of(MODEL)) == before


def test_a_copy_can_have_the_checkpoint_of_another_model() -> None:
    model, other = model_of(MODEL), model_of("module_one_signature")
    with Sandbox(sys.executable, limits_for(model, None, None), frozenset()) as box:
        box.copy(model)
        box.copy(model, other)
        for name, folder in (("saved_model.pb", MODEL), ("variables/variables.index", "module_one_signature")):
            assert (box.model / name).read_bytes() == (folder_of(folder) / name).read_bytes()


def test_a_change_of_the_copy_is_seen_though_it_looks_the_same() -> None:
    """Same size, and the time that the file had."""
    model = model_of(MODEL)
    with Sandbox(sys.executable, limits_for(model, None, None), frozenset()) as box:
        box.copy(model)
        file = box.model / "saved_model.pb"
        before, had = box.files(), file.stat()
        assert box.files() == before
        time.sleep(0.02)  # the system's clock is coarse
        file.write_bytes(bytes(had.st_size))
        os.utime(file, ns=(had.st_atime_ns, had.st_mtime_ns))
        after = box.files()
    assert {path for path in after if after[path] != before[path]} == {"model/saved_model.pb"}


def test_a_link_that_leads_nowhere_is_a_file_that_was_written(tmp_path: Path) -> None:
    """And what is exchanged with the worker is none."""
    with Sandbox(sys.executable, limits_for(model_of(MODEL), None, None), frozenset()) as box:
        assert box.files() == {}
        (box.root / "work" / "link").symlink_to(tmp_path / "nothing")
        (box.root / "arrays" / "x.npy").write_bytes(b"x")
        assert list(box.files()) == ["work/link"]


def test_the_time_of_a_run_is_that_of_all_its_workers() -> None:
    model = model_of(MODEL)
    with Sandbox(sys.executable, limits_for(model, None, None), frozenset()) as box:
        box.end = time.monotonic() - 1.0
        for _ in range(2):
            one = Worker(box, Wanted((), 0, 1, ()), lambda _: None)
            assert not one.ready()
            assert one.could_not_start == "the time of the whole run is over"


def test_an_exception_leaves_nothing() -> None:
    root = None
    with (
        contextlib.suppress(KeyboardInterrupt),
        Sandbox(sys.executable, limits_for(model_of(MODEL), None, None), frozenset()) as box,
    ):
        root = box.root
        raise KeyboardInterrupt
    assert root is not None and not root.exists()


CRASH = """
import os, signal, sys, time
import smanalyze
from smanalyze.verify.sandbox import Sandbox, limits_for
model = smanalyze.load(sys.argv[1])
with Sandbox(sys.executable, limits_for(model, None, None), frozenset()) as box:
    box.copy(model)
    child = box.start()
    print(box.root, child.group, flush=True)
    time.sleep(60)
"""


@posix
@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT], ids=["killed", "ended", "interrupted"])
def test_nothing_is_left_where_the_parent_ends(end: signal.Signals) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    parent = subprocess.Popen(
        [sys.executable, "-c", CRASH, str(folder_of(MODEL))], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        text=True, env=environment, start_new_session=True,
    )  # fmt: skip
    assert parent.stdout is not None
    root, _, pid = parent.stdout.readline().strip().rpartition(" ")
    assert Path(root).is_dir()
    parent.send_signal(end)
    parent.wait()
    parent.stdout.close()
    wait_until_gone(Path(root), int(pid))


def test_limits_do_not_believe_an_index() -> None:
    """That of index_hostile_sizes tells of exabytes."""
    assert limits_for(model_of("index_hostile_sizes"), None, None).memory < 2 << 30


def test_an_interpreter_that_is_not_there_is_an_error() -> None:
    with pytest.raises(UsageError, match="no interpreter"):
        find_interpreter("no-such-python")


def test_without_tensorflow_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"pip install 'smanalyze\[verify\]'"):
        find_interpreter(None)


def test_the_worker_is_one_file_for_old_pythons() -> None:
    """It runs in the interpreter of another environment, where there is no smanalyze."""
    tree = ast.parse(Path(worker.__file__).read_text(encoding="utf-8"), feature_version=(3, 8))
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add((node.module or "").partition(".")[0])
    assert names <= set(sys.stdlib_module_names) | {"numpy", "tensorflow"}


@pytest.mark.parametrize("name", ["cage.py", "janitor.py"])
def test_the_helpers_need_the_standard_library_alone(name: str) -> None:
    tree = ast.parse((Path(worker.__file__).parent / name).read_text(encoding="utf-8"))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    assert names <= set(sys.stdlib_module_names)


def test_the_environment_is_clean(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    monkeypatch.setenv("HTTPS_PROXY", "x")
    with Sandbox(sys.executable, limits_for(model_of(MODEL), None, None), frozenset()) as box:
        found = box._environment()
        assert found["HOME"].startswith(str(box.root))
    assert not {"AWS_SECRET_ACCESS_KEY", "HTTPS_PROXY", "PYTHONPATH"} & set(found)
