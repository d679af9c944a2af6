"""The requests that TensorFlow Serving sends to the new model when it loads it."""

from __future__ import annotations

from collections.abc import Iterator

from smanalyze.checks.change import Changed, change
from smanalyze.checks.changes import TwoModels
from smanalyze.checks.evidence import listed, named
from smanalyze.checks.rule import ERROR
from smanalyze.checks.warmup_fit import FILE, misfit
from smanalyze.report.findings import Location

AREA = "files"


@change("warmup-stale", serving=ERROR)
def stale(models: TwoModels) -> Iterator[Changed]:
    """The warm-up requests fitted the old signatures, and do not fit the new.

    Why: TensorFlow Serving runs every recorded request when it loads the model, and gives the model up at the first one
    that fails (tensorflow_serving/servables/tensorflow/saved_model_warmup_util.cc).
    Fix: record the requests again for the new model, or remove the file.
    """
    if not models.graphs_are_whole:
        return
    faults: dict[str, list[int]] = {}
    for number, record in enumerate(models.new.model.warmup):
        fault = misfit(models.new.model.meta_graphs, record)
        if fault and not misfit(models.old.model.meta_graphs, record):
            faults.setdefault(fault, []).append(number)
    if faults:
        lines = listed(f"{fault}: record {named(list(map(str, numbers)))}" for fault, numbers in faults.items())
        yield Changed(Location(file=FILE), f"{next(iter(faults))}.", tuple(sorted(faults)), "", "", lines)
