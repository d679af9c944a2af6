"""A bare parse of saved_model.pb with upb: the least that any reader of the graph must do."""

import sys

from smanalyze.format.schema import message_class

with open(sys.argv[1], "rb") as file:
    message_class("tensorflow.SavedModel").FromString(file.read())
