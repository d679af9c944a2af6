"""What stands in the small files beside saved_model.pb."""

from __future__ import annotations

from smanalyze.model.record import record


@record
class Fingerprint:
    """The stored fingerprint.pb (tensorflow/core/protobuf/fingerprint.proto): unsigned 64-bit hashes, 0 where the
    field is absent."""

    saved_model_checksum: int
    graph_def_program_hash: int
    signature_def_hash: int
    saved_object_graph_hash: int
    checkpoint_hash: int
    uuid: str
    producer: int


@record
class KerasNode:
    """One entry of Keras 2 metadata: ``object_id`` indexes the object graph; ``metadata`` is JSON text."""

    object_id: int
    path: str
    identifier: str
    metadata: str


@record
class WarmupRecord:
    """One PredictionLog of ``assets.extra/tf_serving_warmup_requests`` (tensorflow_serving/apis).

    ``kind`` is ``predict``, ``classify``, ``regress``, ``multi_inference``, ``session_run`` or ``unknown``.
    """

    kind: str
    model_name: str
    signature_name: str
    inputs: tuple[str, ...]


@record
class DebugInfo:
    """What debug/saved_model_debug_info.pb holds: source files named there, number of traced nodes."""

    files: tuple[str, ...]
    traces: int
