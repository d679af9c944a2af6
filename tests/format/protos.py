"""Messages from protobuf's text format: what a test says is what stands in the file."""

from __future__ import annotations

from typing import Any

from google.protobuf import text_format

from smanalyze.format.schema import message_class, pool


def proto(name: str, text: str = "") -> Any:
    """A message of ``tensorflow.<name>`` (or of a full name) from its text."""
    full = name if "." in name else f"tensorflow.{name}"
    return text_format.Parse(text, message_class(full)(), descriptor_pool=pool())
