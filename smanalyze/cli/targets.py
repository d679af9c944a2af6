"""What a path of ``audit`` or ``scan`` means: a SavedModel, all versions of a served one, or a file of weights."""

from __future__ import annotations

from smanalyze.cli import options

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import Any

    from smanalyze.model.saved_model import SavedModel
    from smanalyze.model.weights import WeightsFile


class Done:
    """What became of one model: ``report`` is None where there is none, ``model`` where it is a file of weights."""

    __slots__ = ("failed", "model", "report")

    def __init__(self, report: Any = None, model: SavedModel | None = None, failed: bool = False) -> None:
        self.report = report
        self.model = model
        self.failed = failed


def versions_of(path: str) -> list[str]:
    """The numbered versions below a TF Serving folder, newest first; "" for what is a model itself."""
    from smanalyze.errors import SmanalyzeError
    from smanalyze.source.find import find

    try:
        place = find(path)
    except SmanalyzeError:  # to be told when it is loaded
        return [""]
    return [place.chosen, *place.others] if place.given == "serving_base" else [""]


def each_done(
    paths: Sequence[str],
    versions: Mapping[str, Sequence[str]],
    of_model: Callable[[SavedModel], Any],
    of_weights: Callable[[str, WeightsFile], Any],
) -> Iterator[Done]:
    """Every version of every path through one of the two functions. Why there is no answer is
    said, and is a failure; a fault of the request, which ``of_weights`` may find, too."""
    from smanalyze.errors import SmanalyzeError
    from smanalyze.load import load_weights_source

    for path in paths:
        for version in versions[path]:
            try:
                weights = None if version else load_weights_source(path)
                if weights is not None:
                    yield Done(of_weights(path, weights), None, _no_weights_readable(path, weights))
                    continue
                model = _load(path, version)
                report = of_model(model)
            except (SmanalyzeError, RecursionError, MemoryError) as error:
                options.complain_of(path, error)
                yield Done(failed=True)
                continue
            yield Done(report, model, options.nothing_readable(path, model))


def _load(path: str, version: str) -> SavedModel:
    """The model, known by the name of the path that was given."""
    import os
    from dataclasses import replace

    from smanalyze.load import load

    if not version:
        return load(path)
    model = load(os.path.join(path, version))
    name = os.path.basename(os.path.abspath(path))
    return replace(model, found=replace(model.found, given="serving_base", path_name=name, chosen=version))


def _no_weights_readable(path: str, weights: WeightsFile) -> bool:
    if weights.tensors or weights.config is not None or not weights.unreadable:
        return False
    options.complain(f"{path}: nothing of the weights could be read. {weights.unreadable[0].message}")
    return True
