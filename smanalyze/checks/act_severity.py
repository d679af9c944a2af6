"""How bad it is that a model acts: by what it does, when, and on what. The whole judgement stands in this one table.

A row is for some classes of ops (``graph.op_risk.RISK_CLASSES``) and one kind of operand:

* ``own``: the path of one of the model's own assets;
* ``fixed``: a constant path from a file system's root or upwards, or an address; ``relative``: a constant path that is
  looked for wherever the process happens to run;
* ``caller``: whoever calls decides, alone or in part;
* ``loader``: whoever loads or saves decides, as with TensorFlow's own savers;
* ``unknown``: kept in a variable, table or file, or computed in a way that is not followed;
* ``none``: the op has no such operand, or nothing of it can be told.

The columns are the times: ``load`` (also what runs while saving and restoring, since loading restores), ``called`` (by
a signature or function), ``never`` (nothing that the model offers runs it; who holds the graph still can, by the names
of its nodes). Where a model offers nothing at all, what is never run counts as called: fetching nodes by name is then
the only way to use it (a saver is left over from training all the same). ``-`` means that there is nothing to tell:
that is what such models do.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from smanalyze.checks.rule import ERROR, NOTE, WARNING
from smanalyze.facts.acts import LIBRARY, UNKNOWN, UNKNOWN_WHEN
from smanalyze.facts.operand_values import climbs, is_relative
from smanalyze.facts.starts import LOAD, NEVER, SAVER
from smanalyze.graph.ops import provider
from smanalyze.report.findings import SEVERITIES, Severity
from smanalyze.report.scan import Act, Operand

_TABLE: Final = """
# classes                            operand                       load     called   never
file-write                           *                             error    error    warning
network                              fixed,relative,unknown,caller error    error    warning
network                              none                          error    warning  note
process                              *                             error    error    warning
host-code                            *                             error    warning  note
opaque                               own                           note     note     note
opaque                               *                             error    warning  note
unknown-code                         *                             warning  warning  warning
library-code                         *                             note     note     note
file-read,file-map                   own                           -        -        -
file-read,file-map                   fixed                         error    error    warning
file-read,file-map                   relative,none                 warning  warning  note
file-read,file-map                   caller,loader                 warning  warning  note
file-read,file-map                   unknown                       error    warning  note
dataset-file                         own                           -        -        -
dataset-file                         fixed                         error    error    note
dataset-file                         *                             warning  warning  note
table-file                           own                           -        -        -
table-file                           *                             warning  warning  note
file-list                            own                           -        -        -
file-list                            *                             warning  warning  note
saver                                own                           note     note     -
saver                                fixed                         error    error    note
saver                                *                             error    error    -
restoring                            loader                        -        error    -
restoring                            own                           note     note     -
restoring                            fixed                         error    error    note
restoring                            *                             error    error    -
output                               *                             note     note     note
debug                                *                             warning  warning  note
device                               fixed                         warning  warning  note
device                               *                             -        -        -
denied                               *                             error    error    error
"""

_OF_OPS: Final = {
    # The module only computes, as a graph does; jax2tf and Keras on JAX write one for each model.
    "XlaCallModule": (NOTE, NOTE, NOTE),
    # No model that is exported holds one, and it hides any op from every list.
    "DatasetFromGraph": (ERROR, ERROR, WARNING),
    # They make the name of a file and touch none.
    "ShardedFilename": (None, None, None),
    "ShardedFilespec": (None, None, None),
    "DTensorShardedPrefix": (None, None, None),
    # They hand tensors through while no debugger is attached.
    "DebugGradientIdentity": (None, None, None),
    "DebugGradientRefIdentity": (None, None, None),
    "Copy": (NOTE, NOTE, NOTE),
    "CopyHost": (NOTE, NOTE, NOTE),
}
"""Ops that are judged otherwise than their class: (load, called, never)."""

_LOCAL = ("/job:localhost", "/device:", "/cpu:", "/gpu:", "CPU", "GPU", "cpu", "gpu", "/job:tpu_worker")
"""How the names of devices begin that are on the machine itself, or those of a TPU that belongs to it."""

_RESTORING = frozenset({"RestoreV2", "Restore", "RestoreSlice", "DTensorRestoreV2"})
"""Ops of savers that only read; those run when the model is loaded."""

_ON_DEVICES = frozenset({"RemoteCall"})
"""Ops whose operand is the name of a device, which may be the machine's own."""

_DEVICE_NAMES = frozenset({"device"})
Row = tuple[Severity | None, Severity | None, Severity | None]
_WORDS: Final = {"error": ERROR, "warning": WARNING, "note": NOTE, "-": None}


def _rows() -> dict[tuple[str, str], Row]:
    found: dict[tuple[str, str], Row] = {}
    for line in _TABLE.strip().splitlines():
        if line.startswith("#"):
            continue
        classes, operands, *words = line.split()
        load, called, never = (_WORDS[word] for word in words)
        for one in classes.split(","):
            for operand in operands.split(","):
                found.setdefault((one, operand), (load, called, never))
    return found


_ROWS: Final = _rows()


def severity_of(act: Act, *, offers: bool, outside: frozenset[str] = frozenset()) -> Severity | None:
    """How bad an act is; None where it is expected. ``offers``: the model has a signature or a function to call;
    ``outside`` are assets that lead out of the model."""
    columns = sorted({_column(when, offers or act.risk_class == "saver") for when in act.when})
    kinds = {_outside_or(kind_of(one, act.risk_class), one, outside) for one in act.operands} or {"none"}
    if act.risk_class == "saver" and kinds == {"loader"} and {*act.when} <= {SAVER, NEVER}:
        return None  # what TensorFlow's saver is given, while it saves
    told = [row[column] for row in _rows_of(act, kinds) for column in columns]
    every = [one for one in told if one is not None]
    return min(every, key=SEVERITIES.index) if every else None


def _outside_or(kind: str, operand: Operand, outside: frozenset[str]) -> str:
    """The kind of operand; an asset that leads out of the model is as good as a fixed path."""
    return "fixed" if kind == "own" and any(f"asset {name}}}" in operand.text for name in outside) else kind


def _column(when: str, offers: bool) -> int:
    if when in (LOAD, SAVER, UNKNOWN_WHEN):
        return 0
    return 2 if when == NEVER and offers else 1


def _rows_of(act: Act, kinds: set[str]) -> Iterator[Row]:
    if act.op in _OF_OPS:
        yield _OF_OPS[act.op]
        return
    if act.risk_class == "opaque" and provider(act.op) is not None:  # told as a library that is needed
        yield None, None, None
        return
    name = "restoring" if act.op in _RESTORING else "device" if act.op in _ON_DEVICES else act.risk_class
    for kind in sorted(kinds):
        yield _ROWS.get((name, kind)) or _ROWS.get((name, "*")) or (None, None, None)


def kind_of(operand: Operand, risk_class: str) -> str:
    """What kind of operand it is, in the words of the table."""
    if risk_class in _DEVICE_NAMES or (risk_class == "network" and operand.text.startswith(_LOCAL)):
        return "relative" if operand.text.startswith(_LOCAL) or not operand.text else "fixed"
    if operand.origin == "asset":
        return _OF_ASSET[operand.inside_model] if risk_class != "opaque" else "own"
    if operand.origin == "constant":
        stays = is_relative(operand.text) and not climbs(operand.text)
        return "relative" if stays and risk_class not in _ADDRESSES else "fixed"
    if operand.origin in ("caller", "loader"):
        return operand.origin
    # A constant beginning decides where a path leads, whatever comes behind it.
    return "fixed" if not operand.text.startswith("{") and not is_relative(operand.text) else "unknown"


_OF_ASSET = {True: "own", False: "fixed", None: "unknown"}
_ADDRESSES = frozenset({"network", UNKNOWN, LIBRARY})
