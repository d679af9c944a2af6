"""Computes a model's fingerprint from its files when asked: ``model.fingerprints.FingerprintSource``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from smanalyze.errors import FormatError
from smanalyze.format.faults import Buffer, whole_file_fault
from smanalyze.model.fingerprints import SINCE_2_11, ComputedFingerprint, ComputedHash

PRODUCER_SPLIT = 2

GraphKind = Literal["pb", "pbtxt", "cpb"]


class FingerprintReader:
    """The fingerprint of one model: ``graph`` gives the bytes of its file of kind ``kind``, ``index`` those of
    variables/variables.index, None where there is none. Both may raise FormatError; they are called when asked only."""

    def __init__(self, kind: GraphKind, graph: Callable[[], Buffer], index: Callable[[], Buffer | None]) -> None:
        self.kind = kind
        self.graph = graph
        self.index = index

    def recompute(self, producer: int | None) -> ComputedFingerprint:
        """See FingerprintSource."""
        from smanalyze.format.fingerprint import checkpoint_hash, not_computable

        try:
            hashes = self._of_graph(producer)
        except FormatError as error:
            hashes = tuple(not_computable(error.message))
        try:
            index = self.index()
            if index is not None:
                _refuse_faulty(index)
            return ComputedFingerprint((*hashes, checkpoint_hash(index)))
        except FormatError as error:
            return ComputedFingerprint((*hashes, ComputedHash("checkpoint_hash", SINCE_2_11, None, error.message)))

    def _is_split(self, producer: int | None) -> bool:
        return self.kind == "cpb" and producer in (None, PRODUCER_SPLIT)

    def _of_graph(self, producer: int | None) -> tuple[ComputedHash, ...]:
        from smanalyze.format.fingerprint import graph_hashes, not_computable

        data = self.graph()
        _refuse_faulty(data)
        if self.kind == "cpb":
            from smanalyze.format.chunked import merged_saved_model, read_chunks
            from smanalyze.format.fingerprint_split import split_graph_hashes

            chunks = read_chunks(data)
            if self._is_split(producer):
                return split_graph_hashes(chunks)
            return graph_hashes(merged_saved_model(chunks).SerializeToString(), producer)
        if producer == PRODUCER_SPLIT:
            return tuple(not_computable("The fingerprint is that of a split model (.cpb), which this one is not."))
        if self.kind == "pbtxt":
            from smanalyze.format.saved_model_text import binary_of

            data = binary_of(bytes(data))
        return graph_hashes(data, producer)


def _refuse_faulty(data: Buffer) -> None:
    fault = whole_file_fault(data)
    if fault is not None:
        raise FormatError(fault[1])
