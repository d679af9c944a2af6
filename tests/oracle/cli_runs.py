"""What saved_model_cli gives: python cli_runs.py CASES.json, a list of [model, tags, key, inputs, exprs, examples,
outdir] as its flags take them. One process for all, since most of its time is spent on starting."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

from tensorflow.python.tools import saved_model_cli


def main(cases: Path) -> None:
    """Runs each case, and prints what it printed as a list in JSON."""
    import io

    said = []
    for model, tags, key, inputs, exprs, examples, outdir in json.loads(cases.read_text(encoding="utf-8")):
        feeds = saved_model_cli.load_inputs_from_input_arg_string(inputs, exprs, examples)
        with contextlib.redirect_stdout(io.StringIO()) as caught:
            saved_model_cli.run_saved_model_with_feed_dict(model, tags, key, feeds, outdir, False)
        said.append(caught.getvalue())
    sys.stdout.write(json.dumps(said))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
