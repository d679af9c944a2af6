"""Assets: files that the graph declares and reads."""

from __future__ import annotations

from collections.abc import Iterator

from smanalyze.checks.change import Changed, change
from smanalyze.checks.changes import AssetChange, TwoModels
from smanalyze.checks.evidence import count_of, listed, named
from smanalyze.checks.rule import ERROR, NOTE, WARNING
from smanalyze.report.changes import AssetPair
from smanalyze.report.diff import Severities
from smanalyze.report.findings import Location
from smanalyze.report.sections import AssetRow

AREA = "files"

MANY = 5
"""Of more assets that came or went together there is one finding."""


def _declared(row: AssetRow | None) -> bool:
    return row is not None and bool(row.declared_in)


def _found(
    asset: AssetChange, message: str, old: str, new: str, lines: Iterator[str], severities: Severities | None = None
) -> Changed:
    row = asset.pair.new or asset.pair.old
    reach = tuple(dict.fromkeys((*row.used_by, *row.initializes))) if row is not None else ()
    place = Location(file=f"assets/{asset.filename}")
    return Changed(place, message, (asset.filename,), old, new, listed(lines), reach, severities)


def _uses(row: AssetRow | None) -> Iterator[str]:
    if row is not None:
        yield from (f"fills the table {name}" for name in row.initializes)
        yield from (f"needed by the signature {key}" for key in row.used_by)


def _size(row: AssetRow | None) -> str:
    return count_of(row.size, "byte") if row is not None and row.size is not None else ""


def _one_sided(
    models: TwoModels, pairs: list[AssetPair], told: tuple[str, str], many: str, *, gone: bool
) -> Iterator[Changed]:
    """A finding for each asset that one side alone declares; where there are many, one for all of them."""
    if not models.graphs_are_whole:
        return
    rows = [row for pair in pairs if (row := pair.old if gone else pair.new) is not None]
    names = [row.filename for row in rows]
    if len(rows) > MANY:
        lines = listed(f"{row.filename}: {_size(row) or 'not there'}" for row in rows)
        reach = tuple(f"assets/{name}" for name in names)
        yield Changed(
            Location(file="assets/"), f"{len(rows):,} {many}: {named(names)}.", tuple(names), "", "", lines, reach
        )
        return
    for pair, row in zip(pairs, rows, strict=True):
        size = f" ({_size(row)})" if _size(row) and not gone else ""
        sides = (_size(row) or row.filename, "") if gone else ("", _size(row) or row.filename)
        message = f"{told[0]} {row.filename}{size}{told[1]}."
        yield _found(AssetChange(models, pair), message, *sides, _uses(row))


@change("asset-removed", serving=NOTE, python=WARNING, keras=WARNING, security=NOTE)
def removed(models: TwoModels) -> Iterator[Changed]:
    """The model no longer has an asset.

    Why: the new graph does not declare the file. Its own signatures do not need it; code that opens it by its path
    (`loaded.vocab.asset_path`) finds nothing.
    Fix: keep the asset, or move what reads it.
    """
    gone = [pair for pair in models.changes.assets if _declared(pair.old) and not _declared(pair.new)]
    yield from _one_sided(models, gone, ("The asset", " is gone"), "assets are gone", gone=True)


@change("asset-added", serving=NOTE, python=NOTE, keras=NOTE, security=WARNING)
def added(models: TwoModels) -> Iterator[Changed]:
    """The model has another asset.

    Why: a file that the graph reads when it is loaded or called has to travel with it.
    Fix: nothing, if it was meant; see that deployments copy the whole folder assets/.
    """
    come = [pair for pair in models.changes.assets if _declared(pair.new) and not _declared(pair.old)]
    yield from _one_sided(models, come, ("There is a new asset", ""), "assets are new", gone=False)


@change("asset-missing", serving=ERROR, python=ERROR, keras=ERROR, security=WARNING)
def missing(asset: AssetChange) -> Iterator[Changed]:
    """A declared asset is not there.

    Why: the new graph opens the file when it is loaded or called, and fails. In the old model it was there, or was not
    asked for.
    Fix: copy the whole folder assets/ of the export.
    """
    old, new = asset.pair.old, asset.pair.new
    lost_before = _declared(old) and old is not None and old.presence == "absent"
    if _declared(new) and new is not None and new.presence == "absent" and not lost_before:
        message = f"The asset {asset.filename} is declared and not there."
        yield _found(asset, message, _size(old), "", _uses(new))


@change("asset-content-changed", serving=WARNING, python=WARNING, keras=WARNING, security=NOTE)
def content_changed(asset: AssetChange) -> Iterator[Changed]:
    """An asset has other content.

    Why: a vocabulary numbers words by their lines: a line more or less gives all that follow another number, which
    picks another row of an embedding. Where the number of lines and the rows of an embedding, or the size that a table
    demands, no longer agree, this is an error: rows are picked that are not there, or the table is not filled.
    Fix: change vocabulary and weights together; append words at the end only, and leave rows for them.
    """
    pair = asset.pair
    if pair.same is not False or not _declared(pair.new) or not _declared(pair.old):
        return
    before, after = pair.lines
    counted = before is not None and after is not None
    if counted and before != after:
        message = f"{asset.filename} has {count_of(after or 0, 'line')}, and had {before:,}"
    else:
        message = f"{asset.filename} has other content"
    if pair.added is not None and pair.removed is not None:
        moved = "the same lines in another order" if not pair.added and not pair.removed else ""
        message += f" ({moved or f'{pair.added:,} added, {pair.removed:,} removed'})"
    worse = Severities(ERROR, ERROR, ERROR, NOTE) if pair.rows else None
    if pair.rows:
        fits = named([f"{name} ({count_of(rows, 'row')})" for name, rows in pair.rows])
        message += f"; that no longer fits {fits}"
    old, new = (f"{count_of(n, 'line')}" if n is not None and counted else "" for n in pair.lines)
    sizes = _size(pair.old), _size(pair.new)
    lines = (*pair.samples, *_uses(pair.new), *(() if counted else (f"{sizes[0]} → {sizes[1]}",)))
    yield _found(asset, f"{message}.", old or sizes[0], new or sizes[1], iter(lines), worse)
