"""What the graph can do beside computing."""

from __future__ import annotations

from collections.abc import Iterator

from smanalyze.checks.act_words import act_found
from smanalyze.checks.rule import ERROR, NOTE, WARNING, Found, rule
from smanalyze.checks.subject import OneAct
from smanalyze.facts.operand_values import is_relative


@rule("writes-file", ERROR)
def writes_file(act: OneAct) -> Iterator[Found]:
    """The model writes a file.

    Why: it runs with the rights of the process that loads or serves it. Whoever made the model, or whoever calls it
    where the path comes from an input, can put bytes into that file.
    Fix: do not run the model before you know why; a model that only predicts writes nothing.
    """
    yield from act_found(act, ("file-write",))


@rule("reads-file", WARNING)
def reads_file(act: OneAct) -> Iterator[Found]:
    """The model opens a file that is none of its own.

    Why: what stands in the file can leave by the outputs. Where the path comes from an input, every caller chooses
    which file of the machine that is; where it is kept in a variable or a table, a checkpoint decides.
    Fix: take the bytes as the input instead of a path, or make the file an asset (tf.saved_model.Asset).
    """
    if not _is_absolute_constant(act):
        yield from act_found(act, READING)


READING = ("file-read", "file-map", "dataset-file", "table-file", "file-list")


@rule("absolute-path-constant", WARNING)
def absolute_path_constant(act: OneAct) -> Iterator[Found]:
    """The graph opens a file by an absolute path.

    Why: a constant path of the author's machine, or of a bucket, is used as a file's name. Elsewhere the file is not
    there, or is another one, whose content can leave by the outputs.
    Fix: make the file an asset (tf.saved_model.Asset), so that it travels with the model, or take its bytes as
    an input.
    """
    if _is_absolute_constant(act):
        yield from act_found(act, READING)


def _is_absolute_constant(act: OneAct) -> bool:
    operands = act.act.operands
    return bool(operands) and all(one.origin == "constant" and not is_relative(one.text) for one in operands)


@rule("saves-elsewhere", ERROR)
def saves_elsewhere(act: OneAct) -> Iterator[Found]:
    """A checkpoint is read or written where TensorFlow does not put that.

    Why: TensorFlow saves and restores a model by functions of its own, which are given the place. An op that does so
    elsewhere, or at a place that stands in the graph, reads or writes files as it likes.
    Fix: do not run the model before you know why; export it without that function.
    """
    yield from act_found(act, ("saver",))


@rule("uses-network", ERROR)
def uses_network(act: OneAct) -> Iterator[Found]:
    """The model talks to other machines.

    Why: what it computes on, and who loads it, becomes known there; what comes from there decides its answers.
    Fix: do not run the model before you know why; export the part that predicts, without services and clusters.
    """
    yield from act_found(act, ("network",))


@rule("acts-on-process", ERROR)
def acts_on_process(act: OneAct) -> Iterator[Found]:
    """The model ends, holds up or changes the process that runs it.

    Why: every other model in that process is affected, too.
    Fix: do not serve the model before you know why; a model that only predicts has no such op.
    """
    yield from act_found(act, ("process",))


@rule("calls-host-code", WARNING)
def calls_host_code(act: OneAct) -> Iterator[Found]:
    """The model calls a Python function of the process.

    Why: the function is not in the model. In a process that has not registered it the op fails; in one that registered
    others under the same name, it calls those.
    Fix: write the function with TensorFlow's ops before the export (no tf.py_function, no tf.numpy_function).
    """
    yield from act_found(act, ("host-code",))


@rule("opaque-code", WARNING)
def opaque_code(act: OneAct) -> Iterator[Found]:
    """Part of what runs stands in no list of ops.

    Why: the op runs a graph, module or engine that is kept as bytes in a string, an attr or a file. Nothing but its own
    runtime says what that does.
    Fix: review it with the tools of that runtime, or export the model without it.
    """
    yield from act_found(act, ("opaque",))


@rule("prints-data", NOTE)
def prints_data(act: OneAct) -> Iterator[Found]:
    """The model prints, or writes training logs.

    Why: tensors, and so what callers sent, get into the logs of the process.
    Fix: remove tf.print and summaries before the export.
    """
    yield from act_found(act, ("output",))


@rule("debug-op", WARNING)
def debug_op(act: OneAct) -> Iterator[Found]:
    """An op of TensorFlow's debugger is in the graph.

    Why: it hands tensors to a debugger, whose place stands in the graph.
    Fix: export the model outside a debugging session.
    """
    yield from act_found(act, ("debug",))


@rule("remote-device", WARNING)
def remote_device(act: OneAct) -> Iterator[Found]:
    """Tensors are sent to a device of another machine.

    Why: in a process that belongs to a cluster they leave the machine.
    Fix: export without `tf.device`, or load with `clear_devices=True` (TF1).
    """
    yield from act_found(act, ("device",))


@rule("denied-op", ERROR)
def denied_op(act: OneAct) -> Iterator[Found]:
    """An op that is not wanted is in the graph.

    Why: whoever asked for the scan named it.
    Fix: export the model without the op, or take it off the list.
    """
    yield from act_found(act, ("denied",))
