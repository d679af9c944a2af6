"""TFRecord files, and the warm-up requests that TensorFlow Serving keeps in one.

Source: tensorflow/core/lib/io/record_writer.h (the layout); prediction_log.proto, predict.proto, classification.proto,
regression.proto, inference.proto, session_service.proto, model.proto of tensorflow_serving/apis (the requests).

    record = uint64 length, uint32 masked CRC of those 8 bytes, data, uint32 masked CRC of the data; all little-endian
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from smanalyze.errors import FormatError
from smanalyze.format.checksum import masked_crc32c
from smanalyze.format.faults import Buffer, Faults, is_utf8_mangled
from smanalyze.format.limits import MAX_RECORDS
from smanalyze.format.varint import read_varint
from smanalyze.model.parts import Unreadable
from smanalyze.model.record import record
from smanalyze.model.side_files import WarmupRecord

PART = "warm-up requests"

_HEAD_BYTES = 12
_TAIL_BYTES = 4

#: Field of PredictionLog's oneof -> kind. predict_streamed_log (7) holds PredictRequests, too.
KINDS = {2: "classify", 3: "regress", 4: "multi_inference", 5: "session_run", 6: "predict", 7: "predict"}


@record
class ParsedLogs:
    """The requests of a warm-up file in file order, and what of it could not be read."""

    records: tuple[WarmupRecord, ...]
    problems: tuple[Unreadable, ...]


def read_records(data: Buffer, faults: Faults) -> Iterator[tuple[int, Buffer]]:
    """(byte offset, data) of each record.

    Never raises: faults are recorded with the record's offset. A record whose data does not match its checksum is left
    out; where a length cannot be trusted reading ends.
    """
    if faults.add_whole_file(data):
        return
    position = 0
    for number in range(MAX_RECORDS):
        if position == len(data):
            return
        start = position + _HEAD_BYTES
        if start > len(data):
            faults.add("truncated", f"The file ends within the head of record {number}.", position)
            return
        if int.from_bytes(data[position + 8 : start], "little") != masked_crc32c(bytes(data[position : position + 8])):
            _add_bad_length(data, faults, number, position)
            return
        stop = start + int.from_bytes(data[position : position + 8], "little")
        if stop + _TAIL_BYTES > len(data):
            faults.add("truncated", f"The file ends within record {number}.", position)
            return
        record = data[start:stop]
        if int.from_bytes(data[stop : stop + _TAIL_BYTES], "little") == masked_crc32c(record):
            yield position, record
        else:
            faults.add("corrupt", f"The checksum of record {number} does not match.", position)
        position = stop + _TAIL_BYTES
    if position < len(data):
        faults.add("limit", f"Only the first {MAX_RECORDS} records were read.", position)


def _add_bad_length(data: Buffer, faults: Faults, number: int, position: int) -> None:
    if number:
        faults.add("corrupt", f"The checksum of record {number}'s length does not match.", position)
    elif is_utf8_mangled(data):
        faults.add("utf8-mangled", "The file went through a text conversion; its binary content is lost.", 0)
    else:
        faults.add("wrong-kind", "The file is not a TFRecord file: its first checksum does not match.", 0)


def write_records(contents: Iterable[bytes]) -> bytes:
    """A TFRecord file of the contents."""
    whole = bytearray()
    for content in contents:
        length = len(content).to_bytes(8, "little")
        whole += length + masked_crc32c(length).to_bytes(4, "little")
        whole += content + masked_crc32c(content).to_bytes(4, "little")
    return bytes(whole)


def prediction_logs(data: Buffer, *, file: str) -> ParsedLogs:
    """The requests of ``assets.extra/tf_serving_warmup_requests``, given all its bytes. Never raises.

    One record for each model that a PredictionLog asks for: a multi-inference request gives one for each task. Input
    keys are sorted; for classify, regress and multi-inference there are none. Values of tensors are not looked at.
    """
    faults = Faults(PART, file)
    records: list[WarmupRecord] = []
    for offset, content in read_records(data, faults):
        try:
            records.extend(_requests(bytes(content)))
        except FormatError as error:
            faults.add("corrupt", f"A record is not a PredictionLog: {error.message}", offset)
    return ParsedLogs(tuple(records), faults.records())


def _requests(log: bytes) -> Iterator[WarmupRecord]:
    found = [(KINDS[number], value) for number, value in fields_of(log) if number in KINDS]
    if not found:
        yield WarmupRecord("unknown", "", "", ())
        return
    # Of a oneof the last one counts.
    kind, request_log = found[-1]
    for number, request in fields_of(request_log):
        if number != 1:
            continue
        fields = list(fields_of(request))
        if kind == "multi_inference":
            for task in (value for number, value in fields if number == 1):
                yield WarmupRecord(kind, *model_spec(list(fields_of(task))), ())
            continue
        # The map of a PredictRequest and the feeds of a SessionRunRequest are field 2, the name field 1 in each.
        inputs = [_text(value, 1) for number, value in fields if number == 2] if kind in _WITH_INPUTS else []
        yield WarmupRecord(kind, *model_spec(fields), tuple(sorted(set(inputs))))


_WITH_INPUTS = frozenset({"predict", "session_run"})


def model_spec(fields: list[tuple[int, bytes]]) -> tuple[str, str]:
    """(name, signature_name) of the ModelSpec in field 1 of a request."""
    spec = b"".join(value for number, value in fields if number == 1)
    return _text(spec, 1), _text(spec, 3)


def _text(message: bytes, wanted: int) -> str:
    """A string field, "" where absent; of several the last counts."""
    value = b""
    for number, content in fields_of(message):
        if number == wanted:
            value = content
    return value.decode("utf-8", "backslashreplace")


def fields_of(message: bytes) -> Iterator[tuple[int, bytes]]:
    """(field number, bytes) of the length-delimited fields of a message; others are passed over.

    Raises FormatError where the bytes are not protobuf's wire format.
    """
    position = 0
    while position < len(message):
        tag, position = read_varint(message, position)
        kind = tag & 7
        if kind == 0:
            _, position = read_varint(message, position)
        elif kind == 2:
            length, start = read_varint(message, position)
            position = start + length
            if position <= len(message):
                yield tag >> 3, message[start:position]
        elif kind in (1, 5):
            position += 8 if kind == 1 else 4
        else:
            raise FormatError(f"Wire type {kind} is not used.", offset=position)
        if position > len(message):
            raise FormatError("A field reaches past the end of its message.", offset=position)
