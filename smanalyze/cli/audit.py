"""``smanalyze audit``: is a model whole, and is it the one it claims to be."""

from __future__ import annotations

import argparse

from smanalyze.cli import options, targets

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

    from smanalyze.model.saved_model import SavedModel
    from smanalyze.model.weights import WeightsFile
    from smanalyze.report.audit import AuditReport

FORMATS = ("text", "json", "html", "markdown")


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command to the parser."""
    parser = commands.add_parser(
        "audit",
        help="check that a SavedModel is whole, and the one it claims to be",
        description="Check every byte that can be checked: the checksum of every stored tensor, every hash of "
        "fingerprint.pb, and a manifest or OpenSSF signature where there is one; and say what nothing covers. "
        "Nothing is written into the model's folder.",
        epilog="A checkpoint or a Keras file (.keras, .h5, architecture in JSON or YAML) is audited by "
        "itself. In a folder of numbered versions (TF Serving) every version is audited. "
        "Verdicts, the first that applies: damaged, incomplete, modified, no-fingerprint, intact.",
    )
    parser.add_argument(
        "paths", nargs="+", metavar="PATH", help="a SavedModel, a folder that leads to one, a checkpoint, a Keras file"
    )
    parser.add_argument("--stats", action="store_true", help="add figures of every stored tensor")
    parser.add_argument("--digests", action="store_true", help="add the sha256 of every file")
    parser.add_argument("--weights", metavar="FILE", default=None, help="are the weights of FILE those of the model?")
    parser.add_argument("--manifest", metavar="FILE", default=None, help="compare with a manifest written earlier")
    parser.add_argument(
        "--write-manifest", metavar="FILE", default=None, help="write a list of every file's sha256 to FILE"
    )
    parser.add_argument(
        "--fail-on", choices=options.SEVERITIES, default="error",
        help="exit with 1 if there is a finding this bad or worse (default: error)",
    )  # fmt: skip
    parser.add_argument("--strict", action="store_true", help="exit with 3 if a part of the model could not be checked")
    options.add_outputs(parser, FORMATS)
    options.add_common(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Audits each path, and each version in it; the worst exit code decides."""
    outputs = options.parse_outputs(args, FORMATS, args.paths)
    target = _manifest_target(args)
    versions = {path: targets.versions_of(path) for path in args.paths}
    _refuse_several(args, versions)
    reports: list[AuditReport] = []
    failed = False
    for done in targets.each_done(
        args.paths, versions, lambda model: _audit(args, model), lambda *one: _audit_weights(args, *one)
    ):
        failed |= done.failed
        if done.report is not None:
            reports.append(done.report)
            if target is not None and done.model is not None:
                options.write_text(target, _statement(done.model, done.report))
    options.refuse_several_pages(outputs, reports)
    if reports:
        several = len(args.paths) > 1
        options.write_outputs(outputs, lambda *how: render(reports, *how, several=several), args.color)
    return 2 if failed else _gate(reports, args)


def _manifest_target(args: argparse.Namespace) -> Path | None:
    """Where the manifest goes. Raises UsageError where that is inside a model."""
    if args.write_manifest is None:
        return None
    from pathlib import Path

    target = Path(args.write_manifest)
    options.refuse_inside(options.Output("json", target), args.paths)
    return target


def _refuse_several(args: argparse.Namespace, versions: dict[str, list[str]]) -> None:
    """Raises UsageError where a manifest, which lists one model, is to be that of several."""
    import os

    from smanalyze.errors import UsageError

    if args.write_manifest is not None and len(args.paths) > 1:
        raise UsageError("A manifest lists one model; give one path to write it.")
    for option in ("manifest", "write_manifest"):
        several = [(path, names) for path, names in versions.items() if len(names) > 1]
        if getattr(args, option) is not None and several:
            path, names = several[0]
            listed = ", ".join(names[:10]) + (f" and {len(names) - 10} more" if len(names) > 10 else "")
            message = f"A manifest lists one model, and this holds {len(names)} versions: {listed}. Give one of them"
            raise UsageError(f"{message}: {os.path.join(path, names[0])}.", file=path)


def _audit_weights(args: argparse.Namespace, path: str, weights: WeightsFile) -> AuditReport:
    """The audit of a file of weights. Raises UsageError where an option needs a SavedModel."""
    from smanalyze.api.audit import audit_weights
    from smanalyze.cli.progress import progress_bar
    from smanalyze.errors import UsageError

    for option in ("weights", "manifest", "write_manifest"):
        if getattr(args, option) is not None:
            name = option.replace("_", "-")
            raise UsageError(f"--{name} is for a SavedModel; this holds weights without one.", file=path)
    with progress_bar(args.quiet, weights.path_name) as progress:
        return audit_weights(weights, stats=args.stats, digests=args.digests, progress=progress)


def _audit(args: argparse.Namespace, model: SavedModel) -> AuditReport:
    from smanalyze.api.audit import audit
    from smanalyze.cli.progress import progress_bar

    digests = args.digests or args.write_manifest is not None
    with progress_bar(args.quiet, model.found.path_name) as progress:
        return audit(
            model, stats=args.stats, weights=args.weights, manifest=args.manifest, digests=digests, progress=progress
        )


def _statement(model: SavedModel, report: AuditReport) -> str:
    from smanalyze.api.audit import write_manifest

    return write_manifest(model, report)


def render(reports: list[AuditReport], kind: str, color: bool, width: int, *, several: bool = False) -> str:
    """The audits in one format; several in JSON make one document with ``results``, as do those of several paths."""
    if kind == "json":
        from smanalyze.render.json import render_json

        return render_json(reports, several=several)
    if kind == "html":
        from smanalyze.render.audit_html import render_audit_html

        return render_audit_html(reports[0])
    if kind == "markdown":
        from smanalyze.render.audit_markdown import render_audit_markdown

        return "\n".join(render_audit_markdown(report) for report in reports)
    from smanalyze.render.audit_text import render_audit_text

    return "\n".join(render_audit_text(report, width=width, color=color) for report in reports)


def _gate(reports: list[AuditReport], args: argparse.Namespace) -> int:
    """1 for a finding as bad as asked for, 3 for a part that could not be checked where that matters, else 0."""
    if options.is_gated((finding for report in reports for finding in report.findings), args.fail_on):
        return 1
    incomplete = any(
        report.verdict == "incomplete" or report.checkpoint.not_checked or report.not_read for report in reports
    )
    return 3 if args.strict and incomplete else 0
