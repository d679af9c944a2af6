"""Fuzzes the readers of files with atheris (libFuzzer for Python), for as long as you let it.

    pip install -e '.[cpb]' atheris      # needs a CPython that atheris has a wheel for, else clang to build it
    python tests/fuzz/atheris_formats.py FORMAT CORPUS_DIR [libFuzzer's flags]

FORMAT is a name in ``targets.TARGETS``: table, bundle, pb, pbtxt, riegeli, split, tfrecord, fingerprint,
keras_metadata, manifest, objects; or ``all``, one after the other, each for ``-max_total_time=180`` or ``-runs=N``.
CORPUS_DIR/FORMAT holds the inputs that reach something new; the first run fills it with the seeds of ``testdata``. What
fails is left in CORPUS_DIR/FORMAT-found; give such a file in place of CORPUS_DIR to run it once more.

Stated limits, each of which ends the run when an input breaks it (``targets.py`` has the numbers):

    -max_len=65536        bytes of an input; less for pb (16384) and riegeli (8192), which are slow
    -timeout=10           seconds for one input, coverage counted
    -rss_limit_mb=512     memory of the process, with what Python, numpy and protobuf take

Flags given on the command line win. An exception that the called function is not documented to raise ends the run, too.
"""

from __future__ import annotations

import subprocess
import sys
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]

LAZY = (
    "attr_text", "bundle_strings", "canonical", "farmhash", "highwayhash", "numpy_types", "riegeli", "slice_key",
    "snappy", "structured_value", "tensor_proto", "tensor_text",
)  # fmt: skip
"""Modules of ``smanalyze.format`` that others import when they need them; here at once, so that they are counted."""


def main(arguments: list[str]) -> int:
    """Runs one format, or all; the exit code is libFuzzer's, 2 for a request that cannot be met."""
    try:
        import atheris
    except ImportError:
        return _refuse("atheris is not installed: pip install atheris (no dependency of smanalyze).")
    sys.path.insert(0, str(ROOT))
    with atheris.instrument_imports(include=["smanalyze"]):
        targets = import_module("tests.fuzz.targets")
        for module in LAZY:
            import_module(f"smanalyze.format.{module}")
    if len(arguments) < 2 or arguments[0] not in (*targets.TARGETS, "all"):
        return _refuse(f"usage: {Path(__file__).name} FORMAT CORPUS_DIR [flags]; all or {', '.join(targets.TARGETS)}")
    name, place, *flags = arguments
    corpus = Path(place).resolve()
    if corpus.is_relative_to(ROOT):
        return _refuse("The corpus would lie in the repository; give a folder elsewhere.")
    if name == "all":
        # libFuzzer never comes back, so each format is a process of its own.
        commands = [[sys.executable, __file__, one, place, *flags] for one in targets.TARGETS]
        codes = [subprocess.run(command, check=False).returncode for command in commands]
        return next((code for code in codes if code), 0)
    return _fuzz(atheris, targets, name, corpus, flags)


def _fuzz(atheris: Any, targets: Any, name: str, corpus: Path, flags: list[str]) -> int:
    limits = [
        f"-max_len={targets.TARGETS[name].max_input}",
        f"-timeout={targets.MAX_SECONDS}",
        f"-rss_limit_mb={targets.MAX_RSS >> 20}",
    ]
    if not corpus.is_file():
        found = corpus / f"{name}-found"
        found.mkdir(parents=True, exist_ok=True)
        corpus = corpus / name
        _fill(corpus, targets.seeds_of(name))
        limits.append(f"-artifact_prefix={found}/")
    run = targets.TARGETS[name].run
    # Of a flag that is given twice libFuzzer takes the last.
    atheris.Setup([sys.argv[0], *limits, *flags, str(corpus)], run)
    atheris.Fuzz()
    return 0


def _fill(corpus: Path, seeds: Any) -> None:
    """Writes the seeds into a folder that does not exist or is empty."""
    corpus.mkdir(parents=True, exist_ok=True)
    if not any(corpus.iterdir()):
        for seed in seeds:
            (corpus / sha256(seed).hexdigest()[:40]).write_bytes(seed)


def _refuse(sentence: str) -> int:
    sys.stderr.write(sentence + "\n")
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
