"""Parts of the worker that need numpy and no TensorFlow."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from smanalyze.verify import worker
from smanalyze.verify.outputs import read_outputs


@pytest.fixture(autouse=True)
def with_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    """As after the step ``start``."""
    monkeypatch.setattr(worker, "np", np)


def kept(value: Any, folder: Path) -> Any:
    """One output on its way to a file and back."""
    tensor = SimpleNamespace(dtype=SimpleNamespace(name="string"))
    told = worker.kept("y", tensor, value, worker.digest_of(value), {"keep": str(folder / "out"), "largest": 1 << 20})
    _, arrays = read_outputs([dict(told, output="y", role="")])
    return arrays["y"]


@pytest.mark.parametrize("value", [b"", b"\0", b"ab\0\0", b"\xff\0"])
def test_one_string_keeps_the_zeros_at_its_end(value: bytes, tmp_path: Path) -> None:
    """TensorFlow gives a scalar as bytes, of which numpy makes a string that drops them."""
    array = kept(value, tmp_path)
    assert (array.shape, array.tolist()) == ((), value)
    many = kept(np.array([value, b"x"], object), tmp_path)
    assert many.tolist() == [value, b"x"]
    told = worker.sampled(
        SimpleNamespace(name="n:0", dtype=SimpleNamespace(name="string")),
        SimpleNamespace(numpy=lambda: value),
        {"keep": None},
    )
    assert (told["shape"], told["size"]) == ([], 8 + len(value))
    assert worker.digest_of(b"ab\0") != worker.digest_of(b"ab")
