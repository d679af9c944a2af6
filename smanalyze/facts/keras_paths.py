"""Where the paths in a Keras configuration lead."""

from __future__ import annotations

from typing import Final

SYSTEM_PLACES: Final = (
    "/etc/", "/proc/", "/sys/", "/dev/", "/root/", "/boot/", "/run/", "/var/run/", "/var/log/", "/c:/windows/",
)  # fmt: skip
"""Folders of a machine where no vocabulary lies."""

SECRET_PLACES: Final = (
    "/.ssh/", "/.aws/", "/.azure/", "/.kube/", "/.docker/", "/.gnupg/", "/.config/gcloud", "/.netrc", "/.pgpass",
    "/.git-credentials", "/.env", "/.bash_history", "/etc/passwd", "/etc/shadow", "169.254.169.254",
    "metadata.google.internal", "/localhost", "/127.0.0.1",
)  # fmt: skip
"""Parts of paths and addresses that hold secrets, or lead to services of the machine itself."""


def leads_out(path: str) -> str:
    """``network`` for an address, ``file-read`` for a path out of the model's own folder, "" for one that stays in."""
    plain = path.replace("\\", "/").lower()
    scheme, _, rest = plain.partition(":/")
    if plain.startswith("//") or (rest and len(scheme) > 1 and scheme.isalnum() and scheme != "file"):
        return "network"
    absolute = plain.startswith(("/", "~", "file:")) or (rest and len(scheme) == 1)
    return "file-read" if absolute or ".." in plain.split("/") else ""


def is_system_place(path: str) -> bool:
    """Whether a path or address leads where secrets or the settings of a machine lie."""
    plain = path.replace("\\", "/").lower().removeprefix("file://")
    while plain.startswith("../"):
        plain = plain.removeprefix("../")
    plain = f"/{plain.lstrip('/')}"
    return plain.startswith(SYSTEM_PLACES) or any(place in plain for place in SECRET_PLACES)
