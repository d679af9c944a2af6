"""smanalyze opens any TensorFlow SavedModel and says what it is, without TensorFlow.

    import smanalyze

    model = smanalyze.load("path/to/model")   # a SavedModel: everything read, nothing judged
    report = smanalyze.analyze(model)         # a Report: signatures, functions, layers, findings ...
    audit = smanalyze.audit(model)            # an AuditReport: is it whole, and is it the one it claims to be?
    scan = smanalyze.scan(model)              # a ScanReport: what could it do beside computing, and when?
    change = smanalyze.diff(model, other)     # a DiffReport: what changed, and for whom does it matter?
    inputs = smanalyze.plan_inputs(model)     # values to call each signature with
    proof = smanalyze.verify(model)           # a VerifyReport: does TensorFlow confirm the report?
    pair = smanalyze.verify(model, against=smanalyze.Against(other))   # pair.against: do both give the same?
    ran = smanalyze.run(model)                # one call, in a sandbox: ran.report, ran.arrays

Each name is loaded on first use, so ``import smanalyze`` is quick.
"""

from __future__ import annotations

import sys
import types

TYPE_CHECKING = False  # typing itself would be a tenth of the time that --help takes
if TYPE_CHECKING:
    from typing import Any

    from smanalyze.api.analyze import analyze as analyze
    from smanalyze.api.audit import audit as audit
    from smanalyze.api.audit import audit_weights as audit_weights
    from smanalyze.api.audit import write_manifest as write_manifest
    from smanalyze.api.diff import diff as diff
    from smanalyze.api.facts import build_graphs as build_graphs
    from smanalyze.api.inputs import plan_inputs as plan_inputs
    from smanalyze.api.scan import scan as scan
    from smanalyze.api.scan import scan_weights as scan_weights
    from smanalyze.errors import SmanalyzeError as SmanalyzeError
    from smanalyze.load import load as load
    from smanalyze.load import load_weights_source as load_weights_source
    from smanalyze.model.saved_model import SavedModel as SavedModel
    from smanalyze.report.audit import AuditReport as AuditReport
    from smanalyze.report.diff import DiffReport as DiffReport
    from smanalyze.report.document import Report as Report
    from smanalyze.report.run import RunReport as RunReport
    from smanalyze.report.scan import ScanReport as ScanReport
    from smanalyze.report.verify import VerifyReport as VerifyReport
    from smanalyze.verify.against import Against as Against
    from smanalyze.verify.run import run as run
    from smanalyze.verify.verify import verify as verify

__version__ = "0.1.0"

__all__ = [
    "Against", "AuditReport", "DiffReport", "Report", "RunReport", "SavedModel", "ScanReport", "SmanalyzeError",
    "VerifyReport", "analyze", "audit", "audit_weights", "build_graphs", "diff", "load", "load_weights_source",
    "plan_inputs", "run", "scan", "scan_weights", "verify", "write_manifest",
]  # fmt: skip

_HOMES = {
    "Against": "smanalyze.verify.against",
    "AuditReport": "smanalyze.report.audit",
    "DiffReport": "smanalyze.report.diff",
    "Report": "smanalyze.report.document",
    "RunReport": "smanalyze.report.run",
    "SavedModel": "smanalyze.model.saved_model",
    "ScanReport": "smanalyze.report.scan",
    "SmanalyzeError": "smanalyze.errors",
    "VerifyReport": "smanalyze.report.verify",
    "analyze": "smanalyze.api.analyze",
    "audit": "smanalyze.api.audit",
    "audit_weights": "smanalyze.api.audit",
    "build_graphs": "smanalyze.api.facts",
    "diff": "smanalyze.api.diff",
    "load": "smanalyze.load",
    "load_weights_source": "smanalyze.load",
    "plan_inputs": "smanalyze.api.inputs",
    "run": "smanalyze.verify.run",
    "scan": "smanalyze.api.scan",
    "scan_weights": "smanalyze.api.scan",
    "verify": "smanalyze.verify.verify",
    "write_manifest": "smanalyze.api.audit",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    globals()[name] = getattr(import_module(home), name)
    return globals()[name]


class _Face(types.ModuleType):
    """Keeps a public verb from being hidden by the module of the same name: ``smanalyze.load`` is the function, and
    stays so when somebody imports the module ``smanalyze.load``."""

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in _HOMES or not isinstance(value, types.ModuleType):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Face
