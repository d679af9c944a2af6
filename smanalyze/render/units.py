"""Numbers, sizes and shapes in words. The same words in every renderer, so that two reports can be compared by eye."""

from __future__ import annotations

Shape = tuple[int | None, ...] | None
"""As the report has it: None is an unknown rank, a None inside an unknown size."""

_STEPS = ("", "k", "M", "G", "T", "P", "E")


def bytes_text(size: int) -> str:
    """``1.2 MB``: decimal units, three significant digits at most; below 1,000 the exact number of bytes."""
    if abs(size) < 1000:
        return "1 byte" if size == 1 else f"{size} bytes"
    number, step = _scaled(size)
    return f"{number} {step}B"


def count_text(number: int) -> str:
    """``1,234,567``."""
    return f"{number:,}"


def short_count(number: int) -> str:
    """``25.6 M``; below 10,000 the exact number."""
    if abs(number) < 10_000:
        return f"{number:,}"
    scaled, step = _scaled(number)
    return f"{scaled} {step}"


def shape_text(shape: Shape) -> str:
    """``(None, 224, 224, 3)``, ``(3,)``, ``()`` for a scalar, ``unknown rank``."""
    return "unknown rank" if shape is None else repr(shape)


def shapes_text(shapes: tuple[Shape, ...]) -> str:
    """Several shapes in one line; empty where none is known."""
    return ", ".join(shape_text(shape) for shape in shapes)


def percent_text(share: float) -> str:
    """A share between 0 and 1 as ``12.3 %``; what is not quite nothing or not quite all says so."""
    if 0 < share < 0.001:
        return "< 0.1 %"
    if 0.999 < share < 1:
        return "> 99.9 %"
    return f"{share * 100:.3g} %"


def plural(number: int, one: str, many: str = "") -> str:
    """``1 file``, ``2 files``; ``many`` for words that do not take an s."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def _scaled(number: int) -> tuple[str, str]:
    """Three significant digits and the step; 999,999 becomes 1 M, not 1000 k."""
    value, step = float(number), 0
    while abs(value) >= 999.5 and step < len(_STEPS) - 1:
        value, step = value / 1000, step + 1
    digits = 0 if abs(value) >= 99.95 else 1 if abs(value) >= 9.995 else 2
    text = f"{value:.{digits}f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text), _STEPS[step]
