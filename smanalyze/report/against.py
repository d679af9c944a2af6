"""What came of running two models side by side: how far apart their outputs are, and what makes the difference."""

from __future__ import annotations

from typing import Literal

from smanalyze.model.record import record
from smanalyze.model.tensors import Shape

Level = Literal["bitwise", "within noise", "within tolerance", "different", "incomparable"]
LEVELS: tuple[Level, ...] = ("bitwise", "within noise", "within tolerance", "different", "incomparable")
"""The mildest first. ``within noise``: no further apart than the old model is from itself, run again elsewhere;
``incomparable``: of other shapes or kinds, or of the old model only."""

GATES: dict[str, tuple[Level, ...]] = {
    "different": ("different", "incomparable"),
    "tolerance": ("within tolerance", "different", "incomparable"),
    "noise": ("within noise", "within tolerance", "different", "incomparable"),
}
"""What each gate does not let pass."""


@record
class Tolerance:
    """Numbers pass where ``|old - new| <= atol + rtol * max(|old|, |new|)``."""

    rtol: float
    atol: float


@record
class Worst:
    """The element that is furthest beyond its tolerance, or nearest to it: in which probe, where in the output, and
    what it was and is."""

    probe: int
    index: tuple[int, ...]
    old: str
    new: str


@record
class OutputAgainst:
    """One output of both models over all probes. Differences are absolute, but ``max_rel`` (of the larger number) and
    ``needed_rtol``, the smallest rtol that would pass beside the ``tolerance``'s atol (None: none would).
    ``noise`` is the largest difference that the old model has from itself (None: not measured, nothing differs).
    ``ulp`` counts representable numbers between the two; ``cosine`` is that of the angle between both as vectors, of
    the probe where it is least; ``argmax`` the share of rows whose largest element stands in the same place. None is
    where a measure has no meaning. ``reason`` says why it is incomparable, or differs in more than numbers."""

    name: str
    old_name: str
    dtype: str
    level: Level
    reason: str
    tolerance: Tolerance | None
    noise: float | None
    max_abs: float | None
    mean_abs: float | None
    p99_abs: float | None
    max_rel: float | None
    needed_rtol: float | None
    ulp: int | None
    cosine: float | None
    argmax: float | None
    worst: Worst | None


@record
class ProbeFed:
    """Inputs that both models were given: whose they are (``old`` or ``new``), where they come from, the seed, and the
    shape of each."""

    side: Literal["old", "new"]
    source: str
    trial: str
    seed: int
    shapes: tuple[tuple[str, Shape], ...]


@record
class OneSided:
    """Inputs that one model takes and the other, ``side``, does not: what it says of them."""

    side: Literal["old", "new"]
    fed: ProbeFed
    message: str


@record
class Swap:
    """The old model with parts of the new one: ``parts`` are ``weights``, ``assets`` or both, ``level`` how far its
    outputs then are from the new one's, ``max_abs`` by how much; ``moved``: they are others than the old model's.
    ``failed`` says why it could not be tried."""

    parts: tuple[str, ...]
    level: Level | None
    max_abs: float | None
    moved: bool
    failed: str = ""


@record
class FirstDifference:
    """The first node whose outputs differ though what it takes does not: the calls that lead to it, its name on both
    sides, op and output, and by how much. ``fed_by`` names nodes of one side only that feed it,
    ``reads`` the variables, tables and assets that do."""

    path: tuple[str, ...]
    node: str
    old_node: str
    op: str
    output: str
    level: Level
    max_abs: float | None
    fed_by: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()


@record
class SignatureAgainst:
    """One pair of signatures. ``level`` is the worst of its outputs, ``different`` also where the new model does not
    take what the old one does (``one_sided``); None where they were not compared, for ``reason``. ``cause`` names what
    makes the difference: ``weights``, ``assets``, ``graph``, in any company; () where nothing differs or it is not
    known. ``notes`` tell inputs and outputs of another name or dtype, or of one side only."""

    tags: tuple[str, ...]
    key: str
    old_key: str
    level: Level | None
    reason: str
    outputs: tuple[OutputAgainst, ...] = ()
    probes: tuple[ProbeFed, ...] = ()
    cause: tuple[str, ...] = ()
    swaps: tuple[Swap, ...] = ()
    first: FirstDifference | None = None
    first_reason: str = ""
    one_sided: tuple[OneSided, ...] = ()
    old_ms: float = 0.0
    new_ms: float = 0.0
    notes: tuple[str, ...] = ()


@record
class AgainstReport:
    """Two models run side by side. ``level`` is the worst of all signatures, None where none was compared; ``passed``
    whether the ``gate`` lets it, which it does not where nothing was compared, or signatures are gone (``only_old``).
    ``only_new`` are those that the old model lacks; ``static`` is the verdict of ``diff``; ``reason`` says why nothing
    was compared; ``unused`` are declared renames of nothing."""

    old_path_name: str
    level: Level | None
    gate: str
    passed: bool
    summary: str
    static: str
    seed: int
    signatures: tuple[SignatureAgainst, ...]
    only_old: tuple[str, ...]
    only_new: tuple[str, ...]
    unused: tuple[str, ...]
    reason: str = ""
