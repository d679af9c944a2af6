"""The parts of the Markdown page that are folded away: functions, layers, variables, assets, ops and reuse."""

from __future__ import annotations

from smanalyze.render.markdown_escape import cell_code, cell_prose, code, codes, prose
from smanalyze.render.markdown_sheet import Sheet
from smanalyze.render.units import bytes_text, count_text, plural, shape_text
from smanalyze.render.words import (
    LAYER_SOURCES,
    PRESENCE,
    argument_text,
    asset_state_text,
    checkpoint_text,
    cut,
    layer_shapes_text,
    layer_trainable_text,
    layers_trainable_text,
    ops_text,
    release_needs,
    role_text,
    spec_arguments,
    tags_text,
)
from smanalyze.report.document import MetaGraphReport, ModelSummary, Report
from smanalyze.report.sections import (
    AssetRow,
    Callable,
    CheckpointReport,
    Layer,
    LibraryFunction,
    OpReport,
    ReuseReport,
    StoredTensor,
    TableRow,
    UnregisteredOp,
    VariableRow,
)

_ROWS = 60
_SOME = 30
_ARGUMENTS = 12
_INDENT = "&emsp;"
"""Ordinary spaces at the start of a cell are lost."""


def of_graph(title: str, graph: MetaGraphReport, report: Report) -> str:
    """The title of a block, with the tags where there are several MetaGraphs."""
    return f"{title}, tags {tags_text(graph.tags)}" if len(report.meta_graphs) > 1 else title


def add_functions(sheet: Sheet, graph: MetaGraphReport, title: str) -> None:
    """The functions that Python can call, then the library."""
    with sheet.details(title, f"{count_text(len(graph.callables))} that Python can call"):
        titles: tuple[str, ...] = ("Function", "Call", "Takes", "Returns", ">Traces")
        sheet.table(titles, graph.callables, _callable_row, _SOME, "function")
        titles = ("Library function", "Role", ">Nodes", ">Inputs", ">Outputs", "State", "Calls", "Called by")
        sheet.table(titles, graph.functions, _library_row, _SOME, "library function")


def _callable_row(one: Callable) -> tuple[str, ...]:
    shown, hidden = cut(spec_arguments(one), _ARGUMENTS)
    takes = [cell_code(argument_text(argument)) for argument in shown]
    if hidden:
        takes.append(f"… {hidden:,} more")
    returns = cell_code(one.traces[0].returns) if one.traces else ""
    return cell_code(one.path), cell_code(one.call), "<br>".join(takes), returns, count_text(len(one.traces))


def _library_row(one: LibraryFunction) -> tuple[str, ...]:
    numbers = (count_text(one.nodes), count_text(one.inputs), count_text(one.outputs))
    state = "stateful" if one.stateful else ""
    return (cell_code(one.name), cell_prose(one.role), *numbers, state, codes(one.calls, 2), codes(one.called_by, 2))


def add_layers(sheet: Sheet, graph: MetaGraphReport, title: str) -> None:
    """A summary as Keras prints it."""
    table = graph.layers
    with sheet.details(title, count_text(len(table.rows))):
        if table.rows:
            named = " ".join(filter(None, (prose(table.model_class), code(table.model_name))))
            sheet.add(f"{named} ({LAYER_SOURCES.get(table.source, prose(table.source))})".strip())
        titles = ("Layer", "Class", "Output shape", ">Parameters", ">Trainable", "dtype", ">Nodes")
        sheet.table(titles, table.rows, _layer_row, _ROWS, "layer")
        if table.rows:
            sheet.add(f"{plural(table.parameters, 'parameter')}{layers_trainable_text(table)}")
        for note in table.notes:
            sheet.add(prose(note))


def _layer_row(one: Layer) -> tuple[str, ...]:
    name = _INDENT * min(one.depth, 8) + cell_code(one.name or one.path)
    nodes = count_text(one.nodes) if one.nodes else ""
    numbers = (count_text(one.parameters), layer_trainable_text(one), cell_prose(one.dtype), nodes)
    return (name, cell_code(one.class_name), cell_prose(layer_shapes_text(one, 3)), *numbers)


def add_variables(sheet: Sheet, report: Report) -> None:
    """One row a variable, then what else the checkpoint holds."""
    with sheet.details("Variables", count_text(report.model.counts.variables)):
        _add_checkpoint(sheet, report.checkpoint)
        titles: tuple[str, ...] = ("Variable", "dtype", "Shape", ">Elements", ">Size", "Role", "State", "Used by")
        sheet.table(titles, report.variables, _variable_row, _ROWS, "variable")
        titles = ("Stored, but no variable", "dtype", "Shape", ">Size", "Meaning")
        sheet.table(titles, report.checkpoint.other_entries, _entry_row, _SOME, "entry", "entries")


def _variable_row(one: VariableRow) -> tuple[str, ...]:
    what = (cell_code(one.name), cell_prose(one.dtype), cell_prose(shape_text(one.shape)))
    state = "" if one.presence == "present" else PRESENCE[one.presence]
    numbers = (count_text(one.elements), bytes_text(one.size))
    return (*what, *numbers, cell_prose(role_text(one)), state, codes(one.used_by, 3))


def _entry_row(one: StoredTensor) -> tuple[str, ...]:
    what = (cell_code(one.key), cell_prose(one.dtype), cell_prose(shape_text(one.shape)))
    return (*what, bytes_text(one.size), cell_prose(one.meaning))


def _add_checkpoint(sheet: Sheet, checkpoint: CheckpointReport) -> None:
    if checkpoint.presence != "present":
        sheet.add(f"Checkpoint {PRESENCE[checkpoint.presence]}.")
        return
    sheet.add(f"{code(checkpoint.prefix)}: {prose(checkpoint_text(checkpoint))}")
    wrong = [shard for shard in checkpoint.shards if shard.presence != "present" or not shard.declared]
    sheet.table(
        ("Shard", "State", "Index"),
        wrong,
        lambda one: (cell_code(one.file), PRESENCE[one.presence], "declared" if one.declared else "not declared"),
        _SOME,
        "shard",
    )


def add_assets(sheet: Sheet, report: Report) -> None:
    """Files below assets/ and the lookup tables."""
    with sheet.details("Assets and tables"):
        titles: tuple[str, ...] = ("Asset", ">Size", "State", "Fills", "Used by")
        sheet.table(titles, report.assets, lambda one: _asset_row(one, report.model), _SOME, "asset")
        titles = ("Table", "Kind", "Content", "Assets", "Used by", "Op")
        for graph in report.meta_graphs:
            sheet.table(titles, graph.tables, _table_row, _SOME, "table")


def _asset_row(one: AssetRow, model: ModelSummary) -> tuple[str, ...]:
    size = "" if one.size is None else bytes_text(one.size)
    state = asset_state_text(one, model)
    return cell_code(one.filename), size, state, codes(one.initializes, 3), codes(one.used_by, 3)


def _table_row(one: TableRow) -> tuple[str, ...]:
    kind = cell_prose(f"{one.key_dtype} → {one.value_dtype}")
    uses = (codes(one.assets, 3), codes(one.used_by, 3))
    return (cell_code(one.name), kind, cell_prose(one.content), *uses, cell_code(one.op))


def add_ops(sheet: Sheet, ops: OpReport, title: str) -> None:
    """How many nodes of each op, and what they ask of the TensorFlow that loads them."""
    with sheet.details(title, count_text(ops.distinct)):
        if ops.total:
            sheet.add(prose(ops_text(ops)))
        for sentence, needs in release_needs(ops):
            because = f" (for {codes(needs, 4)})" if needs else ""
            sheet.add(f"{prose(sentence)}{because}")
        titles = ("Unregistered op", ">Nodes", "Library", "Install", "Reason")
        sheet.table(titles, ops.unregistered, _unregistered_row, _SOME, "op")
        sheet.table(
            ("Device", ">Nodes"), ops.devices, lambda one: (cell_code(one.device), count_text(one.count)), 10, "device"
        )
        sheet.table(
            ("Op", ">Nodes"), ops.histogram, lambda one: (cell_code(one.op), count_text(one.count)), _ROWS, "op"
        )


def _unregistered_row(one: UnregisteredOp) -> tuple[str, ...]:
    install = cell_code(one.install)
    return cell_code(one.op), count_text(one.count), cell_prose(one.library), install, cell_prose(one.reason)


def add_reuse(sheet: Sheet, reuse: ReuseReport) -> None:
    """What each way of loading gives, and what there is to train."""
    with sheet.details("Reuse"):
        sheet.table(
            ("Load with", "Works", "Because"),
            reuse.answers,
            lambda one: (cell_code(one.loader), cell_prose(one.works), " ".join(map(cell_prose, one.says[:8]))),
            _SOME,
            "way",
        )
        sheet.facts(
            (
                ("Optimizer", cell_code(reuse.optimizer)),
                ("Loss", cell_code(reuse.loss)),
                ("Metrics", codes(reuse.metrics, 20)),
                ("Custom classes", codes(reuse.custom_classes, 20)),
                ("Training", cell_prose(reuse.training_argument)),
                ("Gradients", cell_prose(reuse.gradients)),
            )
        )
