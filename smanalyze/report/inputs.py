"""What would be fed to the signatures of a model."""

from __future__ import annotations

from smanalyze.model.record import record


@record
class FedTensor:
    """One tensor: its key in the signature (with the part, where the input is taken apart), dtype, sizes, the first of
    its values as text, and what decided about them. A literal of Python's, as a function may take, has "" for a
    dtype."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    values: str
    why: str


@record
class FedSignature:
    """One signature: where its values come from, which kind of them these are, and their batch (None: fixed). With a
    ``reason`` it cannot be fed."""

    tags: tuple[str, ...]
    key: str
    source: str
    trial: str
    batch: int | None
    tensors: tuple[FedTensor, ...]
    reason: str


@record
class InputsReport:
    """All signatures that were asked for."""

    path_name: str
    seed: int
    signatures: tuple[FedSignature, ...]
