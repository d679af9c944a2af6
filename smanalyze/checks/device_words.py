"""Devices that nodes are tied to."""

from __future__ import annotations

import re
from collections.abc import Iterable

from smanalyze.report.sections import DeviceCount

_LOCAL_CPU = re.compile(r"(/job:localhost)?(/replica:0)?(/task:0)?/?(device:)?(cpu:(0|\*))?", re.IGNORECASE)
"""TensorFlow itself pins saving to the CPU, and writes the whole name of the one local CPU."""


def own_devices(rows: Iterable[DeviceCount]) -> frozenset[str]:
    """Devices that the author chose."""
    return frozenset(row.device for row in rows if not _LOCAL_CPU.fullmatch(row.device))
