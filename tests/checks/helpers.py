"""What the tests of rules share: models to look at, ways to break them, and tables of cases."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import smanalyze.api.facts
from smanalyze.checks.engine import check_model
from smanalyze.format.schema import message_class
from smanalyze.load import load
from smanalyze.report.findings import Finding

TESTDATA = Path(__file__).resolve().parents[2] / "testdata"

Maker = Callable[[Path], Path]
"""Given an empty folder, makes a model (there or elsewhere) and says where it is."""

Change = Callable[[Any], None]
"""Edits a tensorflow.SavedModel message in place."""


@dataclass(frozen=True)
class Cases:
    """Models on which a rule must fire, and models on which it must stay silent, by a name for the test's id."""

    fires: dict[str, Maker]
    silent: dict[str, Maker]


def good(name: str) -> Maker:
    """A model of testdata/models as it is."""
    return lambda folder: TESTDATA / "models" / name


def broken(name: str) -> Maker:
    """A model of testdata/broken as it is."""
    return lambda folder: TESTDATA / "broken" / name


def edited(name: str, *changes: Change) -> Maker:
    """A good model whose saved_model.pb went through the changes."""

    def make(folder: Path) -> Path:
        path = folder / "model"
        shutil.copytree(TESTDATA / "models" / name, path)
        message = message_class("tensorflow.SavedModel").FromString((path / "saved_model.pb").read_bytes())
        for change in changes:
            change(message)
        (path / "saved_model.pb").write_bytes(message.SerializeToString())
        return path

    return make


def with_files(source: Maker, files: dict[str, bytes | None]) -> Maker:
    """The model with some files written, or (None) removed."""

    def make(folder: Path) -> Path:
        path = folder / "with_files"
        shutil.copytree(source(folder), path)
        for name, content in files.items():
            target = path / name
            if content is None:
                target.unlink()
            else:
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content)
        return path

    return make


def flipped_index(at: int, bits: int) -> Maker:
    """A small good model whose checkpoint's index has other bits in one byte; its data file is as it was written."""
    name = "variables/variables.index"
    data = bytearray((TESTDATA / "models" / "module_one_signature" / name).read_bytes())
    data[at] ^= bits
    return with_files(good("module_one_signature"), {name: bytes(data)})


def lone_file(source: Maker) -> Maker:
    """Only the model file, without the folder around it."""

    def make(folder: Path) -> Path:
        target = folder / "lone.pb"
        shutil.copyfile(source(folder) / "saved_model.pb", target)
        return target

    return make


def findings(path: Path) -> tuple[Finding, ...]:
    """Everything the rules find."""
    return check_model(smanalyze.api.facts.gather(load(path)))


@cache
def _of_fixture(path: Path) -> tuple[Finding, ...]:
    return findings(path)


def found(maker: Maker, folder: Path, rule: str) -> list[Finding]:
    """What one rule finds in a made model."""
    path = maker(folder)
    every = _of_fixture(path) if path.is_relative_to(TESTDATA) else findings(path)
    return [finding for finding in every if finding.rule == rule]


def one(maker: Maker, folder: Path, rule: str) -> Finding:
    """The one finding that a rule has in a made model."""
    (finding,) = found(maker, folder, rule)
    return finding


def params(table: Mapping[str, Any]) -> list[Any]:
    """(rule, maker, whether it fires) for pytest.mark.parametrize."""
    every = []
    for rule, cases in table.items():
        for word, makers in (("fires", cases.fires), ("silent", cases.silent)):
            fires = word == "fires"
            every += [pytest.param(rule, made, fires, id=f"{rule}-{word}-{name}") for name, made in makers.items()]
    return every


def check_case(rule: str, maker: Maker, fires: bool, folder: Path) -> None:
    """The body of each family's table test."""
    hits = found(maker, folder, rule)
    assert bool(hits) == fires, [finding.message for finding in hits]
    for finding in hits:
        assert finding.message.endswith(".") and finding.evidence, finding
        assert len(finding.evidence) <= 20


# Edits ---------------------------------------------------------------------------------------------------------------


def graph(message: Any) -> Any:
    """The first MetaGraph's GraphDef."""
    return message.meta_graphs[0].graph_def


def node(body: Any, name: str) -> Any:
    """A node of a GraphDef, or of a FunctionDef, by name."""
    nodes = body.node if hasattr(body, "node") else body.node_def
    return next(item for item in nodes if item.name == name)


def function(message: Any, part: str) -> Any:
    """The first library function whose name contains ``part``."""
    return next(item for item in graph(message).library.function if part in item.signature.name)


def signature(message: Any, key: str = "serving_default") -> Any:
    """A SignatureDef of the first MetaGraph."""
    return message.meta_graphs[0].signature_def[key]


def add_const(body: Any, name: str, text: bytes) -> None:
    """Adds a scalar string Const to a GraphDef."""
    item = body.node.add(name=name, op="Const")
    item.attr["dtype"].type = 7
    item.attr["value"].tensor.dtype = 7
    item.attr["value"].tensor.string_val.append(text)
