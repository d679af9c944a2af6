"""Importing networkx without the plugins of other packages."""

from __future__ import annotations

import sys
import types


def import_networkx_alone() -> None:
    """Imports networkx without its search for backends among all installed packages.

    The search imports importlib.metadata (a quarter of networkx's import time) and runs code of whatever package
    offers a backend; we ask for none. For a process of our own only: networkx keeps what it found for as long as the
    process lives, so a library must not do this to its user.
    """
    if "networkx" in sys.modules or "importlib.metadata" in sys.modules:
        return
    nothing = types.ModuleType("importlib.metadata")
    nothing.entry_points = lambda **_: ()  # type: ignore[attr-defined]
    sys.modules["importlib.metadata"] = nothing
    try:
        import networkx  # noqa: F401
    finally:
        del sys.modules["importlib.metadata"]
