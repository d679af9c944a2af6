"""The requests that TensorFlow Serving sends to a model when it loads it."""

from __future__ import annotations

from collections.abc import Iterator

from smanalyze.checks.evidence import listed, named
from smanalyze.checks.rule import ERROR, Found, rule
from smanalyze.checks.subject import OneModel
from smanalyze.checks.warmup_fit import FILE, misfit
from smanalyze.report.findings import Location


@rule("warmup-mismatch", ERROR)
def warmup_mismatch(model: OneModel) -> Iterator[Found]:
    """A warmup request does not fit the signatures.

    Why: TensorFlow Serving runs every recorded request when it loads the model, and gives the model up at the first one
    that fails (tensorflow_serving/servables/tensorflow/saved_model_warmup_util.cc).
    Fix: record the requests again for this model, or remove the file.
    """
    facts = model.facts
    if not facts.graph_is_whole:
        return
    faults: dict[str, list[int]] = {}
    for number, record in enumerate(facts.model.warmup):
        fault = misfit(facts.model.meta_graphs, record)
        if fault:
            faults.setdefault(fault, []).append(number)
    if faults:
        yield Found(
            Location(file=FILE),
            f"{next(iter(faults))}.",
            tuple(sorted(faults)),
            listed(f"{fault}: record {named(list(map(str, numbers)))}" for fault, numbers in faults.items()),
        )
