"""What the audit costs: python tests/benchmarks/audit.py FOLDER [--runs N] [--models MODELS].

Makes in FOLDER, once, a bundle of 2 GB and one of 1 GB of float32 (and leaves them there), then measures whole
processes as run.py does:

* every checksum of the 2 GB bundle against a plain loop over the same file with google-crc32c, the cost of the same
  command on a tiny model taken off: CPU time at most 1.3 times;
* ``--stats`` on the 1 GB bundle against a numpy script that computes the same figures in the same slices: at most 1.5;
* the peak of anonymous memory (RssAnon) of both: below 150 MB. Pages of the mapped files are not in it, and can be
  dropped at any time; the peak resident size that is printed has them;
* with ``--models``, a folder of make_models.py: all five hashes of its resnet50, and whatever else ``audit`` does,
  against a bare ``import tensorflow``: at most 1/6.

Everything is read from the page cache, so it needs about 4 GB of free memory.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402
from run import Cost, alternate, row  # noqa: E402

from smanalyze.format.checksum import crc32c, mask  # noqa: E402
from tests.format.bundle_writer import entry, header, table  # noqa: E402

TINY = ROOT / "testdata" / "models" / "module_one_signature"
TENSOR_BYTES = 256 << 20
ANON_LIMIT_MB = 150

PLAIN = """
import google_crc32c, mmap, sys
with open(sys.argv[1], "rb") as file:
    data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
crc = 0
for start in range(0, len(data), 1 << 18):
    crc = google_crc32c.extend(crc, data[start:start + (1 << 18)])
"""

NUMPY = """
import math, sys
import numpy as np
values = np.memmap(sys.argv[1], np.float32, "r")
step = 1 << 16
low, high = np.inf, -np.inf
count = nan = infinite = zeros = 0
mean = squares = 0.0
for start in range(0, len(values), step):
    part = values[start:start + step]
    nan += np.count_nonzero(np.isnan(part))
    infinite += np.count_nonzero(np.isinf(part))
    zeros += np.count_nonzero(part == 0)
    part = part[np.isfinite(part)].astype(np.float64)
    low, high = min(low, part.min()), max(high, part.max())
    total = count + len(part)
    apart = part.mean() - mean
    squares += part.var() * len(part) + apart * apart * count * len(part) / total
    mean += apart * len(part) / total
    count = total
counts = np.zeros(16, np.int64)
for start in range(0, len(values), step):
    part = values[start:start + step]
    counts += np.histogram(part[np.isfinite(part)], 16, (low, high))[0]
print(low, high, mean, math.sqrt(squares / count), nan, infinite, zeros, counts)
"""


def make(folder: Path, tensors: int) -> Path:
    """A model whose checkpoint has so many tensors of 256 MB of normally distributed float32, and a tiny graph."""
    data = folder / "variables" / "variables.data-00000-of-00001"
    if data.exists():
        return data
    shutil.copytree(TINY, folder, dirs_exist_ok=True)
    block = np.random.default_rng(1).standard_normal(TENSOR_BYTES // 4, np.float32)
    block[::97] = 0
    pairs = []
    with open(data.with_suffix(".part"), "wb") as file:
        for number in range(tensors):
            block[number] += 1  # no two tensors are equal
            content = block.tobytes()
            key = f"tensor_{number:02d}".encode()
            fields = entry(1, block.shape, number * TENSOR_BYTES, TENSOR_BYTES, crc=mask(crc32c(content)))
            pairs.append((key, fields))
            file.write(content)
    data.with_name("variables.index").write_bytes(table([header(), *pairs]))
    data.with_suffix(".part").rename(data)
    return data


def anonymous_peak(command: list[str]) -> float:
    """The peak of RssAnon of one process in MB, looked at every two milliseconds."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    peak = 0
    while process.poll() is None:
        try:
            status = Path(f"/proc/{process.pid}/status").read_text()
        except OSError:
            break
        lines = [line for line in status.splitlines() if line.startswith("RssAnon:")]
        peak = max([peak, *(int(line.split()[1]) for line in lines)])
        time.sleep(0.002)
    process.wait()
    return peak / 1024


def compare(what: str, ours: list[str], tiny: list[str], peer: list[str], limit: float, runs: int) -> bool:
    """One comparison, the cost of the tiny model taken off ours; and the memory."""
    whole, small, other = alternate([ours, tiny, peer], runs)
    good = row(what, Cost(max(whole.cpu - small.cpu, 0.0), whole.memory), other, limit)
    print(f"{'':<42} whole command {whole.cpu:.3f} s, of which {small.cpu:.3f} s on a tiny model")
    peak = anonymous_peak(ours)
    kept = peak < ANON_LIMIT_MB
    print(f"{what:<42} RssAnon at most {peak:.0f} MB   < {ANON_LIMIT_MB}  {'ok' if kept else 'MISSED'}")
    return good and kept


def main() -> int:
    """Runs the comparisons; 1 if a limit is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--models", type=Path, default=None)
    args = parser.parse_args()
    large = make(args.folder / "bundle_2gb", 8)
    middle = make(args.folder / "bundle_1gb", 4)
    # The graph of the made models is another's, which the audit says; so it ends with 1 unless told not to.
    audit = [sys.executable, "-m", "smanalyze", "audit", "--fail-on", "none"]
    good = []
    for what, options, data, script, limit in (
        ("audit 2 GB / plain google-crc32c loop", [], large, PLAIN, 1.3),
        ("audit --stats 1 GB / numpy script", ["--stats"], middle, NUMPY, 1.5),
    ):
        ours, tiny = ([*audit, *options, str(model)] for model in (data.parent.parent, TINY))
        peer = [sys.executable, "-c", script, str(data)]
        good.append(compare(what, ours, tiny, peer, limit, args.runs))
    if args.models:
        commands = [[*audit, str(args.models / "resnet50")], [sys.executable, "-c", "import tensorflow"]]
        good.append(row("audit resnet50 / import tensorflow", *alternate(commands, args.runs), 1 / 6))
    return 0 if all(good) else 1


if __name__ == "__main__":
    if not Path("/proc/self/status").exists():
        raise SystemExit("The benchmark reads /proc, which only Linux has.")
    sys.exit(main())
