"""Paths of one machine inside the model."""

from __future__ import annotations

import re
from collections.abc import Iterator

from smanalyze.checks.evidence import count_of, listed, stable_name
from smanalyze.checks.rule import NOTE, Found, rule
from smanalyze.checks.subject import OneFolder
from smanalyze.graph.keys import TABLE_OPS
from smanalyze.graph.model_graph import ModelGraph
from smanalyze.report.findings import Location

_ABSOLUTE = re.compile(r"/(?!dev/)|[A-Za-z]:[\\/]|\\\\|[A-Za-z][A-Za-z0-9+.-]*://")
_PERSONAL = re.compile(r"(/home/|/Users/|/root/|[A-Za-z]:[\\/]Users[\\/])[^/\\]")
_INSTALLED = re.compile(r"[/\\](site-packages|dist-packages|lib[/\\]python[0-9.]+)[/\\]")

#: TensorFlow names a table read from a file after the file (tensorflow/python/ops/lookup_ops.py: TextFileInitializer).
_TABLE_NAME = re.compile(
    r"(?:hash_table|string_to_index|index_to_string)_?(?P<path>(?:/|[A-Za-z]:[\\/]).+?)_-?\d+_-?\d+.*"
)

DEBUG_INFO = "debug/saved_model_debug_info.pb"


def _absolute(text: str) -> bool:
    return bool(_ABSOLUTE.match(text)) and "\0" not in text


@rule("leaked-path", NOTE)
def leaked_path(folder: OneFolder) -> Iterator[Found]:
    """The model tells paths of its author's machine.

    Why: names of users, projects and folders travel with the model to everybody who gets it. They change nothing in
    what it computes.
    Fix: export without debug info, from a neutral folder; TF1 tables and assets keep the path they were made from.
    """
    facts = folder.facts
    files = facts.model.debug_info.files if facts.model.debug_info else ()
    lines = [f"debug info: {path}" for path in files if _own_path(path)]
    for graph in facts.graphs:
        lines += [*_asset_sources(graph), *_table_names(graph)]
    lines = list(dict.fromkeys(lines))
    if lines:
        file = DEBUG_INFO if lines[0].startswith("debug info") else None
        message = f"{count_of(len(lines), 'path')} of the machine that made the model can be read from it."
        yield Found(Location(file=file), message, (), listed(lines))


def _asset_sources(graph: ModelGraph) -> Iterator[str]:
    """Where assets were at the export (TF1): the constants that the loader replaces by their new places."""
    main = graph.library.main
    for asset in graph.meta_graph.assets:
        number = main.producer(asset.tensor_name) if asset.tensor_name else None
        tensor = main.node(number).attr_tensor("value") if number is not None and number >= 0 else None
        for data in tensor.strings if tensor else ():
            text = data.decode("utf-8", "backslashreplace")
            if _absolute(text):
                yield f"asset {asset.filename}: {text}"


def _table_names(graph: ModelGraph) -> Iterator[str]:
    """Files that tables are named after."""
    library = graph.library
    for index in (library.main, *map(library.index, library.functions)):
        for number, op in enumerate(index.ops) if not TABLE_OPS.isdisjoint(index.op_counts) else ():
            match = _TABLE_NAME.fullmatch(index.node(number).attr_string("shared_name")) if op in TABLE_OPS else None
            if match:
                yield f"name of the table {stable_name(index.names[number])}: {match['path']}"


def _own_path(path: str) -> bool:
    """Whether a source file's path is the author's own: absolute, and not a library's in a place all machines have."""
    return _absolute(path) and (bool(_PERSONAL.match(path)) or not _INSTALLED.search(path))
