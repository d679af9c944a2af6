"""Code in a Keras architecture written as YAML (``to_yaml`` of TensorFlow up to 2.5).

Keras read these with a loader that makes any Python object a tag asks for (CVE-2021-37678). Here only lines are looked
at, in the block style that Keras wrote: no YAML is loaded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from smanalyze.facts.keras_bytecode import payload
from smanalyze.facts.keras_judged import Judged
from smanalyze.facts.keras_words import PATH_FIELDS

_TAG: Final = re.compile(r"python/(object|name|module)(?:/(?:apply|new))?:([\w.]*)")
_LAMBDA: Final = re.compile(r"^( *)(\w+)_type: *['\"]?lambda['\"]? *$", re.MULTILINE)
_ESCAPED: Final = re.compile(r"\\x[2-7]|\\u00[2-7]|^%TAG", re.MULTILINE)
"""Printable characters written as escapes, and tags under other names: no writer does that without a reason."""

_PATH: Final = re.compile(rf"^ *(?:{'|'.join(sorted({field for field, _ in PATH_FIELDS.values()}))}): *['\"]?[/~.\w]",
                          re.MULTILINE)  # fmt: skip


def judge_yaml(text: str) -> Iterator[Judged]:
    """What a YAML architecture brings along. Tags are found in any style, code in block style; where there may be more,
    that is said."""
    for kind, target in dict.fromkeys(_TAG.findall(text)):
        reason = (
            f"makes Keras's YAML loader {'import' if kind == 'module' else 'make'} any Python object (CVE-2021-37678)"
        )
        yield Judged("foreign-reference", target or f"python/{kind}", "", "", "host-code", reason)
    found = 0
    for match in _LAMBDA.finditer(text):
        found += 1
        block = _block(text, match.start(), len(match[1]))
        name = re.search(r"^ *name: *(\S+)", block, re.MULTILINE)
        code = _scalar(block, len(match[1]), match[2]) or None
        yield Judged(
            "lambda-code", "Lambda", name[1] if name else "", f"config.{match[2]}", "host-code",
            "carries Python code as bytecode", payload=payload(code),
        )  # fmt: skip
    if _ESCAPED.search(text):
        yield Judged("unreadable", "YAML", "", "", "", "It spells letters by their numbers, or renames tags.")
    elif not found and re.search(r"\b_*lambda_*\b", text):
        yield Judged("unreadable", "YAML", "", "", "", "It holds a lambda in a style that Keras does not write.")


def _block(text: str, position: int, indent: int) -> str:
    """The lines around a position that are indented at least as far."""
    before = text[:position].splitlines()
    lines = []
    while before and (not before[-1].strip() or len(before[-1]) - len(before[-1].lstrip()) >= indent):
        lines.append(before.pop())
    lines.reverse()
    for line in text[position:].splitlines():
        if line.strip() and len(line) - len(line.lstrip()) < indent:
            break
        lines.append(line)
    return "\n".join(lines)


def _scalar(block: str, indent: int, key: str) -> str:
    """The first text below a key: base64, which may go over several lines."""
    match = re.search(rf"^ {{{indent}}}{re.escape(key)}:(.*?)(?=^ {{{indent}}}\w|\Z)", block, re.MULTILINE | re.DOTALL)
    scalar = (
        re.search(r"(?:['\"]|- [|>]?[-+]?\s*|[|>][-+]?\s+|^ *)([A-Za-z0-9+/=\s\\n]{8,})", match[1]) if match else None
    )
    return scalar[1] if scalar else ""
