"""``model.variables``: stored values by key and by name, read when asked for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from smanalyze.model.checkpoint import Checkpoint
from smanalyze.model.saved_model import Found, SavedModel
from smanalyze.model.variables import StoredValues
from tests.models import each_model, model_of


@each_model
def test_every_key_gives_its_values(name: str) -> None:
    model = model_of(name)
    values = model.variables
    for entry in model.checkpoint.entries:
        assert entry.key in values
        found = values[entry.key]
        assert found.shape == entry.shape
        assert not found.flags.writeable
    assert len(list(values)) == len(values) >= len(model.checkpoint.entries)


def test_a_name_means_its_variable() -> None:
    values = model_of("module_one_signature").variables
    np.testing.assert_array_equal(values["kernel"], values["kernel/.ATTRIBUTES/VARIABLE_VALUE"])
    assert "nothing" not in values
    with pytest.raises(KeyError):
        values["nothing"]


def test_a_name_of_several_values_means_none_of_them() -> None:
    assert "conv/kernel" in model_of("keras3_export").variables, "a copy is the same value"
    model = model_of("keras2_functional")
    first, *rest = (entry for entry in model.checkpoint.entries if "/total/" in entry.key)
    others = [entry for entry in model.checkpoint.entries if entry is not first]
    changed = replace(model.checkpoint, entries=(*others, replace(first, crc32c=1)))
    assert rest and "total" in model.variables, "both are zero"
    assert "total" not in replace(model, checkpoint=changed).variables


def test_a_partitioned_tensor_is_one_value() -> None:
    values = model_of("tf1_partitioned_variables").variables
    ((name, value),) = values.items()
    assert value.size * value.itemsize == 80, name


def test_numbers_are_a_view_of_the_file() -> None:
    value = model_of("module_one_signature").variables["kernel"]
    assert not value.flags.owndata


def test_without_a_checkpoint_there_is_nothing() -> None:
    assert dict(SavedModel(Found("saved_model", "m"), "pb", 1, 0).variables) == {}
    assert repr(StoredValues(Checkpoint("absent"), None, ())) == "<0 names of stored values>"
