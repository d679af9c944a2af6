"""``@record`` is a frozen dataclass in all that others can see."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from typing import Any

import pytest

from smanalyze.model.dtypes import dtype_enum, dtype_name, item_size
from smanalyze.model.record import record


@record
class Point:
    """A point."""

    x: int
    y: int = 0
    tags: tuple[str, ...] = dataclasses.field(default_factory=tuple)
    note: Any = dataclasses.field(default=None, compare=False, repr=False)


@record
class Other:
    """As Point, but not a Point."""

    x: int
    y: int = 0


def test_fields_defaults_and_repr() -> None:
    point = Point(1, tags=("a",))
    assert [field.name for field in dataclasses.fields(point)] == ["x", "y", "tags", "note"]
    assert (point.x, point.y, point.tags, point.note) == (1, 0, ("a",), None)
    assert repr(point) == "Point(x=1, y=0, tags=('a',))"
    with pytest.raises(TypeError):
        Point()  # type: ignore[call-arg]


def test_it_is_frozen_and_has_no_dict() -> None:
    point = Point(1)
    with pytest.raises(dataclasses.FrozenInstanceError):
        point.x = 2  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError):
        del point.x  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError):
        point.z = 2  # type: ignore[attr-defined]
    assert not hasattr(point, "__dict__")


def test_equality_looks_at_the_compared_fields_and_the_class() -> None:
    assert Point(1, note="a") == Point(1, note="b")
    assert hash(Point(1, note="a")) == hash(Point(1, note="b"))
    assert Point(1) != Point(2)
    assert Point(1) != Other(1)
    assert Other(1) != (1, 0)


def test_replace_copy_and_pickle_give_equals() -> None:
    point = Point(1, 2, ("a",), "kept")
    assert dataclasses.replace(point, x=3) == Point(3, 2, ("a",))
    for twin in (copy.copy(point), copy.deepcopy(point), pickle.loads(pickle.dumps(point))):
        assert twin == point
        assert twin.note == "kept"


@pytest.mark.parametrize(
    ("number", "name", "enum", "size"),
    [
        (1, "float32", "DT_FLOAT", 4),
        (101, "float32_ref", "DT_FLOAT_REF", 4),
        (14, "bfloat16", "DT_BFLOAT16", 2),
        (29, "int4", "DT_INT4", 1),
        (7, "string", "DT_STRING", 0),
        (20, "resource", "DT_RESOURCE", 0),
        (0, "invalid", "DT_INVALID", 0),
        (99, "dtype_99", "99", 0),
        (199, "dtype_199", "199", 0),
    ],
)
def test_dtypes_are_called_as_tensorflow_calls_them(number: int, name: str, enum: str, size: int) -> None:
    assert (dtype_name(number), dtype_enum(number), item_size(name)) == (name, enum, size)
