"""What a file of weights without a SavedModel holds."""

from __future__ import annotations

from smanalyze.model.record import record
from smanalyze.model.tensors import Shape
from smanalyze.report.audit import CheckpointAudit
from smanalyze.report.document import NotRead


@record
class WeightRow:
    """One tensor. ``key`` is its path in the file, ``name`` the variable's name where the file states it, ``layer`` its
    Keras layer's; ``role`` is ``weight``, ``optimizer``, ``metric``, ``generator`` or ``bookkeeping``; ``size`` is in
    bytes."""

    key: str
    name: str
    layer: str
    role: str
    dtype: str
    shape: Shape
    elements: int
    size: int


@record
class RoleTotal:
    """All tensors of one role; ``size`` in bytes."""

    role: str
    tensors: int
    elements: int
    size: int


@record
class WeightsFileReport:
    """One file of weights. ``kind`` is ``checkpoint``, ``keras``, ``h5``, ``keras-json`` or ``keras-yaml``.

    ``chosen`` is the checkpoint taken of a folder, ``others`` those that were not. ``layers`` is None where the file
    tells no architecture. ``checkpoint`` says what could be checked: a Keras file carries no checksums of its own.
    """

    path_name: str
    kind: str
    chosen: str
    others: tuple[str, ...]
    class_name: str
    model_name: str
    layers: int | None
    keras_version: str
    totals: tuple[RoleTotal, ...]
    tensors: tuple[WeightRow, ...]
    checkpoint: CheckpointAudit
    not_read: tuple[NotRead, ...]
