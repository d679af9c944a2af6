"""What TensorFlow reads of a warm-up file: python warmup_records.py FILE prints a JSON line for each record.

tensorflow_serving is not at hand; its messages are told to protobuf here as far as they are used, with each TensorProto
as bytes, which is the same on the wire, and which TensorFlow then parses itself.
"""

from __future__ import annotations

import json
import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import tensorflow as tf
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, text_format

FILE = """
name: "serving.proto" package: "serving" syntax: "proto3"
message_type { name: "ModelSpec"
  field { name: "name" number: 1 type: TYPE_STRING label: LABEL_OPTIONAL }
  field { name: "signature_name" number: 3 type: TYPE_STRING label: LABEL_OPTIONAL } }
message_type { name: "PredictRequest"
  field { name: "model_spec" number: 1 type: TYPE_MESSAGE type_name: ".serving.ModelSpec" label: LABEL_OPTIONAL }
  field { name: "inputs" number: 2 type: TYPE_MESSAGE type_name: ".serving.PredictRequest.InputsEntry"
          label: LABEL_REPEATED }
  nested_type { name: "InputsEntry" options { map_entry: true }
    field { name: "key" number: 1 type: TYPE_STRING label: LABEL_OPTIONAL }
    field { name: "value" number: 2 type: TYPE_BYTES label: LABEL_OPTIONAL } } }
message_type { name: "ExampleList"
  field { name: "examples" number: 1 type: TYPE_BYTES label: LABEL_REPEATED } }
message_type { name: "Input"
  field { name: "example_list" number: 1 type: TYPE_MESSAGE type_name: ".serving.ExampleList" label: LABEL_OPTIONAL } }
message_type { name: "ExampleRequest"
  field { name: "model_spec" number: 1 type: TYPE_MESSAGE type_name: ".serving.ModelSpec" label: LABEL_OPTIONAL }
  field { name: "input" number: 2 type: TYPE_MESSAGE type_name: ".serving.Input" label: LABEL_OPTIONAL } }
message_type { name: "PredictLog"
  field { name: "request" number: 1 type: TYPE_MESSAGE type_name: ".serving.PredictRequest" label: LABEL_OPTIONAL } }
message_type { name: "ExampleLog"
  field { name: "request" number: 1 type: TYPE_MESSAGE type_name: ".serving.ExampleRequest" label: LABEL_OPTIONAL } }
message_type { name: "PredictionLog"
  field { name: "classify_log" number: 2 type: TYPE_MESSAGE type_name: ".serving.ExampleLog" label: LABEL_OPTIONAL }
  field { name: "regress_log" number: 3 type: TYPE_MESSAGE type_name: ".serving.ExampleLog" label: LABEL_OPTIONAL }
  field { name: "predict_log" number: 6 type: TYPE_MESSAGE type_name: ".serving.PredictLog" label: LABEL_OPTIONAL } }
"""


def main() -> None:
    """One line for each record; an unknown field in one is an error."""
    pool = descriptor_pool.DescriptorPool()
    pool.Add(text_format.Parse(FILE, descriptor_pb2.FileDescriptorProto()))
    log_class = message_factory.GetMessageClass(pool.FindMessageTypeByName("serving.PredictionLog"))
    for record in tf.data.TFRecordDataset(sys.argv[1]):
        log = log_class.FromString(record.numpy())
        known = log_class.FromString(record.numpy())
        known.DiscardUnknownFields()
        assert known.ByteSize() == len(record.numpy())
        if log.HasField("predict_log"):
            request = log.predict_log.request
            tensors = {key: tf.make_ndarray(tf.make_tensor_proto(0).FromString(value)) for key, value in
                       request.inputs.items()}  # fmt: skip
            said = {key: [array.dtype.name, list(array.shape)] for key, array in tensors.items()}
        else:
            request = log.classify_log.request if log.HasField("classify_log") else log.regress_log.request
            said = {"examples": [sorted(tf.train.Example.FromString(one).features.feature) for one in
                                 request.input.example_list.examples]}  # fmt: skip
        line = {"model": request.model_spec.name, "key": request.model_spec.signature_name, "inputs": said}
        sys.stdout.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main()
