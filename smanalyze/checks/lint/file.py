"""The files themselves: what could not be read, and what does not belong there."""

from __future__ import annotations

from collections.abc import Iterator

from smanalyze.checks.evidence import count_of, listed, named
from smanalyze.checks.litter import litter
from smanalyze.checks.rule import ERROR, NOTE, WARNING, Found, rule
from smanalyze.checks.subject import FileFacts, OneFolder
from smanalyze.model.parts import LEFT_OUT, METAINDEX, MODEL_FILES, Unreadable
from smanalyze.report.findings import Location, Severity

#: Parts that TensorFlow does not need to load the model. (Keras needs its metadata; TensorFlow Serving refuses a model
#: whose warmup requests it cannot read, so these are not among them.)
_OPTIONAL = frozenset({"fingerprint", "Keras metadata", "debug info", "TF-Hub marker", METAINDEX})


def _severity(parts: set[str]) -> Severity:
    return WARNING if parts <= _OPTIONAL else ERROR


@rule("lfs-pointer", ERROR)
def lfs_pointer(folder: OneFolder) -> Iterator[Found]:
    """A file is a git-LFS pointer.

    Why: the repository was cloned without the content of its large files; in their place is a text of three lines that
    TensorFlow cannot read.
    Fix: run `git lfs pull` in the repository, then look again.
    """
    facts = folder.facts
    lost = [item for item in facts.model.unreadable if item.code == "lfs-pointer"]
    files = {item.file: item.part for item in lost if item.file}
    files.update({s.file: "checkpoint" for s in facts.checkpoint.shards if s.presence == "not-fetched" and s.size})
    if files:
        names = sorted(files)
        yield Found(
            Location(file=names[0]),
            f"{named(names)} {'is a git-LFS pointer' if len(names) == 1 else 'are git-LFS pointers'}.",
            tuple(names),
            listed(f"{name}: {files[name]}" for name in names),
            _severity(set(files.values())),
        )


@rule("unreadable-part", ERROR)
def unreadable_part(folder: OneFolder) -> Iterator[Found]:
    """A part of the model cannot be read.

    Why: the file is cut off, damaged, or something else than its name says. TensorFlow refuses the model where it needs
    the part, and else loads it all the same: in a report that is a warning, in an audit an error.
    Fix: copy the file again, in binary form, from where the model was exported.
    """
    for name, losses in _by_file(folder.facts).items():
        faults = [lost for lost in losses if lost.code not in LEFT_OUT]
        if not faults:
            continue
        first = faults[0]
        rest = f" ({count_of(len(losses) - 1, 'more fault')})" if len(losses) > 1 else ""
        yield Found(
            Location(file=first.file, offset=first.offset),
            f"{first.message.rstrip('.')}{rest}.",
            (name, *sorted({lost.code for lost in losses})),
            listed(
                f"{lost.part}, {lost.code}{'' if lost.offset is None else f', byte {lost.offset:,}'}: {lost.message}"
                for lost in losses
            ),
            _severity({lost.part for lost in faults}),
        )


@rule("part-left-out", NOTE)
def part_left_out(folder: OneFolder) -> Iterator[Found]:
    """A part of the model was not looked at.

    Why: it is larger than is read, it leads out of its file, its format is the one of TensorFlow's first years, or
    reading it takes a package that is not installed. Nothing is known against it, and nothing for it.
    Fix: where the message names a package, install it and look again; restore a checkpoint of the first format, and
    save it once more; what is too large has to be judged otherwise.
    """
    for name, losses in _by_file(folder.facts).items():
        if all(lost.code in LEFT_OUT for lost in losses):
            yield Found(
                Location(file=losses[0].file, offset=losses[0].offset),
                losses[0].message,
                (name, *sorted({lost.code for lost in losses})),
                listed(f"{lost.part}, {lost.code}: {lost.message}" for lost in losses),
            )


def _by_file(facts: FileFacts) -> dict[str, list[Unreadable]]:
    """What could not be read, by the file or the part."""
    files: dict[str, list[Unreadable]] = {}
    for lost in facts.model.unreadable:
        if not _told_elsewhere(facts, lost):
            files.setdefault(lost.file or lost.part, []).append(lost)
    return files


def _told_elsewhere(facts: FileFacts, lost: Unreadable) -> bool:
    """Whether another rule tells the root cause: pointers, and data files that are missing or cut off."""
    if lost.code == "lfs-pointer":
        return True
    shards = (shard for shard in facts.checkpoint.shards if shard.file == lost.file and facts.index_is_sound)
    return any(shard.presence == "not-fetched" or (shard.size or 0) < shard.needed for shard in shards)


@rule("several-model-files", WARNING)
def several_model_files(folder: OneFolder) -> Iterator[Found]:
    """There are several forms of the model file.

    Why: TensorFlow reads saved_model.pb and never looks at the others, which may say something else.
    Fix: keep the one that is meant.
    """
    there = [entry for name in MODEL_FILES for entry in folder.facts.model.files if entry.path == name]
    if len(there) > 1:
        yield Found(
            Location(file=there[1].path),
            f"{there[0].path} is read; {named([e.path for e in there[1:]])} is not.",
            tuple(entry.path for entry in there),
            tuple(f"{entry.path}: {count_of(entry.size, 'byte')}" for entry in there),
        )


@rule("stray-file", NOTE)
def stray_file(folder: OneFolder) -> Iterator[Found]:
    """Files that were left behind.

    Why: an operating system, an editor or an interrupted save put them there; they are no part of the model and change
    its size and checksums.
    Fix: delete them.
    """
    found = {entry.path: litter(entry.path) for entry in folder.facts.model.files}
    stray = {path: origin for path, origin in found.items() if origin}
    if stray:
        yield Found(
            Location(file=next(iter(stray))),
            f"{count_of(len(stray), 'file is', 'files are')} no part of the model: {named(list(stray))}.",
            tuple(stray),
            listed(f"{path}: of {origin}" for path, origin in stray.items()),
        )
