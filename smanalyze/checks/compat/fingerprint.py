"""What fingerprint.pb says of the two models, and what it does not."""

from __future__ import annotations

from collections.abc import Iterator

from smanalyze.checks.change import Changed, change
from smanalyze.checks.changes import TwoModels
from smanalyze.checks.rule import ERROR, NOTE, WARNING
from smanalyze.model.parts import INDEX, MODEL_FILES
from smanalyze.model.side_files import Fingerprint
from smanalyze.report.findings import Location

AREA = "files"

FILE = "fingerprint.pb"


def _both(models: TwoModels) -> tuple[Fingerprint, Fingerprint] | None:
    old, new = models.old.model.fingerprint, models.new.model.fingerprint
    return None if old is None or new is None else (old, new)


def _differs(models: TwoModels, *paths: str) -> bool:
    return any(file.same is False for file in models.changes.files if file.path in paths)


@change("fp-mismatch", serving=WARNING, python=NOTE, keras=NOTE, security=ERROR)
def mismatch(models: TwoModels) -> Iterator[Changed]:
    """The model was changed after it was exported.

    Why: fingerprint.pb has a random uuid and hashes of the model as it was exported. Both sides have the same uuid, or
    the same hash of a file that differs: one of them is an export that somebody edited. TensorFlow never compares the
    hashes, so that it loads all the same.
    Fix: find out who changed it and why; export again instead of editing the file.
    """
    pair = _both(models)
    if pair is None:
        return
    old, new = pair
    same_uuid = bool(old.uuid) and old.uuid == new.uuid
    lines = []
    before, after = old.saved_model_checksum, new.saved_model_checksum
    if before == after and before and _differs(models, *MODEL_FILES):
        lines.append(f"saved_model_checksum: {before} on both sides, and the graph files differ")
        lines += _recomputed(models)
    elif same_uuid and before != after:
        lines.append(f"saved_model_checksum: {before} → {after}, under one uuid")
    if old.checkpoint_hash == new.checkpoint_hash and old.checkpoint_hash and _differs(models, INDEX):
        lines.append(f"checkpoint_hash: {old.checkpoint_hash} on both sides, and {INDEX} differs")
    if lines:
        uuid = [f"uuid: {old.uuid} on both sides"] if same_uuid else []
        message = "The two models are one export, and one of them was edited afterwards."
        yield Changed(Location(file=FILE), message, (), "", "", (*lines, *uuid))


def _recomputed(models: TwoModels) -> Iterator[str]:
    """Which side is not what was exported. One side is enough: of two files only one can have the hash."""
    model = models.new.model
    if model.fingerprint is None or model.fingerprints is None:
        return
    computed = model.fingerprints.recompute(model.fingerprint.producer or None).named("saved_model_checksum")
    values = [one.value for one in computed if one.value is not None]
    if model.fingerprint.saved_model_checksum in values:
        yield "the new model is as it was exported, so that the old one was edited"
    elif values:
        yield f"the new model was edited: its graph file has the hash {values[0]}"


@change("fp-blind", python=NOTE, security=NOTE)
def blind(models: TwoModels) -> Iterator[Changed]:
    """TensorFlow's fingerprint does not see that the program changed.

    Why: its program hash leaves out the bodies of functions and the strings in constants, so that it is equal for two
    models that compute different things. What compares models by it, or by the singleprint that is made of it, takes
    them for one.
    Fix: compare with `smanalyze diff`, or by the hash of the file (`saved_model_checksum`).
    """
    pair = _both(models)
    if pair is None or models.same("program") is not False or not pair[0].graph_def_program_hash:
        return
    names = ("graph_def_program_hash", "signature_def_hash", "saved_object_graph_hash")
    if all(getattr(pair[0], name) == getattr(pair[1], name) for name in names):
        same = pair[0].checkpoint_hash == pair[1].checkpoint_hash
        equal = (*names, "checkpoint_hash", "singleprint") if same else names
        message = "The fingerprints of both models give the same program, signatures and objects; the programs differ."
        yield Changed(Location(file=FILE), message, (), "", "", (f"equal on both sides: {', '.join(equal)}",))


@change("fp-removed", security=NOTE)
def removed(models: TwoModels) -> Iterator[Changed]:
    """The fingerprint is gone.

    Why: nothing tells any more whether the model was changed after its export.
    Fix: keep fingerprint.pb with the model: `tf.saved_model.save` writes it since TensorFlow 2.11, and the
    builder of TF1 does not.
    """
    if models.old.model.fingerprint_presence == "present" and models.new.model.fingerprint_presence == "absent":
        yield Changed(Location(file=FILE), "The new model has no fingerprint.pb.", (), FILE, "")


@change("fp-added", security=NOTE)
def added(models: TwoModels) -> Iterator[Changed]:
    """There is a fingerprint now.

    Why: it tells whether the model was changed after its export (`smanalyze audit`).
    Fix: nothing.
    """
    if models.old.model.fingerprint_presence == "absent" and models.new.model.fingerprint_presence == "present":
        yield Changed(Location(file=FILE), "The new model has a fingerprint.pb.", (), "", FILE)
