"""The verb: loads a model with TensorFlow in a child process, and says which claims of its report hold."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

from smanalyze.api.analyze import analyze
from smanalyze.api.inputs import plan_inputs
from smanalyze.api.scan import scan
from smanalyze.errors import UsageError
from smanalyze.model.saved_model import SavedModel, select_meta_graphs
from smanalyze.report.against import GATES
from smanalyze.report.verify import VerifyReport
from smanalyze.verify.against import Against, Asked, run_against
from smanalyze.verify.answer import build_report, refused_report
from smanalyze.verify.gate import permitted_classes, refusals, refuses_load
from smanalyze.verify.observe import Request, observe
from smanalyze.verify.sandbox import Sandbox, check_numbers, find_interpreter, limits_for
from smanalyze.verify.save import Saver
from smanalyze.verify.steps import Wanted, Worker

PROFILES = ("quick", "full")

MOST_PROBES = 1000


def verify(
    model: SavedModel,
    *,
    tags: tuple[str, ...] | None = None,
    signatures: tuple[str, ...] | None = None,
    permit: frozenset[str] = frozenset(),
    libraries: tuple[str, ...] = (),
    inputs: str | None = None,
    profile: str = "quick",
    python: str | None = None,
    seed: int = 0,
    timeout: float | None = None,
    memory: int | None = None,
    tell: Callable[[str], None] | None = None,
    against: Against | None = None,
    save: str | None = None,
) -> VerifyReport:
    """Which claims of the report does TensorFlow confirm? Loads a private copy of the model in a child process without
    network, with limits of memory (bytes) and time (``timeout`` seconds a call), calls its signatures and compares.

    The profile ``full`` also calls all again in a second process and with TensorFlow's own threads, and makes calls
    that should be refused. ``tags`` chooses one MetaGraph, and the answer is about a report of that one; ``inputs`` is
    the path of a .npz or JSON file. ``permit`` names risk classes that may act; ``libraries`` are files of custom ops;
    ``python`` is an interpreter whose TensorFlow is used instead of this one's; ``tell`` takes the name of each step.
    ``against`` names another model that is then run side by side with this one, as its predecessor. ``save`` is a new
    folder for what is fed and what comes out.
    Raises UsageError where there is no TensorFlow, or it cannot be used, and for what cannot be asked of the model;
    never for what the model does.
    """
    permitted = permitted_classes(permit, libraries)
    if profile not in PROFILES:
        raise UsageError(f"There is no profile {profile!r}. Profiles: {', '.join(PROFILES)}.")
    check_numbers(seed, timeout, memory)
    if against is not None:
        _check_against(against)
    chosen = model if tags is None else select_meta_graphs(model, tags)
    planned = plan_inputs(chosen, signatures=signatures, seed=seed, given=inputs)
    interpreter = find_interpreter(python)

    def open_box(one: SavedModel) -> Sandbox:
        return Sandbox(interpreter, limits_for(one, memory, timeout), permitted)

    refused = refusals(scan(chosen), permitted)
    if refuses_load(refused):
        return refused_report(analyze(chosen, sections=("model",)), profile, permit, refused)
    saver = None if save is None else Saver(save, several=len(model.meta_graphs) > 1)
    with open_box(model) as box:
        worker = Worker(box, Wanted(libraries, seed, 1, ops_of(chosen)), tell or _silent)
        worker.begin()  # TensorFlow is imported while we read
        report = analyze(chosen)
        complete = len(chosen.meta_graphs) == len(model.meta_graphs)
        asked = Request(planned, seed, permitted, complete=complete, full=profile == "full", saver=saver)
        observed = observe(chosen, report, refused, box, worker, asked)
    verified = build_report(report, observed, refused, profile, permit)
    if against is None:
        return verified
    both = Asked(seed, inputs, permitted, refused, tags, signatures, saver)
    compared = run_against(model, against, both, open_box, Wanted(libraries, seed, 1, ()), tell or _silent)
    return replace(verified, against=compared)


def ops_of(model: SavedModel) -> tuple[str, ...]:
    """The ops of all nodes; a node that calls a function by its name has none."""
    found: set[str] = set()
    for graph in (meta_graph.graph for meta_graph in model.meta_graphs):
        bodies = (graph.nodes, *(function.nodes for function in graph.functions.values()))
        found |= {node.op for nodes in bodies for node in nodes} - set(graph.functions)
    return tuple(sorted(found))


def _check_against(against: Against) -> None:
    """Raises UsageError for a comparison that means nothing."""
    if against.gate not in GATES:
        raise UsageError(f"There is no gate {against.gate!r}. Gates: {', '.join(GATES)}.")
    if not 1 <= against.probes <= MOST_PROBES:
        raise UsageError(f"Both models can be given from 1 to {MOST_PROBES} sets of inputs.")
    for name, one in against.tolerances.items():
        if not (0 <= one.rtol < math.inf and 0 <= one.atol < math.inf):
            raise UsageError(f"The tolerance of {name or 'all outputs'} must be two numbers from 0 on.")


def _silent(_: str) -> None:
    """Nobody listens."""
