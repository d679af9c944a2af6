"""Waits for its starter's end, however that comes, and clears away what is left of it.

    python -I -S janitor.py FOLDER

Each line on stdin is the process group of a child, which is killed when stdin ends; then the folder is removed.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys


def main() -> None:
    """Reads process groups until stdin ends. An interrupt from the terminal is not for it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    groups = [int(line) for line in sys.stdin]
    for group in groups[-1:]:  # the ones before have ended
        if group > 1:
            with contextlib.suppress(OSError):
                os.killpg(group, signal.SIGKILL)
    shutil.rmtree(sys.argv[1], ignore_errors=True)


if __name__ == "__main__":
    main()
