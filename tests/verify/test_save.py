"""What was fed and what came out, as files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from smanalyze.errors import UsageError
from smanalyze.inputs.given import read_given
from smanalyze.inputs.records import Feed
from smanalyze.verify.save import Saver

WORDS = np.array([b"a\0", b"bc"], object)
FEEDS = (
    Feed("x", "x", "x:0", "float32", (2,), np.array([1, 2], np.float32)),
    Feed("w", "w", "w:0", "string", (2,), WORDS),
)


def test_calls_are_numbered_and_read_back_as_they_were(tmp_path: Path) -> None:
    saver = Saver(str(tmp_path / "new"), several=False)
    for _ in range(2):
        saver.keep(("serve",), "a/b", FEEDS, {"outputs": {"y": np.array([3.0])}})
    saver.keep(("serve",), "a/b", FEEDS, {"old": {}, "new": {"y": WORDS}}, "against-")
    files = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.npz"))
    assert files == [
        f"new/a_b/{name}.npz" for name in (
            "1-inputs", "1-outputs", "2-inputs", "2-outputs", "against-1-inputs", "against-1-new", "against-1-old"
        )
    ]  # fmt: skip
    (values,) = read_given(str(tmp_path / "new" / "a_b" / "1-inputs.npz")).values()
    assert values["x"].tolist() == [1, 2]
    assert values["w"].tolist() == WORDS.tolist()


def test_several_meta_graphs_are_apart(tmp_path: Path) -> None:
    saver = Saver(str(tmp_path), several=True)
    for tags in (("serve",), ("serve", "gpu"), ()):
        saver.keep(tags, "k", FEEDS, {})
    places = sorted(path.parent.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("1-inputs.npz"))
    assert places == ["_/k", "serve,gpu/k", "serve/k"]


def test_nothing_is_mixed_with_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "here").write_text("x")
    for place in (tmp_path, tmp_path / "here", tmp_path / "here" / "below"):
        with pytest.raises(UsageError):
            Saver(str(place), several=False)
