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


def test_two_outputs_of_one_name_are_two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys may have dots: ``{"a": {"b": ...}, "a.b": ...}``; each kept its values in the same file."""
    answer = {"a": {"b": Tensor(1)}, "a.b": Tensor(2), "a.b-2": Tensor(3)}
    monkeypatch.setattr(worker, "tf", SimpleNamespace(resource=0, variant=1))
    monkeypatch.setattr(worker, "dense", lambda value: [("", value)])
    monkeypatch.setattr(worker, "OBJECTS", {"f": lambda: answer})
    request = {"key": None, "path": "f", "arguments": [], "keywords": {}, "keep": str(tmp_path / "out")}
    rows, arrays = read_outputs(worker.apply(request)["outputs"])
    assert [row.output for row in rows] == ["a.b", "a.b", "a.b-2"]
    assert {name: array.tolist() for name, array in arrays.items()} == {"a.b": 1, "a.b-2": 2, "a.b-2-2": 3}


def test_what_is_made_of_tensors_is_an_output(monkeypatch: pytest.MonkeyPatch) -> None:
    """A data set, which has no dtype, is made of one variant."""
    data_set, tensor = object(), Tensor(1)
    nest = SimpleNamespace(flatten=lambda value, **_: [tensor] if value is data_set else [value])
    monkeypatch.setattr(worker, "tf", SimpleNamespace(nest=nest, is_tensor=lambda one: isinstance(one, Tensor)))
    found = list(worker.named({"d": data_set, "n": None, "t": (tensor, [tensor, 3])}))
    assert found == [("d", data_set), ("t.0", tensor), ("t.1.0", tensor)]


class Tensor:
    """As much of a tensor as an output needs."""

    def __init__(self, value: int) -> None:
        self.value = np.array(value, np.int32)
        self.dtype = SimpleNamespace(name="int32")
        self.shape = SimpleNamespace(rank=0, as_list=list)

    def numpy(self) -> Any:
        """Its value."""
        return self.value
