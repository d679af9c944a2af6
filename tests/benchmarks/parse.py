"""A bare parse of each saved_model.pb with upb: the least that any reader of the graph must do."""

import sys

from smanalyze.format.schema import message_class

for name in sys.argv[1:]:
    with open(name, "rb") as file:
        message_class("tensorflow.SavedModel").FromString(file.read())
