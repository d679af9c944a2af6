"""A trial as a request of TensorFlow Serving: JSON for REST and gRPC, a curl command, a record for warming up.

Sources: www.tensorflow.org/tfx/serving/api_rest (``instances`` are rows, ``inputs`` columns); predict.proto,
classification.proto, regression.proto, input.proto, model.proto and prediction_log.proto of tensorflow_serving/apis;
protobuf.dev/programming-guides/json. TF Serving takes predict requests for classify and regress signatures, too
(tensorflow_serving/servables/tensorflow/predict_util.cc: VerifySignature).
"""

from __future__ import annotations

import base64
import json
from typing import Any, NamedTuple

from smanalyze.errors import UsageError
from smanalyze.facts import wire
from smanalyze.facts.snippets_rest import curl_command, served_url
from smanalyze.inputs.records import Feed, Trial
from smanalyze.inputs.tensor_bytes import tensor_proto
from smanalyze.model.dtypes import dtype_enum, dtype_number

MAX_COMMAND = 100_000
"""Characters of JSON in a command; Linux takes 128 KiB in one argument."""


class Request(NamedTuple):
    """One call: the trial, the signature, and what the model is called on the server."""

    model: str
    key: str
    method_name: str
    trial: Trial


def rest_rows(request: Request) -> str:
    """The body of a REST request in rows. Raises UsageError where the inputs have no rows in common."""
    feeds = _dense(request, "REST")
    if request.trial.batch is None or any(feed.shape[:1] != (request.trial.batch,) for feed in feeds) or not feeds:
        raise UsageError(f"The inputs of {request.key!r} have no rows in common; write rest-columns.")
    columns = {feed.input: json_values(feed.array) for feed in feeds}
    rows = [{name: values[row] for name, values in columns.items()} for row in range(request.trial.batch)]
    return json.dumps({"signature_name": request.key, "instances": rows})


def rest_columns(request: Request) -> str:
    """The body of a REST request in columns."""
    columns = {feed.input: json_values(feed.array) for feed in _dense(request, "REST")}
    return json.dumps({"signature_name": request.key, "inputs": columns})


def curl(request: Request) -> str:
    """A command that sends the request; in rows where it has some. Raises UsageError where it would be too long."""
    try:
        body = rest_rows(request)
    except UsageError:
        body = rest_columns(request)
    if len(body) > MAX_COMMAND:
        raise UsageError(f"The request for {request.key!r} is too long for a command; write rest, and send -d @FILE.")
    return curl_command(served_url(request.model, "predict"), body)


def _dense(request: Request, way: str) -> tuple[Feed, ...]:
    """The feeds, where each is an input of its own."""
    encoded = [feed.input for feed in request.trial.feeds if feed.keyword != feed.input]
    if encoded:
        raise UsageError(f"Input {encoded[0]!r} of {request.key!r} is no dense tensor, which {way} cannot carry.")
    return request.trial.feeds


def json_values(array: Any) -> Any:
    """An array as nested lists; bytes that are no plain text as {"b64": ...}."""
    if array.dtype == object:
        flat = [_json_string(value) for value in array.ravel()]
        return _nested(flat, array.shape)
    if array.dtype.kind == "c":
        raise UsageError("Complex numbers have no form in JSON.")
    if array.dtype.isbuiltin != 1:  # of ml_dtypes
        array = array.astype("i8" if array.dtype.name.startswith(("int", "uint")) else "f4")
    if array.dtype.kind == "f" and array.dtype.itemsize <= 4:  # the shortest text that is the same number
        return _nested([float(str(value)) for value in array.ravel()], array.shape)
    return array.tolist()


def _json_string(value: bytes) -> Any:
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError:
        return {"b64": base64.b64encode(value).decode("ascii")}
    plain = all(c.isprintable() or c in "\n\t" for c in text)
    return text if plain else {"b64": base64.b64encode(value).decode("ascii")}


def _nested(flat: list[Any], shape: tuple[int, ...]) -> Any:
    if not shape:
        return flat[0]
    size = len(flat) // shape[0] if shape[0] else 0
    return [_nested(flat[row * size : (row + 1) * size], shape[1:]) for row in range(shape[0])]


# gRPC ---------------------------------------------------------------------------------------------------------------

_LISTS = {
    "float32": "floatVal", "float64": "doubleVal", "int32": "intVal", "int16": "intVal", "int8": "intVal",
    "uint8": "intVal", "uint16": "intVal", "int64": "int64Val", "uint32": "uint32Val", "uint64": "uint64Val",
    "bool": "boolVal", "string": "stringVal",
}  # fmt: skip
"""dtype -> field of TensorProto in proto3's JSON; anything else goes as tensorContent."""


def grpc_json(request: Request) -> str:
    """A PredictRequest in proto3's JSON, as grpcurl takes it."""
    inputs = {feed.input: _tensor_json(feed) for feed in _dense(request, "a PredictRequest")}
    spec = {"name": request.model, "signatureName": request.key}
    return json.dumps({"modelSpec": spec, "inputs": inputs})


def _tensor_json(feed: Feed) -> dict[str, Any]:
    dims = [{"size": str(size)} for size in feed.shape]
    found: dict[str, Any] = {"dtype": dtype_enum(dtype_number(feed.dtype)), "tensorShape": {"dim": dims}}
    field = _LISTS.get(feed.dtype)
    if field is None:
        found["tensorContent"] = base64.b64encode(feed.array.tobytes()).decode("ascii")
    elif field == "stringVal":
        found[field] = [base64.b64encode(value).decode("ascii") for value in feed.array.ravel()]
    elif field in ("int64Val", "uint64Val"):
        found[field] = [str(value) for value in feed.array.ravel().tolist()]
    else:
        found[field] = json_values(feed.array.reshape(-1))
    return found


# Warming up ---------------------------------------------------------------------------------------------------------


def prediction_log(request: Request) -> bytes:
    """A PredictionLog: what TF Serving replays when it loads the model."""
    feeds = _dense(request, "a PredictRequest")
    spec = wire.field(1, wire.text(request.model)) + wire.field(3, wire.text(request.key))
    verb = request.method_name.rpartition("/")[2]
    if verb in ("classify", "regress") and len(feeds) == 1 and feeds[0].dtype == "string":
        examples = b"".join(wire.field(1, example) for example in feeds[0].array.ravel())
        body = wire.field(1, spec) + wire.field(2, wire.field(1, examples))
        return wire.field(2 if verb == "classify" else 3, wire.field(1, body))
    inputs = b"".join(
        wire.field(2, wire.field(1, wire.text(feed.input)) + wire.field(2, tensor_proto(feed.dtype, feed.array)))
        for feed in feeds
    )
    return wire.field(6, wire.field(1, wire.field(1, spec) + inputs))
