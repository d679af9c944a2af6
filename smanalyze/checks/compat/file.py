"""Other files in the model's folder."""

from __future__ import annotations

import re
from collections.abc import Iterator

from smanalyze.checks.change import Changed, change
from smanalyze.checks.changes import TwoModels
from smanalyze.checks.evidence import count_of, listed, named
from smanalyze.checks.litter import litter
from smanalyze.checks.rule import ERROR, NOTE, WARNING
from smanalyze.report.changes import FilePair
from smanalyze.report.diff import Severities
from smanalyze.report.findings import Location

AREA = "files"

_LAYOUT = re.compile(
    r"saved_model\.(pb|pbtxt|cpb)|fingerprint\.pb|keras_metadata\.pb|tfhub_module\.pb|saved_model_variables.*|"
    r"variables/[^/]+\.(index|data-\d+-of-\d+)|variables/variables|debug/saved_model_debug_info\.pb|assets\.extra/.*"
)
"""What exporters write, but for the assets that the graph declares."""

_FOR_PEOPLE = re.compile(
    r"(.*/)?(readme|license|licence|notice|changelog|model_?card)(\.(md|txt|rst))?|(.*/)?\.git(attributes|ignore|keep)|"
    r"model\.sig|config\.json|(.*/)?checkpoint", re.IGNORECASE,
)  # fmt: skip
"""What people and hubs put beside a model."""

_EXTRA = "assets.extra/"


def _unexpected(models: TwoModels) -> list[FilePair]:
    """Files that are no part of a SavedModel, on either side. Which assets are a part, only the graphs say."""
    facts = (models.old, models.new)
    declared = {f"assets/{row.filename}" for side in facts for row in side.assets if row.declared_in}
    if not models.graphs_are_whole:
        declared |= {file.path for file in models.changes.files if file.path.startswith("assets/")}
    return [f for f in models.changes.files if not _LAYOUT.fullmatch(f.path) and f.path not in declared]


def _changed(files: list[FilePair], message: str, old: str, new: str, severities: Severities | None = None) -> Changed:
    place = Location(file=files[0].path)
    subject = tuple(sorted(file.path for file in files))[:20]
    return Changed(place, message, subject, old, new, listed(map(_line, files)), severities=severities)


def _line(file: FilePair) -> str:
    what = f", {file.kind}" if file.kind else ""
    link = ", a symlink" if file.symlink else ""
    sizes = " → ".join(count_of(size, "byte") for size in (file.old, file.new) if size is not None)
    return f"{file.path}: {sizes}{what}{link}"


def _are(files: list[FilePair]) -> str:
    return "is" if len(files) == 1 else "are"


@change("file-unexpected-added", serving=NOTE, python=NOTE, keras=NOTE, security=WARNING)
def unexpected_added(models: TwoModels) -> Iterator[Changed]:
    """A file came that is no part of a SavedModel.

    Why: no loader of TensorFlow looks at it; other tools and people may. What people put beside a model (a readme, a
    licence) and what editors leave behind are notes.
    Fix: find out who put it there; leave it out of what is published.
    """
    files = [file for file in _unexpected(models) if file.old is None and file.new is not None and not file.kind]
    strange = [file for file in files if not _FOR_PEOPLE.fullmatch(file.path) and not litter(file.path)]
    usual = [file for file in files if file not in strange]
    for group, severities in ((strange, None), (usual, Severities(NOTE, NOTE, NOTE, NOTE))):
        if group:
            names = named([file.path for file in group])
            message = f"{count_of(len(group), 'new file')} {_are(group)} no part of a SavedModel: {names}."
            yield _changed(group, message, "", names, severities)


@change("file-unexpected-removed", serving=NOTE, python=NOTE, keras=NOTE, security=NOTE)
def unexpected_removed(models: TwoModels) -> Iterator[Changed]:
    """A file is gone that was no part of the SavedModel.

    Why: no loader of TensorFlow looked at it; other tools and people may have.
    Fix: nothing, if it was meant.
    """
    files = [file for file in _unexpected(models) if file.old is not None and file.new is None]
    if files:
        names = named([file.path for file in files])
        message = (
            f"{count_of(len(files), 'file')} {_are(files)} gone that {_were(files)} no part of the model: {names}."
        )
        yield _changed(files, message, names, "")


def _were(files: list[FilePair]) -> str:
    return "was" if len(files) == 1 else "were"


@change("file-runnable-added", serving=NOTE, python=WARNING, keras=WARNING, security=ERROR)
def runnable_added(models: TwoModels) -> Iterator[Changed]:
    """A file came that runs, or makes something run.

    Why: a library, a program, a script or a pickle in a model's folder waits for somebody to load it, by
    `tf.load_op_library`, `import` or `pickle.load`. A SavedModel needs none of these. It may also be a file that was
    harmless and is not any more.
    Fix: find out what it is for before anybody loads it; ship code as code, and not with the weights.
    """
    files = [file for file in models.changes.files if file.kind and file.new is not None and not _is_model(file.path)]
    if files:
        kinds = " and ".join(sorted({_A[file.kind] for file in files}))
        names = named([file.path for file in files])
        verb = "is new, or has other bytes" if len(files) == 1 else "are new, or have other bytes"
        yield _changed(files, f"{names} ({kinds}) {verb}.", "", names)


_A = {"executable": "an executable", "script": "a script", "pickle": "a pickle"}


def _is_model(path: str) -> bool:
    return _LAYOUT.fullmatch(path) is not None and not path.startswith(_EXTRA)


@change("file-runnable-removed", serving=NOTE, python=NOTE, keras=NOTE, security=NOTE)
def runnable_removed(models: TwoModels) -> Iterator[Changed]:
    """A library, a program, a script or a pickle is gone.

    Why: the new model comes without the file, or with one that does not run; what loaded it has to do without.
    Fix: nothing, if it was meant.
    """
    files = [file for file in models.changes.files if file.old_kind and not file.kind and not _is_model(file.path)]
    if files:
        names = named([file.path for file in files])
        kinds = " and ".join(sorted({_A[file.old_kind] for file in files}))
        yield _changed(files, f"{names} ({kinds}) {_are(files)} gone.", names, "")


@change("file-became-symlink", serving=NOTE, python=NOTE, keras=NOTE, security=WARNING)
def became_symlink(models: TwoModels) -> Iterator[Changed]:
    """A file is a symlink now.

    Why: a link can lead out of the folder, so that loading the model reads a file of the machine that nobody published.
    Where saved_model.pb is a link, too, the whole folder is one of links, as the cache of a hub is: nothing is said.
    Fix: publish the files themselves.
    """
    whole = any(file.symlink for file in models.changes.files if _is_model(file.path) and "saved_model." in file.path)
    files = [file for file in models.changes.files if file.became_link]
    if files and not whole:
        names = named([file.path for file in files])
        yield _changed(files, f"{names} {_are(files)} {'a symlink' if len(files) == 1 else 'symlinks'} now.", "", names)


@change("file-extra-added", serving=NOTE, python=NOTE, keras=NOTE, security=NOTE)
def extra_added(models: TwoModels) -> Iterator[Changed]:
    """A file came into assets.extra.

    Why: TensorFlow Serving looks there: for requests that it sends to the model when it loads it, and for its
    configuration.
    Fix: nothing, if it was meant.
    """
    files = [f for f in models.changes.files if f.path.startswith(_EXTRA) and f.old is None and f.new is not None]
    if files:
        names = named([file.path for file in files])
        yield _changed(files, f"New in assets.extra: {names}.", "", names)


@change("file-extra-removed", serving=WARNING, python=NOTE, keras=NOTE, security=NOTE)
def extra_removed(models: TwoModels) -> Iterator[Changed]:
    """A file of assets.extra is gone.

    Why: without its recorded requests TensorFlow Serving does not warm the model up, and the first real requests are
    slow; without its configuration it runs with another.
    Fix: copy assets.extra with the model.
    """
    files = [f for f in models.changes.files if f.path.startswith(_EXTRA) and f.old is not None and f.new is None]
    if files:
        names = named([file.path for file in files])
        yield _changed(files, f"Gone from assets.extra: {names}.", names, "")


@change("file-changed", serving=NOTE, python=NOTE, keras=NOTE, security=NOTE)
def file_changed(models: TwoModels) -> Iterator[Changed]:
    """A file beside the model has other bytes.

    Why: it is in assets.extra, where TensorFlow Serving looks for requests and configuration, or it is no part of a
    SavedModel, and other tools and people may read it.
    Fix: nothing, if it was meant.
    """
    extra = [file for file in models.changes.files if file.path.startswith(_EXTRA)]
    others = (*extra, *_unexpected(models))
    files = [file for file in others if file.same is False and not file.kind and not file.old_kind]
    if files:
        names = named([file.path for file in files])
        verb = "has" if len(files) == 1 else "have"
        yield _changed(files, f"{names} {verb} other bytes.", names, names)
