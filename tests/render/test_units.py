"""Numbers in words."""

from __future__ import annotations

import pytest

from smanalyze.render.units import (
    Shape,
    bytes_text,
    count_text,
    percent_text,
    plural,
    shape_text,
    shapes_text,
    short_count,
)  # fmt: skip


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 bytes"), (1, "1 byte"), (999, "999 bytes"), (1000, "1 kB"), (1234, "1.23 kB"), (999_499, "999 kB"),
        (999_999, "1 MB"), (1_200_000, "1.2 MB"), (102_400_000, "102 MB"), (98_760_000_000, "98.8 GB"),
        (10**12, "1 TB"), (10**22, "10000 EB"),
    ],
)  # fmt: skip
def test_bytes(size: int, text: str) -> None:
    assert bytes_text(size) == text


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0"), (9_999, "9,999"), (10_000, "10 k"), (25_636_712, "25.6 M"), (175 * 10**9, "175 G")]
)
def test_short_counts(number: int, text: str) -> None:
    assert short_count(number) == text


def test_counts() -> None:
    assert count_text(1_234_567) == "1,234,567"
    assert plural(1, "file") == "1 file"
    assert plural(1_200, "entry", "entries") == "1,200 entries"


@pytest.mark.parametrize(
    ("shape", "text"),
    [(None, "unknown rank"), ((), "()"), ((3,), "(3,)"), ((None, 224, 224, 3), "(None, 224, 224, 3)")],
)
def test_shapes(shape: Shape, text: str) -> None:
    assert shape_text(shape) == text


def test_several_shapes() -> None:
    assert shapes_text(()) == ""
    assert shapes_text(((None, 2), None)) == "(None, 2), unknown rank"


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.0, "0 %"), (0.0001, "< 0.1 %"), (0.1234, "12.3 %"), (0.5, "50 %"), (0.9996, "> 99.9 %"), (1.0, "100 %")],
)
def test_percent(share: float, text: str) -> None:
    assert percent_text(share) == text
