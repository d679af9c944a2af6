"""The laws of the catalogue of changes."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections import Counter

import pytest

from smanalyze.api.diff import diff
from smanalyze.checks.compat_engine import ChangeRule, all_change_rules
from smanalyze.checks.engine import all_rules
from smanalyze.report.diff import AREAS, AUDIENCES
from smanalyze.report.findings import SEVERITIES
from tests.checks import compat
from tests.checks.compat.helpers import Cases
from tests.pairs import sides_of

FAMILIES = [module.name for module in pkgutil.iter_modules(compat.__path__) if module.name.startswith("test_")]

ASKED_FOR = frozenset({"fn-renumbered", "op-newer-than-runtime", "sig-tensor-name-changed"})
"""Rules that are told only where an option asks for them, or that concern no audience unless the change says so."""


@pytest.mark.parametrize("rule", all_change_rules(), ids=lambda rule: rule.id)
def test_a_rule_says_what_why_what_to_do_and_to_whom(rule: ChangeRule) -> None:
    told = [rule.severities.of(audience) for audience in AUDIENCES]
    assert rule.title and rule.why and rule.fix
    assert len(rule.title) <= 70
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", rule.id)
    assert any(told) or rule.id in ASKED_FOR
    assert {one for one in told if one} <= set(SEVERITIES)
    assert rule.area in AREAS


def test_ids_are_unique_over_both_catalogues() -> None:
    ids = Counter(rule.id for rule in (*all_rules(), *all_change_rules()))
    assert [one for one, count in ids.items() if count > 1] == []


def test_every_rule_has_a_firing_and_a_silent_case() -> None:
    tables: list[dict[str, Cases]] = [
        importlib.import_module(f"tests.checks.compat.{family}").TABLE for family in FAMILIES
    ]
    written = Counter(rule for table in tables for rule in table)
    assert written == Counter(rule.id for rule in all_change_rules())
    silent = {rule for table in tables for rule, cases in table.items() if not cases.fires}
    assert silent <= ASKED_FOR, "it fires nowhere; with an option it would have a test of its own"
    assert [rule for table in tables for rule, cases in table.items() if not cases.silent] == []


def test_the_headline_counts_what_the_list_shows() -> None:
    """An error that only a security reviewer is judged for stands among the errors, whoever the audience is."""
    old, new = sides_of("change_read_file")
    for audiences in (("serving",), ("security",), ("serving", "python")):
        found = diff(old, new, audiences=audiences)
        assert found.security_review
        for severity in SEVERITIES:
            listed = sum(finding.loudest == severity for finding in found.findings)
            told = re.search(rf"(\d+) {severity}", found.summary)
            assert listed == (int(told[1]) if told else 0)
