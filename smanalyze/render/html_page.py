"""What the templates ask about the page itself: which rows fit on it, and by which id each of them is linked."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from smanalyze.render.html_proofs import Proofs
from smanalyze.render.html_tree import branches, count_lines
from smanalyze.render.visible import visible
from smanalyze.report.document import MetaGraphReport, Report
from smanalyze.report.tensors import Argument
from smanalyze.report.verify import VerifyReport

LIMITS = {
    # kind: (rows of one table, rows of all such tables together; of the last two kinds, together in one section)
    "meta_graph": (8, 8),
    "finding": (250, 250),
    "signature": (40, 60),
    "compared": (40, 40),
    "compared_output": (20, 200),
    "tensor": (200, 1500),
    "component": (12, 1000),
    "argument": (40, 1500),
    "structure": (60, 2000),
    "snippet": (8, 200),
    "callable": (120, 200),
    "trace": (8, 200),
    "function": (300, 600),
    "body": (100, 100),
    "node": (200, 2000),
    "layer": (600, 1000),
    "variable": (600, 600),
    "slice": (32, 1000),
    "stored": (100, 100),
    "shard": (100, 100),
    "asset": (300, 300),
    "table": (200, 400),
    "op": (400, 800),
    "unregistered": (100, 200),
    "device": (50, 100),
    "not_read": (300, 300),
    "hash": (20, 20),
    "failure": (300, 300),
    "manifest": (8, 8),
    "weight": (400, 400),
    "file": (600, 600),
    "waste": (300, 300),
    "statistic": (600, 600),
    "name": (6, 3500),
    "long": (40, 1000),
}
"""How much is drawn. A model with more has it all in the JSON; a page has to stay one that can be mailed and opened."""

_PLAIN = re.compile(r"[A-Za-z0-9._/:@,=+()\[\]-]{1,100}")
_ODD = re.compile(r"[^A-Za-z0-9._/:-]+")


@dataclass(frozen=True, slots=True)
class Cut:
    """The rows that are drawn, and how many more there are."""

    rows: tuple[Any, ...]
    more: int
    total: int

    @property
    def tall(self) -> bool:
        """Whether a table of these rows scrolls under its own head."""
        return len(self.rows) > 24


@dataclass(frozen=True, slots=True)
class Graph:
    """One MetaGraph on the page. ``scope`` keeps its ids apart from those of its neighbours; "" where it is alone."""

    scope: str
    title: str
    report: MetaGraphReport


class Rows:
    """One page being written. Cuts and ids are settled in document order, so the same report gives the same page."""

    def __init__(self) -> None:
        """Nothing is drawn yet."""
        self._left = {kind: whole for kind, (_, whole) in LIMITS.items()}
        self._settled: dict[tuple[str, int], Cut] = {}
        self._targets: dict[tuple[str, str, str], str] = {}
        self._used: set[str] = set()

    def begin(self, section: str) -> str:
        """A section begins: lists of names inside it may be as long as if it were the only one."""
        self._left |= {kind: LIMITS[kind][1] for kind in ("name", "long")}
        return section

    def cut(self, kind: str, rows: Sequence[Any]) -> Cut:
        """As many of the rows as fit. Rows that can be linked to were settled before; others are counted as drawn."""
        settled = self._settled.get((kind, id(rows)))
        if settled is not None:
            return settled
        size = self._take(kind, len(rows))
        return Cut(tuple(rows[:size]), len(rows) - size, len(rows))

    def _take(self, kind: str, wanted: int) -> int:
        size = min(wanted, LIMITS[kind][0], self._left[kind])
        self._left[kind] -= size
        return size

    def _settle(self, kind: str, rows: Sequence[Any]) -> tuple[Any, ...]:
        """Cut rows for good. The report outlives the page, so their identity is theirs alone."""
        cut = self._settled[kind, id(rows)] = self.cut(kind, rows)
        return cut.rows

    def claim(self, kind: str, name: str, scope: str = "") -> str:
        """The id of a row that is written now; a second row of the same name gets another."""
        wanted = anchor(kind, scope, name)
        free, number = wanted, 2
        while free in self._used:
            free, number = f"{wanted}~{number}", number + 1
        self._used.add(free)
        return free

    def href(self, kind: str, name: str, scope: str = "") -> str:
        """The link to a row of this page, "" when it is not on it; ``signature|callable`` asks for the one, then the
        other."""
        found = (self._targets.get((one, scope, name), "") for one in kind.split("|"))
        return next((f"#{target}" for target in found if target), "")


class Page(Rows):
    """The page of a report, and of what a verification says of it."""

    def __init__(self, report: Report, verified: VerifyReport | None = None) -> None:
        """Settle the rows that can be linked to before the first link is written."""
        super().__init__()
        self.proofs = Proofs(verified).of
        self.graphs = self._graphs(report)
        self.more_graphs = max(len(report.meta_graphs) - len(self.graphs), 0)
        for kind, scope, name in self._linkable(report):
            self._targets.setdefault((kind, scope, name), anchor(kind, scope, name))

    def tree(self, argument: Argument) -> Cut:
        """The first lines of a structured argument, from the root down."""
        total = count_lines(argument)
        size = self._take("structure", total)
        return Cut(tuple(islice(branches(argument), size)), total - size, total)

    def _graphs(self, report: Report) -> tuple[Graph, ...]:
        kept = self._settle("meta_graph", report.meta_graphs)
        several = len(report.meta_graphs) > 1
        return tuple(
            Graph(str(number) if several else "", _graph_title(number, graph) if several else "", graph)
            for number, graph in enumerate(kept, 1)
        )

    def _linkable(self, report: Report) -> Iterator[tuple[str, str, str]]:
        """(kind, scope, name) of every row that is drawn with an id."""
        asked = set(report.sections)
        if "variables" in asked:
            yield from (("variable", "", row.name) for row in self._settle("variable", report.variables))
        if "assets" in asked:
            yield from (("asset", "", row.filename) for row in self._settle("asset", report.assets))
        for graph in self.graphs:
            inside = graph.report
            if "signatures" in asked:
                rows = self._settle("signature", inside.signatures)
                yield from (("signature", graph.scope, row.key) for row in rows)
            if "functions" in asked:
                yield from (("callable", graph.scope, r.path) for r in self._settle("callable", inside.callables))
                yield from (("function", graph.scope, r.name) for r in self._settle("function", inside.functions))
            if "layers" in asked:
                yield from (("layer", graph.scope, row.path) for row in self._settle("layer", inside.layers.rows))
            if "assets" in asked:
                yield from (("table", graph.scope, row.name) for row in self._settle("table", inside.tables))
            if "ops" in asked:
                yield from (("op", graph.scope, row.op) for row in self._settle("op", inside.ops.histogram))


def anchor(kind: str, scope: str, name: str) -> str:
    """An id that stays the same as long as the name does, and is safe in a page and in an address.

    A kind that ends with ``-`` needs no colon. A name that is not plain, or is long, is cut down and told apart by a
    digest of the whole of it.
    """
    before = f"{kind}:{scope}:" if scope else kind if kind.endswith("-") else f"{kind}:"
    if _PLAIN.fullmatch(name):
        return before + name
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{before}{_ODD.sub('-', visible(name))[:60].strip('-')}~{digest}"


def _graph_title(number: int, graph: MetaGraphReport) -> str:
    return f"MetaGraph {number}: {', '.join(graph.tags) or 'no tags'}"
