"""One call of a signature with values that somebody gave, each converted to what is declared where that loses nothing,
and sparse and ragged tensors taken apart."""

from __future__ import annotations

from typing import Any, NamedTuple

from smanalyze.errors import FormatError, UsageError
from smanalyze.inputs.flags import Given
from smanalyze.inputs.given import array_of
from smanalyze.inputs.given_json import BARE, Flat, kind_of
from smanalyze.inputs.given_trial import fits_shape
from smanalyze.inputs.parts import ragged_parts, sparse_parts
from smanalyze.inputs.records import Feed, Slot, Trial
from smanalyze.model.tensors import Shape


class Whole(NamedTuple):
    """A sparse or ragged tensor among the inputs: what it is called as a whole, and the slots of its parts in
    TensorFlow's order."""

    name: str
    kind: str
    slots: tuple[Slot, ...]


def whole_of(kind: str, slots: tuple[Slot, ...]) -> Whole:
    """Called as the input that is encoded, or by what the names of its parts begin with."""
    inputs = {slot.input for slot in slots}
    first, last = min(slot.keyword for slot in slots), max(slot.keyword for slot in slots)
    same = next((n for n, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(len(first), len(last)))
    name = inputs.pop() if len(inputs) == 1 else first[:same].rstrip("_")
    return Whole(name or slots[0].keyword, kind, slots)


def called_trial(
    key: str, slots: tuple[Slot, ...], wholes: tuple[Whole, ...], given: dict[str, Given], defaults: dict[str, Any]
) -> Trial:
    """The call. ``defaults`` are arrays for inputs that may be left out. Raises UsageError that says which input is
    missing, not known, or does not fit, and what it takes."""
    alone = set(given) == {BARE} and len(slots) == 1
    values = {slots[0].keyword: given[BARE]} if alone else dict(given)
    for whole in wholes:
        values = _apart(whole, values, key)
    by_name = {slot.keyword: slot for slot in slots}
    unknown = [name for name in values if name not in by_name]
    missing = [slot for slot in slots if slot.keyword not in values and slot.keyword not in defaults]
    if unknown or missing:
        said = [f"{', '.join(map(repr, unknown))} is no input of it"] if unknown else []
        said += [f"there is no value for {', '.join(repr(slot.keyword) for slot in missing)}"] if missing else []
        raise UsageError(f"Signature {key!r}: {' and '.join(said)}. {takes(slots, wholes)}")
    feeds = []
    for slot in slots:
        one = values.get(slot.keyword)
        if one is None:
            array, why = defaults[slot.keyword], "the signature's default"
        else:
            array, why = fitted(one, slot.dtype, slot.shape, f"Signature {key!r}, input {slot.keyword!r}"), one.origin
        feeds.append(Feed(slot.input, slot.keyword, slot.tensor_name, slot.dtype, tuple(array.shape), array, why))
    return Trial("given", None, tuple(feeds))


def takes(slots: tuple[Slot, ...], wholes: tuple[Whole, ...] = ()) -> str:
    """What a signature takes, in a sentence or two."""
    told = [f"{slot.keyword}: {slot.dtype} {shape_text(slot.shape)}" for slot in slots]
    words = [f"It takes {'; '.join(told)}." if told else "It takes no input."]
    words += [f"{', '.join(slot.keyword for slot in whole.slots)} make one {whole.kind} tensor, which may be given as "
              f"{whole.name}={_FORMS[whole.kind]}." for whole in wholes]  # fmt: skip
    return " ".join(words)


_FORMS = {"sparse": "{'indices': ..., 'values': ..., 'dense_shape': ...}", "ragged": "[[...], [...]]"}


def shape_text(shape: Shape) -> str:
    """``[?, 3]``."""
    return "of any shape" if shape is None else "[" + ", ".join("?" if n is None else str(n) for n in shape) + "]"


def fitted(given: Given, dtype: str, shape: Shape, where: str) -> Any:
    """The value as an array that may be fed. Raises UsageError, which begins with ``where``."""
    try:
        array = as_declared(given, dtype)
    except (ValueError, TypeError, OverflowError, MemoryError, FormatError) as error:
        raise UsageError(f"{where}: {str(error).rstrip('.')}.") from error
    if not fits_shape(array.shape, shape):
        raise UsageError(f"{where}: the shape {shape_text(array.shape)} does not fit {shape_text(shape)}.")
    return array


def as_declared(given: Given, dtype: str) -> Any:
    """The value in the dtype that is declared. One that has a dtype of its own must have that one; a number that
    Python or numpy made keeps its value, but for the digits that a shorter float lacks. Raises ValueError."""
    import numpy as np

    value: Any = given.value
    if isinstance(value, Flat):
        return array_of(value, dtype)
    if isinstance(value, tuple):
        value = list(value)
    if given.typed and isinstance(value, np.ndarray | np.generic):
        try:
            return array_of(np.asarray(value), dtype)
        except ValueError as error:
            hint = f"; convert it with .astype({dtype!r})" if np.asarray(value).dtype.kind in "biufc" else ""
            raise ValueError(f"{error}{hint}") from error
    if dtype == "string":
        return array_of(value.tolist() if isinstance(value, np.ndarray | np.generic) else value, dtype)
    found = np.array(value)
    if given.typed and found.size and found.dtype.kind not in "O":  # an empty list has no dtype of its own
        return array_of(found, dtype)
    return _cast(found, dtype)


def _cast(found: Any, dtype: str) -> Any:
    import numpy as np

    from smanalyze.model.dtypes import numpy_dtype

    kind = "c" if dtype.startswith("complex") else "b" if dtype == "bool" else "i" if "int" in dtype else "f"
    if found.size and (found.dtype.kind not in "biufc" or (found.dtype.kind == "b") != (kind == "b")):
        raise ValueError(f"it holds {_kind_words(found)} where {dtype} is declared")
    if found.dtype.kind == "c" and kind != "c":
        raise ValueError(f"it holds complex numbers where {dtype} is declared")
    with np.errstate(all="ignore"):
        cast = found.astype(numpy_dtype(dtype))
        if kind == "c" or kind == "b":
            return cast
        exact = cast.astype(np.float64 if cast.dtype.isbuiltin != 1 else np.longdouble)
        if kind == "i" or found.dtype.kind in "iu":
            same = bool(np.array_equal(exact.astype(np.longdouble), found.astype(np.longdouble)))
        else:
            same = bool((np.isfinite(exact) | ~np.isfinite(found)).all())
    if not same:
        raise ValueError(f"some values do not fit into {dtype}")
    return cast


def _kind_words(found: Any) -> str:
    if found.dtype.kind != "O":
        return {"U": "strings", "S": "strings", "b": "truths"}.get(found.dtype.kind, str(found.dtype))
    odd = [one for one in found.ravel().tolist() if not isinstance(one, int | float)]
    return kind_of(odd[0]) if odd else "an integer of more than 64 bits"


def _apart(whole: Whole, values: dict[str, Given], key: str) -> dict[str, Given]:
    """The values with those of the whole in the place of one that was given by its name."""
    one = values.get(whole.name)
    names = [slot.keyword for slot in whole.slots]
    if one is None or any(name in values for name in names if name != whole.name):
        return values
    where = f"Signature {key!r}, input {whole.name!r}"
    try:
        if whole.kind == "sparse":
            if not isinstance(one.value, dict):
                return values
            parts = sparse_parts(one.value)
        else:
            parts = ragged_parts(one.value, len(names) - 1)
    except ValueError as error:
        raise UsageError(f"{where}: {error}.") from error
    rest = {name: value for name, value in values.items() if name != whole.name}
    return {**rest, **{name: Given(part, one.typed and typed, one.origin)
                       for name, (part, typed) in zip(names, parts, strict=True)}}  # fmt: skip
