"""Whether two models are the same: by every byte, and by their canonical hashes."""

from __future__ import annotations

from smanalyze.diff.side import Side
from smanalyze.facts.canonical import digest, weights_hash
from smanalyze.facts.identity import Identities
from smanalyze.facts.program import Program
from smanalyze.report.changes import Changes
from smanalyze.report.diff import Hashes, HashPair

_HASHES = ("interface", "objects", "program", "weights", "assets")


def hash_pairs(old: Side, new: Side, changes: Changes) -> Hashes:
    """The five hashes of both sides. Where variables were renamed, program and weights are compared under the old
    names: a name is no program."""
    pairs = {}
    mapped = _under_old_names(old, new, changes)
    for name in _HASHES:
        one, other = getattr(old.hashes, name), getattr(new.hashes, name)
        equal = None if not one or not other else one == other or mapped.get(name) == one
        pairs[name] = HashPair(one, other, equal)
    return Hashes(**pairs)


def _under_old_names(old: Side, new: Side, changes: Changes) -> dict[str, str]:
    """The new side's hashes of program and weights with the old names of its variables; {} without renames."""
    names = [
        (pair.old.name, pair.new.name) for pair in changes.variables if pair.old is not None and pair.new is not None
    ]
    if len(old.identities) != len(new.identities) or not new.hashes.program:
        return {}
    known = [{after: before.auto.plain(name) for name, after in names} for before in old.identities]
    pairs = zip(known, new.identities, strict=True)
    if all(other.auto.plain(after) == plain for told, other in pairs for after, plain in told.items()):
        return {}
    digests, identities = [], []
    for renamed, program in zip(known, new.programs, strict=True):
        one = Identities(program.graph, program.one.names, renamed)
        identities.append(one)
        digests.append(Program(one, program.merkle).digest.hex())
    weights = weights_hash(new.model, tuple(identities), new.variables, new.checkpoint)
    return {"program": digest(digests), "weights": weights}


def is_identical(old: Side, new: Side, changes: Changes) -> bool:
    """Whether every byte is equal, the fingerprint's uuid apart. Data files count as equal where the checksums of all
    their tensors are."""
    if old.model.found.given == "file" or new.model.found.given == "file":
        return bool(changes.files) and old.model.pb_size == new.model.pb_size and all(f.same for f in changes.files)
    entries = old.model.checkpoint.entries
    data = bool(entries) and entries == new.model.checkpoint.entries
    one, other = old.model.fingerprint, new.model.fingerprint
    for file in changes.files:
        both = file.old is not None and file.new is not None
        if both and file.same is None and data:
            continue
        if file.path == "fingerprint.pb" and one is not None and other is not None:
            fields = [(p.saved_model_checksum, p.graph_def_program_hash, p.signature_def_hash,
                       p.saved_object_graph_hash, p.checkpoint_hash, p.producer) for p in (one, other)]  # fmt: skip
            if fields[0] == fields[1]:
                continue
        if not file.same:
            return False
    return bool(changes.files)
