"""How much memory a process group fills; nothing where the platform does not tell."""

from __future__ import annotations

import os

LIST_EVERY = 10
"""Looks between two that search for further processes of the group: that reads a file for each one on the machine."""


class GroupMemory:
    """The resident bytes of a process group on Linux."""

    def __init__(self, group: int) -> None:
        self.peak = 0
        self._group = group
        self._known = [group]
        self._looks = 0
        self._page = os.sysconf("SC_PAGE_SIZE")

    def look(self) -> int:
        """Bytes now; 0 where nothing can be read."""
        self._looks += 1
        if self._looks % LIST_EVERY == 0:
            self._known = self._members()
        total = sum(self._resident(pid) for pid in self._known)
        self.peak = max(self.peak, total)
        return total

    def _resident(self, pid: int) -> int:
        try:
            with open(f"/proc/{pid}/statm", "rb", buffering=0) as file:
                return int(file.read().split()[1]) * self._page
        except (OSError, IndexError, ValueError):
            return 0

    def _members(self) -> list[int]:
        found = [self._group]
        try:
            names = os.listdir("/proc")
        except OSError:
            return found
        for name in names:
            if name.isdecimal() and int(name) > self._group:  # whoever was started later; numbers seldom wrap
                try:
                    if os.getpgid(int(name)) == self._group:
                        found.append(int(name))
                except OSError:
                    continue
        return found
