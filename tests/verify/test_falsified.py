"""Each claim of each report, made false on purpose, must come out contradicted: against what TensorFlow showed once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass, replace
from typing import Any

import pytest

from smanalyze.report.document import FingerprintReport, MetaGraphReport, Report
from smanalyze.report.sections import AssetRow, ReuseAnswer, TableRow, Trace, UnregisteredOp, VariableRow
from smanalyze.report.sections import Callable as Function
from smanalyze.report.tensors import Argument, Reach, SignatureReport, Tensor, TensorComponent
from smanalyze.report.verify import Again, Check
from smanalyze.verify.answer import compare
from smanalyze.verify.observed import Observed
from tests.models import NAMES, report_of
from tests.verify.observed import stored

Place = tuple[str, str, str, str]
"""Code, place, claim and expectation of a check."""


def other_shape(shape: Any) -> Any:
    """A shape that contradicts it: another last size, or one more."""
    if shape is None:
        return (1, 2, 3, 4, 5, 6, 7)
    return (*shape[:-1], (shape[-1] or 0) + 977) if shape else (5,)


def other_dtype(dtype: str) -> str:
    """Another dtype."""
    return "float64" if dtype == "float32" else "float32"


def other_text(text: str) -> str:
    """Another name, number or text; nothing is no claim."""
    return text and f"{text}x"


def other_works(works: str) -> str:
    """The other answer to whether it loads."""
    return {"yes": "no", "no": "yes"}.get(works, works)


HASHES = ("saved_model_checksum", "graph_def_program_hash", "signature_def_hash", "saved_object_graph_hash",
          "checkpoint_hash")  # fmt: skip

CLAIMS: dict[type, dict[str, Callable[[Any], Any]]] = {
    SignatureReport: {"key": other_text},
    Tensor: {"name": other_text, "dtype": other_dtype, "shape": other_shape},
    TensorComponent: {"dtype": other_dtype},
    Function: {"path": other_text},
    Trace: {"returns": other_text, "captures": lambda number: number + 1},
    Argument: {"text": other_text},
    VariableRow: {
        "name": other_text, "dtype": other_dtype, "shape": other_shape, "crc32c": lambda crc: crc and f"{crc}0",
        "trainable": lambda value: None if value is None else not value,
    },
    AssetRow: {"filename": other_text},
    TableRow: {"key_dtype": other_dtype, "value_dtype": other_dtype},
    FingerprintReport: dict.fromkeys(HASHES, other_text),
    ReuseAnswer: {"works": other_works},
    UnregisteredOp: {"op": other_text},
    MetaGraphReport: {"tags": lambda tags: (*tags, "other")},
    Reach: {"changes": lambda names: (), "random_ops": lambda names: ()},
}  # fmt: skip
"""The fields that a verification speaks for, and what makes each of them false."""

LISTED = (SignatureReport, Tensor, Function, Trace, VariableRow, AssetRow, MetaGraphReport)
"""Rows whose absence from the report is false, too."""

ASIDE = {("SignatureReport", "arguments"), ("Callable", "arguments"), ("Trace", "reach")}
"""Parts of which a verification says nothing: how a signature's Python function looks, and what its traces reach."""


def name_of(value: Any, around: str) -> str:
    """What a row is called, as the place of a check says it."""
    words = {Tensor: "name", SignatureReport: "key", Function: "path", VariableRow: "name", AssetRow: "filename",
             TableRow: "name"}  # fmt: skip
    return getattr(value, words[type(value)]) if type(value) in words else around


def falsehoods(value: Any, where: str = "", around: str = "") -> Iterator[tuple[str, str, Any]]:
    """(what was done, to what, the value with exactly one claim falsified)."""
    if isinstance(value, tuple):
        for number, item in enumerate(value):
            rest = value[:number], value[number + 1 :]
            if isinstance(item, LISTED):
                yield f"{where}[{number}] left out", name_of(item, around), (*rest[0], *rest[1])
            for done, what, made in falsehoods(item, f"{where}[{number}]", around):
                yield done, what, (*rest[0], made, *rest[1])
    elif is_dataclass(value):
        around = name_of(value, around)
        encoded = isinstance(value, Tensor) and bool(value.components)  # then its parts have dtypes and shapes
        claims = {"name": other_text} if encoded else CLAIMS.get(type(value), {})
        for field in fields(value):
            old = getattr(value, field.name)
            if field.name in claims and (made := claims[field.name](old)) != old:
                yield f"{where}.{field.name}: {old!r} -> {made!r}"[:300], around, replace(value, **{field.name: made})
            if (type(value).__name__, field.name) not in ASIDE:
                for done, what, made in falsehoods(old, f"{where}.{field.name}", around):
                    yield done, what, replace(value, **{field.name: made})


def spoken_for(report: Report) -> Report:
    """The parts of a report that have claims in them; the rest is not looked at."""
    graphs = tuple(replace(graph, functions=(), layers=replace(graph.layers, rows=())) for graph in report.meta_graphs)
    answers = tuple(one for one in report.reuse.answers if one.loader.startswith("tf.saved_model.load("))
    return replace(report, meta_graphs=graphs, findings=(), not_read=(), reuse=replace(report.reuse, answers=answers))


def place(check: Check) -> Place:
    """Which claim it is."""
    return check.code, check.where.text(), check.claim, check.expected


def status(checks: list[Check], which: str) -> list[Check]:
    """Those of one fate."""
    return [check for check in checks if check.status == which]


FROM_THE_OTHER_SIDE = {
    "V101": "the report may say nothing of a MetaGraph",
    "V104": "a report that names no op cannot name a wrong one",
    "V401": "no report says that a call fails",
    "V404": "a report that names no random op cannot name fewer",
    "V410": "a report that names no changes cannot name fewer",
    "V902": "not the report's, but the audit's",
}
"""Checks that only another observation contradicts: see the tests below."""


@pytest.mark.parametrize("name", NAMES)
def test_what_was_seen_contradicts_nothing(name: str) -> None:
    checks = compare(report_of(name), stored(name))
    assert status(checks, "contradicted") == []
    assert status(checks, "confirmed")


@pytest.mark.parametrize("name", NAMES)
def test_every_falsehood_is_contradicted(name: str) -> None:
    """But for those about something that is said not to be tested."""
    report, seen = spoken_for(report_of(name)), stored(name)
    base = status(compare(report, seen), "not tested")
    unloaded = any(load.outcome != "ok" for load in seen.loads)
    silent = []
    for done, what, false in falsehoods(report):
        checks = compare(false, seen)
        aside = [check.where.text() for check in (*base, *status(checks, "not tested"))]
        if not status(checks, "contradicted") and not unloaded and not any(what and what in text for text in aside):
            silent.append(done)
    assert silent == []


@pytest.mark.parametrize("name", NAMES)
def test_every_confirmed_claim_can_be_contradicted(name: str) -> None:
    """A check that nothing can contradict would confirm anything."""
    report, seen = spoken_for(report_of(name)), stored(name)
    left = {place(one) for one in status(compare(report, seen), "confirmed")}
    for _, _, false in falsehoods(report):
        still = compare(false, seen)
        if status(still, "contradicted"):
            left &= {place(one) for one in status(still, "confirmed")}
    assert [one for one in left if one[0] not in FROM_THE_OTHER_SIDE] == []


# The same from the other side: something else was seen ---------------------------------------------------------------


def contradicted(seen: Observed) -> set[str]:
    """The codes of the claims of module_one_signature that an observation contradicts."""
    return {check.code for check in status(compare(report_of(MODEL), seen), "contradicted")}


MODEL = "module_one_signature"


def test_another_answer_to_the_same_inputs_is_seen() -> None:
    seen = stored(MODEL)
    runs = tuple(replace(run, different=("y",)) for run in seen.runs)
    assert contradicted(replace(seen, runs=runs)) == {"V404"}


def test_another_answer_in_another_process_is_seen() -> None:
    seen, key = stored(MODEL), "serving_default"
    again = Again(("serve",), key, "process", "ok", ("y",), 0.5)
    assert contradicted(replace(seen, again=(again,))) == {"V405"}
    assert contradicted(replace(seen, again=(replace(again, different=()),))) == set()
    assert contradicted(replace(seen, again=(replace(again, how="threads"),))) == set()


def test_a_change_that_nobody_told_of_is_seen() -> None:
    seen = stored(MODEL)
    runs = tuple(replace(run, changed=("kernel",)) for run in seen.runs)
    assert contradicted(replace(seen, runs=runs)) == {"V410"}


def test_an_op_that_tensorflow_does_not_know_is_seen() -> None:
    seen = replace(stored(MODEL), unregistered=("MatMul",))
    assert contradicted(seen) == {"V104"}


def test_a_model_that_does_not_load_is_seen() -> None:
    seen = stored(MODEL)
    (load,) = seen.loads
    refused = replace(load, outcome="exception", message="ValueError: no", signatures=(), objects=(), values=())
    assert contradicted(replace(seen, loads=(refused,), runs=())) == {"V101"}


def test_another_hash_is_seen() -> None:
    seen = stored(MODEL)
    hashes = tuple(replace(one, computed="1") for one in seen.fingerprint)
    assert contradicted(replace(seen, fingerprint=hashes)) == {"V902"}


def test_other_values_are_seen() -> None:
    seen = stored(MODEL)
    (load,) = seen.loads
    values = tuple(replace(one, crc32c="00000000") for one in load.values)
    assert contradicted(replace(seen, loads=(replace(load, values=values),))) == {"V202"}


def test_an_output_of_another_shape_is_seen() -> None:
    seen = stored(MODEL)
    runs = tuple(replace(run, outputs=tuple(replace(one, shape=(2, 99)) for one in run.outputs)) for run in seen.runs)
    assert contradicted(replace(seen, runs=runs)) == {"V402"}
