"""V1xx: what the loaded object has, against what the report says of it."""

from __future__ import annotations

from collections.abc import Iterator

from smanalyze.facts.spec_text import MAX_TEXT
from smanalyze.report.document import MetaGraphReport, Report
from smanalyze.report.findings import Location
from smanalyze.report.sections import Callable
from smanalyze.report.tensors import SignatureReport, Tensor
from smanalyze.report.verify import Check
from smanalyze.verify.claims import compared, not_listed, tensor_words, untested
from smanalyze.verify.observed import LoadSeen, ObjectSeen, Observed, SignatureSeen, TensorSeen

INIT_KEYS = frozenset({"__saved_model_init_op", "__saved_model_train_op"})
"""A TF1 model's init op is offered as a signature, and is none."""


def compare_load(report: Report, said: MetaGraphReport, load: LoadSeen | None, observed: Observed) -> Iterator[Check]:
    """Loading, ops, signatures and callables of one MetaGraph."""
    where = Location(tag_set=",".join(said.tags))
    if load is None:
        there = [",".join(one.tags) for one in observed.loads]
        if observed.complete and observed.loads:
            yield compared("V101", where, "tags", ",".join(said.tags), "; ".join(there))
        else:
            yield untested("V101", where, "loads", "it was not asked for")
        return
    yield _loads(report, said, load, where)
    yield from _ops(said, observed, where)
    if load.outcome != "ok":
        return
    signatures = {one.key: one for one in load.signatures if one.key not in INIT_KEYS}
    for signature in said.signatures:
        yield from _signature(signature, signatures.get(signature.key), where)
    yield from not_listed("V110", where, "signatures", signatures, (one.key for one in said.signatures))
    objects = {one.path: one for one in load.objects}
    for callable_ in said.callables:
        yield from _callable(callable_, objects.get(callable_.path), where)
    functions = (one.path for one in load.objects if one.kind == "function")
    yield from not_listed("V120", where, "functions", functions, (one.path for one in said.callables))


def _loads(report: Report, said: MetaGraphReport, load: LoadSeen, where: Location) -> Check:
    """The report's answer to "can tf.saved_model.load load it", where it speaks of this MetaGraph."""
    loaders = {"tf.saved_model.load(path)", f"tf.saved_model.load(path, tags={list(said.tags)!r})"}
    works = next((one.works for one in report.reuse.answers if one.loader in loaders), "unknown")
    if load.outcome not in ("ok", "exception"):
        return untested("V101", where, "loads", f"the child died: {load.outcome}", works)
    actual = "yes" if load.outcome == "ok" else "no"
    if works == "partly" or works == "unknown":
        if load.outcome == "ok":
            return compared("V101", where, "loads", works, works)
        return untested("V101", where, "loads", load.message, works)
    check = compared("V101", where, "loads", works, actual)
    return Check(check.code, where, "loads", check.status, works, check.actual, load.message)


def _ops(said: MetaGraphReport, observed: Observed, where: Location) -> Iterator[Check]:
    """V104: which ops TensorFlow does not know."""
    ops = {one.op for one in said.ops.histogram}
    claimed = {one.op for one in said.ops.unregistered}
    seen = set(observed.unregistered) & (ops | claimed)
    if not ops:
        return
    if seen - claimed and _older(observed.environment.tensorflow, said.ops.first_release):
        yield untested("V104", where, "unregistered ops", f"this TensorFlow is older than {said.ops.first_release}")
    else:
        yield compared("V104", where, "unregistered ops", ", ".join(sorted(claimed)), ", ".join(sorted(seen)))


def _older(version: str, wanted: str) -> bool:
    try:
        ours, theirs = ([int(part) for part in one.split(".")[:2]] for one in (version, wanted))
    except ValueError:
        return False
    return ours < theirs


def _signature(said: SignatureReport, seen: SignatureSeen | None, graph: Location) -> Iterator[Check]:
    """V110, and V111 and V112 for each input and output."""
    where = Location(tag_set=graph.tag_set, signature=said.key)
    yield compared("V110", where, "signature", said.key, said.key if seen is not None else "")
    if seen is None:
        return
    inputs = {part[0]: part for one in said.inputs for part in _inputs_of(one)}
    yield from _tensors("V111", "input", where, inputs, {one.name: one for one in seen.inputs})
    outputs = {part[0]: part for one in said.outputs for part in outputs_of(one)}
    yield from _tensors("V112", "output", where, outputs, {one.name: one for one in seen.outputs})


Part = tuple[str, str, tuple[int | None, ...] | None, str]
"""The loaded name, dtype and shape of a tensor, and the name that the report has for it."""


def _inputs_of(tensor: Tensor) -> Iterator[Part]:
    """An input as the loaded signature takes it: the parts of an encoded one get names of their own
    (tensorflow/python/saved_model/load_v1_in_v2.py)."""
    if not tensor.components:
        yield tensor.name, tensor.dtype, tensor.shape, tensor.name
    for number, part in enumerate(tensor.components):
        word = part.role if tensor.encoding == "sparse" else f"component_{number}"
        yield f"{tensor.name}_{word}", part.dtype, part.shape, tensor.name


def outputs_of(tensor: Tensor) -> Iterator[Part]:
    """An output as the loaded signature gives it: the parts of an encoded one have its name and a number."""
    if not tensor.components:
        yield tensor.name, tensor.dtype, tensor.shape, tensor.name
    for number, part in enumerate(tensor.components):
        yield f"{tensor.name}#{number}", part.dtype, part.shape, tensor.name


def _tensors(
    code: str, word: str, place: Location, said: dict[str, Part], seen: dict[str, TensorSeen]
) -> Iterator[Check]:
    for name, (_, dtype, shape, told) in said.items():
        where = Location(tag_set=place.tag_set, signature=place.signature, tensor=f"{word} {told}")
        found = seen.get(name)
        expected = tensor_words(dtype, shape)
        if word == "output" and found is not None and found.shape is None and shape and found.dtype == dtype:
            yield untested(code, where, word, "TensorFlow loses the shape while loading", expected)
        else:
            actual = "" if found is None else tensor_words(found.dtype, found.shape)
            yield compared(code, where, word, expected, actual)
    yield from not_listed(code, place, f"{word}s", seen, said)


def _callable(said: Callable, seen: ObjectSeen | None, graph: Location) -> Iterator[Check]:
    """V120 and V114: a function of the object tree, its traces and what they capture."""
    where = Location(tag_set=graph.tag_set, function=said.path)
    if seen is None or seen.kind != "function":
        reason = seen.error if seen is not None and seen.kind == "error" else ""
        kind = "" if seen is None else seen.kind
        yield Check("V120", where, "function", "contradicted", "function", kind, reason)
        return
    claimed = sorted((tuple(one.text for one in trace.arguments), trace.returns) for trace in said.traces)
    found = sorted((trace.texts, trace.returns) for trace in seen.traces)
    yield compared("V120", where, "traces", _traces(claimed), _traces(found))
    captures = sorted(trace.captures for trace in said.traces)
    yield compared("V114", where, "captures", str(captures), str(sorted(trace.captures for trace in seen.traces)))


def _traces(traces: list[tuple[tuple[str, ...], str]]) -> str:
    return "; ".join(f"({', '.join(_cut(text) for text in texts)}) -> {_cut(returns)}" for texts, returns in traces)


def _cut(text: str) -> str:
    """Both sides cut long texts, each in its own way."""
    return text[: MAX_TEXT - 1]
