"""The checkpoint: index, data files, and what of them belongs to the graph's variables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from smanalyze.checks.evidence import count_of, listed, named, shape_text
from smanalyze.checks.restore_plan import RestoredKey
from smanalyze.checks.rule import ERROR, WARNING, Found, rule
from smanalyze.checks.subject import OneFolder, OneRestore, OneShard
from smanalyze.model.bundle import BundleEntry
from smanalyze.model.parts import INDEX
from smanalyze.model.tensors import Shape
from smanalyze.report.findings import Location

OBJECT_GRAPH_KEY = "_CHECKPOINTABLE_OBJECT_GRAPH"


@rule("missing-shard", ERROR)
def missing_shard(folder: OneFolder) -> Iterator[Found]:
    """A data file of the checkpoint is missing.

    Why: the index says that variables are stored in it; loading stops when it is opened.
    Fix: copy the whole variables/ folder of the export; a file above a size limit was perhaps left out.
    """
    shards = folder.facts.checkpoint.shards
    missing = [shard for shard in shards if shard.declared and shard.needed and shard.size is None]
    if missing and folder.facts.index_is_sound:
        files = [shard.file for shard in missing]
        yield Found(
            Location(file=files[0]),
            f"{named(files)} {'is' if len(files) == 1 else 'are'} not there, and the index needs "
            f"{'it' if len(files) == 1 else 'them'}.",
            tuple(files),
            listed(f"{shard.file}: the index needs {count_of(shard.needed, 'byte')} of it" for shard in missing),
        )


@rule("stale-shard", WARNING)
def stale_shard(folder: OneFolder) -> Iterator[Found]:
    """A data file belongs to no checkpoint here.

    Why: the index does not know the file, so nothing reads it: a rest of another save that only takes room, or a sign
    that index and data come from different saves.
    Fix: delete it, or export again into an empty folder.
    """
    stale = [shard for shard in folder.facts.checkpoint.shards if not shard.declared]
    if stale and folder.facts.index_is_whole:
        files = [shard.file for shard in stale]
        yield Found(
            Location(file=files[0]),
            f"The index does not declare {named(files)}.",
            tuple(files),
            listed(
                [f"the index declares {count_of(sum(s.declared for s in folder.facts.checkpoint.shards), 'data file')}"]
                + [f"{shard.file}: {count_of(shard.size or 0, 'byte')}" for shard in stale]
            ),
        )


@rule("truncated-shard", ERROR)
def truncated_shard(shard: OneShard) -> Iterator[Found]:
    """A data file ends before its last tensor.

    Why: the index puts tensors behind the end of the file; loading them fails.
    Fix: copy the file again; a transfer or a full disk cut it off.
    """
    row = shard.report
    if not shard.facts.index_is_sound:
        return
    if row.declared and row.presence == "present" and row.size is not None and row.size < row.needed:
        number = next((s.index for s in shard.facts.model.checkpoint.shards if s.file == row.file), -1)
        cut = _cut_off(shard.facts.model.checkpoint.entries, number, row.size)
        yield Found(
            Location(file=row.file),
            f"The file has {count_of(row.size, 'byte')}; the index needs {count_of(row.needed, 'byte')}.",
            (row.file,),
            listed(f"{key} ends at byte {end:,}" for key, end in cut),
        )


def _cut_off(entries: Iterable[BundleEntry], number: int, size: int) -> Iterator[tuple[str, int]]:
    """(key, end) of what lies, wholly or in part, behind the end of a shard."""
    for entry in entries:
        if entry.shard == number and entry.offset is not None and entry.offset + entry.size > size:
            yield entry.key, entry.offset + entry.size
        for piece in entry.slices:
            if piece.shard == number and piece.offset + piece.size > size:
                yield entry.key, piece.offset + piece.size


@rule("index-missing", ERROR)
def index_missing(folder: OneFolder) -> Iterator[Found]:
    """The checkpoint's index is missing.

    Why: the graph has variables, and without variables/variables.index none of them can be restored.
    Fix: copy the whole variables/ folder of the export.
    """
    facts = folder.facts
    if facts.model.found.given == "file" or facts.checkpoint.presence not in ("absent", "not-fetched"):
        return
    if any(entry.path == INDEX for entry in facts.model.files):
        return
    restored = sorted({key.key for plan in facts.plans for key in plan.keys} - {OBJECT_GRAPH_KEY})
    restored += [key for plan in facts.plans for key in plan.old_keys]
    held = [row.name for row in facts.variables if row.object_paths]
    if restored or held:
        data = [entry.path for entry in facts.model.files if entry.path.startswith("variables/")]
        yield Found(
            Location(file=INDEX),
            f"{INDEX} is not there, and the graph restores {count_of(len(held or restored), 'variable')} from it.",
            (INDEX,),
            listed([*(f"there is {path}" for path in data), *(f"variable {name}" for name in held or restored)]),
        )


@rule("variable-not-stored", ERROR)
def variable_not_stored(folder: OneFolder) -> Iterator[Found]:
    """The checkpoint lacks a variable that the graph restores.

    Why: the graph's restore op asks for the key and TensorFlow stops at the first one that is not there. Mostly the
    checkpoint is that of another model.
    Fix: put the variables/ folder of the same export beside the graph.
    """
    facts = folder.facts
    if not facts.index_is_whole:
        return
    stored = {entry.key for entry in facts.model.checkpoint.entries}
    missing = {key.key: key for plan in facts.plans for key in plan.keys if key.key not in stored}
    if missing:
        yield Found(
            Location(file=INDEX, variable=_only(missing)),
            f"The graph restores {named(list(missing))}; the index has no such "
            f"{'entry' if len(missing) == 1 else 'entries'}.",
            tuple(sorted(missing)),
            listed(
                f"{key}{f' goes to the variable node {wanted.variable}' if wanted.variable else ' is restored'}"
                for key, wanted in missing.items()
            ),
        )


@rule("variable-shape-mismatch", ERROR)
def variable_shape_mismatch(folder: OneFolder) -> Iterator[Found]:
    """A stored tensor does not fit its variable.

    Why: dtype or shape in the checkpoint differ from what the graph declares; loading fails or, where shapes are not
    checked, computes with a tensor of another shape. Mostly the checkpoint is that of another model.
    Fix: put the variables/ folder of the same export beside the graph.
    """
    facts = folder.facts
    if not facts.index_is_whole:
        return
    entries = {entry.key: entry for entry in facts.model.checkpoint.entries}
    read = [key for plan in facts.plans for key in plan.keys if key.key in entries]
    wrong = {key.key: key for key in read if _disagreement(key, entries[key.key])}
    if wrong:
        yield Found(
            Location(file=INDEX, variable=_only(wrong)),
            f"{count_of(len(wrong), 'stored tensor does', 'stored tensors do')} not fit the graph: "
            f"{named(list(wrong))}.",
            tuple(sorted(wrong)),
            listed(f"{key}: {_disagreement(wanted, entries[key])}" for key, wanted in wrong.items()),
        )


def _only(keys: dict[str, RestoredKey]) -> str | None:
    """The variable that one key goes to; None where there are more keys than one."""
    return next(iter(keys.values())).variable or None if len(keys) == 1 else None


def _disagreement(wanted: RestoredKey, entry: BundleEntry) -> str:
    """What the graph and the index say differently, "" where they agree."""
    if wanted.dtype and wanted.dtype.removesuffix("_ref") != entry.dtype:
        return f"the graph restores {wanted.dtype}, stored is {entry.dtype}"
    shape = _whole_shape(wanted)
    if shape is not None and not _compatible(shape, entry.shape):
        return f"the graph's variable has shape {shape_text(shape)}, stored is {shape_text(entry.shape)}"
    return ""


def _whole_shape(wanted: RestoredKey) -> Shape:
    """The shape of the whole tensor: of a slice (``10 4 0,5:-``) what stands before its extent."""
    if not wanted.slice_spec:
        return wanted.variable_shape
    sizes = wanted.slice_spec.split(" ")[:-1]
    return tuple(map(int, sizes)) if all(size.isdecimal() for size in sizes) else None


def _compatible(shape: tuple[int | None, ...], stored: tuple[int, ...]) -> bool:
    return len(shape) == len(stored) and all(a is None or a == b for a, b in zip(shape, stored, strict=True))


@rule("missing-restore-op", ERROR)
def missing_restore_op(restore: OneRestore) -> Iterator[Found]:
    """The op that restores the variables is not in the graph.

    Why: a session (TensorFlow Serving, C++, TF1) restores by running this op, and cannot load the model without it.
    Fix: export the model again; an edited graph must keep the nodes its SaverDef names.
    """
    saver = restore.graph.meta_graph.saver
    if saver is None or not saver.restore_op or not restore.facts.graph_is_whole:
        return
    main = restore.graph.library.main
    wanted = (("restore op", saver.restore_op), ("file name tensor", saver.filename_tensor))
    missing = [(what, name) for what, name in wanted if name and main.producer(name) is None]
    if missing and restore.facts.checkpoint.presence != "absent":
        yield Found(
            restore.place(node=missing[0][1]),
            f"The SaverDef names {named([name for _, name in missing])}, and the graph has no such node.",
            (*restore.identity, *(what for what, _ in missing)),
            tuple(f"{what}: {name}" for what, name in missing),
        )
