"""V2xx, V3xx and V9xx: variables, assets, tables and the fingerprint."""

from __future__ import annotations

from collections.abc import Iterator

from smanalyze.model.fingerprints import SINCE_2_14
from smanalyze.report.document import MetaGraphReport, Report
from smanalyze.report.findings import Location
from smanalyze.report.sections import TableRow, VariableRow
from smanalyze.report.verify import Check
from smanalyze.verify.claims import compared, not_listed, tensor_words, untested
from smanalyze.verify.observed import HashSeen, LoadSeen, ObjectSeen, Observed, TableSeen
from smanalyze.verify.places import variables_of

NEWEST = SINCE_2_14.rpartition(" ")[2]
"""The newest release whose fingerprints we know; a later one is taken to compute them as it does."""

_TRAINABLE = {True: ", trainable", False: ", not trainable", None: ""}


def compare_variables(report: Report, number: int, load: LoadSeen) -> Iterator[Check]:
    """V201: name, dtype, shape, trainable; V202: the bytes."""
    tags = ",".join(load.tags)
    there = {one.path: one for one in load.objects if one.kind == "variable"}
    values = {one.path: one for one in load.values}
    objects = load.by_path
    known = variables_of(report.variables, number, objects=objects)
    offered = {id(row) for row in known.values()}
    for row in report.variables:
        if number in row.meta_graphs and id(row) not in offered:
            where = Location(tag_set=tags, variable=row.name)
            reason = "TensorFlow loads it in parts" if row.slices else "no path of the loaded object leads to it"
            yield untested("V201", where, "variable", reason)
    for path, row in known.items():
        where = Location(tag_set=tags, variable=row.name)
        found = there.get(path)
        if found is None and not objects:
            yield untested("V201", where, "variable", "TensorFlow does not offer this variable of a TF1 graph")
            continue
        yield compared("V201", where, "variable", _variable(row, row.trainable), _seen(found, row))
        value = values.get(path)
        if value is None:
            yield untested("V202", where, "values", "it was not read")
        elif value.error:
            yield untested("V202", where, "values", value.error)
        elif not (row.crc32c or value.stored):
            yield untested("V202", where, "values", "the checkpoint holds no value of it")
        else:
            yield compared("V202", where, "values", _claimed_crc(row, value.stored), value.crc32c)
    parts = tuple(f"{row.name}/" for row in report.variables if row.slices)
    whole = [path for path in there if objects or not path.startswith(parts)]
    yield from not_listed("V201", Location(tag_set=tags), "variables", whole, known)


def _claimed_crc(row: VariableRow, stored: str) -> str:
    """The checksum that the report gives; where it has none, as for what is stored in pieces, ours of the stored
    values."""
    return row.crc32c or stored


def _variable(row: VariableRow, trainable: bool | None) -> str:
    return f"{row.name} {tensor_words(row.dtype, row.shape)}{_TRAINABLE[trainable]}"


def _seen(found: ObjectSeen | None, row: VariableRow) -> str:
    if found is None:
        return ""
    trainable = found.trainable if row.trainable is not None else None
    # One that was saved without a name is called by its path; TensorFlow then thinks of some name for it.
    name = row.name if row.name == found.path else found.name.removesuffix(":0")
    return f"{name} {tensor_words(found.dtype, found.shape)}{_TRAINABLE[trainable]}"


def compare_assets(report: Report, number: int, load: LoadSeen) -> Iterator[Check]:
    """V301: each declared asset is there, and TensorFlow finds it inside the model."""
    tags = ",".join(load.tags)
    there = {one.file for one in load.objects if one.kind == "asset"}
    rows = [row for row in report.assets if number in row.meta_graphs or not (row.meta_graphs or number)]
    for row in rows:
        where = Location(tag_set=tags, file=f"assets/{row.filename}")
        if not row.declared_in:
            yield untested("V301", where, "asset", "the graph does not declare it")
        elif not load.by_path:
            yield untested("V301", where, "asset", "TensorFlow does not say where a TF1 graph finds its assets")
        else:
            place = f"assets/{row.filename}"
            yield compared("V301", where, "asset", place, place if place in there else "")
    declared = (f"assets/{row.filename}" for row in rows)
    yield from not_listed("V301", Location(tag_set=tags), "assets", there, declared)


def compare_tables(said: MetaGraphReport, load: LoadSeen) -> Iterator[Check]:
    """V302: the dtypes of each lookup table, and whether it was filled from where the report says."""
    seen = {one.path: one for one in load.tables}
    for row in said.tables:
        where = Location(tag_set=",".join(said.tags), object_path=row.name)
        found = next((seen[path] for path in row.object_paths if path in seen), None)
        if found is None:
            yield untested("V302", where, "table", "it cannot be reached from the loaded object")
        elif found.error and not found.error.startswith("InvalidArgumentError"):
            yield untested("V302", where, "table", found.error)
        else:
            yield from _table(row, found, where)


def _table(row: TableRow, found: TableSeen, where: Location) -> Iterator[Check]:
    actual = f"{found.key_dtype} to {found.value_dtype}" if not found.error else found.error
    yield compared("V302", where, "table", f"{row.key_dtype} to {row.value_dtype}", actual)
    if found.lines is None or found.error:
        return
    if found.strange:
        yield compared("V302", where, "content", ", ".join(row.assets), f"other keys: {', '.join(found.strange)}")
    elif found.size == found.lines:
        yield compared("V302", where, "content", f"{found.lines} lines", f"{found.size} lines")
    else:
        yield untested("V302", where, "content", f"it holds {found.size} of {found.lines} lines of its file")


def compare_fingerprint(report: Report, observed: Observed) -> Iterator[Check]:
    """V901: what is stored; V902: what we compute; V904: whether the one is the other."""
    if report.fingerprint.presence != "present":
        return
    for one in observed.fingerprint:
        where = Location(file="fingerprint.pb")
        yield compared("V901", where, one.name, getattr(report.fingerprint, one.name), one.stored)
        yield from _recomputed(one, observed, where)
    if not observed.fingerprint:
        reason = observed.fingerprint_error
        yield untested("V902", Location(file="fingerprint.pb"), "fingerprint", reason)


def _recomputed(one: HashSeen, observed: Observed, where: Location) -> Iterator[Check]:
    if not one.ours:
        yield untested("V902", where, one.name, "we cannot compute it")
    elif not _same_algorithm(one.algorithm, observed.environment.tensorflow):
        yield untested("V902", where, one.name, f"it was made by another algorithm: {one.algorithm}")
        return
    else:
        yield compared("V902", where, one.name, one.ours, one.computed)
    if one.stored != one.ours:
        yield compared("V904", where, f"{one.name} is up to date", one.stored, one.computed)


def _same_algorithm(algorithm: str, version: str) -> bool:
    """Whether the TensorFlow that ran computes the hash as the releases that ``algorithm`` names."""
    first, _, last = algorithm.removeprefix("TF ").partition(" to ")
    try:
        low, high, ours = ([int(part) for part in text.split(".")[:2]] for text in (first, last or first, version))
    except ValueError:
        return False
    return low <= ours and (ours <= high or last == NEWEST)
