"""Assets and lookup tables: which files are declared, which are there, and what is filled from them."""

from __future__ import annotations

from dataclasses import replace

from smanalyze.facts.names import Names
from smanalyze.graph.keys import FILE_INITIALIZERS, TABLE_OPS
from smanalyze.graph.model_graph import Key, ModelGraph
from smanalyze.model.parts import LISTING, Presence
from smanalyze.model.saved_model import SavedModel
from smanalyze.report.sections import AssetRow, TableRow

_FOLDER = "assets/"
_FROM_CONSTANTS = ("InitializeTable", "InitializeTableV2", "LookupTableImport", "LookupTableImportV2")


def build_assets(model: SavedModel, graphs: tuple[ModelGraph, ...], names: tuple[Names, ...]) -> tuple[AssetRow, ...]:
    """Every declared asset and every file below assets/, by file name; a file that several MetaGraphs declare stands
    once."""
    sizes = {file.path.removeprefix(_FOLDER): file.size for file in model.files if file.path.startswith(_FOLDER)}
    unlisted = [lost.file or "" for lost in model.unreadable if lost.part == LISTING]
    pointers = {lost.file for lost in model.unreadable if lost.code == "lfs-pointer"}
    missing: Presence = "not-fetched" if model.found.given == "file" else "absent"
    if any(_FOLDER.startswith(folder) or folder.startswith(_FOLDER) for folder in unlisted):
        missing = "not-read"
    rows: dict[str, AssetRow] = {}
    for number, (graph, name_table) in enumerate(zip(graphs, names, strict=True)):
        for asset in graph.meta_graph.assets:
            filled, used = _uses(graph, name_table, asset.filename)
            size = sizes.get(asset.filename)
            presence = missing if size is None else _presence(asset.filename, pointers)
            row = AssetRow(asset.filename, size, presence, asset.declared_in, filled, used, (number,))
            rows[asset.filename] = _merged(rows[asset.filename], row) if asset.filename in rows else row
    for filename, size in sizes.items():
        rows.setdefault(filename, AssetRow(filename, size, _presence(filename, pointers), "", (), (), ()))
    return tuple(rows[filename] for filename in sorted(rows))


def _presence(filename: str, pointers: set[str | None]) -> Presence:
    """Of an asset whose file is there; it may be a git-LFS pointer that stands for it."""
    return "not-fetched" if f"{_FOLDER}{filename}" in pointers else "present"


def _merged(known: AssetRow, row: AssetRow) -> AssetRow:
    return replace(
        known,
        initializes=tuple(dict.fromkeys(known.initializes + row.initializes)),
        used_by=tuple(dict.fromkeys(known.used_by + row.used_by)),
        meta_graphs=tuple(dict.fromkeys(known.meta_graphs + row.meta_graphs)),
    )


def _uses(graph: ModelGraph, names: Names, filename: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(names of the tables filled from the asset, keys of the signatures that need it)."""
    keys = [key for key in graph.edges if key.kind == "asset" and names.of(key) == filename]
    tables = [table for key in keys for table in graph.targets(key, "initializes", "table")]
    wanted = set(keys) | set(tables)
    used = []
    for signature in graph.meta_graph.signatures:
        start = Key("signature", signature.key)
        needs = {*graph.touched(start, "captures", "asset"), *graph.touched(start, "captures", "table")}
        if needs & wanted:
            used.append(signature.key)
    return tuple(sorted({names.of(table) for table in tables})), tuple(used)


def build_tables(graph: ModelGraph, names: Names) -> tuple[TableRow, ...]:
    """The lookup tables of one MetaGraph, by name."""
    rows = [_table(graph, names, key) for key in graph.edges if key.kind == "table"]
    return tuple(sorted(rows, key=lambda row: row.name))


def _table(graph: ModelGraph, names: Names, key: Key) -> TableRow:
    op, key_dtype, value_dtype = table_types(graph, key)
    assets = sorted({names.of(asset) for asset in graph.sources(key, "initializes") if asset.kind == "asset"})
    used = [
        signature.key
        for signature in graph.meta_graph.signatures
        if key in graph.touched(Key("signature", signature.key), "captures", "table")
    ]
    path = names.of(key)
    return TableRow(
        path, op, key_dtype, value_dtype, (path,) if isinstance(key.id, int) else (), _content(graph, key, assets),
        tuple(assets), tuple(used),
    )  # fmt: skip


def table_types(graph: ModelGraph, key: Key) -> tuple[str, str, str]:
    """(op, key dtype, value dtype) of the node that makes the table; "" for what is not known."""
    if isinstance(key.id, str):
        places = [(graph.library.main, graph.library.main.at.get(key.id, -1))]
    else:
        traces = [end for end in graph.targets(key, "contains") if end.kind == "object"]
        functions = [str(f.id) for child in traces for f in graph.targets(child, "contains", "function")]
        places = []
        for name in functions:
            if name in graph.library.functions:
                index = graph.library.index(name)
                places += [(index, number) for number, op in enumerate(index.ops) if op in TABLE_OPS]
    for index, number in places:
        if number >= 0:
            node = index.node(number)
            return node.op, node.attr_type("key_dtype") or "", node.attr_type("value_dtype") or ""
    return "", "", ""


def _content(graph: ModelGraph, key: Key, assets: list[str]) -> str:
    """Where the table's rows come from."""
    if assets:
        return "asset"
    objects = graph.meta_graph.objects
    if isinstance(key.id, int) and objects is not None and "table" in objects.nodes[key.id].saveables:
        return "checkpoint"
    for function in graph.sources(key, "initializes"):
        if function.kind == "function" and str(function.id) in graph.library.functions:
            counts = graph.library.index(str(function.id)).op_counts
            if any(op in counts for op in _FROM_CONSTANTS):
                return "constants"
            if any(op in counts for op in FILE_INITIALIZERS):
                return "a file outside the model"
    if isinstance(key.id, str) and any(op in graph.library.main.op_counts for op in _FROM_CONSTANTS):
        return "constants"
    return ""
