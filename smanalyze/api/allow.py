"""The list of accepted findings: read from TOML, and applied to what a scan found."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

from smanalyze.errors import UsageError
from smanalyze.report.allow import AllowEntry
from smanalyze.report.scan import AllowedFinding, ScanFinding

_PROJECT = "pyproject.toml"
_KEYS = ("finding", "rule", "at", "reason", "by", "expires")
_ID = re.compile(r"[0-9a-f]{12}")


def read_allow(path: str | os.PathLike[str]) -> tuple[AllowEntry, ...]:
    """The entries of ``[[accept]]``, or of ``[[tool.smanalyze.accept]]`` where the file is a pyproject.toml.

    Raises UsageError that names the file, and the entry by its number, for whatever is not as it should be: a list
    that is misread would silence too much.
    """
    file = os.fspath(path)
    document = _document(file)
    if os.path.basename(file) == _PROJECT:
        where, accepted = "[[tool.smanalyze.accept]]", _table(_table(document, "tool"), "smanalyze").get("accept", [])
    else:
        where, accepted = "[[accept]]", document.pop("accept", [])
        if document:
            raise UsageError(f"There is no key {next(iter(document))!r} in an allow list; write [[accept]].", file=file)
    if not isinstance(accepted, list) or not all(isinstance(entry, dict) for entry in accepted):
        raise UsageError(f"The accepted findings are no array of tables; write {where} before each of them.", file=file)
    return tuple(_entry(number, entry, file) for number, entry in enumerate(accepted, 1))


def apply_allow(
    findings: Iterable[ScanFinding], entries: Sequence[AllowEntry], today: date
) -> tuple[tuple[ScanFinding, ...], tuple[AllowedFinding, ...], tuple[str, ...]]:
    """(the findings that remain, those that an entry silences, what is to be said of entries), each in its order.

    An entry holds through the day that it names in ``expires``. Where several fit, the first one gives the reason.
    """
    remaining: list[ScanFinding] = []
    allowed: list[AllowedFinding] = []
    used: set[int] = set()
    holding = [entry for entry in entries if not _has_expired(entry, today)]
    for finding in findings:
        fitting = [entry for entry in holding if _fits(entry, finding)]
        used.update(entry.number for entry in fitting)
        if fitting:
            first = fitting[0]
            expires = first.expires.isoformat() if first.expires else ""
            allowed.append(AllowedFinding(finding, first.reason, first.by, expires, first.number))
        else:
            remaining.append(finding)
    remarks = (_remark(entry, entry.number in used, today) for entry in entries)
    return tuple(remaining), tuple(allowed), tuple(filter(None, remarks))


def _document(file: str) -> dict[str, Any]:
    import tomllib  # only who has a list pays for it

    try:
        return tomllib.loads(Path(file).read_bytes().decode("utf-8"))
    except OSError as error:
        raise UsageError(f"The allow list cannot be read: {error.strerror}.", file=file) from error
    except UnicodeDecodeError as error:
        raise UsageError("The allow list is not UTF-8 text.", file=file, offset=error.start) from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise UsageError(f"The allow list is not TOML: {error}.", file=file) from error


def _table(table: dict[str, Any], key: str) -> dict[str, Any]:
    value = table.get(key, {})
    return value if isinstance(value, dict) else {}


def _entry(number: int, entry: dict[str, Any], file: str) -> AllowEntry:
    """One table of the list. Raises UsageError where it says too little, too much, or something else."""

    def refuse(words: str) -> UsageError:
        return UsageError(f"Entry {number} of the allow list {words}.", file=file)

    unknown = [key for key in entry if key not in _KEYS]
    if unknown:
        raise refuse(f"has an unknown key {unknown[0]!r}; there are {', '.join(_KEYS)}")
    texts = {key: entry.get(key, "") for key in _KEYS if key != "expires"}
    for key, value in texts.items():
        if not isinstance(value, str) or (key in entry and not value.strip()):
            raise refuse(f"has no text for {key!r}")
    texts = {key: " ".join(value.split()) for key, value in texts.items()}
    if texts["finding"] and (texts["rule"] or texts["at"]):
        raise refuse("names its finding twice; write `finding`, or `rule` and `at`")
    if not texts["finding"] and not (texts["rule"] and texts["at"]):
        raise refuse("does not say which finding; write `finding` (its id), or `rule` together with `at` (its place)")
    if not texts["reason"]:
        raise refuse("gives no `reason`")
    texts["finding"] = texts["finding"].lower()
    if texts["finding"] and not _ID.fullmatch(texts["finding"]):
        raise refuse(f"has the finding {texts['finding']!r}; an id is 12 digits from 0 to f")
    try:
        return AllowEntry(number=number, expires=_date(entry.get("expires")), **texts)
    except ValueError as error:
        raise refuse(f"expires on {str(entry['expires'])!r}; write a day such as 2030-12-31") from error


def _date(value: object) -> date | None:
    """Raises ValueError for what is no day."""
    if value is None:
        return None
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        return date.fromisoformat(value)
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    raise ValueError(value)


def _has_expired(entry: AllowEntry, today: date) -> bool:
    return entry.expires is not None and entry.expires < today


def _fits(entry: AllowEntry, finding: ScanFinding) -> bool:
    if entry.finding:
        return entry.finding == finding.id
    return entry.rule == finding.rule and entry.at == " ".join(finding.where.text().split())


def _remark(entry: AllowEntry, used: bool, today: date) -> str:
    which = f"finding {entry.finding}" if entry.finding else f"{entry.rule} at {entry.at}"
    if entry.expires is not None and _has_expired(entry, today):
        return f"Entry {entry.number} ({which}) expired on {entry.expires.isoformat()} and silences nothing."
    return "" if used else f"Entry {entry.number} ({which}) fits no finding."
