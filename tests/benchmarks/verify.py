"""What a verification costs: python tests/benchmarks/verify.py MODEL [--runs N].

MODEL is the mobilenet of make_models.py. Two things are measured, whole processes alternating, medians:

* wall time of ``smanalyze verify`` (profile quick) against a bare script that imports TensorFlow, loads the model and
  calls each signature with the same batches: at most 1.5 times;
* CPU time of the parent while the child works, without what it computes itself (the report, the scan, the digests,
  the comparison): that is the watchdog, asked here for as long as such a run takes beside a child that is busy: below
  2 % of the child's.

Needs TensorFlow.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from smanalyze.verify.child import Child  # noqa: E402

MOST_WALL = 1.5
MOST_WATCHDOG = 0.02

BARE = """
import sys, numpy as np, tensorflow as tf
model = tf.saved_model.load(sys.argv[1])
for key, function in model.signatures.items():
    for batch in (2, 1, 3):
        function(**{
            name: tf.ones([batch if i == 0 and size is None else size or 8 for i, size in enumerate(spec.shape)], spec.dtype)
            for name, spec in function.structured_input_signature[1].items()
        })
"""  # noqa: E501

BUSY = """
import json, sys, time
sys.stdin.readline()
end = time.monotonic() + 6.0
kept = bytearray(500 << 20)
while time.monotonic() < end:
    sum(range(10000))
print(json.dumps({"result": {}}), flush=True)
"""


def wall(command: list[str]) -> float:
    """Seconds that a command takes."""
    begin = time.monotonic()
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.monotonic() - begin


def watchdog() -> tuple[float, float]:
    """CPU seconds of the parent while it waits for a busy child, and of the child."""
    earlier = resource.getrusage(resource.RUSAGE_CHILDREN)
    with tempfile.TemporaryDirectory() as folder:
        child = Child([sys.executable, "-I", "-S", "-c", BUSY], folder, dict(os.environ), 8 << 30)
        before = time.process_time()
        outcome = child.ask({"do": "work"}, 60.0)
        spent = time.process_time() - before
        child.close()
    assert outcome.kind == "ok", outcome
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent, used.ru_utime + used.ru_stime - earlier.ru_utime - earlier.ru_stime


def main() -> int:
    """Measures, prints, and gives 1 where a limit is passed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--runs", type=int, default=5)
    args = parser.parse_args()
    ours = [sys.executable, "-m", "smanalyze", "verify", args.model, "--format", "json"]
    bare = [sys.executable, "-c", BARE, args.model]
    wall(bare)
    times = [(wall(ours), wall(bare)) for _ in range(args.runs)]
    medians = [statistics.median(column) for column in zip(*times, strict=True)]
    ratio = medians[0] / medians[1]
    parent, child = watchdog()
    share = parent / child
    print(f"verify {medians[0]:.2f} s, bare script {medians[1]:.2f} s: {ratio:.2f} times (at most {MOST_WALL})")
    print(f"watchdog {parent * 1000:.0f} ms, child {child:.1f} s: {share:.2%} (at most {MOST_WATCHDOG:.0%})")
    print(json.dumps({"ratio": round(ratio, 3), "watchdog": round(share, 5)}))
    return int(ratio > MOST_WALL or share > MOST_WATCHDOG)


if __name__ == "__main__":
    sys.exit(main())
