"""What the requests of ``assets.extra/tf_serving_warmup_requests`` send: their tensors and Examples, decoded.

Source: prediction_log.proto, predict.proto, classification.proto, regression.proto, inference.proto, input.proto and
session_service.proto of tensorflow_serving/apis.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from smanalyze.errors import FormatError
from smanalyze.format.faults import Buffer, Faults
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
    """The requests in file order; those that cannot be decoded are left out. Never raises."""
    found: list[Request] = []
    for _, content in read_records(data, Faults(PART, file)):
        try:
            found += _requests(bytes(content))
        except FormatError:
            continue  # loading the model has told
    return tuple(found)


def _requests(log: bytes) -> list[Request]:
    of_kind = [(KINDS[number], value) for number, value in fields_of(log) if number in KINDS]
    if not of_kind:
        return []
    kind, request_log = of_kind[-1]
    found = []
    for number, request in fields_of(request_log):
        if number == 1:
            found += _request(kind, list(fields_of(request)))
    return found


def _request(kind: str, fields: list[tuple[int, bytes]]) -> list[Request]:
    if kind in ("predict", "session_run"):
        tensors = dict(_tensor(value) for number, value in fields if number == 2)
        return [Request(kind, *model_spec(fields), tensors, ())]
    examples = tuple(one for number, value in fields if number == 2 for one in _examples(value))
    if kind == "multi_inference":
        tasks = [list(fields_of(value)) for number, value in fields if number == 1]
        return [Request(kind, *model_spec(task), {}, examples) for task in tasks]
    return [Request(kind, *model_spec(fields), {}, examples)]


def _tensor(entry: bytes) -> tuple[str, Any]:
    """A map entry of a PredictRequest, or a NamedTensorProto: name in field 1, TensorProto in 2."""
    parts = dict(fields_of(entry))
    message = message_class("tensorflow.TensorProto")()
    try:
        message.ParseFromString(parts.get(2, b""))
    except Exception as error:
        raise FormatError(f"A tensor cannot be parsed: {error}") from error
    return parts.get(1, b"").decode("utf-8", "backslashreplace"), to_numpy(message)


def _examples(value: bytes) -> list[bytes]:
    """An Input: a list of Examples (1), or one with a context (2) that is merged into each, as TF Serving does
    (tensorflow_serving/servables/tensorflow/util.cc: InputToSerializedExampleTensor)."""
    found: list[bytes] = []
    for number, content in fields_of(value):
        parts = list(fields_of(content))
        context = b"".join(part for place, part in parts if place == 2) if number == 2 else b""
        found += [context + part for place, part in parts if place == 1]
    return found
