"""Code and references that Keras configurations bring along: what Keras's own loaders act on."""

from __future__ import annotations

from collections.abc import Iterator

from smanalyze.checks.evidence import count_of, named
from smanalyze.checks.rule import ERROR, NOTE, WARNING, Found, rule
from smanalyze.checks.subject import OneKerasAct
from smanalyze.facts.keras_act import KerasAct
from smanalyze.facts.keras_paths import is_system_place
from smanalyze.report.findings import Severity

_GADGET_SEVERITY: dict[str, Severity] = {"file-read": WARNING, "opaque": WARNING, "state": WARNING}
"""By what a name does (``graph.op_risk``); whatever runs code, writes or reaches the network is an error."""


@rule("lambda-layer", WARNING)
def lambda_layer(one: OneKerasAct) -> Iterator[Found]:
    """A Keras configuration holds Python bytecode.

    Why: a Lambda layer was saved with its function's bytecode. tf.keras.models.load_model runs it: that is code from
    the model file, and it works only on the Python version that wrote it. tf.saved_model.load does not touch it. Names
    in the bytecode that no computation of tensors needs make it an error.
    Fix: replace the Lambda by a layer class, or by Keras's own layers.
    """
    act = one.act
    if act.kind == "lambda-code" and act.code is not None:
        kind = f"{act.act.op} layer"
        layers = f"{count_of(len(act.names), f'{kind} carries', f'{kind}s carry')} bytecode: {named(act.names)}"
        who = layers if act.names else f"An object of class {act.act.op} without a name carries bytecode"
        names = f"; it names {named(act.code.strong, 5)}" if act.code.strong else ""
        severity = ERROR if act.code.strong or act.code.problem else None
        yield Found(act.where, f"{who}{names}.", (*_subject(act), act.code.sha256), act.evidence, severity)


@rule("lambda-names-function", NOTE)
def lambda_names_function(one: OneKerasAct) -> Iterator[Found]:
    """A Lambda layer names its function instead of carrying it.

    Why: Keras looks for a function of that name when it loads the model; whoever loads it must register one.
    Fix: replace the Lambda by a registered layer class.
    """
    act = one.act
    if act.kind == "lambda-name":
        yield Found(act.where, f"Lambda layer {named(act.names)} {act.act.reason}.", _subject(act), act.evidence)


@rule("keras-foreign-module", ERROR)
def keras_foreign_module(one: OneKerasAct) -> Iterator[Found]:
    """A Keras configuration names something that is no part of any model.

    Why: Keras 2.13 to 2.15, and Keras 3 before 3.9, import the module that an object of the configuration names, and
    call what they find there with values that also stand in the configuration (CVE-2025-1550); YAML tags do the same up
    to TensorFlow 2.5 (CVE-2021-37678). Later releases refuse. No layer comes from such a module.
    Fix: do not load the model with Keras; find out where the file comes from.
    """
    act = one.act
    if act.kind == "foreign-reference":
        message = f"Loading it with Keras reaches {act.act.op}, which {act.act.reason}{_in(act)}."
        yield Found(act.where, message, _subject(act), act.evidence)


@rule("keras-gadget", ERROR)
def keras_gadget(one: OneKerasAct) -> Iterator[Found]:
    """A Keras configuration calls a function that is no layer.

    Why: Keras and TensorFlow bring along functions that download, load, write or run what they are given. In a
    configuration they are called while the model is loaded, in some releases despite safe_mode=True (CVE-2025-8747,
    CVE-2025-9906). What only reads files, loads another graph or changes Keras's state is a warning.
    Fix: do not load the model with Keras; find out where the file comes from.
    """
    act = one.act
    if act.kind == "gadget":
        given = f" (given {named([repr(operand.text) for operand in act.act.operands])})" if act.act.operands else ""
        message = f"Loading it with Keras reaches {act.act.op}, which {act.act.reason}{_in(act)}{given}."
        yield Found(act.where, message, _subject(act), act.evidence, _GADGET_SEVERITY.get(act.does))


@rule("keras-outside-path", WARNING)
def keras_outside_path(one: OneKerasAct) -> Iterator[Found]:
    """A Keras layer reads a file that is no part of the model.

    Why: the configuration holds an absolute path, one that leads upwards, or an address. Keras opens it while it loads
    the model: on another machine that fails, or it takes in a file that was never meant for the model
    (CVE-2025-12058). A path to where a machine keeps secrets or settings is an error.
    Fix: give the layer its vocabulary as a list, or load it from a file and save the model again with Keras 3.
    """
    act = one.act
    if act.kind == "vocabulary-path":
        path = act.act.operands[0].text
        message = f"{act.act.op} {named(act.names) or 'layer'} reads {path!r}: {act.act.reason}."
        severity = ERROR if is_system_place(path) else None
        yield Found(act.where, message, (*_subject(act), path), act.evidence, severity)


@rule("keras-custom-class", NOTE)
def keras_custom_class(one: OneKerasAct) -> Iterator[Found]:
    """A Keras file needs a class that Keras does not have.

    Why: load_model looks for it among the registered classes; in Keras 2.13 to 2.15, and in Keras 3 before 3.9, it also
    imports the module that the file names.
    Fix: load it only with the author's package that you trust; give the class in custom_objects.
    """
    act = one.act
    if act.kind == "custom-class":
        yield Found(act.where, f"{act.act.op} {act.act.reason}{_in(act)}.", _subject(act), act.evidence)


@rule("keras-config-unread", WARNING)
def keras_config_unread(one: OneKerasAct) -> Iterator[Found]:
    """A Keras configuration was not read to its end.

    Why: it is broken, nests too deep, is too large, or needs a package that is not installed. Nothing is known of what
    it brings along.
    Fix: where the message names a package, install it and look again; else export the model again.
    """
    act = one.act
    if act.kind == "unreadable" and not act.in_metadata:
        yield Found(act.where, act.act.reason, (act.where.file or "", act.act.reason), act.evidence)


def _subject(act: KerasAct) -> tuple[str, ...]:
    return (act.where.file or "", act.kind, act.act.op, act.name, act.act.path[-1])


def _in(act: KerasAct) -> str:
    return f"; it stands in layer {named(act.names)}" if act.names else ""
