"""What an op can do beside computing: read and write files, reach the network, run code that the graph does not show.

The facts come from ``data/op_risk.json``, read on first use, which ``tools/make_op_risk.py`` makes from
``tools/op_risk_rules.toml``: that file holds the reason, and the source, of each judgement. Every op that a known
release of TensorFlow registers is judged there. Of other libraries' ops only those are here whose source we have read;
for the rest, no risk means that nothing is known (:func:`smanalyze.graph.ops.registered` tells the two apart).

A risk is what an op can do by itself. What a called function does is in the function's nodes. Where an op opens a path,
the path's scheme decides whether that is a local file: ``gs://``, ``s3://`` or ``hdfs://`` go through the network.

A node's op may also be the name of a function in the graph's own library; look there first.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Any, Final, Literal, get_args

from smanalyze.graph.data_files import read_data
from smanalyze.model.record import record

__all__ = ["RISK_CLASSES", "OpRisk", "RiskClass", "risks"]

RiskClass = Literal[
    "host-code",
    "opaque",
    "process",
    "network",
    "file-write",
    "file-read",
    "dataset-file",
    "table-file",
    "file-map",
    "file-list",
    "saver",
    "output",
    "summary",
    "debug",
    "device",
    "state",
    "run-state",
    "random",
]

_MEANINGS: Final = (
    "calls code of the process outside TensorFlow, such as a Python function",
    "runs code or a graph that stands in a string, an attr or a file, where no list of ops shows it",
    "starts another program, or ends, holds up or changes the settings of the process that runs the model",
    "talks to another process or machine, or opens a server",
    "writes a file",
    "reads a file",
    "reads records from files into a dataset or a reader",
    "fills a lookup table from a text file, as a rule an asset of the model",
    "maps a file into memory and uses its bytes as a tensor",
    "lists files",
    "saves or restores a checkpoint; expected where the model saves and restores itself, and nowhere else",
    "lets tensors out through the log or the output of the process, or a training log",
    "packs tensors into a record for a training log without writing it",
    "serves TensorFlow's debugger, which may send tensors out",
    "moves tensors between devices or sets devices up; reaches the network only where a device is another machine's",
    "changes what outlives the run, so that one call can change the answer of the next",
    "changes what ends with the run: a stack, a TensorArray, a temporary variable",
    "answers differently from run to run by design: draws on chance, or on the clock",
)

RISK_CLASSES: Final[Mapping[str, str]] = MappingProxyType(dict(zip(get_args(RiskClass), _MEANINGS, strict=True)))
"""What each class means, in one line; the order is that of concern, and the one in which :func:`risks` answers."""


@record
class OpRisk:
    """One thing that an op can do beside computing."""

    op: str
    risk_class: str  # a word of RISK_CLASSES
    reason: str  # what the op does, as the rest of a sentence that starts with its name
    operand: str  # where the path, address or code stands: "input:N" (a data input), "attr:NAME", or "" for nowhere
    only_if: str = ""  # the risk is there only where the operand's value begins like this regular expression

    @property
    def input_index(self) -> int | None:
        """The data input that holds the path, address or code, counted from 0."""
        return int(self.operand[len("input:") :]) if self.operand.startswith("input:") else None

    @property
    def attr(self) -> str | None:
        """The attr that holds the path, address or code: a string or a list of strings."""
        return self.operand[len("attr:") :] if self.operand.startswith("attr:") else None

    def applies_to(self, value: str) -> bool:
        """Whether the risk is there for this value of the operand, or of one string of a list.

        An attr that a node lacks has its default, for which no risk with ``only_if`` is there (``PrintV2`` prints to
        standard error, ``FixedUnigramCandidateSampler`` has no file).
        """
        import re  # most risks have no condition

        return not self.only_if or re.match(self.only_if, value, re.DOTALL) is not None


@cache
def risks(op: str) -> tuple[OpRisk, ...]:
    """The risks of an op, the greatest concern first; empty for an op that only computes, and for an unknown one."""
    by_name, by_prefix = _groups()
    found = by_name.get(op) or next((groups for prefix, groups in by_prefix if op.startswith(prefix)), ())
    return tuple(
        OpRisk(op, group["class"], group["reason"], group.get("operand", ""), group.get("only_if", ""))
        for group in found
    )


@cache
def _groups() -> tuple[dict[str, list[dict[str, Any]]], list[tuple[str, list[dict[str, Any]]]]]:
    """The groups of op_risk.json that hold an op, by its name, and by a prefix of another library's names."""
    found: dict[str, list[dict[str, Any]]] = {}
    for group in json.loads(read_data("op_risk.json"))["groups"]:
        for word in group["ops"].split():
            found.setdefault(word, []).append(group)
    prefixes = [(word[:-1], groups) for word, groups in found.items() if word.endswith("*")]
    return {word: groups for word, groups in found.items() if not word.endswith("*")}, prefixes
