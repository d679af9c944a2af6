"""Measures whole processes, ours and a peer's in turn: python tests/benchmarks/run.py MODELS [--runs N] [--corpus DIR].

MODELS is a folder made by make_models.py, which needs TensorFlow 2.21, as does the peer, saved_model_cli. CPU seconds
are user + system of the whole process tree, as the operating system accounts for them; memory is the peak resident
size. Each figure is a median; each ratio is taken between medians of one alternating run. A first run of each command
is not counted: it writes bytecode and warms the page cache.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
BIN = Path(sys.executable).parent


@dataclass(frozen=True)
class Cost:
    """CPU seconds and peak memory in MB of one process."""

    cpu: float
    memory: float


def measure(command: list[str]) -> Cost:
    """One run of a command; stops if it fails."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    environment |= {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    return Cost(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def alternate(commands: list[list[str]], runs: int) -> list[Cost]:
    """The median cost of each command, run in turn."""
    for command in commands:
        measure(command)
    costs: list[list[Cost]] = [[] for _ in commands]
    for _ in range(runs):
        for command, found in zip(commands, costs, strict=True):
            found.append(measure(command))
    return [
        Cost(statistics.median(c.cpu for c in found), statistics.median(c.memory for c in found)) for found in costs
    ]


def row(what: str, ours: Cost, peer: Cost, cpu_limit: float, memory_limit: float | None = None) -> bool:
    """Prints one comparison; whether it keeps its limits (ours divided by the peer's)."""
    cpu, memory = ours.cpu / peer.cpu, ours.memory / peer.memory
    good = cpu <= cpu_limit and (memory_limit is None or memory <= memory_limit)
    limit = f"<= {cpu_limit:.3f}" + (f", {memory_limit:.3f}" if memory_limit is not None else "")
    print(
        f"{what:<42} {ours.cpu:7.3f} s {peer.cpu:7.3f} s  cpu {cpu:7.4f}   "
        f"{ours.memory:6.0f} MB {peer.memory:6.0f} MB  memory {memory:6.3f}   {limit}  {'ok' if good else 'MISSED'}"
    )
    return good


def main() -> int:
    """Runs the comparisons; 1 if a limit is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", type=Path)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--corpus", type=Path, default=None)
    args = parser.parse_args()
    ours = str(BIN / "smanalyze")
    peer = str(BIN / "saved_model_cli")
    if not Path(peer).exists():
        raise SystemExit("saved_model_cli is not in this environment: pip install 'smanalyze[verify]'")
    good = []
    for name in ("resnet50", "mobilenet"):
        model = str(args.models / name)
        report, show, cli = alternate(
            [[ours, "report", model], [ours, "show", "--all", model], [peer, "show", "--all", "--dir", model]],
            args.runs,
        )
        good.append(row(f"report {name} / saved_model_cli show", report, cli, 1 / 12, 1 / 7))
        good.append(row(f"show {name} / saved_model_cli show", show, cli, 1 / 30))
    good += _large(args, ours, peer)
    quick, nothing = alternate([[ours, "--help"], [sys.executable, "-c", "pass"]], max(args.runs, 15))
    good.append(row("--help / python -c pass", quick, nothing, 4))
    if args.corpus:
        good.append(_slowest(ours, args.corpus))
    return 0 if all(good) else 1


def _large(args: argparse.Namespace, ours: str, peer: str) -> list[bool]:
    large, small = str(args.models / "layers_60k"), str(args.models / "layers_15k")
    commands = [[ours, "report", large], [peer, "show", "--all", "--dir", large]]
    report, cli = alternate(commands, max(1, args.runs // 2))
    parse = [sys.executable, str(HERE / "parse.py")]
    again, bare, quarter, bare_quarter = alternate(
        [[ours, "report", large], [*parse, f"{large}/saved_model.pb"], [ours, "report", small],
         [*parse, f"{small}/saved_model.pb"]], args.runs,
    )  # fmt: skip
    return [
        row("report 240,000 nodes / saved_model_cli", report, cli, 1 / 8, 1 / 4),
        row("report 240,000 nodes / bare parse", again, bare, 12),
        row("report 240,000 / 60,000 nodes (linear: <= 4)", again, quarter, 4),
        row("bare parse 240,000 / 60,000 nodes", bare, bare_quarter, 4),
    ]


def _slowest(ours: str, corpus: Path) -> bool:
    costs = []
    for model in sorted((corpus / "public").iterdir()):
        command = [ours, "report", "-q", str(model)]
        try:
            costs.append((measure(command).cpu, model.name))
        except SystemExit:  # nothing readable is an answer too
            continue
    cpu, name = max(costs)
    verdict = "ok" if cpu <= 5 else "MISSED"
    print(f"slowest of {len(costs)} readable corpus models: {cpu:.2f} s CPU, {name}   <= 5  {verdict}")
    return cpu <= 5


if __name__ == "__main__":
    if os.name == "nt":
        raise SystemExit("The benchmark accounts for processes with wait4, which Windows lacks.")
    sys.exit(main())
