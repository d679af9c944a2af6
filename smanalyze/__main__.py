"""``python -m smanalyze``, and the console command."""

from __future__ import annotations

import contextlib
import gc
import os
import sys


def main() -> None:
    """Runs the command line and ends the process with its exit code."""
    # One short run: collecting cycles costs more than the memory that it would free.
    gc.disable()
    from smanalyze.cli.main import run

    code = run(sys.argv[1:])
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    # Taking a large model apart object by object takes longer than reading it; the system frees it at once.
    os._exit(code)


if __name__ == "__main__":
    main()
