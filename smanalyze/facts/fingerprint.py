"""fingerprint.pb against the model beside it: which of its hashes are those of the files, and what that means.

What each hash covers: tensorflow/cc/saved_model/fingerprinting.cc. The singleprint is
tensorflow/python/saved_model/fingerprinting.py's.
"""

from __future__ import annotations

from dataclasses import replace

from smanalyze.facts.fingerprint_says import explain
from smanalyze.model.fingerprints import (
    HASH_NAMES,
    SPLIT,
    TF_2_11,
    TF_2_11_TO_2_13,
    ComputedFingerprint,
    ComputedHash,
    HashName,
)  # fmt: skip
from smanalyze.model.parts import INDEX, Presence
from smanalyze.model.saved_model import SavedModel
from smanalyze.report.audit import FieldStatus, FingerprintAudit, FingerprintField

PRODUCER_2_11 = 0
_CHECKPOINT: HashName = "checkpoint_hash"

_NOT_ASKED = "Only the graph was read, so no hash was computed."
_INDEX_GONE = f"{INDEX} is not here; it was when the fingerprint was made."
_NOT_LOOKED_AT = "fingerprint.pb was not looked at, so there is nothing to compare with."
_NOTHING_STORED: dict[Presence, str] = {
    "absent": "There is no fingerprint.pb to compare with.",
    "not-fetched": "fingerprint.pb is not here, so there is nothing to compare with.",
    "not-read": "fingerprint.pb cannot be read, so there is nothing to compare with.",
    "present": "",
}
_GRAPH_PARTS: dict[HashName, str] = {
    "graph_def_program_hash": "top-level nodes of the first MetaGraph, without string constants",
    "signature_def_hash": "signatures of the first MetaGraph",
    "saved_object_graph_hash": "concrete functions of the object graph, without their bodies",
}
_SPLIT_PARTS: dict[HashName, str] = {
    "saved_model_checksum": "every chunk but the first",
    "graph_def_program_hash": "graph of the first MetaGraph, function bodies included",
    "signature_def_hash": "signatures of the first MetaGraph",
    "saved_object_graph_hash": "object graph of the first MetaGraph",
}


def audit_fingerprint(model: SavedModel) -> FingerprintAudit:
    """Every hash of fingerprint.pb recomputed and compared, by the algorithms that its producer may have used.

    Reads saved_model.pb and the index again; some 0.05 s a MB. A hash matches where one of the algorithms gives it.
    """
    stored = model.fingerprint
    producer = stored.producer if stored is not None else None
    computed = model.fingerprints.recompute(producer) if model.fingerprints is not None else ComputedFingerprint(())
    fields = tuple(_field(model, name, _known(model, computed.named(name))) for name in HASH_NAMES)
    verdict = _verdict(model, fields)
    return FingerprintAudit(
        presence=model.fingerprint_presence,
        producer=producer,
        uuid=stored.uuid if stored is not None else "",
        stored_singleprint=_singleprint(tuple(field.stored for field in fields)),
        recomputed_singleprint=_singleprint(tuple(field.recomputed for field in fields)),
        fields=fields,
        verdict=verdict,
        says=explain(model, fields, verdict),
    )


def _known(model: SavedModel, answers: tuple[ComputedHash, ...]) -> tuple[ComputedHash, ...]:
    """TensorFlow takes 0 for the hash of an index that is not there. That is an answer where the model has no
    variables; else the index is elsewhere, and its hash unknown."""
    if _has_index(model) or _has_no_variables(model):
        return answers
    reason = f"{INDEX} {'was not looked at' if model.found.given == 'file' else 'is not here'}."
    return tuple(
        replace(one, value=None, reason=one.reason or reason) if one.name == _CHECKPOINT else one for one in answers
    )


def _has_index(model: SavedModel) -> bool:
    return any(entry.path == INDEX for entry in model.files)


def _has_no_variables(model: SavedModel) -> bool:
    """Whether there never was an index, as far as graph and fingerprint tell; beside a lone file nobody looked."""
    whole = bool(model.meta_graphs) and not model.graph_unread
    stored = model.fingerprint.checkpoint_hash if model.fingerprint is not None else 0
    return whole and not stored and model.checkpoint.presence == "absent" and model.found.given != "file"


def _field(model: SavedModel, name: HashName, computed: tuple[ComputedHash, ...]) -> FingerprintField:
    """One hash. Of several algorithms the one that gives the stored value is named, else the likeliest."""
    stored = getattr(model.fingerprint, name) if model.fingerprint is not None else None
    matching = next((answer for answer in computed if answer.value is not None and answer.value == stored), None)
    chosen = matching or (computed[0] if computed else ComputedHash(name, "", None, _NOT_ASKED))
    status, reason = _status(model, name, stored, chosen)
    return FingerprintField(
        name=name,
        status=status,
        stored="" if stored is None else str(stored),
        recomputed="" if chosen.value is None else str(chosen.value),
        algorithm=chosen.algorithm,
        covers=_covers(model, name, chosen.algorithm),
        reason=reason,
    )


def _status(model: SavedModel, name: HashName, stored: int | None, chosen: ComputedHash) -> tuple[FieldStatus, str]:
    if chosen.value is None:
        gone = name == _CHECKPOINT and stored and not _has_index(model)
        return "not-computable", _INDEX_GONE if gone else chosen.reason
    if stored is None:
        lone = model.found.given == "file"
        return "not-computable", _NOT_LOOKED_AT if lone else _NOTHING_STORED[model.fingerprint_presence]
    return ("matches" if chosen.value == stored else "differs"), ""


def _covers(model: SavedModel, name: HashName, algorithm: str) -> tuple[str, ...]:
    """Files, or parts of the graph file, that one hash speaks for."""
    if name == _CHECKPOINT:
        return (INDEX,)
    file = f"saved_model.{model.file_kind}"
    if algorithm == SPLIT or (model.file_kind == "cpb" and not algorithm):
        return (f"{file}: {_SPLIT_PARTS[name]}",)
    if name != "saved_model_checksum":
        keys = ", without their keys" if name == "signature_def_hash" and algorithm == TF_2_11_TO_2_13 else ""
        return (f"{file}: {_GRAPH_PARTS[name]}{keys}",)
    old = algorithm == TF_2_11 or (model.fingerprint is not None and model.fingerprint.producer == PRODUCER_2_11)
    return (f"{file}: graph of the first MetaGraph, function bodies included" if old else file,)


def _verdict(model: SavedModel, fields: tuple[FingerprintField, ...]) -> str:
    if model.fingerprint is None:
        return "absent" if model.fingerprint_presence == "absent" else "not-read"
    statuses = {field.status for field in fields}
    if "differs" in statuses:
        return "differs"
    return "matches" if "matches" in statuses else "not-read"


def _singleprint(values: tuple[str, ...]) -> str:
    """The four hashes after the checksum, in decimal; "" where one of them is missing."""
    return "/".join(values[1:]) if all(values[1:]) else ""
