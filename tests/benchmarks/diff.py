"""What a diff costs: python tests/benchmarks/diff.py MODELS [--runs N].

MODELS is a folder made by make_models.py, once by TensorFlow 2.21 and once by 2.15. Measures whole processes as run.py
does:

* ResNet50 against its re-export: CPU time at most 4 times that of ``smanalyze report`` on one of them;
* EfficientNet-B7 as Keras 2 writes it against a changed copy: at most 12 times a bare parse of both files, and a peak
  below 500 MB;
* 240,000 nodes against themselves: at most so much a node as EfficientNet-B7.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from run import BIN, HERE, alternate, row

PEAK_MB = 500
EFFICIENTNET_NODES = 38_000
LARGE_NODES = 240_000


def main() -> int:
    """Runs the comparisons; 1 if a limit is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", type=Path)
    parser.add_argument("--runs", type=int, default=5)
    args = parser.parse_args()
    ours = str(BIN / "smanalyze")

    def at(name: str) -> str:
        return str(args.models / name)

    good = []
    change, report = alternate(
        [[ours, "diff", at("resnet50"), at("resnet50_again")], [ours, "report", at("resnet50")]], args.runs
    )
    good.append(row("diff resnet50, re-exported / report", change, report, 4))
    sides = [at("efficientnet_b7_keras2"), at("efficientnet_b7_keras2_changed")]
    parse = [sys.executable, str(HERE / "parse.py"), *(f"{side}/saved_model.pb" for side in sides)]
    change, bare, large = alternate(
        [[ours, "diff", *sides], parse, [ours, "diff", at("layers_60k"), at("layers_60k")]], args.runs
    )
    good.append(row("diff efficientnet_b7 / bare parse of both", change, bare, 12))
    good.append(change.memory < PEAK_MB)
    print(f"diff efficientnet_b7: peak {change.memory:.0f} MB   < {PEAK_MB}  {'ok' if good[-1] else 'MISSED'}")
    good.append(row("diff 240,000 nodes / efficientnet_b7", large, change, LARGE_NODES / EFFICIENTNET_NODES))
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
