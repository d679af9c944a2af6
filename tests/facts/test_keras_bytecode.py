"""Texts in the bytes of code that a Keras configuration carries."""

from __future__ import annotations

import base64
import time

import pytest

from smanalyze.facts.keras_bytecode import payload, strings


def marshalled(text: bytes) -> bytes:
    """A short string as marshal writes it."""
    return b"z" + bytes([len(text)]) + text


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (marshalled(b"first") + b"\x00\xff" + marshalled(b"second"), ["first", "second"]),
        (b"s\x06\x00\x00\x00system" + marshalled(b"os"), ["system", "os"]),
        (b"s\xff\xff\xff\x7fshort" + marshalled(b"os"), ["os"]),
        (b"s\x03\x00\x00\x00a\x00b" + marshalled(b"os"), ["os"]),
        (b"zz\x02os", ["os"]),
    ],
)
def test_texts_that_state_their_length(content: bytes, found: list[str]) -> None:
    assert strings(content) == found


def test_hostile_bytes_take_linear_time() -> None:
    """Letters that each say that gigabytes follow: the rest was copied for every one of them."""
    started = time.process_time()
    payload(base64.b64encode(b"a" * 1_000_000).decode())
    assert time.process_time() - started < 10
