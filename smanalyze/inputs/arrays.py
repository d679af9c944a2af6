"""Trials as files of arrays, which ``--inputs`` reads back: .npz and JSON."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

from smanalyze.inputs.given import LENGTHS
from smanalyze.inputs.records import Trial
from smanalyze.inputs.requests import json_values


def npz(trials: Sequence[tuple[str, Trial]]) -> bytes:
    """A .npz file of (signature key, trial) pairs; with several signatures a name is ``key/input``."""
    feeds = ((f"{key}/" if len(trials) > 1 else "", feed) for key, trial in trials for feed in trial.feeds)
    return npz_of({prefix + feed.keyword: feed.array for prefix, feed in feeds})


def npz_of(values: Mapping[str, Any]) -> bytes:
    """A .npz file of arrays by name; those of objects hold strings as bytes."""
    import numpy as np

    arrays: dict[str, Any] = {}
    for name, array in values.items():
        arrays.update(_storable(name, array))
    held = io.BytesIO()
    # np.savez takes names as keywords, beside its own arguments: older ones store allow_pickle, none an array `file`.
    with zipfile.ZipFile(held, "w") as archive:
        for name, array in arrays.items():
            with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as member:
                np.lib.format.write_array(member, np.asanyarray(array), allow_pickle=False)
    return held.getvalue()


def _storable(name: str, array: Any) -> dict[str, Any]:
    """Strings at their full length, with their lengths where numpy would drop zero bytes; bfloat16 and its like, which
    a file of numpy's has no name for, as the bytes that they are."""
    import numpy as np

    if array.dtype == object:
        flat = array.ravel()
        found = {name: np.array([*flat, b""], np.bytes_)[: flat.size].reshape(array.shape)}
        if any(value.endswith(b"\0") for value in flat):
            found[name + LENGTHS] = np.array([len(value) for value in flat], np.int64).reshape(array.shape)
        return found
    if array.dtype.isbuiltin != 1:
        return {name: array.view(f"V{array.dtype.itemsize}")}
    return {name: array}


def plain_json(trials: Sequence[tuple[str, Trial]]) -> str:
    """``{input: values}``, with several signatures below ``signatures`` by key."""
    named = {key: {feed.keyword: json_values(feed.array) for feed in trial.feeds} for key, trial in trials}
    document = next(iter(named.values())) if len(named) == 1 else {"signatures": named}
    return json.dumps(document)
