"""Accepted findings: what a list may say, and what it silences."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from smanalyze.api.allow import apply_allow, read_allow
from smanalyze.errors import UsageError
from smanalyze.report.allow import AllowEntry
from tests.render.scan_sample import LAMBDA, READS, WRITES

TODAY = date(2030, 6, 15)
BY_ID = AllowEntry(1, WRITES.id, "", "", "looked at", "ann", None)
BY_PLACE = AllowEntry(2, "", READS.rule, READS.where.text(), "behind a gateway", "", date(2030, 6, 15))


def written(text: str, folder: Path, name: str = "allow.toml") -> Path:
    file = folder / name
    file.write_bytes(text.encode("utf-8", "surrogateescape"))
    return file


def test_entries_are_read(tmp_path: Path) -> None:
    text = f"""
        [[accept]]
        finding = "{WRITES.id.upper()}"
        reason = "looked at"
        by = "ann"

        [[accept]]
        rule = "{READS.rule}"
        at = "{READS.where.text()}"
        reason = "behind a gateway"
        expires = 2030-06-15

        [[accept]]
        finding = "{LAMBDA.id}"
        reason = "ours"
        expires = "2031-01-02"
    """
    by_text = AllowEntry(3, LAMBDA.id, "", "", "ours", "", date(2031, 1, 2))
    assert read_allow(written(text, tmp_path)) == (BY_ID, BY_PLACE, by_text)


def test_a_project_file_holds_one_too(tmp_path: Path) -> None:
    text = (
        f'[project]\nname = "x"\n[[tool.smanalyze.accept]]\nfinding = "{WRITES.id}"\nreason = "looked at"\nby = "ann"'
    )
    assert read_allow(written(text, tmp_path, "pyproject.toml")) == (BY_ID,)
    assert read_allow(written('[project]\nname = "x"', tmp_path, "pyproject.toml")) == ()
    assert read_allow(written("tool = 1", tmp_path, "pyproject.toml")) == ()


def test_an_empty_list_accepts_nothing(tmp_path: Path) -> None:
    assert read_allow(written("", tmp_path)) == ()


REFUSED = [
    ("[[accept]]\nrule = 'a'\nreason = 'r'", "Entry 1 of the allow list does not say which finding"),
    ("[[accept]]\nat = 'node x'\nreason = 'r'", "does not say which finding"),
    ("[[accept]]\nreason = 'r'", "does not say which finding"),
    ("[[accept]]\nfinding = '0123456789ab'", "gives no `reason`"),
    ("[[accept]]\nfinding = '0123456789ab'\nreason = ' '", "has no text for 'reason'"),
    ("[[accept]]\nfinding = ''\nrule = 'a'\nat = 'b'\nreason = 'r'", "has no text for 'finding'"),
    ("[[accept]]\nfinding = 12\nreason = 'r'", "has no text for 'finding'"),
    ("[[accept]]\nfinding = 'abc'\nreason = 'r'", "an id is 12 digits from 0 to f"),
    ("[[accept]]\nfinding = '0123456789ab'\nrule = 'a'\nreason = 'r'", "names its finding twice"),
    ("[[accept]]\nfinding = '0123456789ab'\nreason = 'r'\n[[accept]]\nfindings = 'x'", "Entry 2 of the allow list has"),
    ("[[accept]]\nfinding = '0123456789ab'\nreason = 'r'\nexpiry = 2030-01-01", "an unknown key 'expiry'"),
    ("[[accept]]\nfinding = '0123456789ab'\nreason = 'r'\nexpires = 'soon'", "write a day such as 2030-12-31"),
    ("[[accept]]\nfinding = '0123456789ab'\nreason = 'r'\nexpires = '2030-02-30'", "expires on '2030-02-30'"),
    ("[[accept]]\nfinding = '0123456789ab'\nreason = 'r'\nexpires = 2030-01-01T00:00:00Z", "write a day such as"),
    ("[[accept]]\nfinding = '0123456789ab'\nreason = 'r'\nexpires = ''", "write a day such as"),
    ("[[accept]]\nfinding = '0123456789ab'\nreason = 'r'\nexpires = 2030", "write a day such as"),
    ("[[allow]]\nfinding = '0123456789ab'\nreason = 'r'", "There is no key 'allow' in an allow list"),
    ("accept = 'all'", "are no array of tables; write [[accept]]"),
    ("accept = ['all']", "are no array of tables"),
    ("[accept]\nfinding = '0123456789ab'", "are no array of tables"),
    ("[[accept]\n", "is not TOML: "),
    ("a = " + "[" * 5000, "is not TOML: "),
    ("a = '\udcff'", "is not UTF-8 text"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "words"), REFUSED, ids=[words for _, words in REFUSED])
def test_whatever_is_wrong_is_said(text: str, words: str, tmp_path: Path) -> None:
    file = written(text, tmp_path)
    with pytest.raises(UsageError) as error:
        read_allow(file)
    assert words in error.value.message
    assert error.value.file == str(file)


def test_the_project_file_says_its_own_table(tmp_path: Path) -> None:
    file = written("[tool.smanalyze]\naccept = 1", tmp_path, "pyproject.toml")
    with pytest.raises(UsageError, match=r"write \[\[tool\.smanalyze\.accept\]\] before each"):
        read_allow(file)


@pytest.mark.parametrize("name", ["", "gone.toml"])
def test_a_list_that_is_not_there(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="The allow list cannot be read: "):
        read_allow(tmp_path / name)


def test_what_is_accepted_is_silenced_and_stays_known() -> None:
    remaining, allowed, remarks = apply_allow((WRITES, READS, LAMBDA), (BY_ID, BY_PLACE), TODAY)
    assert remaining == (LAMBDA,)
    assert [(one.finding, one.reason, one.by, one.expires, one.entry) for one in allowed] == [
        (WRITES, "looked at", "ann", "", 1),
        (READS, "behind a gateway", "", "2030-06-15", 2),
    ]
    assert remarks == ()


def test_an_entry_that_has_expired_silences_nothing() -> None:
    remaining, allowed, remarks = apply_allow((READS,), (BY_PLACE,), date(2030, 6, 16))
    assert (remaining, allowed) == ((READS,), ())
    assert remarks == (f"Entry 2 ({READS.rule} at {READS.where.text()}) expired on 2030-06-15 and silences nothing.",)


def test_an_entry_that_fits_nothing_is_told() -> None:
    remaining, allowed, remarks = apply_allow((LAMBDA,), (BY_ID,), TODAY)
    assert (remaining, allowed) == ((LAMBDA,), ())
    assert remarks == (f"Entry 1 (finding {WRITES.id}) fits no finding.",)


def test_rule_and_place_must_both_fit() -> None:
    for rule, at in ((READS.rule, WRITES.where.text()), (WRITES.rule, READS.where.text()), (READS.rule, "signature")):
        entry = AllowEntry(1, "", rule, at, "r", "", None)
        assert apply_allow((READS,), (entry,), TODAY)[0] == (READS,)


def test_of_several_entries_the_first_gives_the_reason() -> None:
    _, allowed, remarks = apply_allow((READS,), (BY_PLACE, AllowEntry(3, READS.id, "", "", "too", "", None)), TODAY)
    assert [one.entry for one in allowed] == [2]
    assert remarks == (), "the other fits as well"
