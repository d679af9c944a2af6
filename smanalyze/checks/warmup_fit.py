"""Whether a recorded request fits the signatures of a model."""

from __future__ import annotations

from collections.abc import Sequence

from smanalyze.checks.evidence import named
from smanalyze.model.saved_model import MetaGraph, Signature
from smanalyze.model.side_files import WarmupRecord

FILE = "assets.extra/tf_serving_warmup_requests"
DEFAULT_SIGNATURE = "serving_default"


def misfit(meta_graphs: Sequence[MetaGraph], record: WarmupRecord) -> str:
    """What is wrong with a predict request; "" where it fits some MetaGraph's signature. Of other kinds the request's
    form does not tell which inputs it feeds."""
    if record.kind != "predict":
        return ""
    key = record.signature_name or DEFAULT_SIGNATURE
    found = [s for meta_graph in meta_graphs for s in meta_graph.signatures if s.key == key]
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
