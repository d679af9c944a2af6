"""Each file of a model, and which hash would notice a change of it.

What the hashes of fingerprint.pb cover: tensorflow/cc/saved_model/fingerprinting.cc; the CRCs of a tensor bundle:
tensorflow/core/util/tensor_bundle/tensor_bundle.cc and core/lib/io/table_builder.cc.
"""

from __future__ import annotations

from collections.abc import Mapping

from smanalyze.facts.verdict import graph_damage
from smanalyze.model.parts import FileEntry
from smanalyze.model.saved_model import SavedModel
from smanalyze.report.audit import CheckpointAudit, FileAudit, FingerprintAudit, ManifestAudit

_MODEL_FILES = ("saved_model.pb", "saved_model.cpb", "saved_model.pbtxt")
_WARMUP = "assets.extra/tf_serving_warmup_requests"
_CHECKPOINT_HASH = "checkpoint_hash"

CRC = "crc32c"
RECORD_CRC = "record_crc32c"
"""TFRecord files carry CRCs of their own."""


def build_coverage(
    model: SavedModel,
    fingerprint: FingerprintAudit,
    checkpoint: CheckpointAudit,
    manifests: tuple[tuple[ManifestAudit, frozenset[str]], ...] = (),
    digests: Mapping[str, str] | None = None,
) -> tuple[FileAudit, ...]:
    """Every file by its path. ``manifests`` come with the paths that each lists; ``digests`` are shown where given."""
    covered = _covered(model, fingerprint)
    states = _states(model, fingerprint, checkpoint, manifests)
    rows = []
    for entry in model.files:
        hashes = list(covered.get(entry.path, ()))
        if states.get(entry.path) == "not-fetched":
            hashes = []  # what is here is a pointer
        hashes += [cover_name(audit) for audit, listed in manifests if entry.path in listed]
        sha256 = None if digests is None else digests.get(entry.path)
        rows.append(FileAudit(entry.path, entry.size, sha256, tuple(dict.fromkeys(hashes)), states.get(entry.path, "")))
    return tuple(sorted(rows, key=lambda row: row.path))


def uncovered_files(rows: tuple[FileAudit, ...]) -> tuple[str, ...]:
    """The paths of files that could change unnoticed."""
    return tuple(row.path for row in rows if not row.covered_by)


def cover_name(audit: ManifestAudit) -> str:
    """What a file is said to be covered by."""
    return "model.sig" if audit.kind == "model-signing" else "manifest"


def _covered(model: SavedModel, fingerprint: FingerprintAudit) -> dict[str, list[str]]:
    """Path -> hashes of the fingerprint and CRCs of the formats."""
    covered: dict[str, list[str]] = {}
    hashes = [field.name for field in fingerprint.fields if field.stored and field.status != "not-computable"]
    chosen = _chosen(model)
    if chosen and fingerprint.presence == "present":
        covered[chosen] = [name for name in hashes if name != _CHECKPOINT_HASH]
        covered[f"{model.checkpoint.prefix}.index"] = [name for name in hashes if name == _CHECKPOINT_HASH]
    if model.checkpoint.presence == "present":
        covered.setdefault(f"{model.checkpoint.prefix}.index", []).append(CRC)
        for shard in model.checkpoint.shards:
            if shard.declared and shard.needed and shard.presence == "present":
                covered[shard.file] = [CRC]
    if model.warmup:
        covered[_WARMUP] = [RECORD_CRC]
    return covered


def _chosen(model: SavedModel) -> str:
    """The model file that was read, as TensorFlow's loader chooses it; a lone file has any name."""
    if model.found.given == "file":
        return model.files[0].path if model.files else ""
    ending = f"saved_model.{model.file_kind}"
    return next((entry.path for entry in model.files if entry.path == ending), "")


def _states(
    model: SavedModel,
    fingerprint: FingerprintAudit,
    checkpoint: CheckpointAudit,
    manifests: tuple[tuple[ManifestAudit, frozenset[str]], ...],
) -> dict[str, str]:
    """Path -> what is wrong with the file, worst last written."""
    states: dict[str, str] = {}
    declared = {asset.filename for graph in model.meta_graphs for asset in graph.assets}
    chosen = _chosen(model)
    for entry in model.files:
        states[entry.path] = "" if model.file_kind == "none" else _place(entry, declared, chosen)
    states.update({shard.file: "not-declared" for shard in model.checkpoint.shards if not shard.declared})
    for audit, _ in manifests:
        states.update(dict.fromkeys(audit.added, "added"))
        states.update(dict.fromkeys(audit.changed, "changed"))
    states.update({lost.file: "damaged" for lost in model.unreadable if lost.file and lost.presence == "not-read"})
    if graph_damage(model, fingerprint):
        states[chosen] = "damaged"
    states.update({one.file: "damaged" for one in checkpoint.failures if one.kind != "missing"})
    states.update({lost.file: "not-fetched" for lost in model.unreadable if lost.file and lost.code == "lfs-pointer"})
    states.update({shard.file: "not-fetched" for shard in model.checkpoint.shards if shard.presence == "not-fetched"})
    return states


_KNOWN = frozenset(
    {"fingerprint.pb", "keras_metadata.pb", "tfhub_module.pb", "model.sig", "debug/saved_model_debug_info.pb"}
)


def _place(entry: FileEntry, declared: set[str], chosen: str) -> str:
    """``stray`` for what is no part of a SavedModel, ``not-declared`` for an asset or data file that nothing names."""
    path = entry.path
    folder, _, name = path.partition("/")
    if path in _KNOWN or path == chosen or folder == "assets.extra":
        return ""
    if folder == "assets" and name:
        return "" if name in declared else "not-declared"
    if folder == "variables" and name.startswith("variables."):
        return ""
    return "not-read" if path in _MODEL_FILES else "stray"
