"""What changed weights cost: python tests/benchmarks/diff_weights.py FOLDER [--runs N].

Makes in FOLDER, once, two models of 1 GB of float32, the second with every value moved a little (and leaves them
there), then measures whole processes as run.py does: ``smanalyze diff`` of the two, the cost of a diff of two tiny
models taken off, against a numpy script that does the same arithmetic in the same slices:

* CPU time at most 2 times the script's;
* the peak of anonymous memory (RssAnon) below 150 MB. Pages of the mapped files are not in it.

Everything is read from the page cache, so it needs about 3 GB of free memory.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402
from audit import compare  # noqa: E402

from smanalyze.diff.weight_streams import SLICE_BYTES  # noqa: E402
from smanalyze.format.checksum import crc32c, mask  # noqa: E402
from smanalyze.format.schema import message_class  # noqa: E402
from tests.format.bundle_writer import entry, header, table  # noqa: E402

PAIR = ROOT / "testdata" / "pairs" / "change_weights_nudged"
KEYS = ("hidden/.ATTRIBUTES/VARIABLE_VALUE", "logits/.ATTRIBUTES/VARIABLE_VALUE")
TENSOR_BYTES = 512 << 20
LIMIT = 2.0

NUMPY = """
import math, sys
import numpy as np
step = int(sys.argv[3])
def merge(moments, part):
    count, mean, squares = moments
    total = count + len(part)
    own = part.mean()
    apart = own - mean
    squares += np.square(part - own).sum() + apart * apart * count * len(part) / total
    return total, mean + apart * len(part) / total, squares
sides = [np.memmap(name, np.float32, "r") for name in sys.argv[1:3]]
length = len(sides[0]) // 2
for begin in (0, length):
    old_moments = new_moments = (0, 0.0, 0.0)
    changed = nonfinite = 0
    largest = difference = product = old_square = new_square = 0.0
    for start in range(begin, begin + length, step):
        old, new = (side[start:start + step] for side in sides)
        changed += np.count_nonzero(old.view(np.uint32) != new.view(np.uint32))
        a, b = old.astype(np.float64), new.astype(np.float64)
        delta = b - a
        largest = max(largest, delta.max(), -delta.min())
        difference += (delta * delta).sum()
        product += (a * b).sum()
        old_square += (a * a).sum()
        new_square += (b * b).sum()
        old_moments, new_moments = merge(old_moments, a), merge(new_moments, b)
    print(changed, largest, math.sqrt(difference / old_square), product / math.sqrt(old_square * new_square),
          old_moments, new_moments)
"""


def make(folder: Path, noise: float) -> Path:
    """A model of two variables of normally distributed float32, 1 GB together; says where its data file is."""
    data = folder / "variables" / "variables.data-00000-of-00001"
    if data.exists() and data.stat().st_size == len(KEYS) * TENSOR_BYTES:
        return data
    shutil.copytree(PAIR / "old", folder, dirs_exist_ok=True)
    graph = message_class("tensorflow.SavedModel").FromString((PAIR / "old" / "saved_model.pb").read_bytes())
    for node in graph.meta_graphs[0].object_graph_def.nodes:
        if node.HasField("variable"):
            del node.variable.shape.dim[1:]
            node.variable.shape.dim[0].size = TENSOR_BYTES // 4
    (folder / "saved_model.pb").write_bytes(graph.SerializeToString())
    pairs = []
    with open(data.with_suffix(".part"), "wb") as file:
        for number, key in enumerate(KEYS):
            generator = np.random.default_rng(number)
            block = generator.standard_normal(TENSOR_BYTES // 4, np.float32)
            block += np.float32(noise) * generator.standard_normal(TENSOR_BYTES // 4, np.float32)
            content = block.tobytes()
            fields = entry(1, block.shape, number * TENSOR_BYTES, TENSOR_BYTES, crc=mask(crc32c(content)))
            pairs.append((key.encode(), fields))
            file.write(content)
    data.with_name("variables.index").write_bytes(table([header(), *pairs]))
    data.with_suffix(".part").replace(data)
    return data


def main() -> int:
    """Runs the comparison; 1 if a limit is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--runs", type=int, default=5)
    args = parser.parse_args()
    sides = [make(args.folder / "weights_old", 0.0), make(args.folder / "weights_new", 0.01)]
    ours, tiny = (
        [sys.executable, "-m", "smanalyze", "diff", *map(str, folders)]
        for folders in ((data.parent.parent for data in sides), (PAIR / "old", PAIR / "new"))
    )
    peer = [sys.executable, "-c", NUMPY, *map(str, sides), str(SLICE_BYTES // 4)]
    return 0 if compare("diff 1 GB of changed weights / numpy script", ours, tiny, peer, LIMIT, args.runs) else 1


if __name__ == "__main__":
    if not Path("/proc/self/status").exists():
        raise SystemExit("The benchmark reads /proc, which only Linux has.")
    sys.exit(main())
