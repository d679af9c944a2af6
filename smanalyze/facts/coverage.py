"""Each file of a model, and which hash would notice a change of it.

What the hashes of fingerprint.pb cover: tensorflow/cc/saved_model/fingerprinting.cc; the CRCs of a tensor bundle:
tensorflow/core/util/tensor_bundle/tensor_bundle.cc and core/lib/io/table_builder.cc; the hashes of a split model's
container: github.com/google/riegeli, doc/riegeli_records_file_format.md.
"""

from __future__ import annotations

from collections.abc import Mapping

from smanalyze.facts.checkpoint import index_is_whole
from smanalyze.facts.verdict import ELSEWHERE, NO_DAMAGE, graph_damage
from smanalyze.model.parts import MODEL_FILES, NOT_LOOKED_AT, FileEntry
from smanalyze.model.saved_model import SavedModel
from smanalyze.report.audit import CheckpointAudit, FileAudit, FingerprintAudit, ManifestAudit

_WARMUP = "assets.extra/tf_serving_warmup_requests"
_FINGERPRINT = "fingerprint.pb"
_CHECKPOINT_HASH = "checkpoint_hash"

CRC = "crc32c"
RECORD_CRC = "record_crc32c"
"""TFRecord files carry CRCs of their own."""

ZIP_CRC = "crc32"
"""A Keras archive is a zip file, which has a CRC-32 of each file in it."""

CHUNK_HASH = "riegeli"
"""A split model (.cpb) is a file of Riegeli chunks, each of which carries hashes of its header and of its data."""

COMPARED = "recomputed_hashes"
"""A fingerprint is seen to be another by the hashes that were computed anew."""


def build_coverage(
    model: SavedModel,
    fingerprint: FingerprintAudit,
    checkpoint: CheckpointAudit,
    manifests: tuple[tuple[ManifestAudit, frozenset[str]], ...] = (),
    digests: Mapping[str, str] | None = None,
    archive: str = "",
) -> tuple[FileAudit, ...]:
    """Every file by its path. ``manifests`` come with the paths that each lists; ``digests`` are shown where given;
    ``archive`` is the path of a file that is a Keras archive."""
    covered = _covered(model, fingerprint)
    if archive and _was_looked_at(model, archive):
        covered[archive] = [ZIP_CRC]
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
    """The paths of files that could change unnoticed; what is damaged did not."""
    return tuple(row.path for row in rows if not row.covered_by and row.status != "damaged")


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
        covered[_FINGERPRINT] = [COMPARED] if hashes else []
    if model.file_kind == "cpb" and _was_looked_at(model, chosen):
        covered.setdefault(chosen, []).append(CHUNK_HASH)
    if model.checkpoint.presence == "present":
        covered.setdefault(f"{model.checkpoint.prefix}.index", []).append(CRC)
        for shard in model.checkpoint.shards:
            if shard.declared and shard.needed and shard.presence == "present":
                covered[shard.file] = [CRC]
    if _was_looked_at(model, _WARMUP):
        covered[_WARMUP] = [RECORD_CRC]
    return covered


def _was_looked_at(model: SavedModel, path: str) -> bool:
    """Whether the checksums within a file were compared, as far as they go."""
    return not any(lost.file == path and lost.code in NOT_LOOKED_AT for lost in model.unreadable)


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
    declared, chosen = _declared(model), _chosen(model)
    for entry in model.files:
        states[entry.path] = "" if model.file_kind == "none" else _place(entry, declared, chosen)
    if index_is_whole(model):
        states.update({shard.file: "not-declared" for shard in model.checkpoint.shards if not shard.declared})
    for audit, _ in manifests:
        states.update(dict.fromkeys(audit.added, "added"))
        states.update(dict.fromkeys(audit.changed, "changed"))
    lost = [one for one in model.unreadable if one.file and one.presence == "not-read"]
    states.update({one.file or "": "not-read" for one in lost if one.code in NOT_LOOKED_AT})
    states.update({one.file: "not-read" for one in checkpoint.failures if one.kind == "limit"})
    states.update({one.file or "": "damaged" for one in lost if one.code not in ELSEWHERE})
    if graph_damage(model, fingerprint):
        states[chosen] = "damaged"
    states.update({one.file: "damaged" for one in checkpoint.failures if one.kind not in NO_DAMAGE})
    states.update({one.file: "not-fetched" for one in model.unreadable if one.file and one.code == "lfs-pointer"})
    states.update({shard.file: "not-fetched" for shard in model.checkpoint.shards if shard.presence == "not-fetched"})
    return states


_KNOWN = frozenset(
    {"fingerprint.pb", "keras_metadata.pb", "tfhub_module.pb", "model.sig", "debug/saved_model_debug_info.pb"}
)


def _declared(model: SavedModel) -> frozenset[str] | None:
    """File names of the declared assets; None where the graph was not read as a whole, so that nobody knows."""
    if model.graph_unread:
        return None
    return frozenset(asset.filename for graph in model.meta_graphs for asset in graph.assets)


def _place(entry: FileEntry, declared: frozenset[str] | None, chosen: str) -> str:
    """``stray`` for what is no part of a SavedModel, ``not-declared`` for an asset that nothing names."""
    path = entry.path
    folder, _, name = path.partition("/")
    if path in _KNOWN or path == chosen or folder == "assets.extra":
        return ""
    if folder == "assets" and name:
        return "" if declared is None or name in declared else "not-declared"
    if folder == "variables" and name.startswith("variables."):
        return ""
    return "not-read" if path in MODEL_FILES else "stray"
