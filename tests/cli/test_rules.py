"""``smanalyze rules``, ``schema`` and ``completion``."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import jsonschema
import pytest

from smanalyze.api.analyze import rules

from .helpers import Command, sentences

RULES = {rule.id: rule for rule in rules()}


def test_all_rules_are_listed(cli: Command) -> None:
    said = cli("rules")
    assert (said.code, said.err) == (0, "")
    for name in RULES:
        assert name in said.out
    markdown = cli("rules", "--format", "markdown").out
    assert all(name in markdown for name in RULES)


@pytest.mark.parametrize("name", RULES)
def test_one_rule_is_explained(name: str, cli: Command) -> None:
    said = cli("rules", name)
    text = " ".join(said.out.split())
    assert said.code == 0
    assert " ".join(RULES[name].why.split())[:60] in text
    assert " ".join(RULES[name].fix.split())[:60] in text


def test_the_json_follows_its_schema(cli: Command) -> None:
    schema = json.loads(cli("schema", "rules").out)
    document = json.loads(cli("rules", "--format", "json").out)
    jsonschema.Draft202012Validator(schema).validate(document)
    assert [rule["id"] for rule in document] == sorted(RULES)
    (one,) = json.loads(cli("rules", "unreadable-part", "--format", "json").out)
    assert one["id"] == "unreadable-part"


def test_a_rule_that_is_not_there(cli: Command) -> None:
    said = cli("rules", "unreadable")
    assert (said.code, said.out) == (2, "")
    assert sentences(said.err) == [
        "smanalyze: There is no rule 'unreadable'. Perhaps: meta-graph-unreadable, signature-unreadable, "
        "unreadable-part."
    ]
    assert "`smanalyze rules` lists them" in cli("rules", "zzz").err


@pytest.mark.parametrize("name", ["report", "audit", "diff", "rules"])
def test_schemas(name: str, cli: Command) -> None:
    said = cli("schema", name)
    assert (said.code, said.err) == (0, "")
    jsonschema.Draft202012Validator.check_schema(json.loads(said.out))


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_knows_every_command_and_flag(shell: str, cli: Command) -> None:
    pytest.importorskip("shtab")
    said = cli("completion", shell)
    assert (said.code, said.err) == (0, "")
    for word in ("report", "show", "values", "rules", "render", "schema", "tag-set", "fail-on", "list-ops"):
        assert word in said.out


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_parse(shell: str, cli: Command, tmp_path: Path) -> None:
    pytest.importorskip("shtab")
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"there is no {shell}")
    (tmp_path / "script").write_text(cli("completion", shell).out, encoding="utf-8")
    done = subprocess.run([program, "-n", str(tmp_path / "script")], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
