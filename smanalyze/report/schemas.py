"""The JSON Schemas that ship with the package, as files; ``pytest --update-golden`` makes them from the dataclasses."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

from smanalyze.report.audit import AuditReport
from smanalyze.report.diff import DiffReport
from smanalyze.report.document import Report
from smanalyze.report.findings import RuleInfo
from smanalyze.report.run import RunReport
from smanalyze.report.scan import ScanReport
from smanalyze.report.serialize import json_schema
from smanalyze.report.verify import VerifyReport

NAMES = ("report", "audit", "scan", "diff", "verify", "run", "rules")


def schema_text(name: str) -> str:
    """The shipped schema of a command's output: KeyError-free only for ``NAMES``."""
    return (files(__package__) / "schema" / f"{name}.schema.json").read_text(encoding="utf-8")


def make_schema(name: str) -> str:
    """The same schema made anew from the dataclasses."""
    return json.dumps(_BUILDERS[name](), indent=1) + "\n"


def _one_or_several(cls: type, title: str) -> dict[str, Any]:
    """One document, or several as ``results``."""
    one = json_schema(cls, title)
    several = {
        "type": "object",
        "properties": {
            "schema_version": {"type": "string"},
            "results": {"type": "array", "items": {"$ref": one["$ref"]}},
        },
        "required": ["schema_version", "results"],
    }
    return {
        "$schema": one["$schema"],
        "title": one["title"],
        "anyOf": [{"$ref": one["$ref"]}, several],
        "$defs": one["$defs"],
    }


def _rules() -> dict[str, Any]:
    """The catalogue: a list of rules."""
    one = json_schema(RuleInfo, "smanalyze rules")
    return {
        "$schema": one["$schema"], "title": one["title"], "type": "array", "items": {"$ref": one["$ref"]},
        "$defs": one["$defs"],
    }  # fmt: skip


_BUILDERS = {
    "report": lambda: _one_or_several(Report, "smanalyze report"),
    "audit": lambda: _one_or_several(AuditReport, "smanalyze audit"),
    "scan": lambda: _one_or_several(ScanReport, "smanalyze scan"),
    "diff": lambda: json_schema(DiffReport, "smanalyze diff"),
    "verify": lambda: json_schema(VerifyReport, "smanalyze verify"),
    "run": lambda: json_schema(RunReport, "smanalyze run"),
    "rules": _rules,
}
