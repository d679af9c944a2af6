"""``smanalyze show``: saved_model_cli's ``show``, without TensorFlow."""

from __future__ import annotations

import argparse
import sys

from smanalyze.cli import options

TYPE_CHECKING = False
if TYPE_CHECKING:
    from smanalyze.report.show import Shown


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command to the parser."""
    parser = commands.add_parser(
        "show",
        help="print tag-sets, signatures, ops and functions as saved_model_cli does",
        description="Takes the flags of saved_model_cli show and prints its lines word for word, in a stable order and "
        "complete: ops of every function, functions at any depth, sparse and composite tensors.",
    )
    options.add_dir(parser, "the SavedModel")
    parser.add_argument("--all", action="store_true", help="everything")
    options.add_tag_set(parser)
    parser.add_argument(
        "--signature-def", "--signature_def", metavar="KEY", default=None, help="one signature's tensors"
    )
    parser.add_argument("--list-ops", "--list_ops", action="store_true", help="the ops of the chosen MetaGraph")
    options.add_common(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Prints what the flags ask for; 2 where nothing of the graph can be read."""
    from smanalyze.errors import UsageError
    from smanalyze.facts.shown import build_shown
    from smanalyze.load import load
    from smanalyze.model.saved_model import select_meta_graphs

    path = options.parse_dir(args)
    model = load(path, graph_only=True)
    tags = options.parse_tags(args.tag_set)
    if tags is not None and not args.all:
        model = select_meta_graphs(model, tags)
    shown = build_shown(model, ops=args.all or args.list_ops, functions=args.all)
    if shown.found:
        options.remark(args, shown.found)
    for warning in shown.warnings:
        options.remark(args, warning)
    if not shown.meta_graphs:
        raise UsageError("There is no MetaGraph to show.", file=str(path))
    sys.stdout.write(_text(args, shown, chosen=tags is not None))
    return 0


def _text(args: argparse.Namespace, shown: Shown, *, chosen: bool) -> str:
    from smanalyze.errors import UsageError
    from smanalyze.render import show as render

    if args.all:
        return render.render_all(shown)
    if not chosen:
        if args.list_ops and len(shown.meta_graphs) == 1:
            return render.render_ops(shown.meta_graphs[0])
        if args.signature_def is None or len(shown.meta_graphs) > 1:
            note = "" if not (args.list_ops or args.signature_def) else "Choose one with --tag-set.\n"
            return render.render_tag_sets(shown) + note
    graph = shown.meta_graphs[0]
    if args.list_ops:
        return render.render_ops(graph)
    if args.signature_def is None:
        return render.render_signature_keys(graph)
    for signature in graph.signatures:
        if signature.key == args.signature_def:
            return render.render_signature(signature)
    known = ", ".join(signature.key for signature in graph.signatures) or "none"
    raise UsageError(f"There is no signature {args.signature_def!r}. Signatures: {known}.")
