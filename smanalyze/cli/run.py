"""``smanalyze run``: saved_model_cli's ``run``, in a sandbox."""

from __future__ import annotations

import argparse

from smanalyze.cli import options
from smanalyze.cli.child import add_child, child_options

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from smanalyze.report.run import RunReport
    from smanalyze.verify.target import Target

FORMATS = ("text", "json")

EXIT_CODES = {"ran": 0, "exception": 1, "not-loaded": 2, "crashed": 4, "refused": 5}

_EPILOG = """\
examples:
  smanalyze run MODEL                                          values are made, as by `smanalyze inputs`
  smanalyze run MODEL --input-exprs 'x=np.ones((2, 3)); n=4'   a semicolon between inputs
  smanalyze run MODEL --inputs 'x=x.npy;y=several.npz[left]' --outdir out
  smanalyze run MODEL --inputs inputs.npz                      what `smanalyze inputs -o inputs.npz` wrote
  smanalyze run MODEL --input-examples "examples=[{'age': [30], 'name': ['Ann']}]"
  smanalyze run MODEL --input-exprs 'r=[[1, 2], [3]]'          a ragged input; a sparse one is a dict of
                                                               indices, values and dense_shape
  smanalyze run MODEL --function 'layers[0].call' --input-exprs 'x=np.zeros((1, 8)); training=False'

In an expression: numbers, strings, lists, tuples, dicts, arithmetic, comparisons, indexing, and of
numpy (np) array ones zeros full arange linspace eye reshape transpose concatenate stack repeat tile
expand_dims squeeze ones_like zeros_like full_like broadcast_to flip ravel abs sqrt exp round
random.rand random.randn random.randint random.uniform random.normal, dtypes, pi nan inf newaxis,
.reshape .astype .transpose .tolist .T. Nothing is run as Python, and no pickle is read.

exit codes: 0 it ran, 1 TensorFlow raised an exception for these inputs, 2 could not run (usage, or the
model does not load), 4 the process died (time, memory, abort ...), 5 refused because of a risk.
"""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command to the parser."""
    parser = commands.add_parser(
        "run",
        help="call a signature or a function with given values, in a sandbox",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Takes the flags of saved_model_cli run. Calls a signature of a private copy of a SavedModel,\n"
        "or a function of its objects, with TensorFlow, in a child process without network and with\n"
        "limits. What a scan finds to act is refused unless permitted. The model's folder is left as it\n"
        "is.",
        epilog=_EPILOG,
    )
    options.add_dir(parser, "a SavedModel, or a folder that leads to one")
    options.add_tag_set(parser)
    parser.add_argument(
        "--signature-def", "--signature_def", metavar="KEY", default=None,
        help="the signature to call (default: serving_default, or the only one)",
    )  # fmt: skip
    parser.add_argument(
        "--function", metavar="PATH", default=None,
        help="a function of the object tree to call instead, by the path that a report gives it",
    )  # fmt: skip
    for flag, other, metavar, text in (
        ("--inputs", "--inputs", "NAME=FILE[;...]", "inputs from .npy files, or .npz files as FILE[ARRAY]; or one .npz "
         "or JSON file that has them all"),
        ("--input-exprs", "--input_exprs", "NAME=EXPR[;...]", "inputs as literals or NumPy expressions; this and its "
         "two neighbours may be given several times"),
        ("--input-examples", "--input_examples", "NAME=LIST[;...]", "inputs of tf.Examples: lists of dicts of "
         "features"),
    ):  # fmt: skip
        names = dict.fromkeys((flag, other))
        parser.add_argument(*names, metavar=metavar, action="append", default=None, help=text)
    parser.add_argument("--outdir", metavar="DIR", default=None, help="save each output there, as KEY.npy")
    parser.add_argument("--overwrite", action="store_true", help="replace files that are in --outdir already")
    add_child(parser)
    options.add_outputs(parser, FORMATS)
    options.add_common(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Calls what was asked for; how it ended is the exit code."""
    from smanalyze.cli.progress import progress_steps
    from smanalyze.load import load
    from smanalyze.verify.run import run as call
    from smanalyze.verify.target import find_target

    path = options.parse_dir(args)
    outputs = options.parse_outputs(args, FORMATS, [path])
    child = child_options(args)
    model = load(path)
    if options.nothing_readable(path, model):
        return 2
    if model.found.given == "serving_base":
        options.remark(args, f"{path}: version {model.found.chosen} is run.")
    target = find_target(model, options.parse_tags(args.tag_set), args.signature_def, args.function)
    inputs = _given(args, target)
    _check_outdir(args, path, target)
    with progress_steps(args.quiet) as tell:
        ran = call(
            model, tags=target.tags, signature=target.key, function=target.path, inputs=inputs, tell=tell, **child
        )
    if inputs is None and ran.report.inputs:
        options.remark(args, "no inputs were given, so values were made; --inputs and --input-exprs give your own.")
    options.write_outputs(outputs, lambda *how: render(ran.report, *how), args.color)
    if ran.report.status == "ran" and args.outdir is not None:
        _save(args, ran.arrays)
    return EXIT_CODES[ran.report.status]


def _given(args: argparse.Namespace, target: Target) -> dict[str, Any] | None:
    """The values of all flags, None where there is none. Of two for one input the later kind of flag wins."""
    from smanalyze.inputs.expressions import Random
    from smanalyze.inputs.flags import from_examples, from_expressions, from_files

    if args.inputs is None and args.input_exprs is None and args.input_examples is None:
        return None
    random = Random(args.seed)
    found: dict[str, Any] = {}
    for flag, values in (
        ("--inputs", from_files(args.inputs or (), target.key or target.path or "")),
        ("--input-exprs", from_expressions(args.input_exprs or (), random)),
        ("--input-examples", from_examples(args.input_examples or (), random)),
    ):
        for name in sorted(found.keys() & values.keys()):
            options.remark(args, f"the input {name!r} is given more than once; that of {flag} is used.")
        found |= values
    return found


def _check_outdir(args: argparse.Namespace, path: str, target: Target) -> None:
    """Raises UsageError where the outputs could not be saved, before anything is run."""
    if args.outdir is None:
        return
    from pathlib import Path

    from smanalyze.verify.outputs import check_free, file_names
    from smanalyze.verify.target import output_names

    names = output_names(target)
    for file in ("_", *file_names(names).values()):  # what comes out is not always known before
        options.refuse_inside(options.Output("npy", Path(args.outdir) / file), [path])
    check_free(args.outdir, () if args.overwrite else names)


def _save(args: argparse.Namespace, arrays: dict[str, Any]) -> None:
    from smanalyze.verify.outputs import save_outputs

    for name, file in save_outputs(arrays, args.outdir, overwrite=args.overwrite).items():
        array = arrays[name]
        raw = array.dtype != object and array.dtype.isbuiltin != 1
        note = f" (numpy has no {array.dtype}: its bytes, to be viewed as one)" if raw else ""
        if array.dtype == object and any(value.endswith(b"\0") for value in array.ravel()):
            note = " (without the zero bytes at the end of strings, which numpy does not keep)"
        options.remark(args, f"output {name} is saved to {file}{note}")


def render(report: RunReport, kind: str, color: bool, width: int) -> str:
    """The call in one format."""
    if kind == "json":
        from smanalyze.render.json import render_json

        return render_json([report])
    if kind != "text":
        from smanalyze.errors import UsageError

        raise UsageError("A run is text or JSON.")
    from smanalyze.render.run_text import render_run_text

    return render_run_text(report, width=width, color=color)
