"""The verdict of an audit, and the one line that says it."""

from __future__ import annotations

from smanalyze.model.parts import NOT_LOOKED_AT, Unreadable
from smanalyze.model.saved_model import SavedModel
from smanalyze.report.audit import CheckFailure, CheckpointAudit, FingerprintAudit, ManifestAudit, Verdict

ELSEWHERE = frozenset({"lfs-pointer", "missing"}) | NOT_LOOKED_AT
"""Codes of parts that are not here, or that were not looked at; any other is damage."""

NO_DAMAGE = frozenset({"missing", "limit"})
"""The same of kinds of failures."""

_UNPARSED = "The file is damaged"
"""How the reason begins where hashes could not be computed because bytes do not parse."""


def judge(
    model: SavedModel,
    fingerprint: FingerprintAudit,
    checkpoint: CheckpointAudit,
    manifests: tuple[ManifestAudit, ...],
) -> tuple[Verdict, str]:
    """The first verdict that applies of damaged, incomplete, modified, no-fingerprint and intact, and why, in a
    sentence."""
    reasons: tuple[tuple[Verdict, list[str]], ...] = (
        ("damaged", [*_damage(model, checkpoint), *graph_damage(model, fingerprint)]),
        ("incomplete", _gaps(model, checkpoint, manifests)),
        ("modified", _changes(fingerprint, manifests)),
    )
    for verdict, found in reasons:
        if found:
            more = f" (and {len(found) - 1:,} more)" if len(found) > 1 else ""
            return verdict, f"{found[0].rstrip('.')}{more}."
    data = _data_sentence(checkpoint)
    listed = " Every file is as the manifest lists it." if any(m.verdict == "matches" for m in manifests) else ""
    if fingerprint.verdict != "matches":
        return "no-fingerprint", f"No fingerprint to compare the model with; {data}.{listed}"
    matching = sum(field.status == "matches" for field in fingerprint.fields)
    whole = "Every hash" if matching == len(fingerprint.fields) else f"{matching} of {len(fingerprint.fields)} hashes"
    agree = "agree" if matching != len(fingerprint.fields) and matching != 1 else "agrees"
    return "intact", f"{whole} of the fingerprint {agree} with the model; {data}.{listed}"


def graph_damage(model: SavedModel, fingerprint: FingerprintAudit) -> tuple[str, ...]:
    """A sentence where the graph file is damaged in a place that only hashing it met: function bodies are read when
    somebody asks for them."""
    told = model.graph_unread
    damaged = any(field.reason.startswith(_UNPARSED) for field in fingerprint.fields)
    if told or not damaged or model.file_kind not in ("pb", "cpb"):
        return ()
    return (f"saved_model.{model.file_kind}: The file is damaged: some of it does not parse.",)


def _damage(model: SavedModel, checkpoint: CheckpointAudit) -> list[str]:
    """What cannot be as it was written."""
    failures = [one for one in checkpoint.failures if one.kind not in NO_DAMAGE]
    told = {one.file for one in failures}
    lost = [_lost(one) for one in model.unreadable if one.code not in ELSEWHERE and one.file not in told]
    return [*lost, *_by_file(failures)]


def _lost(one: Unreadable) -> str:
    return f"{one.file}: {one.message}" if one.file else one.message


def _by_file(failures: list[CheckFailure]) -> list[str]:
    """One sentence a file."""
    said = []
    for file in dict.fromkeys(one.file for one in failures):
        mine = [one for one in failures if one.file == file]
        # What is wrong with a file itself, an index, is why tensors do not agree with it.
        itself = next((one for one in mine if not one.tensor), None)
        named = [] if itself else list(dict.fromkeys(one.tensor for one in mine))
        what = f"the tensor {named[0]}" if len(named) == 1 else f"{len(named):,} tensors" if named else "the file"
        first = itself or mine[0]
        why = f": {first.message}" if first.message and len(named) < 2 else ""
        said.append(f"{file}: {what} {'fail their checks' if len(named) > 1 else 'fails its check'}{why}")
    return said


def _gaps(model: SavedModel, checkpoint: CheckpointAudit, manifests: tuple[ManifestAudit, ...]) -> list[str]:
    """What is not here, or was not looked at."""
    gaps = [_lost(one) for one in model.unreadable if one.code in ELSEWHERE]
    told = {one.file for one in model.unreadable}
    gaps += [
        f"{one.file} is not there" if not one.message else one.message
        for one in checkpoint.failures
        if one.kind in NO_DAMAGE and one.file not in told
    ]
    told_of = bool(gaps) if model.file_kind == "none" else any(gap.startswith("variables/") for gap in gaps)
    if model.checkpoint.presence == "not-fetched" and not told_of:
        gaps.append("The variables are not here")
    there = {entry.path for entry in model.files}
    declared = sorted({asset.filename for graph in model.meta_graphs for asset in graph.assets})
    absent = [f"assets/{name}" for name in declared if f"assets/{name}" not in there]
    absent += [path for audit in manifests for path in audit.missing if path not in absent]
    gaps += [f"{path} {'is outside of the model' if _leads_out(path) else 'is not there'}" for path in absent]
    if checkpoint.not_checked and not gaps:
        gaps.append(f"{checkpoint.not_checked:,} bytes of the variables are not here")
    return gaps


def _leads_out(path: str) -> bool:
    parts = path.removeprefix("assets/").replace("\\", "/").split("/")
    return ".." in parts or not parts[0]


def _changes(fingerprint: FingerprintAudit, manifests: tuple[ManifestAudit, ...]) -> list[str]:
    """What does not agree with what was written down when the model was made."""
    changes = []
    if fingerprint.verdict == "differs":
        changes += list(fingerprint.says[:1]) or ["The fingerprint is not that of this model"]
    for audit in manifests:
        for word, paths in (("was changed", audit.changed), ("was added", audit.added)):
            changes += [f"{path} {word} since {audit.file} was made" for path in paths]
    return changes


def _data_sentence(checkpoint: CheckpointAudit) -> str:
    if not checkpoint.tensors:
        return "there are no variables to check"
    if checkpoint.tensors == 1:
        return "the one stored tensor has the bytes that were written"
    return f"all {checkpoint.tensors:,} stored tensors have the bytes that were written"
