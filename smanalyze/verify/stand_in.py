"""Inputs for signatures, from their static shapes alone: ones and zeros. ``smanalyze.inputs`` replaces it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from smanalyze.model.record import record
from smanalyze.model.saved_model import SavedModel, Signature
from smanalyze.model.tensors import Component, Shape, TensorInfo

UNKNOWN_SIZE = 8


@record
class Feed:
    """One dense tensor that is fed: the signature's ``input`` that it is (a part of), the ``keyword`` by which the
    loaded signature takes it, its name in the graph, and its values as a numpy array. ``why`` says what caused them."""

    input: str
    keyword: str
    tensor_name: str
    dtype: str
    shape: tuple[int, ...]
    array: Any
    why: str


@record
class Trial:
    """All tensors of one call. ``batch`` is the size of the leading dimension that the inputs share, None where it is
    fixed."""

    name: str
    batch: int | None
    feeds: tuple[Feed, ...]
    remake: Callable[[int], Trial] | None = None

    def with_batch(self, batch: int) -> Trial:
        """The same kind of values in another batch; itself where the batch cannot be chosen."""
        return self if self.remake is None or self.batch is None else self.remake(batch)


@record
class SignatureInputs:
    """What to feed a signature: trials, the likeliest first; ``reason`` says why there are none."""

    tags: tuple[str, ...]
    key: str
    source: str
    trials: Iterable[Trial]
    reason: str = ""


def plan_inputs(
    model: SavedModel, *, tags: tuple[str, ...], signatures: tuple[str, ...] | None, seed: int, given: Any
) -> tuple[SignatureInputs, ...]:
    """Inputs for each signature of the MetaGraph with these tags; for those named, where some are."""
    (graph,) = [one for one in model.meta_graphs if one.tags == tags]
    wanted = [one for one in graph.signatures if signatures is None or one.key in signatures]
    return tuple(_inputs(tags, one) for one in wanted)


def _inputs(tags: tuple[str, ...], signature: Signature) -> SignatureInputs:
    try:
        return SignatureInputs(tags, signature.key, "static shapes", (_trial(signature, 2),))
    except ValueError as error:
        return SignatureInputs(tags, signature.key, "static shapes", (), str(error))


def _trial(signature: Signature, batch: int) -> Trial:
    feeds: list[Feed] = []
    for info in signature.inputs:
        parts: tuple[TensorInfo | Component, ...] = info.components or (info,)
        for number, part in enumerate(parts):
            word = getattr(part, "role", "") if info.encoding == "sparse" else f"component_{number}"
            keyword = f"{info.name}_{word}" if info.components else info.name
            feeds.append(_feed(info, keyword, part, batch))
    chosen = any(_first_is_open(part.shape) for info in signature.inputs for part in info.components or (info,))
    return Trial("constants", batch if chosen else None, tuple(feeds), lambda size: _trial(signature, size))


def _first_is_open(shape: Shape) -> bool:
    return shape is None or shape[:1] == (None,)


def _feed(info: TensorInfo, keyword: str, part: TensorInfo | Component, batch: int) -> Feed:
    import numpy as np

    shape = _filled(part.shape, batch)
    if part.dtype == "string":
        array: Any = np.full(shape, b"smanalyze", dtype=object)
    else:
        array = (np.ones if "float" in part.dtype else np.zeros)(shape, _numpy_type(part.dtype))
    return Feed(info.name, keyword, part.tensor_name, part.dtype, shape, array, "a value for its dtype")


def _numpy_type(name: str) -> Any:
    import ml_dtypes
    import numpy as np

    try:
        return np.dtype(getattr(ml_dtypes, name, name))
    except TypeError as error:
        raise ValueError(f"An input of dtype {name} cannot be made.") from error


def _filled(shape: Shape, batch: int) -> tuple[int, ...]:
    if shape is None:
        return (batch, UNKNOWN_SIZE)
    first = batch if shape and shape[0] is None else None
    sizes = [UNKNOWN_SIZE if size is None else size for size in shape]
    return tuple([first, *sizes[1:]] if first is not None else sizes)
