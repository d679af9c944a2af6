"""What the requests of ``assets.extra/tf_serving_warmup_requests`` send: their tensors and Examples, decoded.

Source: prediction_log.proto, predict.proto, classification.proto, regression.proto, inference.proto, input.proto and
session_service.proto of tensorflow_serving/apis.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from smanalyze.errors import FormatError
from smanalyze.format.faults import Buffer, Faults
from smanalyze.format.limits import MAX_EXPANDED_WARMUP_BYTES
from smanalyze.format.schema import message_class
from smanalyze.format.tensor_proto import to_numpy
from smanalyze.format.tfrecord import KINDS, PART, fields_of, model_spec, read_records


class Request(NamedTuple):
    """One request: ``tensors`` by input key (of a session run: by tensor name) as numpy arrays, or ``examples``, each a
    serialized tf.Example. ``signature_name`` is "" where the request leaves it to the server."""

    kind: str
    model_name: str
    signature_name: str
    tensors: dict[str, Any]
    examples: tuple[bytes, ...]


def requests(data: Buffer, *, file: str) -> tuple[Request, ...]:
    """The requests in file order; those that cannot be decoded are left out, and those for whose tensors there is no
    room beside the ones before. Never raises."""
    found: list[Request] = []
    decoded = _Tensors()
    for _, content in read_records(data, Faults(PART, file)):
        try:
            found += _requests(bytes(content), decoded)
        except FormatError:
            continue  # loading the model has told
    return tuple(found)


def _requests(log: bytes, decoded: _Tensors) -> list[Request]:
    of_kind = [(KINDS[number], value) for number, value in fields_of(log) if number in KINDS]
    if not of_kind:
        return []
    kind, request_log = of_kind[-1]
    found = []
    for number, request in fields_of(request_log):
        if number == 1:
            found += _request(kind, list(fields_of(request)), decoded)
    return found


def _request(kind: str, fields: list[tuple[int, bytes]], decoded: _Tensors) -> list[Request]:
    if kind in ("predict", "session_run"):
        tensors = dict(decoded.tensor(value) for number, value in fields if number == 2)
        return [Request(kind, *model_spec(fields), tensors, ())]
    examples = tuple(one for number, value in fields if number == 2 for one in _examples(value))
    if kind == "multi_inference":
        tasks = [list(fields_of(value)) for number, value in fields if number == 1]
        return [Request(kind, *model_spec(task), {}, examples) for task in tasks]
    return [Request(kind, *model_spec(fields), {}, examples)]


class _Tensors:
    """Decodes the tensors of one file, as long as there is room for what is made from few values."""

    def __init__(self) -> None:
        self._room = MAX_EXPANDED_WARMUP_BYTES

    def tensor(self, entry: bytes) -> tuple[str, Any]:
        """A map entry of a PredictRequest, or a NamedTensorProto: name in field 1, TensorProto in 2."""
        parts = dict(fields_of(entry))
        message = message_class("tensorflow.TensorProto")()
        try:
            message.ParseFromString(parts.get(2, b""))
        except Exception as error:
            raise FormatError(f"A tensor cannot be parsed: {error}") from error
        array = to_numpy(message, self._room)
        if not message.tensor_content:
            self._room -= array.nbytes
        return parts.get(1, b"").decode("utf-8", "backslashreplace"), array


def _examples(value: bytes) -> list[bytes]:
    """An Input: a list of Examples (1), or one with a context (2) that is merged into each, as TF Serving does
    (tensorflow_serving/servables/tensorflow/util.cc: InputToSerializedExampleTensor)."""
    found: list[bytes] = []
    for number, content in fields_of(value):
        parts = list(fields_of(content))
        context = b"".join(part for place, part in parts if place == 2) if number == 2 else b""
        found += [context + part for place, part in parts if place == 1]
    return found
