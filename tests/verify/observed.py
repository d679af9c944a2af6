"""What TensorFlow showed of each model of testdata: asked now, in one child for all, or as stored."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache

from smanalyze.api.analyze import analyze
from smanalyze.api.inputs import plan_inputs
from smanalyze.api.scan import scan
from smanalyze.model.saved_model import SavedModel
from smanalyze.report.serialize import from_dict, to_dict
from smanalyze.report.verify import Environment
from smanalyze.verify.gate import refusals, refuses_load
from smanalyze.verify.observe import Request, observe
from smanalyze.verify.observed import Observed
from smanalyze.verify.sandbox import Sandbox, find_interpreter, limits_for
from smanalyze.verify.steps import Wanted, Worker
from smanalyze.verify.verify import ops_of
from tests.conftest import TESTDATA
from tests.models import NAMES, model_of

__all__ = ["NAMES", "STORED", "observe_all", "observe_models", "settled", "stored", "stored_text"]

STORED = TESTDATA / "observed"


def observe_all(names: Sequence[str]) -> Iterator[tuple[str, Observed]]:
    """(name, what is seen) of each model of testdata, in the order given."""
    yield from observe_models({name: model_of(name) for name in names})


def observe_models(models: dict[str, SavedModel]) -> Iterator[tuple[str, Observed]]:
    """The same of any models; none of them may act while it is loaded."""
    ops = tuple(sorted({op for model in models.values() for op in ops_of(model)}))
    limits = replace(limits_for(next(iter(models.values())), None, None), total=3600.0)
    with Sandbox(find_interpreter(None), limits, frozenset()) as box:
        worker = Worker(box, Wanted((), 0, 1, ops), lambda _: None)
        for name, model in models.items():
            refused = refusals(scan(model), frozenset())
            assert not refuses_load(refused), name
            request = Request(plan_inputs(model), 0, frozenset())
            seen = observe(model, analyze(model), refused, box, worker, request)
            yield name, replace(seen, unregistered=tuple(op for op in seen.unregistered if op in ops_of(model)))


def settled(observed: Observed) -> Observed:
    """Without what differs from run to run, and from machine to machine."""
    runs = tuple(replace(run, first_ms=0.0, again_ms=0.0, peak_bytes=0) for run in observed.runs)
    rows = tuple(replace(row, difference=float(row.difference > 1e-3)) for row in observed.rows)
    deaths = tuple(replace(death, said="") for death in observed.deaths)
    where = Environment(observed.environment.tensorflow, "3.11", "namespace", ())
    return replace(observed, environment=where, runs=runs, rows=rows, deaths=deaths)


def stored_text(observed: Observed) -> str:
    """As it is stored."""
    return json.dumps(to_dict(settled(observed)), indent=1) + "\n"


@cache
def stored(name: str) -> Observed:
    """What is stored of a model."""
    found: Observed = from_dict(Observed, json.loads((STORED / f"{name}.json").read_text(encoding="utf-8")))
    return found
