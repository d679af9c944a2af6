"""One call of a model: what was fed, how it ended, and what came out."""

from __future__ import annotations

from typing import Literal

from smanalyze.model.record import record
from smanalyze.report.inputs import FedTensor
from smanalyze.report.verify import Death, Environment, RefusedPart

RUN_SCHEMA_VERSION = "1.0"

RunStatus = Literal["ran", "exception", "not-loaded", "crashed", "refused"]
"""The call gave outputs; TensorFlow raised an exception for these inputs, or already while loading; the process died;
a risk forbade it."""


@record
class RunOutput:
    """One dense tensor that came out. ``output`` is what it belongs to, ``role`` which part of it: "" for a dense
    tensor; ``indices``, ``values``, ``dense_shape``, ``splits_0`` … of a sparse or ragged one.

    ``text`` shows the values as numpy does, which leaves out the middle of many. ``values`` are all of them, row by
    row, or None where they are too many; a number that JSON lacks is a string (``nan``, ``inf``), and so is a complex
    one. ``encoding`` is how strings are written: ``utf-8`` or ``base64``; "" for numbers. ``note`` says why there are
    no values.
    """

    name: str
    output: str
    role: str
    dtype: str
    shape: tuple[int, ...]
    text: str
    values: tuple[int | float | bool | str, ...] | None
    encoding: Literal["", "utf-8", "base64"]
    note: str


@record
class RunReport:
    """One call. ``signature`` is the key of what was called, or ``function`` the path of an object's function.
    ``source`` says where the inputs come from: ``given``, ``none`` (it takes none), or as in `smanalyze inputs`;
    ``trial`` which of the sets that were made is meant. ``unchanged``: every file of the model has the digest it had.
    ``loader``: ``load`` for tf.saved_model.load, or ``session`` for a session of TensorFlow 1, where that cannot load
    the model, which ``remarks`` then tell."""

    schema_version: str
    path_name: str
    status: RunStatus
    summary: str
    tags: tuple[str, ...]
    signature: str | None
    function: str | None
    source: str
    trial: str
    inputs: tuple[FedTensor, ...]
    outputs: tuple[RunOutput, ...]
    milliseconds: float
    environment: Environment | None
    permitted: tuple[str, ...]
    unchanged: bool
    refused: tuple[RefusedPart, ...]
    deaths: tuple[Death, ...]
    loader: Literal["load", "session"] | None = None
    remarks: tuple[str, ...] = ()
