"""The ops of one MetaGraph: how many of each, which no release knows, where the user placed them."""

from __future__ import annotations

from collections import Counter

from smanalyze.facts.reach import count_ops
from smanalyze.graph.model_graph import Key, ModelGraph
from smanalyze.graph.ops import provider, registered, releases
from smanalyze.report.sections import DeviceCount, OpReport, UnregisteredOp

MAX_PLACES = 5
SAVER_PREFIXES = ("__inference__traced_save", "__inference__traced_restore")


def build_ops(graph: ModelGraph) -> OpReport:
    """All nodes, reached or not. A node whose op is a function of the library is a call, and not unregistered."""
    library = graph.library
    counts = library.op_counts
    unknown = sorted(op for op in counts if registered(op) is None and op not in library.functions)
    left_out = set(unknown) | set(library.functions)
    first, needs = _first_release(set(counts), left_out)
    served: set[str] = set()
    for signature in graph.meta_graph.signatures:
        served.update(graph.op_counts(Key("signature", signature.key)))
    signature_release, signature_needs = _first_release(served, left_out)
    main = sum(library.main.op_counts.values())
    devices: Counter[str] = Counter(_user_devices(graph))
    for name in library.functions:
        if not name.startswith(SAVER_PREFIXES):
            devices.update(library.index(name).devices)
    return OpReport(
        total=sum(counts.values()),
        distinct=len(counts),
        in_main_graph=main,
        in_functions=sum(counts.values()) - main,
        histogram=count_ops(counts),
        unregistered=tuple(_unregistered(graph, op, counts[op]) for op in unknown),
        devices=tuple(DeviceCount(device, count) for device, count in sorted(devices.items())),
        first_release=first,
        needs=needs,
        signature_release=signature_release,
        signature_needs=signature_needs,
    )


def _user_devices(graph: ModelGraph) -> Counter[str]:
    """Devices of the main graph, but for those of the saver, which TensorFlow itself pins to the CPU."""
    index, saver = graph.library.main, graph.meta_graph.saver
    scope = saver.restore_op.rpartition("/")[0] if saver else ""
    total = Counter(index.devices)
    if scope and total:
        nodes = (index.node(number) for number, name in enumerate(index.names) if name.startswith(scope + "/"))
        total -= Counter(node.device for node in nodes if node.device)
    return total


def _first_release(ops: set[str], left_out: set[str]) -> tuple[str, tuple[str, ...]]:
    """(oldest release that registers all ops, as its minor version; the ops that are newest)."""
    order = {release: i for i, release in enumerate(releases())}
    newest = -1
    needs: list[str] = []
    for op in sorted(ops):
        entry = registered(op)
        if entry is None or op in left_out:
            continue
        since = order[entry.first_release]
        if since > newest:
            newest, needs = since, [op]
        elif since == newest:
            needs.append(op)
    if newest < 0:
        return "", ()
    # The oldest release we know of decides nothing: every op before it counts as known there.
    return ".".join(releases()[newest].split(".")[:2]), tuple(needs) if newest else ()


def _unregistered(graph: ModelGraph, op: str, count: int) -> UnregisteredOp:
    library = provider(op)
    where = ["main graph"] if op in graph.library.main.op_counts else []
    where += [name for name in graph.library.functions if op in graph.library.index(name).op_counts]
    return UnregisteredOp(
        op=op,
        count=count,
        library=library.library if library else "",
        install=library.package if library else "",
        reason=library.note if library else "",
        where=tuple(where[:MAX_PLACES]),
    )
