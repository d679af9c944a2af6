"""What an analysis says of two models: what changed, whom it hurts, and in one word how much."""

from __future__ import annotations

from typing import Literal

from smanalyze.model.record import record
from smanalyze.report.changes import FilePair, FunctionChange, WeightDelta
from smanalyze.report.findings import Location, Severity
from smanalyze.report.noise import Normalised

DIFF_SCHEMA_VERSION = "1.0"

DiffVerdict = Literal["identical", "re-exported", "metadata", "weights-only", "behaviour", "compatible", "breaking"]
DIFF_VERDICTS: tuple[DiffVerdict, ...] = (
    "identical", "re-exported", "metadata", "weights-only", "behaviour", "compatible", "breaking",
)  # fmt: skip
"""The least first."""

Audience = Literal["serving", "python", "keras", "security"]
AUDIENCES: tuple[Audience, ...] = ("serving", "python", "keras", "security")
DEFAULT_AUDIENCES: tuple[Audience, ...] = ("serving", "python")

AREAS = ("container", "signatures", "python", "variables", "program", "files")
"""Parts of a model that rules judge; ``--only`` and ``--skip`` name them."""


@record
class Severities:
    """How bad a finding is for each audience; None where it does not concern it."""

    serving: Severity | None = None
    python: Severity | None = None
    keras: Severity | None = None
    security: Severity | None = None

    def of(self, audience: Audience) -> Severity | None:
        """For one audience."""
        return {"serving": self.serving, "python": self.python, "keras": self.keras, "security": self.security}[
            audience
        ]


@record
class DiffFinding:
    """One change that matters. ``severity`` is the worst among the audiences in force; ``old`` and ``new`` what was and
    is there; ``reach`` names signatures, callables and objects that it shows in; ``confidence`` of the match."""

    id: str
    rule: str
    area: str
    severity: Severity
    severities: Severities
    where: Location
    old: str
    new: str
    message: str
    why: str
    fix: str
    evidence: tuple[str, ...]
    reach: tuple[str, ...]
    status: str
    confidence: float

    @property
    def loudest(self) -> Severity:
        """How bad it is told to be: for the audiences in force, and as bad as can be for a security reviewer, whoever
        the findings are judged for."""
        return "error" if self.severities.security == "error" else self.severity


@record
class SideReport:
    """One of the models: its name, the chosen version of a folder of them, the release that wrote it, its size."""

    path_name: str
    kind: str
    version: str
    other_versions: int
    tensorflow_version: str
    writer: str
    size_bytes: int
    parameters: int


@record
class AudienceCount:
    """Findings by severity for one audience; ``in_force``: it was judged for it."""

    in_force: bool
    error: int
    warning: int
    note: int


@record
class AudienceCounts:
    """The findings that concern each audience."""

    serving: AudienceCount
    python: AudienceCount
    keras: AudienceCount
    security: AudienceCount

    def rows(self) -> tuple[tuple[Audience, AudienceCount], ...]:
        """(audience, its counts) of all of them."""
        return (
            ("serving", self.serving), ("python", self.python), ("keras", self.keras), ("security", self.security),
        )  # fmt: skip


@record
class HashPair:
    """One canonical hash on both sides; ``equal`` is None where one could not be computed."""

    old: str
    new: str
    equal: bool | None


@record
class Hashes:
    """The five canonical hashes of both sides."""

    interface: HashPair
    objects: HashPair
    program: HashPair
    weights: HashPair
    assets: HashPair

    def rows(self) -> tuple[tuple[str, HashPair], ...]:
        """(name, pair) of all five."""
        return (
            ("interface", self.interface), ("objects", self.objects), ("program", self.program),
            ("weights", self.weights), ("assets", self.assets),
        )  # fmt: skip

    @property
    def all_equal(self) -> bool:
        """Whether the models differ in nothing that counts."""
        return all(pair.equal for _, pair in self.rows())


@record
class VersionAdvice:
    """How the version of the model's interface should move: ``major``, ``minor``, ``patch`` or ``none``; ``finding`` is
    the id of the one that decides it, "" where none does."""

    bump: str
    reason: str
    finding: str


@record
class WeightRow:
    """One variable whose values changed, or could not be compared. ``role`` is that of a VariableRow."""

    name: str
    old_name: str
    layer: str
    dtype: str
    shape: str
    elements: int
    size: int
    status: str
    delta: WeightDelta | None
    role: str = "weight"


@record
class LayerWeights:
    """The changed variables of one layer together; ``relative`` is the largest of them."""

    layer: str
    changed: int
    equal: int
    relative: float | None


@record
class WeightsDiff:
    """The weights of both sides. ``mode`` is ``none``, ``crc`` or ``stats``; ``tensors`` are those that changed, what
    is trained first, then by how much; ``read_bytes`` what had to be read for it."""

    mode: str
    changed: int
    equal: int
    not_compared: int
    read_bytes: int
    tensors: tuple[WeightRow, ...]
    layers: tuple[LayerWeights, ...]
    says: tuple[str, ...]


@record
class NotCompared:
    """A part that was left out, and why."""

    part: str
    reason: str


@record
class TensorDiff:
    """One input or output side by side: names and texts such as ``float32 [?, 10]``, "" on the side that lacks it.
    ``status`` is ``equal``, ``changed``, ``added``, ``removed`` or ``renamed``."""

    kind: str
    old_name: str
    new_name: str
    old: str
    new: str
    status: str


@record
class SignatureDiff:
    """One signature side by side, with a ``status`` as TensorDiff has; ``same_program``: it computes the same."""

    tags: str
    old_key: str
    new_key: str
    status: str
    same_program: bool
    tensors: tuple[TensorDiff, ...]


@record
class DiffReport:
    """The whole answer. ``summary`` is one line; ``breaks`` names the audiences whose promise is gone; ``signatures``,
    ``functions``, ``files`` are the facts behind the findings, side by side; ``unused_renames`` are declarations that
    nothing was found for."""

    schema_version: str
    old: SideReport
    new: SideReport
    verdict: DiffVerdict
    security_review: bool
    breaks: tuple[Audience, ...]
    summary: str
    audiences: AudienceCounts
    hashes: Hashes
    version: VersionAdvice
    findings: tuple[DiffFinding, ...]
    weights: WeightsDiff
    signatures: tuple[SignatureDiff, ...]
    functions: tuple[FunctionChange, ...]
    files: tuple[FilePair, ...]
    normalised: Normalised
    not_compared: tuple[NotCompared, ...]
    unused_renames: tuple[str, ...] = ()
