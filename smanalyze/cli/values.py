"""``smanalyze values``: one variable, constant or asset of a model."""

from __future__ import annotations

import argparse
import sys

from smanalyze.cli import options

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command to the parser."""
    parser = commands.add_parser(
        "values",
        help="print or save one variable, constant or asset",
        description="Print or save the values of one variable (by its name, checkpoint key or object path), of one "
        "constant (by its node's name, in a function as FUNCTION/NODE), or the bytes of one asset.",
    )
    parser.add_argument("path", metavar="MODEL", help="the SavedModel")
    parser.add_argument("name", metavar="NAME", help="what to read")
    parser.add_argument(
        "-o", "--output", metavar="FILE", default=None,
        help="save to a .npy file (bfloat16 and float8 as float32, exactly); an asset: as it is",
    )  # fmt: skip
    options.add_tag_set(parser)
    options.add_common(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Prints or saves the values; raises UsageError where the name is unknown or means several things."""
    from pathlib import Path

    from smanalyze.api.analyze import values
    from smanalyze.errors import UsageError
    from smanalyze.load import load
    from smanalyze.model.saved_model import select_meta_graphs

    model = load(args.path)
    tags = options.parse_tags(args.tag_set)
    if tags is not None:
        model = select_meta_graphs(model, tags)
    found = values(model, args.name)
    if args.output is not None:
        target = options.Output("npy", Path(args.output))
        options.refuse_inside(target, [args.path])
        try:
            _save(found.value, Path(args.output))
        except OSError as error:
            raise UsageError(f"The file cannot be written: {error.strerror}.", file=args.output) from error
        options.remark(args, f"{found.kind} {found.name}: {_what(found.value)} saved to {args.output}")
        return 0
    options.remark(args, f"{found.kind} {found.name}: {_what(found.value)}")
    sys.stdout.write(_text(found.value))
    return 0


def _what(value: Any) -> str:
    return f"{len(value)} bytes" if isinstance(value, bytes) else f"{value.dtype} {value.shape}"


def _save(value: Any, target: Path) -> None:
    if isinstance(value, bytes):
        target.write_bytes(value)
        return
    import numpy as np

    if value.dtype == object:  # strings: a fixed-width array can be loaded without pickle
        value = value.astype(np.bytes_)
    elif value.dtype.isbuiltin != 1:  # numpy reads no file with bfloat16, float8 or int4; these hold all their values
        name = value.dtype.name
        value = value.astype(np.int8 if name.startswith("int") else np.uint8 if name.startswith("uint") else np.float32)
    with target.open("wb") as file:
        np.save(file, value, allow_pickle=False)


def _text(value: Any) -> str:
    from smanalyze.render.visible import visible_lines

    if isinstance(value, bytes):
        text = value.decode("utf-8", "backslashreplace")
        return visible_lines(text) + ("" if text.endswith("\n") else "\n")
    import numpy as np

    return (
        visible_lines(np.array2string(value, threshold=200, max_line_width=options.terminal_width(sys.stdout))) + "\n"
    )
