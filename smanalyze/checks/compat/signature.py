"""Signatures: what clients call, and what they must send and get."""

from __future__ import annotations

import re
from collections.abc import Iterator

from smanalyze.checks.change import Changed, change
from smanalyze.checks.changes import SignatureChange
from smanalyze.checks.evidence import named
from smanalyze.checks.rule import ERROR, NOTE, WARNING
from smanalyze.report.diff import Severities

AREA = "signatures"
DEFAULT = "serving_default"

_CLASSIC = frozenset({"tensorflow/serving/classify", "tensorflow/serving/regress"})


@change("sig-removed", serving=ERROR, python=ERROR, keras=WARNING, security=NOTE)
def removed(signature: SignatureChange) -> Iterator[Changed]:
    """A signature is gone.

    Why: a request that names it is an error from now on.
    Fix: keep the signature, or move its callers first; `--rename signature:OLD=NEW` where it has another key now.
    """
    if _is_gone(signature) and signature.key != DEFAULT:
        message = f"There is no signature {signature.key} any more."
        yield Changed(signature.place(), message, signature.subject(), signature.key)


@change("sig-default-removed", serving=ERROR, python=WARNING, keras=WARNING, security=NOTE)
def default_removed(signature: SignatureChange) -> Iterator[Changed]:
    """The default signature is gone.

    Why: TensorFlow Serving runs `serving_default` for a request that names no signature, which is an error now.
    Fix: keep the signature, or let every caller name one.
    """
    if _is_gone(signature) and signature.key == DEFAULT:
        yield Changed(signature.place(), f"There is no {DEFAULT} any more.", signature.subject(), DEFAULT)


def _is_gone(signature: SignatureChange) -> bool:
    return signature.pair.new is None and signature.meta_graph.models.graphs_are_whole


@change("sig-renamed", serving=ERROR, python=ERROR, keras=WARNING, security=NOTE)
def renamed(signature: SignatureChange) -> Iterator[Changed]:
    """A signature has another key.

    Why: it takes, computes and gives what it did, but a request that names the old key is an error.
    Fix: export it under both keys, or move its callers first.
    """
    old, new = signature.pair.old, signature.pair.new
    if old is not None and new is not None and old.key != new.key:
        message = f"The signature {old.key} is called {new.key} now."
        declared = Severities(NOTE, NOTE, NOTE, NOTE) if signature.pair.stage == "declared" else None
        yield Changed(
            signature.place(), message, signature.subject(), old.key, new.key, severities=declared,
            confidence=signature.pair.confidence,
        )  # fmt: skip


@change("sig-added", serving=NOTE, python=NOTE, keras=NOTE, security=WARNING)
def added(signature: SignatureChange) -> Iterator[Changed]:
    """A signature is new.

    Why: nothing is taken from anybody; it is one more entry that can be called from outside.
    Fix: nothing, if it was meant.
    """
    if signature.pair.old is None and signature.meta_graph.models.graphs_are_whole:
        yield Changed(
            signature.place(), f"There is a new signature {signature.key}.", signature.subject(), "", signature.key
        )


@change("sig-method-name-changed", serving=WARNING, python=NOTE, keras=NOTE)
def method_name_changed(signature: SignatureChange) -> Iterator[Changed]:
    """The signature has another method name.

    Why: the Classify and Regress calls of TensorFlow Serving insist on their method names; Predict takes any.
    Fix: export with the method name that callers use.
    """
    old, new = signature.pair.old, signature.pair.new
    if old is not None and new is not None and old.method_name != new.method_name:
        classic = not _CLASSIC.isdisjoint((old.method_name, new.method_name))
        before, after = old.method_name or "(none)", new.method_name or "(none)"
        yield Changed(
            signature.place(), f"The method name was {before}, and is {after}.", signature.subject(), before, after,
            severities=Severities(ERROR, NOTE, NOTE) if classic else None,
        )  # fmt: skip


@change("sig-target-changed", serving=WARNING, python=WARNING, keras=WARNING, security=WARNING)
def target_changed(signature: SignatureChange) -> Iterator[Changed]:
    """The signature runs another function.

    Why: under the same key stands a function of another name and another body: most likely something else is computed.
    Fix: compare the two functions; export the one that callers expect.
    """
    old, new = signature.pair.old, signature.pair.new
    if old is None or new is None or signature.pair.same_program:
        return
    before, after = _target(signature, old=True), _target(signature, old=False)
    if before and after and before != after:
        message = f"It ran {before}, and runs {after}."
        yield Changed(signature.place(), message, signature.subject(), before, after)


_STRUCTURED = re.compile(r"(?<=structured_function_wrapper)_[A-Za-z0-9]{11}$")
"""What tf.data adds to the name of a function that it wraps (structured_function.py): random letters."""


def _target(signature: SignatureChange, *, old: bool) -> str:
    """The stem of the function behind the wrapper that TensorFlow makes for a signature; "" where none tells."""
    report = signature.pair.old if old else signature.pair.new
    graph = signature.meta_graph.graphs[0 if old else 1]
    if report is None or graph is None or not report.backed_by:
        return ""
    called = graph.library.callees(report.backed_by)
    name = called[0].function if len(called) == 1 else report.backed_by
    stem = _STRUCTURED.sub("", name.removeprefix("__inference_").rstrip("0123456789").removesuffix("_"))
    return "" if stem.startswith("signature_wrapper") or stem == "_wrapped_model" else stem


@change("sig-input-arity-flip", serving=ERROR, python=NOTE, keras=NOTE)
def input_arity_flip(signature: SignatureChange) -> Iterator[Changed]:
    """One input became several, or several one.

    Why: over REST the instances of one input are bare values, those of several are objects by name.
    Fix: keep the number of inputs, or change the requests with the model.
    """
    yield from _arity(signature, inputs=True)


@change("sig-output-arity-flip", serving=ERROR, python=NOTE, keras=NOTE)
def output_arity_flip(signature: SignatureChange) -> Iterator[Changed]:
    """One output became several, or several one.

    Why: over REST the predictions of one output are bare values, those of several are objects by name.
    Fix: keep the number of outputs, or change the clients with the model.
    """
    yield from _arity(signature, inputs=False)


def _arity(signature: SignatureChange, *, inputs: bool) -> Iterator[Changed]:
    old, new = signature.pair.old, signature.pair.new
    if old is None or new is None:
        return
    before, after = (len(one.inputs if inputs else one.outputs) for one in (old, new))
    if (before == 1) != (after == 1) and before and after:
        word = "input" if inputs else "output"
        texts = [f"{count} {word}{'s' * (count != 1)}" for count in (before, after)]
        message = f"It had {texts[0]}, and has {texts[1]}; the JSON of REST changes with that."
        yield Changed(signature.place(), message, signature.subject(word), texts[0], texts[1])


@change("sig-input-unused", serving=WARNING, python=WARNING, keras=WARNING, security=WARNING)
def input_unused(signature: SignatureChange) -> Iterator[Changed]:
    """An input no longer reaches any output.

    Why: clients still have to send it, and it changes nothing: most often it was lost on the way.
    Fix: look at how the function uses it; export again.
    """
    before, after = signature.pair.dead_inputs
    there = {pair.new.name for pair in signature.inputs if pair.old is not None and pair.new is not None}
    lost = [name for name in after if name not in before and name in there]
    if lost:
        message = f"No output depends on {named(lost)} any more."
        yield Changed(signature.place(), message, signature.subject(*lost), "used", "unused", tuple(lost))


@change("sig-input-used", serving=NOTE, python=NOTE, keras=NOTE, security=NOTE)
def input_used(signature: SignatureChange) -> Iterator[Changed]:
    """An input that changed nothing reaches an output now.

    Why: what clients send there, perhaps anything, decides the answer from now on.
    Fix: see that clients send what is meant.
    """
    before, after = signature.pair.dead_inputs
    there = {pair.old.name for pair in signature.inputs if pair.old is not None and pair.new is not None}
    gained = [name for name in before if name not in after and name in there]
    if gained:
        message = f"Outputs depend on {named(gained)} now."
        yield Changed(signature.place(), message, signature.subject(*gained), "unused", "used", tuple(gained))


@change("sig-output-constant", serving=ERROR, python=ERROR, keras=ERROR, security=WARNING)
def output_constant(signature: SignatureChange) -> Iterator[Changed]:
    """An output stopped depending on any input.

    Why: whatever is sent, the answer is the same.
    Fix: look at how the function computes it; export again.
    """
    before, after = signature.pair.constant_outputs
    there = {pair.new.name for pair in signature.pair.outputs if pair.old is not None and pair.new is not None}
    lost = [name for name in after if name not in before and name in there]
    if lost:
        message = f"{named(lost)} no longer depends on any input."
        yield Changed(signature.place(), message, signature.subject(*lost), "computed", "constant", tuple(lost))


@change("sig-output-no-longer-constant", serving=NOTE, python=NOTE, keras=NOTE, security=NOTE)
def output_no_longer_constant(signature: SignatureChange) -> Iterator[Changed]:
    """An output that was always the same depends on inputs now.

    Why: clients that took it for a constant get something else.
    Fix: nothing, if it was meant.
    """
    before, after = signature.pair.constant_outputs
    there = {pair.old.name for pair in signature.pair.outputs if pair.old is not None and pair.new is not None}
    gained = [name for name in before if name not in after and name in there]
    if gained:
        message = f"{named(gained)} depends on the inputs now."
        yield Changed(signature.place(), message, signature.subject(*gained), "constant", "computed", tuple(gained))
