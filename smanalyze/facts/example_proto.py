"""A tf.Example as bytes (tensorflow/core/example/example.proto, feature.proto)."""

from __future__ import annotations

from collections.abc import Iterable

from smanalyze.facts import wire


def example(features: Iterable[tuple[str, bytes]]) -> bytes:
    """An Example of named features."""
    return wire.field(1, named(features))


def named(values: Iterable[tuple[str, bytes]]) -> bytes:
    """The entries of a map, as Features has one of Feature, and FeatureLists one of FeatureList."""
    return b"".join(wire.field(1, wire.field(1, wire.text(name)) + wire.field(2, value)) for name, value in values)


def bytes_feature(values: Iterable[bytes]) -> bytes:
    """A Feature of strings."""
    return wire.field(1, b"".join(wire.field(1, value) for value in values))


def float_feature(packed: bytes) -> bytes:
    """A Feature of little-endian float32 values."""
    return wire.field(2, wire.field(1, packed))


def int_feature(values: Iterable[int]) -> bytes:
    """A Feature of integers."""
    return wire.field(3, wire.field(1, b"".join(map(wire.varint, values))))
