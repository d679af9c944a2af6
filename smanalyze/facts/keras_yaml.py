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

MAX_LAMBDAS: Final = 1_000
MAX_BLOCK: Final = 1_000
"""Functions of one architecture that are looked into, and lines around each where its code and name are looked for."""

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
    found = line = counted = 0
    lines = text.split("\n")
    for match in _LAMBDA.finditer(text):
        found += 1
        if found > MAX_LAMBDAS:
            continue
        line, counted = line + text.count("\n", counted, match.start()), match.start()
        block = _block(lines, line, len(match[1]))
        name = re.search(r"^ *name: *(\S+)", block, re.MULTILINE)
        code = _scalar(block, len(match[1]), match[2]) or None
        yield Judged(
            "lambda-code", "Lambda", name[1] if name else "", f"config.{match[2]}", "host-code",
            "carries Python code as bytecode", payload=payload(code),
        )  # fmt: skip
    if found > MAX_LAMBDAS:
        reason = f"{found - MAX_LAMBDAS:,} more lambdas were left out."
        yield Judged("unreadable", "YAML", "", "", "", reason)
    if _ESCAPED.search(text):
        yield Judged("unreadable", "YAML", "", "", "", "It spells letters by their numbers, or renames tags.")
    elif not found and re.search(r"\b_*lambda_*\b", text):
        yield Judged("unreadable", "YAML", "", "", "", "It holds a lambda in a style that Keras does not write.")


def _block(lines: list[str], line: int, indent: int) -> str:
    """The lines around one that are indented at least as far, MAX_BLOCK in each direction at most."""
    first, end = line, line + 1
    while first > max(line - MAX_BLOCK, 0) and _is_within(lines[first - 1], indent):
        first -= 1
    while end < min(line + MAX_BLOCK, len(lines)) and _is_within(lines[end], indent):
        end += 1
    return "\n".join(lines[first:end])


def _is_within(line: str, indent: int) -> bool:
    return not line.strip() or len(line) - len(line.lstrip()) >= indent


def _scalar(block: str, indent: int, key: str) -> str:
    """The first text below a key: base64, which may go over several lines."""
    match = re.search(rf"^ {{{indent}}}{re.escape(key)}:(.*?)(?=^ {{{indent}}}\w|\Z)", block, re.MULTILINE | re.DOTALL)
    scalar = (
        re.search(r"(?:['\"]|- [|>]?[-+]?\s*|[|>][-+]?\s+|^ *)([A-Za-z0-9+/=\s\\n]{8,})", match[1]) if match else None
    )
    return scalar[1] if scalar else ""
