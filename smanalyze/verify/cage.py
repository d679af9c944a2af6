"""The step between: takes the network and the limits from a process, then becomes the worker.

    python -I -S cage.py {"parent": ..., "network": ..., "limits": ...} INTERPRETER -I worker.py

Runs in the interpreter of smanalyze itself and needs nothing but the standard library. What the platform does not have
is left out; the worker's answer tells in which network it finds itself.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import signal
import sys
from typing import Any

_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38


def own_network(libc: Any) -> None:
    """A network of its own, without any interface, where the kernel lets an ordinary user have one."""
    user, group = os.getuid(), os.getgid()
    if libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET):
        return
    for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
        with contextlib.suppress(OSError), open(f"/proc/self/{name}", "w") as file:
            file.write(text)


def limit(limits: dict[str, int]) -> None:
    """Limits of this process and what it becomes, where the platform has them."""
    for name, value in limits.items():
        number = getattr(resource, f"RLIMIT_{name}", None)
        if number is not None:
            with contextlib.suppress(ValueError, OSError):  # macOS refuses some
                hard = resource.getrlimit(number)[1]
                value = value if hard == resource.RLIM_INFINITY else min(value, hard)
                resource.setrlimit(number, (value, value))


def main() -> None:
    """Confines itself, then runs the rest of the command line in its own place."""
    wanted = json.loads(sys.argv[1])
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if not wanted["network"]:
            own_network(libc)
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)  # after the namespaces, which clear it
        libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        if os.getppid() != wanted["parent"]:
            sys.exit(1)  # who started it is gone already
    limit(wanted["limits"])
    os.execv(sys.argv[2], sys.argv[2:])


if __name__ == "__main__":
    main()
