"""When the models of testdata/scan act, as TensorFlow ran them, against what a scan is expected to say of them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from tests.scan.expected import NAMES, SCAN, ExpectedFinding, acts_of

from .helpers import has_tensorflow

STORED: dict[str, dict[str, Any]] = json.loads((SCAN / "tensorflow.json").read_text(encoding="utf-8"))

WRITING = ("file-write", "saver", "opaque")
"""The classes of which a file in the working directory tells that they ran."""

NOT_RUN = {"data_service", "debug_to_file", "rpc_client", "tf1_second_meta_graph"}
"""They would use the network, or write to an absolute path; the last is for what takes one MetaGraph apart."""

UNSEEN = {
    ("write_in_create_resource", "load"): "Only where an initializer touches the resource; before 2.5 always.",
    ("write_not_listed", "signature:act"): "TensorFlow's graph optimizer drops it; with that switched off it runs.",
    ("write_not_listed", "function:act"): "The same.",
    ("write_in_restore", "saver"): "What was tried is saving, and this one restores.",
    ("write_in_gradient", "function:__call__"): "What was differentiated is the signature.",
    ("tf1_restore_op", "saver"): "Restoring is part of loading.",
    ("custom_op_calls_function", "signature:act"): "It does not load: the op is nobody's.",
    ("custom_op_calls_function", "function:act"): "The same.",
    ("checkpoint_ops", "signature:merge"): "There are no checkpoints to merge.",
    ("checkpoint_ops", "function:merge"): "The same.",
    ("checkpoint_ops", "signature:restore"): "It reads.",
    ("checkpoint_ops", "function:restore"): "It reads.",
    ("checkpoint_ops", "signature:from_caller"): "It reads.",
    ("checkpoint_ops", "function:from_caller"): "It reads.",
}
"""(model, when) -> why nothing was written then although something may be."""


def word_of(moment: str) -> str:
    """The word of `when` for a moment: a gradient is part of its signature, and what ends a model was begun at load."""
    kind, colon, name = moment.partition(":")
    kind = {"exit": "load", "gradient": "signature", "session": "signature" if name else "load"}.get(kind, kind)
    return kind + colon + ".".join(re.findall(r"\w+", name.partition("#")[0]))


def writes(name: str) -> Iterator[tuple[str, str]]:
    """(word, file) of what TensorFlow wrote."""
    for moment, answer in STORED.get(name, {}).items():
        for file in answer.get("files", ()):
            yield word_of(moment), file


def fits(act: ExpectedFinding, word: str, file: str) -> bool:
    """Whether the act may have written a file then; a name that only TensorFlow knows may be any."""
    names = [text.removeprefix("file://") for text in act.texts]
    named = any("{" in text or fnmatchcase(file, f"{text}*") for text in names)
    return act.risk_class in WRITING and named and word in map(word_of, act.when)


def test_every_model_was_tried() -> None:
    assert {*STORED} == {*NAMES} - NOT_RUN


@pytest.mark.parametrize("name", NAMES)
def test_whatever_tensorflow_wrote_is_expected_then(name: str) -> None:
    unexpected = {(w, file) for w, file in writes(name) if not any(fits(act, w, file) for act in acts_of(name))}
    assert unexpected == set()


@pytest.mark.parametrize("name", [name for name in NAMES if name not in NOT_RUN])
def test_whatever_is_expected_tensorflow_wrote_then(name: str) -> None:
    seen = [*writes(name)]
    for act in acts_of(name):
        if act.risk_class in WRITING:
            for when in {*act.when} - {"never"}:
                wrote = any(word == word_of(when) and fits(act, word, file) for word, file in seen)
                assert wrote != ((name, when) in UNSEEN), (act.op, when)


@pytest.mark.tensorflow
@pytest.mark.skipif(not has_tensorflow(), reason="TensorFlow is not installed: pip install smanalyze[verify]")
def test_stored_moments_are_still_tensorflows(tmp_path: Path) -> None:
    """If not: python testdata/recipes/oracle_scan.py, and read the difference."""
    recipe = SCAN.parent / "recipes" / "oracle_scan.py"
    subprocess.run([sys.executable, str(recipe), str(tmp_path)], check=True, capture_output=True)
    assert json.loads((tmp_path / "tensorflow.json").read_text(encoding="utf-8")) == STORED
