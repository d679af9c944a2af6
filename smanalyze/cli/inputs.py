"""``smanalyze inputs``: values to call the signatures of a model with."""

from __future__ import annotations

import argparse
import sys

from smanalyze.cli import options

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

FORMATS = ("text", "npz", "json", "rest", "rest-columns", "grpc-json", "curl", "warmup")
WARMUP_NAME = "tf_serving_warmup_requests"
_ENDINGS = {".txt": "text", ".npz": "npz", ".json": "json", ".sh": "curl", WARMUP_NAME: "warmup"}
_BINARY = ("npz", "warmup")


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command to the parser."""
    parser = commands.add_parser(
        "inputs",
        help="make values to call signatures with",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Make values that the signatures of a SavedModel take, without TensorFlow: from a file, else from\n"
        "the model's warm-up requests, MLflow's input example, the signature's defaults, else from what\n"
        "consumes the inputs: ids below the embedding's rows, words of the vocabulary, tf.Examples that\n"
        "hold what is parsed, pictures that decode, sizes that fit.",
        epilog="examples:\n"
        "  smanalyze inputs MODEL                                  what would be fed, and why\n"
        "  smanalyze inputs MODEL --batch 3 -o inputs.npz          arrays, to be read back with --inputs\n"
        "  smanalyze inputs MODEL --signature-def K -o rest:body.json     the body of a REST request\n"
        "  smanalyze inputs MODEL --format curl                    commands that ask TensorFlow Serving\n"
        f"  smanalyze inputs MODEL -o {WARMUP_NAME}    for assets.extra/\n",
    )
    parser.add_argument("path", metavar="DIR", help="the SavedModel")
    parser.add_argument(
        "--signature-def", "--signature_def", metavar="K", action="append", default=None,
        help="only this signature; may be given several times",
    )  # fmt: skip
    parser.add_argument(
        "--batch", metavar="N", type=int, default=None,
        help="how many rows, where the signature leaves that open (default: 2 of values that are made; else as many "
        "as there are)",
    )  # fmt: skip
    parser.add_argument(
        "--seed", metavar="N", type=int, default=0,
        help="what values are drawn from: the same seed makes the same bytes (default: 0)",
    )  # fmt: skip
    parser.add_argument(
        "--inputs", metavar="FILE", default=None,
        help="take the values of a .npz or JSON file: one that -o wrote, a request for REST or gRPC, an input example "
        "of MLflow; a signature that it has no values for is fed as without it",
    )  # fmt: skip
    parser.add_argument(
        "--trial", metavar="N", type=int, default=None,
        help="the N-th values to try: first what the model itself has, request by request, then what is made: with "
        "odd values among them, such as an unknown word, plain, longer, zeros, ones (default: the first without odd "
        "values)",
    )  # fmt: skip
    options.add_tag_set(parser)
    parser.add_argument("--format", choices=FORMATS, default=None, help="what to print (default: text)")
    parser.add_argument(
        "-o", "--output", metavar="[FORMAT:]FILE", default=None,
        help=f"write to a file; its ending (.npz .json .txt .sh, or the name {WARMUP_NAME}) chooses the format",
    )  # fmt: skip
    options.add_common(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Makes the values and writes them; raises UsageError where a flag or file does not fit the model."""
    from smanalyze.api.inputs import plan_inputs
    from smanalyze.api.inputs_written import choose_trial, inputs_report, written
    from smanalyze.errors import UsageError
    from smanalyze.load import load

    output = _output(args)
    if args.seed < 0 or (args.trial is not None and args.trial < 1) or (args.batch is not None and args.batch < 1):
        raise UsageError("--seed takes a number from 0 on, --trial and --batch from 1 on.")
    model = load(args.path)
    if options.nothing_readable(args.path, model):
        return 2
    keys = tuple(args.signature_def) if args.signature_def else None
    tags = options.parse_tags(args.tag_set)
    planned = plan_inputs(model, tags=tags, signatures=keys, seed=args.seed, given=args.inputs)
    trials = [choose_trial(one, args.trial, args.batch, exactly=keys is not None) for one in planned]
    if output.format == "text":
        from smanalyze.render.inputs_text import render_inputs_text

        width = options.terminal_width(sys.stdout) if output.file is None else 100
        _write(args, output, render_inputs_text(inputs_report(model, planned, trials, args.seed), width=width))
    else:
        _write(args, output, written(model, planned, trials, output.format))
    return 0


def _output(args: argparse.Namespace) -> options.Output:
    """Where to write what. Raises UsageError for an ending that says nothing, or a place inside the model's folder."""
    from smanalyze.errors import UsageError

    output = options.Output(args.format or "text", None)
    if args.output is not None:
        prefix, colon, _ = args.output.partition(":")
        told = args.format is None or (colon and prefix in FORMATS)
        output = options.parse_output(args.output if told else f"{args.format}:{args.output}", FORMATS, _ENDINGS)
    if output.format in _BINARY and output.file is None:
        raise UsageError(f"{output.format} is no text; write it to a file with -o.")
    options.refuse_inside(output, [args.path])
    return output


def _write(args: argparse.Namespace, output: options.Output, content: str | bytes) -> None:
    if output.file is None:
        assert isinstance(content, str)
        options.print_text(content, utf8=output.format != "text")
        return
    if isinstance(content, str):
        options.write_text(output.file, content)
    else:
        _write_bytes(output.file, content)
    options.remark(args, f"{output.format} saved to {output.file}")


def _write_bytes(file: Path, content: bytes) -> None:
    from smanalyze.errors import UsageError

    try:
        file.write_bytes(content)
    except OSError as error:
        raise UsageError(f"The file cannot be written: {error.strerror}.", file=str(file)) from error
