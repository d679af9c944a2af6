"""Files that operating systems, editors and interrupted saves leave behind."""

from __future__ import annotations

import re

_KINDS = (
    (re.compile(r"\._.+|\.DS_Store|__MACOSX"), "macOS"),
    (re.compile(r"Thumbs\.db|desktop\.ini", re.IGNORECASE), "Windows"),
    (re.compile(r".+~|\..+\.sw[a-p]|#.+#|\.#.+|.+\.(orig|rej|bak)"), "an editor or a merge"),
    (re.compile(r"__pycache__|\.ipynb_checkpoints|\.idea|\.vscode"), "a development tool"),
    (re.compile(r"(variables_)?temp_[0-9a-f]{32}|variables_temp|.+_temp_[0-9a-f]{32}"), "an interrupted save"),
)


def litter(path: str) -> str:
    """Who left the file behind, by the names in its path; "" for a file that may be meant."""
    for name in path.split("/"):
        for pattern, origin in _KINDS:
            if pattern.fullmatch(name):
                return origin
    return ""
