"""One call of a signature with values that somebody gave."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from smanalyze.inputs.called import called_trial, fitted
from smanalyze.inputs.flags import Given, from_files
from smanalyze.inputs.parts import ragged_parts
from smanalyze.inputs.records import Slot


def test_values_that_stand_alone_are_those_of_the_only_input(tmp_path: Path) -> None:
    """A PredictRequest names the input; the body of a REST request need not."""
    sizes = '{"dim": [{"size": "1"}, {"size": "2"}]}'
    slot = Slot("x", "x", "x:0", "float32", (None, 2))
    request = f'{{"inputs": {{"x": {{"dtype": "DT_FLOAT", "tensorShape": {sizes}, "floatVal": [1, 2]}}}}}}'
    for text in ("[[1, 2]]", '{"instances": [[1, 2]]}', '{"inputs": [[1, 2]]}', request):
        (tmp_path / "given.json").write_text(text)
        given = from_files([str(tmp_path / "given.json")], "k")
        (feed,) = called_trial("k", (slot,), (), given, {}).feeds
        assert feed.array.tolist() == [[1.0, 2.0]]


def test_an_array_without_rows_is_a_ragged_tensor_of_any_dtype() -> None:
    """What it is taken apart into is a list without elements, of which numpy makes floats."""
    for rows in (np.ones((0, 3), np.int32), np.ones((2, 0), np.int32)):
        (part, _), (splits, _) = ragged_parts(rows, 1)
        assert fitted(Given(part, True, "given"), "int32", (None,), "x").dtype == np.int32
        assert len(splits) == len(rows) + 1
