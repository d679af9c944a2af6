"""Assets: the files that the graph declares, and those that are there."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from smanalyze.checks.evidence import count_of, listed, named
from smanalyze.checks.litter import litter
from smanalyze.checks.rule import ERROR, NOTE, WARNING, Found, rule
from smanalyze.checks.subject import FileFacts, OneAsset, OneFolder
from smanalyze.model.parts import MODEL_FILES
from smanalyze.report.findings import Location
from smanalyze.report.sections import AssetRow

_ABSOLUTE = re.compile(r"[/\\]|[A-Za-z]:|[A-Za-z][A-Za-z0-9+.-]*://")

_GIT_FILES = (".gitkeep", ".gitignore", ".gitattributes")
"""What repositories need to keep a folder; nobody takes them for data."""


def _escapes(filename: str) -> bool:
    return bool(_ABSOLUTE.match(filename)) or ".." in re.split(r"[/\\]", filename)


def _near(facts: FileFacts, filename: str) -> list[str]:
    """Undeclared files whose name differs only in case or in how accents are coded."""
    wanted = _folded(filename)
    return [r.filename for r in facts.assets if not r.declared_in and _folded(r.filename) == wanted]


def _folded(filename: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", filename).casefold())


def _lost(row: AssetRow) -> bool:
    return bool(row.declared_in) and row.presence == "absent" and not _escapes(row.filename)


def _users(row: AssetRow) -> list[str]:
    return [
        f"declared by {row.declared_in}",
        *(f"fills the table {name}" for name in row.initializes),
        *(f"needed by the signature {key}" for key in row.used_by),
    ]


@rule("missing-asset", ERROR)
def missing_asset(asset: OneAsset) -> Iterator[Found]:
    """A declared asset is not there.

    Why: the graph opens the file when it is loaded (a vocabulary) or called; it then fails. Where nothing in the graph
    reads the file, only code that opens it by its path does, and this is a warning.
    Fix: copy the whole assets/ folder of the export.
    """
    row = asset.report
    if _lost(row) and not _near(asset.facts, row.filename):
        unread = row.filename in asset.facts.unread_assets and asset.facts.graph_is_whole
        yield Found(
            Location(file=f"assets/{row.filename}"),
            f"The asset {row.filename} is declared and not there{'; nothing in the graph reads it' if unread else ''}.",
            (row.filename,),
            listed(_users(row)),
            WARNING if unread else None,
        )


@rule("asset-case-differs", ERROR)
def asset_case_differs(asset: OneAsset) -> Iterator[Found]:
    """An asset's file is spelled differently.

    Why: upper and lower case (or the coding of accents) differ from the name in the graph. File systems that tell
    them apart, as on Linux, do not find the file.
    Fix: rename the file to the declared name.
    """
    row = asset.report
    near = _near(asset.facts, row.filename) if _lost(row) else []
    if near:
        yield Found(
            Location(file=f"assets/{near[0]}"),
            f"The graph declares {row.filename}; there is {named(near)}.",
            (row.filename,),
            listed(_users(row)),
        )


@rule("asset-escapes", ERROR)
def asset_escapes(asset: OneAsset) -> Iterator[Found]:
    """An asset's name leads out of the model.

    Why: TensorFlow joins the name to the assets folder, and so opens a file elsewhere on the machine that loads the
    model. That breaks the model on another machine, and can be meant to read what is not its own.
    Fix: do not load such a model before you know why; an export writes plain file names.
    """
    row = asset.report
    if row.declared_in and _escapes(row.filename):
        message = f"The asset {row.filename} does not lie in the assets folder."
        yield Found(Location(), message, (row.filename,), listed(_users(row)))


@rule("link-leads-out", WARNING)
def link_leads_out(folder: OneFolder) -> Iterator[Found]:
    """A file of the model is a link to a place outside its folder.

    Why: what is read there is not what was shipped. It can be a private file of the machine that loads the model, and
    it changes when that place does. Stores that keep every file apart, by its content, link all of them, the graph too.
    Fix: copy the file to where the link is.
    """
    entries = folder.facts.model.files
    linked = [entry for entry in entries if entry.leads_out]
    if linked and not any(entry.path in MODEL_FILES for entry in linked):
        names = [entry.path for entry in linked]
        verb = "is a link that leads" if len(names) == 1 else "are links that lead"
        yield Found(
            Location(file=names[0]),
            f"{named(names)} {verb} out of the model's folder.",
            tuple(sorted(names)),
            listed(f"{entry.path}: {count_of(entry.size, 'byte')} where it leads" for entry in linked),
        )


@rule("undeclared-asset", NOTE)
def undeclared_asset(folder: OneFolder) -> Iterator[Found]:
    """Files in assets/ that the graph does not declare.

    Why: nothing in the graph refers to them. They may be there for people or other tools, or be left from another
    export.
    Fix: put files for others into assets.extra/; delete what is left over.
    """
    facts = folder.facts
    taken = {name for row in facts.assets if _lost(row) for name in _near(facts, row.filename)}
    rows = [
        row for row in facts.assets
        if not row.declared_in and row.filename not in taken and not litter(row.filename)
        and row.filename.rpartition("/")[2] not in _GIT_FILES
    ]  # fmt: skip
    if rows and facts.graph_is_whole:
        names = [row.filename for row in rows]
        yield Found(
            Location(file=f"assets/{names[0]}" if len(names) == 1 else "assets"),
            f"The graph does not declare {named(names)}.",
            tuple(sorted(names)),
            listed(f"{row.filename}: {count_of(row.size or 0, 'byte')}" for row in rows),
        )


@rule("unused-asset", NOTE)
def unused_asset(asset: OneAsset) -> Iterator[Found]:
    """An asset that no function reads.

    Why: it is declared, and no function binds it and no node takes its path. Python code can still open it by its path.
    Fix: remove it from the object before the export if nobody opens it.
    """
    row, facts = asset.report, asset.facts
    if row.filename in facts.unread_assets and row.presence == "present" and facts.graph_is_whole:
        evidence = (f"declared by {row.declared_in}", f"{count_of(row.size or 0, 'byte')}")
        message = f"No function reads the asset {row.filename}."
        yield Found(Location(file=f"assets/{row.filename}"), message, (row.filename,), evidence)
