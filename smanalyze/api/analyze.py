"""What is in a model: a Report of everything that can be said without its values; and the values, one at a time."""

from __future__ import annotations

from smanalyze.api.facts import build_hashes, gather, not_read
from smanalyze.checks.engine import catalogue, check_model
from smanalyze.errors import UsageError
from smanalyze.facts.pictures import build_pictures
from smanalyze.facts.values import Values, find_values
from smanalyze.model.saved_model import SavedModel
from smanalyze.report.document import SCHEMA_VERSION, SECTIONS, FingerprintReport, Report, only_sections
from smanalyze.report.findings import RuleInfo


def analyze(model: SavedModel, *, sections: tuple[str, ...] = SECTIONS) -> Report:
    """Everything smanalyze can say about a loaded model.

    ``sections`` names the parts wanted (see ``report.document.SECTIONS``); the summary is always made. Raises
    UsageError for a name that is none. Reads no tensor values.
    """
    unknown = [name for name in sections if name not in SECTIONS]
    if unknown:
        raise UsageError(f"There is no section {unknown[0]!r}. Sections: {', '.join(SECTIONS)}.")
    facts = gather(model)
    findings = check_model(facts) if "findings" in sections else ()
    report = Report(
        schema_version=SCHEMA_VERSION,
        sections=tuple(name for name in SECTIONS if name in sections),
        model=facts.summary,
        meta_graphs=facts.meta_graphs,
        variables=facts.variables,
        checkpoint=facts.checkpoint,
        assets=facts.assets,
        fingerprint=_fingerprint(model),
        reuse=facts.reuse,
        pictures=build_pictures(facts.variables, tuple(graph.ops for graph in facts.meta_graphs)),
        findings=findings,
        not_read=not_read(facts),
        hashes=build_hashes(facts) if "model" in sections else None,
    )
    return report if set(sections) == set(SECTIONS) else only_sections(report)


def rules() -> tuple[RuleInfo, ...]:
    """The catalogue of rules, by id: those about one model, and those about changes, which have an ``area``."""
    from smanalyze.checks.compat_engine import change_catalogue

    return tuple(sorted((*catalogue(), *change_catalogue()), key=lambda one: one.id))


def values(model: SavedModel, name: str) -> Values:
    """One variable, constant or asset by name, read now.

    Raises UsageError where no or more than one thing has the name, FormatError where its bytes cannot be read.
    """
    return find_values(model, name)


def _fingerprint(model: SavedModel) -> FingerprintReport:
    stored = model.fingerprint
    if stored is None:
        return FingerprintReport(model.fingerprint_presence)
    return FingerprintReport(
        model.fingerprint_presence,
        str(stored.saved_model_checksum),
        str(stored.graph_def_program_hash),
        str(stored.signature_def_hash),
        str(stored.saved_object_graph_hash),
        str(stored.checkpoint_hash),
        stored.uuid,
        stored.producer,
    )
