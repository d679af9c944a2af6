"""The scan: what could the model do beside computing, when, and what proves it?"""

from __future__ import annotations

from typing import Literal

from smanalyze.model.record import record
from smanalyze.report.document import NotRead
from smanalyze.report.findings import Finding, Location, Severity

SCAN_SCHEMA_VERSION = "1.0"

ScanVerdict = Literal["acts-at-load", "unknown-code", "acts-when-called", "clean"]
SCAN_VERDICTS: tuple[ScanVerdict, ...] = ("acts-at-load", "unknown-code", "acts-when-called", "clean")
"""The first that applies; notes do not count."""

Origin = Literal["constant", "asset", "caller", "loader", "stored", "computed"]
"""Where the value of an operand comes from: it stands in the graph; it is the path of a declared asset; whoever calls
gives it (or a part of it); whoever loads or saves gives it, as TensorFlow's savers are given the place of the
checkpoint; it is kept in a variable, a table or a file; it is none of these, or could not be followed."""


@record
class Operand:
    """The path, address or code that an op works on. ``text`` has what could not be known in braces, as
    ``/tmp/{input name}.txt``. ``inside_model`` says whether it is a path that stays inside the model's folder; None
    where that is no question (no path) or cannot be known."""

    text: str
    origin: Origin
    inside_model: bool | None = None


@record
class Act:
    """Something that nodes of one op can do beside computing, where it is reached from.

    ``risk_class`` is a word of ``graph.op_risk.RISK_CLASSES``, ``unknown-code`` for an op that nothing known registers,
    ``library-code`` for one of a known library, ``denied`` for an op that the caller of the scan does not want, or
    ``keras-code`` for what a Keras configuration brings along, whose ``op`` is the class of the layer. ``when`` are
    ``load``, ``keras-load`` (only Keras's own load_model does it), ``signature:KEY``, ``function:PATH``, ``saver``
    (while saving or restoring only), ``never``, or ``unknown`` where not every way could be followed. ``path`` leads
    from what starts it to the node, step by step; it is the shortest one to the first word of ``when``. ``nodes``
    counts the nodes, ``functions`` names those that hold them ("" is the main graph).
    """

    op: str
    risk_class: str
    reason: str
    when: tuple[str, ...]
    path: tuple[str, ...]
    operands: tuple[Operand, ...]
    caller_controlled: bool
    nodes: int
    functions: tuple[str, ...]


@record
class ScanFinding:
    """A finding with what proves it: the fields of ``Finding``, and those of ``Act``."""

    id: str
    rule: str
    severity: Severity
    where: Location
    message: str
    why: str
    fix: str
    evidence: tuple[str, ...]
    op: str
    risk_class: str
    when: tuple[str, ...]
    path: tuple[str, ...]
    operands: tuple[Operand, ...]
    caller_controlled: bool

    def plain(self) -> Finding:
        """The same as the other reports hold it."""
        return Finding(self.id, self.rule, self.severity, self.where, self.message, self.why, self.fix, self.evidence)


@record
class ExpectedAct:
    """What every model of its kind does: it saves and restores itself, and reads its own assets."""

    op: str
    risk_class: str
    reason: str
    when: tuple[str, ...]
    operands: tuple[Operand, ...]
    nodes: int


@record
class UnknownPart:
    """What could not be followed, so that the scan does not speak for it."""

    what: str
    where: Location
    reason: str


@record
class AllowedFinding:
    """A finding that is silenced, and why. ``entry`` is its place in the list, counted from 1."""

    finding: ScanFinding
    reason: str
    by: str
    expires: str
    entry: int


@record
class ScanReport:
    """Everything the scan says of one model. ``summary`` is the one line; ``findings`` are the worst first, without
    those in ``allowed``; ``allow_remarks`` tell of entries of the list that fit nothing or have expired. ``nodes`` and
    ``functions`` count what was looked at. ``file`` is where findings are that name no file."""

    schema_version: str
    path_name: str
    kind: str
    version: str
    verdict: ScanVerdict
    summary: str
    findings: tuple[ScanFinding, ...]
    unknown: tuple[UnknownPart, ...]
    expected: tuple[ExpectedAct, ...]
    allowed: tuple[AllowedFinding, ...]
    allow_remarks: tuple[str, ...]
    nodes: int
    functions: int
    not_read: tuple[NotRead, ...]
    file: str = "saved_model.pb"
