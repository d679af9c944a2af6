"""The verb: loads a model with TensorFlow in a child process, and says which claims of its report hold."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from smanalyze.api.analyze import analyze
from smanalyze.api.scan import scan
from smanalyze.errors import UsageError
from smanalyze.model.saved_model import SavedModel, select_meta_graphs
from smanalyze.report.verify import VerifyReport
from smanalyze.verify.answer import build_report, refused_report
from smanalyze.verify.gate import permitted_classes, refusals, refuses_load
from smanalyze.verify.observe import Request, observe
from smanalyze.verify.sandbox import Sandbox, find_interpreter, limits_for
from smanalyze.verify.steps import Wanted, Worker

PROFILES = ("quick", "full")


def verify(
    model: SavedModel,
    *,
    tags: tuple[str, ...] | None = None,
    signatures: tuple[str, ...] | None = None,
    permit: frozenset[str] = frozenset(),
    libraries: tuple[str, ...] = (),
    inputs: Any = None,
    profile: str = "quick",
    python: str | None = None,
    seed: int = 0,
    timeout: float | None = None,
    memory: int | None = None,
    tell: Callable[[str], None] | None = None,
) -> VerifyReport:
    """Which claims of the report does TensorFlow confirm? Loads a private copy of the model in a child process without
    network, with limits of memory (bytes) and time (``timeout`` seconds a call), calls its signatures and compares.

    The profile ``full`` also calls all again in a second process and with TensorFlow's own threads, and makes calls
    that should be refused. ``permit`` names risk classes that may act; ``libraries`` are files of custom ops;
    ``python`` is an interpreter whose TensorFlow is used instead of this one's; ``tell`` takes the name of each step.
    Raises UsageError where there is no TensorFlow, or it cannot be used; never for what the model does.
    """
    permitted = permitted_classes(permit, libraries)
    if profile not in PROFILES:
        raise UsageError(f"There is no profile {profile!r}. Profiles: {', '.join(PROFILES)}.")
    _check_names(model, tags, signatures)
    interpreter = find_interpreter(python)
    with Sandbox(interpreter, limits_for(model, memory, timeout), permitted) as box:
        found = scan(model)
        refused = refusals(found, permitted)
        if refuses_load(refused):
            return refused_report(model.found.path_name, profile, permit, refused)
        worker = Worker(box, Wanted(libraries, seed, 1, ops_of(model)), tell or _silent)
        worker.begin()  # TensorFlow is imported while we read
        report = analyze(model)
        asked = Request(tags, signatures, seed, inputs, permitted, full=profile == "full")
        observed = observe(model, report, refused, box, worker, asked)
    return build_report(report, observed, refused, profile, permit)


def ops_of(model: SavedModel) -> tuple[str, ...]:
    """The ops of all nodes; a node that calls a function by its name has none."""
    found: set[str] = set()
    for graph in (meta_graph.graph for meta_graph in model.meta_graphs):
        bodies = (graph.nodes, *(function.nodes for function in graph.functions.values()))
        found |= {node.op for nodes in bodies for node in nodes} - set(graph.functions)
    return tuple(sorted(found))


def _check_names(model: SavedModel, tags: tuple[str, ...] | None, signatures: tuple[str, ...] | None) -> None:
    """Raises UsageError for a tag-set or a signature that the model does not have."""
    graphs = model.meta_graphs if tags is None else select_meta_graphs(model, tags).meta_graphs
    there = {signature.key for graph in graphs for signature in graph.signatures}
    unknown = [key for key in signatures or () if key not in there]
    if unknown:
        raise UsageError(f"There is no signature {unknown[0]!r}. Signatures: {', '.join(sorted(there)) or 'none'}.")


def _silent(_: str) -> None:
    """Nobody listens."""
