"""The laws of the catalogue, and of findings."""

from __future__ import annotations

import importlib
import json
import pkgutil
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from smanalyze.checks import lint
from smanalyze.checks.engine import Rule, all_rules, catalogue, split_docstring
from smanalyze.checks.evidence import MAX_LINES, count_of, listed, named, percent, stable_name
from smanalyze.format.schema import message_class
from smanalyze.report.findings import SEVERITIES
from tests.checks.helpers import TESTDATA, Cases, findings

FAMILIES = [module.name for module in pkgutil.iter_modules(lint.__path__)]
MODELS = sorted(path for kind in ("models", "broken") for path in (TESTDATA / kind).iterdir() if path.is_dir())
GOOD = sorted(path for path in (TESTDATA / "models").iterdir() if path.is_dir())

RETIRED: frozenset[str] = frozenset()
"""Ids of rules that are gone. An id stands in accepted findings and is never given to another rule."""


ASKED_FOR = frozenset({"denied-op"})
"""Rules that fire with an option only; the family's tests show it."""


def table(family: str) -> dict[str, Cases]:
    found: dict[str, Cases] = importlib.import_module(f"tests.checks.lint.test_{family}").TABLE
    return found


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.id)
def test_a_rule_says_what_why_and_what_to_do(rule: Rule) -> None:
    assert rule.title and rule.why and rule.fix
    assert rule.severity in SEVERITIES
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", rule.id)
    assert rule.check.__name__ == rule.id.replace("-", "_")
    assert len(rule.title) <= 70


def test_ids_are_unique_and_never_reused() -> None:
    ids = [rule.id for rule in all_rules()]
    assert ids == sorted(set(ids))
    assert not RETIRED.intersection(ids)
    assert [info.id for info in catalogue()] == ids


@pytest.mark.parametrize("family", FAMILIES)
def test_every_rule_has_a_firing_and_a_silent_case(family: str) -> None:
    cases = table(family)
    assert set(cases) == {rule.id for rule in all_rules() if rule.family == family}
    for rule, made in cases.items():
        assert (made.fires or rule in ASKED_FOR) and made.silent, rule


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.name)
def test_findings_are_in_order_and_proven(path: Path) -> None:
    if path.name == "empty_folder":
        pytest.skip("no model")
    every = findings(path)
    keys = [(SEVERITIES.index(f.severity), f.rule, f.where.text(), f.id) for f in every]
    assert keys == sorted(keys)
    assert len({finding.id for finding in every}) == len(every)
    for finding in every:
        assert re.fullmatch(r"[0-9a-f]{12}", finding.id)
        assert 0 < len(finding.evidence) <= MAX_LINES
        assert str(TESTDATA) not in repr(finding)
    assert findings(path) == every


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.name)
def test_a_good_model_has_no_error(path: Path) -> None:
    expected = {
        "hostile_names": ["invalid-node-name"],  # TensorFlow refuses that one
        "absolute_path_constant": ["absolute-path-constant"] * 2,
        "file_writer_in_branch": ["writes-file"],
    }
    assert [f.rule for f in findings(path) if f.severity == "error"] == expected.get(path.name, [])


@pytest.mark.parametrize(
    "name", ["absolute_path_constant", "big_constant", "unreachable_function", "keras3_export", "random_and_time"]
)
def test_ids_outlive_new_counters_and_another_folder(name: str, tmp_path: Path) -> None:
    again = tmp_path / "elsewhere" / "7"
    shutil.copytree(TESTDATA / "models" / name, again)
    message = message_class("tensorflow.SavedModel").FromString((again / "saved_model.pb").read_bytes())
    renumber(message)
    (again / "saved_model.pb").write_bytes(message.SerializeToString())
    old, new = findings(TESTDATA / "models" / name), findings(again)
    assert [finding.id for finding in new] == [finding.id for finding in old] != []


def renumber(message: Any) -> None:
    """Gives every library function another counter, as an export from another process does."""
    for meta_graph in message.meta_graphs:
        library = meta_graph.graph_def.library.function
        names = {f.signature.name: re.sub(r"\d+$", "99\\g<0>", f.signature.name) for f in library}
        bodies = [meta_graph.graph_def.node, *(f.node_def for f in library)]
        for item in (node for body in bodies for node in body):
            for attr in item.attr.values():
                if attr.HasField("func"):
                    attr.func.name = names.get(attr.func.name, attr.func.name)
        for function in library:
            function.signature.name = names[function.signature.name]
        objects = meta_graph.object_graph_def
        for old in list(objects.concrete_functions):
            objects.concrete_functions[names[old]].CopyFrom(objects.concrete_functions[old])
            del objects.concrete_functions[old]
        for node in objects.nodes:
            if node.HasField("function"):
                node.function.concrete_functions[:] = [names[name] for name in node.function.concrete_functions]
            elif node.HasField("bare_concrete_function"):
                held = node.bare_concrete_function
                held.concrete_function_name = names[held.concrete_function_name]


def test_a_docstring_is_split_at_its_words() -> None:
    text = "A title.\n\nWhy: one\ntwo.\nFix: three\nfour."
    assert split_docstring(text) == ("A title", "one two.", "three four.")
    assert split_docstring("Only a title.") == ("Only a title", "", "")


def test_long_lists_are_cut_and_say_so() -> None:
    assert listed(map(str, range(MAX_LINES))) == tuple(map(str, range(MAX_LINES)))
    cut = listed(map(str, range(100)))
    assert len(cut) == MAX_LINES
    assert cut[-1] == "and 81 more"
    assert named(["a", "b", "c", "d"]) == "a, b, c and 1 more"


def test_numbers_are_worded() -> None:
    assert (count_of(1, "file"), count_of(2000, "file")) == ("1 file", "2,000 files")
    assert (percent(1, 1000), percent(1, 3), percent(0, 5)) == ("less than 1%", "33%", "0%")


@pytest.mark.parametrize(
    ("name", "stable"),
    [
        ("__inference_f_123", "__inference_f"),
        ("__inference_while_body_12_34", "__inference_while_body"),
        ("__inference_dense_1_layer_call_fn_567", "__inference_dense_1_layer_call_fn"),
        ("plain", "plain"),
    ],
)
def test_counters_are_left_out_of_names(name: str, stable: str) -> None:
    assert stable_name(name) == stable


def test_no_public_model_that_tensorflow_loads_has_an_error(corpus: Path) -> None:
    """What TensorFlow 2.21 said of each is stored beside the models."""
    loads = [row["name"] for row in json.loads((corpus / "expected.json").read_text()) if row["tf221_load"] == "ok"]
    assert len(loads) > 50
    wrong = {name: [f.message for f in findings(corpus / "public" / name) if f.severity == "error"] for name in loads}
    assert {name: messages for name, messages in wrong.items() if messages} == {}
