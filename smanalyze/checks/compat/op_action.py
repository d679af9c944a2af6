"""Ops that do more than compute: files, other processes, logs, state, chance."""

from __future__ import annotations

from collections.abc import Iterator

from smanalyze.checks.change import Changed, change
from smanalyze.checks.changes import MetaGraphChange
from smanalyze.checks.risk_words import FILES, OUTPUT, less_of, more_of
from smanalyze.checks.rule import ERROR, NOTE, WARNING
from smanalyze.report.diff import Severities

AREA = "program"


@change("op-filesystem-added", serving=WARNING, python=WARNING, keras=WARNING, security=ERROR)
def filesystem_added(meta_graph: MetaGraphChange) -> Iterator[Changed]:
    """The new model opens files.

    Why: it reads, writes or lists files of the machine that runs it, beyond its own assets and checkpoint: data may
    get out, files may be written over, and where the file is missing the call fails.
    Fix: find out why; make what must be read an asset (`tf.saved_model.Asset`), and do not serve a model whose file
    access nobody can explain.
    """
    says = "The new model reads, writes or lists files"
    yield from more_of(meta_graph, FILES, says, Severities(WARNING, WARNING, WARNING, ERROR))


@change("op-filesystem-removed", serving=NOTE, python=NOTE, keras=NOTE, security=NOTE)
def filesystem_removed(meta_graph: MetaGraphChange) -> Iterator[Changed]:
    """The new model opens fewer files.

    Why: ops that read, write or list files are gone from what the model runs.
    Fix: nothing, if it was meant.
    """
    yield from less_of(meta_graph, FILES, "The new model does without ops that read, write or list files")


@change("op-host-code-added", serving=ERROR, python=ERROR, keras=ERROR, security=ERROR)
def host_code_added(meta_graph: MetaGraphChange) -> Iterator[Changed]:
    """The new model calls code outside TensorFlow.

    Why: the graph names a Python function that only the process of its author had registered. Elsewhere the call fails,
    or runs whatever is registered under the same token.
    Fix: write the function in TensorFlow ops instead of `tf.py_function` or `tf.numpy_function`.
    """
    says = "The new model calls Python code of the process"
    yield from more_of(meta_graph, ("host-code",), says, Severities(ERROR, ERROR, ERROR, ERROR))


@change("op-host-code-removed", serving=NOTE, python=NOTE, keras=NOTE, security=NOTE)
def host_code_removed(meta_graph: MetaGraphChange) -> Iterator[Changed]:
    """The new model calls less code outside TensorFlow.

    Why: ops that call Python functions are gone from what the model runs.
    Fix: nothing, if it was meant.
    """
    yield from less_of(meta_graph, ("host-code",), "The new model does without calls of Python code")


@change("op-opaque-added", serving=WARNING, python=WARNING, keras=WARNING, security=WARNING)
def opaque_added(meta_graph: MetaGraphChange) -> Iterator[Changed]:
    """The new model runs code that its graph does not show.

    Why: an op carries a program in an attr, a string or a file (StableHLO, a TensorRT engine, a serialized graph). What
    it does is in no list of ops, and this comparison does not look into it. jax2tf writes such ops on purpose.
    Fix: know where the program comes from; look at it with its own tools.
    """
    says = "The new model runs programs that its graph does not show"
    yield from more_of(meta_graph, ("opaque",), says, Severities(WARNING, WARNING, WARNING, WARNING))


@change("op-opaque-removed", serving=NOTE, python=NOTE, keras=NOTE, security=NOTE)
def opaque_removed(meta_graph: MetaGraphChange) -> Iterator[Changed]:
    """The new model runs less code that its graph does not show.

    Why: ops that carry a program in an attr, a string or a file are gone from what the model runs.
    Fix: nothing, if it was meant.
    """
    yield from less_of(meta_graph, ("opaque",), "The new model does without ops that carry hidden programs")


@change("op-process-added", serving=WARNING, python=WARNING, keras=WARNING, security=ERROR)
def process_added(meta_graph: MetaGraphChange) -> Iterator[Changed]:
    """The new model acts on the process that runs it.

    Why: it starts another program, or ends, holds up or changes the settings of the process: one request can stop a
    server.
    Fix: take the op out; a model that is served needs none.
    """
    says = "The new model acts on the process that runs it"
    yield from more_of(meta_graph, ("process",), says, Severities(WARNING, WARNING, WARNING, ERROR))


@change("op-process-removed", serving=NOTE, python=NOTE, keras=NOTE, security=NOTE)
def process_removed(meta_graph: MetaGraphChange) -> Iterator[Changed]:
    """The new model acts less on the process that runs it.

    Why: ops that end, hold up or change the process are gone from what the model runs.
    Fix: nothing, if it was meant.
    """
    yield from less_of(meta_graph, ("process",), "The new model does without ops that act on the process")


@change("op-network-added", serving=WARNING, python=WARNING, keras=WARNING, security=ERROR)
def network_added(meta_graph: MetaGraphChange) -> Iterator[Changed]:
    """The new model talks to other machines.

    Why: it sends tensors to another process or opens a server: data may get out, and a call waits for the network.
    Fix: find out with whom it talks; do not serve a model whose connections nobody can explain.
    """
    says = "The new model talks to other processes or machines"
    yield from more_of(meta_graph, ("network",), says, Severities(WARNING, WARNING, WARNING, ERROR))


@change("op-network-removed", serving=NOTE, python=NOTE, keras=NOTE, security=NOTE)
def network_removed(meta_graph: MetaGraphChange) -> Iterator[Changed]:
    """The new model talks less to other machines.

    Why: ops that send to or receive from others are gone from what the model runs.
    Fix: nothing, if it was meant.
    """
    yield from less_of(meta_graph, ("network",), "The new model does without ops that talk to others")


@change("op-output-leak-added", serving=NOTE, python=NOTE, keras=NOTE, security=WARNING)
def output_leak_added(meta_graph: MetaGraphChange) -> Iterator[Changed]:
    """The new model writes tensors to a log.

    Why: what users send may end in the log of a server, where other people read it; and printing costs time.
    Fix: take `tf.print` and summaries out of what is served.
    """
    says = "The new model prints or logs tensors"
    yield from more_of(meta_graph, OUTPUT, says, Severities(NOTE, NOTE, NOTE, WARNING))


@change("op-output-leak-removed", serving=NOTE, python=NOTE, keras=NOTE, security=NOTE)
def output_leak_removed(meta_graph: MetaGraphChange) -> Iterator[Changed]:
    """The new model writes less to logs.

    Why: ops that print or log tensors are gone from what the model runs.
    Fix: nothing, if it was meant.
    """
    yield from less_of(meta_graph, OUTPUT, "The new model does without ops that print or log")


@change("op-stateful-added", serving=WARNING, python=WARNING, keras=WARNING, security=WARNING)
def stateful_added(meta_graph: MetaGraphChange) -> Iterator[Changed]:
    """A signature changes what is stored.

    Why: one request can change the answer of the next, and two replicas of a server drift apart.
    Fix: keep assignments out of what is served; save what should be remembered outside the model.
    """
    says = "Signatures change what is stored"
    severities = Severities(WARNING, WARNING, WARNING, WARNING)
    yield from more_of(meta_graph, ("state",), says, severities, served=True)


@change("op-stateful-removed", serving=NOTE, python=NOTE, keras=NOTE, security=NOTE)
def stateful_removed(meta_graph: MetaGraphChange) -> Iterator[Changed]:
    """Signatures change less of what is stored.

    Why: ops that assign variables or fill tables and queues are gone from what signatures run.
    Fix: nothing, if it was meant; code that relied on the stored state notices.
    """
    yield from less_of(meta_graph, ("state",), "Signatures do without ops that change what is stored", served=True)


@change("op-random-added", serving=WARNING, python=NOTE, keras=NOTE)
def random_added(meta_graph: MetaGraphChange) -> Iterator[Changed]:
    """A signature draws on chance, or on the clock.

    Why: the same request gives another answer each time; tests and caches that compare answers fail.
    Fix: trace what is served with `training=False`; use stateless random ops with a seed.
    """
    says = "Signatures draw on chance or on the clock"
    yield from more_of(meta_graph, ("random",), says, Severities(WARNING, NOTE, NOTE), served=True)


@change("op-random-removed", serving=NOTE, python=NOTE, keras=NOTE)
def random_removed(meta_graph: MetaGraphChange) -> Iterator[Changed]:
    """Signatures draw less on chance or on the clock.

    Why: ops whose answers differ from run to run are gone from what signatures run.
    Fix: nothing, if it was meant.
    """
    yield from less_of(
        meta_graph, ("random",), "Signatures do without ops that draw on chance or the clock", served=True
    )
