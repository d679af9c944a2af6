"""Inputs and outputs as files between us and the worker."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from smanalyze.inputs.records import Feed
from smanalyze.verify.values import encoded


def written(feed: Feed, folder: Path) -> tuple[dict[str, Any], str]:
    """Writes the bytes of an input for the worker; how it asks for them, and their digest."""
    import numpy as np

    content = encoded(feed.array)
    digest = hashlib.sha256(content).hexdigest()
    file = folder / f"in-{digest[:16]}.npy"
    np.save(file, np.frombuffer(content, np.uint8), allow_pickle=False)
    return {"file": str(file), "dtype": feed.dtype, "shape": list(feed.shape)}, digest


def relative(one: str, other: str, rows: int | None = None) -> float:
    """The largest difference between two arrays in files (of the first ``rows`` of the second), relative to the largest
    number of the first; 0 where they are not alike or not finite."""
    import numpy as np

    a, b = np.load(one, allow_pickle=False), np.load(other, allow_pickle=False)
    b = b if rows is None or not b.ndim else b[:rows]
    if a.shape != b.shape or not a.size or a.dtype.kind not in "fciu":
        return 0.0
    wide = np.complex128 if a.dtype.kind == "c" else np.float64
    a, b = a.astype(wide), b.astype(wide)
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        return 0.0
    return float(np.abs(a - b).max()) / max(float(np.abs(a).max()), 1e-30)
