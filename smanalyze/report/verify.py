"""The proof: which claims of a report did TensorFlow confirm when it loaded and ran the model?"""

from __future__ import annotations

from typing import Literal

from smanalyze.model.record import record
from smanalyze.model.tensors import Shape
from smanalyze.report.against import AgainstReport
from smanalyze.report.document import CanonicalHashes
from smanalyze.report.findings import Location, Severity

VERIFY_SCHEMA_VERSION = "1.0"

VerifyVerdict = Literal["CONFIRMED", "PARTIAL", "CONTRADICTED", "CRASHED", "REFUSED"]

Network = Literal["namespace", "blocked", "permitted", "open"]

CheckStatus = Literal["confirmed", "contradicted", "not tested"]
CHECK_STATUSES: tuple[CheckStatus, ...] = ("contradicted", "not tested", "confirmed")
"""In the order in which they matter."""


@record
class Check:
    """One claim of the report and what came of it. ``code`` names the kind of check for good (``V201``), ``claim`` what
    is claimed in a word or two (``dtype``). ``expected`` is the report's word, ``actual`` TensorFlow's, "" where they
    are the same; ``reason`` says why a claim was not tested."""

    code: str
    where: Location
    claim: str
    status: CheckStatus
    expected: str
    actual: str
    reason: str


@record
class InputSeen:
    """One tensor that was fed: what it is, the digest of its bytes, and why it was made so."""

    name: str
    dtype: str
    shape: Shape
    digest: str
    why: str


@record
class OutputSeen:
    """One tensor that came out. ``finite``: it holds neither NaN nor infinity."""

    name: str
    dtype: str
    shape: Shape
    finite: bool


@record
class Run:
    """One call of a signature with one set of inputs. ``outcome`` is ``ok``, or how it ended: ``exception``,
    ``timeout``, ``out-of-memory``, ``abort``, ``segfault``, ``blocked-syscall``, ``ended``.
    ``batch`` is None where the signature
    fixes it. ``different`` names outputs that differed when it was called again with the same inputs, ``changed``
    variables that had other values afterwards. Times are in milliseconds: of the first call, and of those after it."""

    tags: tuple[str, ...]
    signature: str
    source: str
    trial: str
    batch: int | None
    inputs: tuple[InputSeen, ...]
    outcome: str
    message: str
    outputs: tuple[OutputSeen, ...]
    different: tuple[str, ...]
    changed: tuple[str, ...]
    first_ms: float
    again_ms: float
    peak_bytes: int


@record
class Again:
    """A call made once more (profile ``full``). ``how``: in another ``process``, or with the ``threads`` and the
    arithmetic that TensorFlow chooses itself. ``different`` names the outputs that were not the same bit by bit, and
    ``difference`` is the largest between numbers, relative to the largest number."""

    tags: tuple[str, ...]
    signature: str
    how: str
    outcome: str
    different: tuple[str, ...]
    difference: float


@record
class Probe:
    """A call that should be refused (profile ``full``): ``probe`` is ``wrong dtype``, ``missing input`` or ``wrong
    rank``, ``outcome`` is ``accepted``, or how it ended, as a run's."""

    tags: tuple[str, ...]
    signature: str
    probe: str
    outcome: str
    message: str


@record
class Death:
    """A child that came to its end, and what it was doing: ``step`` names it, ``said`` is the end of what it
    printed."""

    step: str
    where: Location
    kind: str
    message: str
    said: str


@record
class RefusedPart:
    """What was not run because of a risk: the whole model (no signature in ``where``), or one signature. ``path`` leads
    to the node that would act; ``permit`` is the word that lets it run."""

    where: Location
    finding: str
    message: str
    path: tuple[str, ...]
    permit: str


@record
class Remark:
    """Something seen that no claim of the report is about."""

    code: str
    severity: Severity
    where: Location
    message: str


@record
class Environment:
    """Where the model ran. ``network`` is ``namespace`` (a network of its own), ``blocked`` (the kernel ends the
    process at such a call), ``permitted`` or ``open``; ``notes`` say aloud what could not be kept from the model."""

    tensorflow: str
    python: str
    network: Network
    notes: tuple[str, ...]


@record
class SignatureVerified:
    """One signature in a line: ``status`` is ``ran``, ``refused`` or ``not run``, and ``reason`` says why it did not.
    ``batches`` are the sizes that ran; times are those of the first batch, bytes the most that the process filled."""

    tags: tuple[str, ...]
    key: str
    status: Literal["ran", "refused", "not run"]
    reason: str
    source: str
    batches: tuple[int, ...]
    first_ms: float
    again_ms: float
    peak_bytes: int


@record
class CodeCount:
    """One kind of check: what it tests, and how many claims had each fate."""

    code: str
    title: str
    confirmed: int
    contradicted: int
    not_tested: int


@record
class CheckCounts:
    """How many claims had each fate."""

    confirmed: int
    contradicted: int
    not_tested: int


@record
class VerifyReport:
    """Everything a verification says of one model. ``summary`` is the one line. ``checks`` stand in the order of their
    codes, which ``codes`` counts; ``runs`` in the order in which they happened; ``hashes`` are those of the
    model that was verified; ``unchanged``: every file of the model
    has the digest it had."""

    schema_version: str
    path_name: str
    profile: str
    verdict: VerifyVerdict
    summary: str
    counts: CheckCounts
    environment: Environment | None
    permitted: tuple[str, ...]
    unchanged: bool
    hashes: CanonicalHashes | None
    signatures: tuple[SignatureVerified, ...]
    codes: tuple[CodeCount, ...]
    checks: tuple[Check, ...]
    runs: tuple[Run, ...]
    deaths: tuple[Death, ...]
    refused: tuple[RefusedPart, ...]
    remarks: tuple[Remark, ...]
    again: tuple[Again, ...] = ()
    probes: tuple[Probe, ...] = ()
    against: AgainstReport | None = None
