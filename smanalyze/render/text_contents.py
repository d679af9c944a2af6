"""Layers, variables, assets, ops and reuse of the text report."""

from __future__ import annotations

from smanalyze.render.text_columns import Cell, Column, draw_grid, draw_table
from smanalyze.render.text_page import Page
from smanalyze.render.units import bytes_text, count_text, plural, shape_text
from smanalyze.render.words import (
    LAYER_SOURCES,
    PRESENCE,
    asset_state_text,
    checkpoint_text,
    cut,
    joined,
    layer_shapes_text,
    layer_trainable_text,
    layers_trainable_text,
    ops_text,
    release_needs,
    role_text,
)  # fmt: skip
from smanalyze.report.document import Report
from smanalyze.report.sections import (
    CheckpointReport,
    Layer,
    LayerTable,
    OpReport,
    ReuseReport,
    TableRow,
    UnregisteredOp,
    VariableRow,
)  # fmt: skip


def draw_layers(page: Page, table: LayerTable, limit: int) -> None:
    """A summary as Keras prints it."""
    title = " ".join(word for word in (table.model_class, table.model_name) if word)
    source = LAYER_SOURCES.get(table.source, table.source)
    if table.rows:
        page.flow([(title, "title"), (f"({source})" if title else f"{source[:1].upper()}{source[1:]}.", "dim")], 2)
    columns = (
        Column("layer", give="cut", floor=30, style="name"), Column("class", give="fold", floor=20),
        Column("output shape", give="fold", floor=20), Column("parameters", right=True),
        Column("trainable", right=True, drop=1), Column("dtype", drop=2), Column("nodes", right=True, drop=3),
    )  # fmt: skip
    shown, hidden = cut(table.rows, limit)
    if table.rows:
        draw_table(page, columns, [_layer_row(layer) for layer in shown])
        page.more(hidden, "layer")
        page.flow([(f"{plural(table.parameters, 'parameter')}{layers_trainable_text(table)}", "")], 2)
    for note in table.notes:
        page.flow([(note, "dim")], 2)


def _layer_row(layer: Layer) -> tuple[Cell, ...]:
    return (
        "  " * min(layer.depth, 8) + (layer.name or layer.path), layer.class_name, layer_shapes_text(layer, 2),
        count_text(layer.parameters), layer_trainable_text(layer), layer.dtype,
        count_text(layer.nodes) if layer.nodes else "",
    )  # fmt: skip


def draw_checkpoint(page: Page, checkpoint: CheckpointReport, limit: int) -> None:
    """Where the variables are stored, and what else is stored with them."""
    if checkpoint.presence != "present":
        page.flow([(f"checkpoint {PRESENCE[checkpoint.presence]}", "dim")], 2)
        return
    page.flow([(f"{checkpoint.prefix}:", ""), (checkpoint_text(checkpoint), "")], 2)
    wrong = [shard for shard in checkpoint.shards if shard.presence != "present" or not shard.declared]
    for shard in cut(wrong, limit)[0]:
        declared = "" if shard.declared else ", not declared by the index"
        page.flow([(shard.file, "name"), (PRESENCE[shard.presence] + declared, "warning")], 4)


def draw_other_entries(page: Page, checkpoint: CheckpointReport, limit: int, only: bool) -> None:
    """What the checkpoint holds besides variables."""
    shown, hidden = cut(checkpoint.other_entries, limit)
    if shown:
        page.blank()
        page.flow([("Stored, but no variable:", "dim")], 2)
    if only:
        columns = (
            Column("key", give="fold", floor=30, style="name"), Column("dtype"), Column("shape", give="fold"),
            Column("size", right=True), Column("meaning", give="fold", floor=16),
        )  # fmt: skip
        draw_table(page, columns, [(e.key, e.dtype, shape_text(e.shape), bytes_text(e.size), e.meaning) for e in shown])
    else:
        for entry in shown:
            page.flow([(entry.key, "name"), (f"({entry.meaning}, {bytes_text(entry.size)})", "dim")], 4, 6)
    page.more(hidden, "entry", "entries")


def draw_variables(page: Page, variables: tuple[VariableRow, ...], limit: int) -> None:
    """One line a variable."""
    if not variables:
        page.flow([("No variables.", "")], 2)
        return
    columns = (
        Column("variable", give="fold", floor=30, style="name"), Column("dtype"),
        Column("shape", give="fold", floor=24), Column("elements", right=True, drop=2),
        Column("size", right=True), Column("role"),
        Column("used by", give="cut", floor=16, drop=3),
        Column("functions", right=True, drop=6), Column("layer", give="cut", floor=20, drop=5),
        Column("checkpoint key", give="cut", floor=30, drop=4, style="dim"),
    )  # fmt: skip
    shown, hidden = cut(variables, limit)
    draw_table(page, columns, [_variable_row(variable) for variable in shown])
    page.more(hidden, "variable")


def _variable_row(variable: VariableRow) -> tuple[Cell, ...]:
    role: Cell = (role_text(variable), "" if variable.role == "weight" else "dim")
    if variable.presence != "present":
        role = (f"{role_text(variable)} ({PRESENCE[variable.presence]})", "warning")
    return (
        variable.name, variable.dtype, shape_text(variable.shape), count_text(variable.elements),
        bytes_text(variable.size), role,
        joined(variable.used_by, 2), count_text(variable.used_by_functions) if variable.used_by_functions else "",
        variable.layer, joined(variable.checkpoint_keys, 1),
    )  # fmt: skip


def draw_assets(page: Page, report: Report, limit: int) -> None:
    """The files below assets/."""
    if not report.assets:
        return
    columns = (
        Column("asset", give="fold", floor=20, style="name"), Column("size", right=True), Column("", style="warning"),
        Column("fills", give="fold", floor=16, drop=2), Column("used by", give="fold", floor=14, drop=1),
    )  # fmt: skip
    shown, hidden = cut(report.assets, limit)
    rows = []
    for asset in shown:
        size = "" if asset.size is None else bytes_text(asset.size)
        rows.append(
            (
                asset.filename,
                size,
                asset_state_text(asset, report.model),
                joined(asset.initializes, 2),
                joined(asset.used_by, 2),
            )
        )
    draw_table(page, columns, rows)
    page.more(hidden, "asset")


def draw_tables(page: Page, tables: tuple[TableRow, ...], limit: int) -> None:
    """The lookup tables of one MetaGraph."""
    if not tables:
        return
    columns = (
        Column("table", give="fold", floor=18, style="name"), Column("kind"), Column("content", give="fold", floor=20),
        Column("assets", give="cut", floor=12, drop=2), Column("used by", give="cut", floor=14, drop=3),
        Column("op", give="cut", floor=16, drop=4, style="dim"),
    )  # fmt: skip
    shown, hidden = cut(tables, limit)
    rows = [
        (table.name, f"{table.key_dtype} → {table.value_dtype}", table.content, joined(table.assets, 2),
         joined(table.used_by, 2), table.op)
        for table in shown
    ]  # fmt: skip
    draw_table(page, columns, rows)
    page.more(hidden, "table")


def draw_ops(page: Page, ops: OpReport, limit: int) -> None:
    """How many nodes of each op, and what they ask of the TensorFlow that loads them."""
    if not ops.total:
        page.flow([("No nodes.", "")], 2)
        return
    page.flow([(ops_text(ops), "")], 2)
    for sentence, needs in release_needs(ops):
        because = f"(for {joined(needs, 4)})" if needs else ""
        page.flow([(sentence, ""), (because, "dim")], 2, 4)
    for unknown in ops.unregistered:
        _draw_unregistered(page, unknown)
    for device in ops.devices:
        page.flow([(plural(device.count, "node"), ""), ("placed on", "dim"), (device.device, "name")], 2, 4)
    page.blank()
    shown, hidden = cut(ops.histogram, limit)
    draw_grid(page, [(op.op, count_text(op.count)) for op in shown])
    page.more(hidden, "op")


def _draw_unregistered(page: Page, unknown: UnregisteredOp) -> None:
    page.flow([(unknown.op, "warning"), (f"({plural(unknown.count, 'node')}):", "dim"), (unknown.reason, "")], 2, 4)
    provider = f"likely from {unknown.library}" if unknown.library else ""
    install = f"({unknown.install})" if provider and unknown.install else unknown.install
    page.flow([(provider, ""), (install, "dim")], 4, 6)
    page.flow([(joined(unknown.where, 3), "dim")], 4, 6)


_WORKS = {"yes": "good", "partly": "warning", "no": "error", "unknown": "dim"}


def draw_reuse(page: Page, reuse: ReuseReport) -> None:
    """What each way of loading gives, and what there is to train."""
    for answer in reuse.answers:
        page.flow([(f"{answer.loader}:", "name"), (answer.works, _WORKS.get(answer.works, ""))], 2, 4)
        for sentence in answer.says:
            page.flow([(sentence, "")], 4)
    page.blank()
    page.fact("optimizer", (reuse.optimizer, ""), column=18)
    page.fact("loss", (reuse.loss, ""), column=18)
    page.fact("metrics", (joined(reuse.metrics, 20), ""), column=18)
    page.fact("custom classes", (joined(reuse.custom_classes, 20), ""), column=18)
    page.fact("training", (reuse.training_argument, ""), column=18)
    page.fact("gradients", (reuse.gradients, ""), column=18)
