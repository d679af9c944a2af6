"""The hashes of fingerprint.pb, computed anew from the model's files."""

from __future__ import annotations

from typing import Literal, Protocol

from smanalyze.model.record import record

HashName = Literal[
    "saved_model_checksum", "graph_def_program_hash", "signature_def_hash", "saved_object_graph_hash", "checkpoint_hash"
]
HASH_NAMES: tuple[HashName, ...] = (
    "saved_model_checksum", "graph_def_program_hash", "signature_def_hash", "saved_object_graph_hash", "checkpoint_hash"
)  # fmt: skip
"""In the order of the fields of fingerprint.proto."""

TF_2_11 = "TF 2.11"
TF_2_11_TO_2_13 = "TF 2.11 to 2.13"
SINCE_2_11 = "TF 2.11 to 2.21"
SINCE_2_12 = "TF 2.12 to 2.21"
SINCE_2_14 = "TF 2.14 to 2.21"
SPLIT = "split"
"""Algorithms: the releases that use them, and that of split models."""


@record
class ComputedHash:
    """One hash by one algorithm: ``algorithm`` names the releases that use it (``TF 2.14 to 2.21``), or is ``split``.

    ``value`` is unsigned, of 64 bits; None where it cannot be computed, and ``reason`` is then a sentence.
    """

    name: HashName
    algorithm: str
    value: int | None
    reason: str = ""


@record
class ComputedFingerprint:
    """Every hash by every algorithm that the writer may have used, in the order of HASH_NAMES; of one name the
    likeliest algorithm comes first."""

    hashes: tuple[ComputedHash, ...]

    def named(self, name: HashName) -> tuple[ComputedHash, ...]:
        """The answers for one hash, the likeliest first."""
        return tuple(found for found in self.hashes if found.name == name)


class FingerprintSource(Protocol):
    """Computes the fingerprint of one model when asked."""

    def recompute(self, producer: int | None) -> ComputedFingerprint:
        """The hashes by the algorithms of a ``producer`` (``version.producer`` of fingerprint.pb; None: TensorFlow's
        newest). Reads the model's files; raises nothing that has to do with their content."""
