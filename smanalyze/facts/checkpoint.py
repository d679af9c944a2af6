"""The tensor bundle as a whole: its shards, and the entries that belong to no variable."""

from __future__ import annotations

from smanalyze.model.bundle import BundleEntry
from smanalyze.model.checkpoint import Checkpoint
from smanalyze.model.parts import METAINDEX, Presence
from smanalyze.model.saved_model import SavedModel
from smanalyze.report.sections import CheckpointReport, ShardRow, StoredTensor, VariableRow

OBJECT_GRAPH_KEY = "_CHECKPOINTABLE_OBJECT_GRAPH"


def build_checkpoint(model: SavedModel, variables: tuple[VariableRow, ...]) -> CheckpointReport:
    """Facts of the checkpoint, without reading any tensor."""
    checkpoint = model.checkpoint
    claimed = {key for row in variables for key in row.checkpoint_keys}
    unread = model.graph_unread
    others = tuple(_stored(checkpoint, entry, unread) for entry in checkpoint.entries if entry.key not in claimed)
    real = [entry for entry in checkpoint.entries if entry.key != OBJECT_GRAPH_KEY]
    return CheckpointReport(
        presence=checkpoint.presence,
        prefix=checkpoint.prefix,
        tensors=len(real),
        bytes=sum(entry.size for entry in real),
        endianness=checkpoint.endianness,
        index_size=checkpoint.index_size,
        compressed_blocks=checkpoint.compressed_blocks,
        blocks=checkpoint.blocks,
        shards=tuple(
            ShardRow(shard.file, shard.presence, shard.declared, shard.size, shard.needed)
            for shard in checkpoint.shards
        ),
        other_entries=others,
    )


def entry_presence(checkpoint: Checkpoint, entry: BundleEntry) -> Presence:
    """Whether the bytes of an entry are at hand, going by the presence of its shards."""
    shards = {shard.index: shard.presence for shard in checkpoint.shards if shard.declared}
    used = {piece.shard for piece in entry.slices} or ({entry.shard} if entry.shard is not None else set())
    return next((shards.get(number, "absent") for number in used if shards.get(number) != "present"), "present")


def index_is_whole(model: SavedModel) -> bool:
    """Whether all of the checkpoint's index was read."""
    return model.checkpoint.presence == "present" and not _index_faults(model)


def index_is_sound(model: SavedModel) -> bool:
    """Whether what was read of the checkpoint's index is what was written. What a damaged one says is no proof against
    data files: it may put tensors anywhere, and name files that there never were."""
    return model.checkpoint.presence == "present" and not _index_faults(model) - {"limit"}


def _index_faults(model: SavedModel) -> set[str]:
    index = f"{model.checkpoint.prefix}.index"
    return {lost.code for lost in model.unreadable if lost.file == index and lost.part != METAINDEX}


def _stored(checkpoint: Checkpoint, entry: BundleEntry, unread: bool) -> StoredTensor:
    presence = entry_presence(checkpoint, entry)
    return StoredTensor(entry.key, entry.dtype, entry.shape, entry.size, presence, _meaning(entry.key, unread))


def _meaning(key: str, unread: bool) -> str:
    """What a key that no variable claims is for. ``unread``: the graph, which has the variables, could not be read."""
    if key == OBJECT_GRAPH_KEY:
        return "the checkpoint's object graph"
    if key.endswith(("/.ATTRIBUTES/table-keys", "/.ATTRIBUTES/table-values")):
        return "a table's content"
    if key.endswith(("-keys", "-values")):
        return "a table's content, by its name"
    if key.startswith("save_counter/"):
        return "how often the checkpoint was saved"
    if "/.OPTIMIZER_SLOT/" in key:
        return "an optimizer slot that no object claims"
    if key.endswith("/.ATTRIBUTES/OBJECT_CONFIG_JSON"):
        return "a Keras object's configuration"
    if "/.ATTRIBUTES/" in key and not key.endswith("VARIABLE_VALUE"):
        return "an object's own saved state"
    return "the graph, which says whose it is, was not read" if unread else "no variable of the graph claims it"
