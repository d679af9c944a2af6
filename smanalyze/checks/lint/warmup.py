"""The requests that TensorFlow Serving sends to a model when it loads it."""

from __future__ import annotations

from collections.abc import Iterator

from smanalyze.checks.evidence import listed, named
from smanalyze.checks.rule import ERROR, Found, rule
from smanalyze.checks.subject import ModelFacts, OneModel
from smanalyze.model.saved_model import Signature
from smanalyze.model.side_files import WarmupRecord
from smanalyze.report.findings import Location

FILE = "assets.extra/tf_serving_warmup_requests"
DEFAULT_SIGNATURE = "serving_default"


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
        fault = _fault(facts, record)
        if fault:
            faults.setdefault(fault, []).append(number)
    if faults:
        yield Found(
            Location(file=FILE),
            f"{next(iter(faults))}.",
            tuple(sorted(faults)),
            listed(f"{fault}: record {named(list(map(str, numbers)))}" for fault, numbers in faults.items()),
        )


def _fault(facts: ModelFacts, record: WarmupRecord) -> str:
    """What is wrong with a predict request; "" where it fits some MetaGraph's signature. Of other kinds the request's
    form does not tell which inputs it feeds."""
    if record.kind != "predict":
        return ""
    key = record.signature_name or DEFAULT_SIGNATURE
    found = [s for meta_graph in facts.model.meta_graphs for s in meta_graph.signatures if s.key == key]
    if not found:
        return f"A request calls the signature {key}, and there is none of that name"
    if any(_fits(signature, record) for signature in found):
        return ""
    return f"A request sends {named(sorted(record.inputs)) or 'nothing'} to {key}, which takes {_inputs(found[0])}"


def _fits(signature: Signature, record: WarmupRecord) -> bool:
    known = {info.name for info in signature.inputs}
    required = {info.name for info in signature.inputs if info.default is None}
    return required <= set(record.inputs) <= known


def _inputs(signature: Signature) -> str:
    return named([info.name for info in signature.inputs], 8) or "nothing"
