"""What scanners find, and what it costs: python tests/benchmarks/scan.py FOLDER [--corpus DIR] [--models DIR].

Runs ``smanalyze scan``, ``saved_model_cli scan``, modelscan and ModelAudit, a process for each model, on the models of
testdata/scan, whose acts stand in tests/scan/expected.toml, on those of testdata/models, and on the corpus; prints a
table, and below it what ours misses of what another one rightly names. Needs TensorFlow 2.21 for saved_model_cli, and
half an hour, most of it for the others.

FOLDER is where virtual environments for the two others are, or are made with pip (``modelscan``, ``modelaudit``; links
to existing ones will do), and where their answers are kept in ``peers.json``. A model is
*caught* when it acts and the tool says so at any level that asks for attention, *named* when the tool names each op
that acts; an honest model is *false* when the tool flags it at its highest level. Costs are CPU seconds, user + system
of the whole process tree, summed over all models, and the peak resident size: at most a tenth of saved_model_cli's and
of modelscan's. The same ratios are taken on models of ``--models``, a folder of make_models.py, in alternating runs as
in run.py; on 240,000 nodes, where the start of TensorFlow is no longer most of it, a half, and linear.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import re
import subprocess
import sys
import tempfile
import tomllib
import venv
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
BIN = Path(sys.executable).parent

from run import Cost, alternate, row  # noqa: E402  (beside this file)

PACKAGES = {"modelscan": "modelscan[tensorflow,h5py]==0.8.8", "modelaudit": "modelaudit==0.2.54"}
OURS = "smanalyze"
PEERS = ("saved_model_cli", "modelscan")
"""Those that our cost is held to; that of ModelAudit stands in the table."""

CPU_LIMIT, LARGE_CPU_LIMIT = 1 / 10, 1 / 2

QUIET = {
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "CUDA_VISIBLE_DEVICES": "",
    "PROMPTFOO_DISABLE_TELEMETRY": "1",
    "NO_COLOR": "1",
}


@dataclass(frozen=True)
class Said:
    """What a tool said of a model: (level, op) pairs, op "" where it names none; ``failed`` where it gave no answer."""

    found: list[tuple[str, str]]
    cpu: float
    memory: float
    failed: str = ""


@dataclass(frozen=True)
class Tool:
    """A scanner: the command for a model that writes to a file, how to read that, and which levels count."""

    command: Callable[[str, str], list[str]]
    read: Callable[[str], list[tuple[str, str]]]
    attention: frozenset[str]
    highest: frozenset[str]


def read_ours(text: str) -> list[tuple[str, str]]:
    """The findings about ops."""
    return [(found["severity"], found["op"]) for found in json.loads(text)["findings"] if found["op"]]


def read_cli(text: str) -> list[tuple[str, str]]:
    """``MetaGraph with tag set ['serve'] contains the following denylisted ops: {'ReadFile'}``."""
    lines = re.findall(r"contains the following denylisted ops: (\{.*\})", text)
    if "denylisted ops" not in text:
        raise ValueError("no answer")
    return [("denylisted", op) for line in lines for op in sorted(ast.literal_eval(line))]


def read_modelscan(text: str) -> list[tuple[str, str]]:
    """Its issues; what it could not read raises."""
    document = json.loads(text)
    if document["errors"] and not document["issues"]:
        raise ValueError(document["errors"][0].get("category", "error"))
    return [(issue["severity"], issue["operator"]) for issue in document["issues"]]


def read_modelaudit(text: str) -> list[tuple[str, str]]:
    """Its issues with the op where they name one."""
    found = []
    for issue in json.loads(text)["issues"]:
        op = issue.get("details", {}).get("op_type", "")
        found.append((issue["severity"], "Lambda" if issue["message"].startswith("Lambda layer") else str(op)))
    return found


def tools(folder: Path) -> dict[str, Tool]:
    """The four."""
    modelscan, modelaudit = (str(folder / name / "bin" / name) for name in ("modelscan", "modelaudit"))
    return {
        OURS: Tool(
            lambda model, out: [str(BIN / OURS), "scan", "-q", "--fail-on", "none", "-o", f"json:{out}", model],
            read_ours, frozenset({"error", "warning"}), frozenset({"error"}),
        ),
        "saved_model_cli": Tool(
            lambda model, out: [str(BIN / "saved_model_cli"), "scan", "--dir", model],
            read_cli, frozenset({"denylisted"}), frozenset({"denylisted"}),
        ),
        "modelscan": Tool(
            lambda model, out: [modelscan, "-p", model, "-r", "json", "-o", out],
            read_modelscan, frozenset({"LOW", "MEDIUM", "HIGH", "CRITICAL"}), frozenset({"HIGH", "CRITICAL"}),
        ),
        "modelaudit": Tool(
            lambda model, out: [modelaudit, "scan", "--format", "json", "--no-cache", "-o", out, model],
            read_modelaudit, frozenset({"warning", "critical"}), frozenset({"critical"}),
        ),
    }  # fmt: skip


def make_environments(folder: Path) -> None:
    """A virtual environment for each of the others that has none."""
    for name, package in PACKAGES.items():
        if not (folder / name / "bin" / name).exists():
            venv.create(folder / name, with_pip=True)
            subprocess.run([str(folder / name / "bin" / "pip"), "install", "-q", package], check=True)


def ask(tool: Tool, model: Path) -> Said:
    """One process, in an empty folder."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.TemporaryDirectory() as folder, open(f"{folder}/stdout", "w+b") as output:
        environment |= {"HOME": folder}  # ModelAudit keeps settings there
        out = f"{folder}/answer.json"
        process = subprocess.Popen(
            tool.command(str(model), out), stdout=output, stderr=subprocess.DEVNULL, env=environment, cwd=folder
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        text = Path(out).read_text() if Path(out).exists() else output.read().decode(errors="replace")
    cost = usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024
    try:
        return Said(sorted(set(tool.read(text))), *cost)
    except (ValueError, KeyError):
        return Said([], *cost, failed=f"exit code {process.returncode}")


def models_of(corpus: Path | None) -> dict[str, Path]:
    """Every model by ``place/name``."""
    places = {"scan": ROOT / "testdata" / "scan", "models": ROOT / "testdata" / "models"}
    if corpus is not None:
        places["corpus"] = corpus / "public"
    found = {}
    for place, folder in places.items():
        for path in sorted(entry for entry in folder.iterdir() if entry.is_dir()):
            if any((path / f"saved_model.{ending}").exists() for ending in ("pb", "pbtxt")):
                found[f"{place}/{path.name}"] = path
    return found


def all_said(known: dict[str, Tool], models: dict[str, Path], keep: Path) -> dict[str, dict[str, Said]]:
    """Tool -> model -> what it said; what others said is kept, and asked only for models that are new."""
    stored: dict[str, dict[str, Any]] = json.loads(keep.read_text()) if keep.exists() else {}
    answers: dict[str, dict[str, Said]] = {}
    for name, tool in known.items():
        before = {} if name == OURS else stored.get(name, {})
        answers[name] = {model: Said(**said) for model, said in before.items() if model in models}
        for model, path in models.items():
            if model not in answers[name]:
                answers[name][model] = ask(tool, path)
        if name != OURS:
            stored.setdefault(name, {}).update({model: asdict(said) for model, said in answers[name].items()})
            keep.write_text(json.dumps(stored, indent=1))
    return answers


@dataclass(frozen=True)
class Truth:
    """What is known of a model: the ops that act, None for an honest one."""

    acting: frozenset[str] | None


def truths(models: Iterable[str]) -> dict[str, Truth]:
    """Of testdata/scan what expected.toml says. Of the others those that were made to do harm are said to by their
    names, and the rest is honest."""
    expected = tomllib.loads((ROOT / "tests" / "scan" / "expected.toml").read_text(encoding="utf-8"))
    found = {}
    for model in models:
        place, _, name = model.partition("/")
        if place == "scan":
            acts = [act for act in expected[name]["acts"] if act["severity"] != "note"]
            found[model] = Truth(None if expected[name].get("honest") else frozenset(act["op"] for act in acts))
        else:
            found[model] = Truth(HARMFUL.get(re.sub(r"@\w+$", "", name)))
    return found


HARMFUL: dict[str, frozenset[str]] = {
    "file_writer_in_branch": frozenset({"WriteFile"}),
    "absolute_path_constant": frozenset({"ReadFile"}),
    "custom_op": frozenset({"AcmeFancyOp"}),
    "keras2_custom_layer_lambda": frozenset({"Lambda"}),
    "promptfoo__modelaudit__tests__assets__samples__tensorflow__malicious_pyfunc": frozenset({"PyFunc"}),
    "promptfoo__modelaudit__tests__assets__tensorflow__malicious_readfile": frozenset({"ReadFile"}),
    "promptfoo__modelaudit__tests__assets__tensorflow__malicious_writefile": frozenset({"WriteFile"}),
}
"""The models elsewhere that were made to act, or bring code along, and their ops."""


def table(answers: dict[str, dict[str, Said]], truth: dict[str, Truth], known: dict[str, Tool]) -> None:
    """One row a tool."""
    acting = [model for model, what in truth.items() if what.acting]
    honest = [model for model, what in truth.items() if what.acting is None]
    print(f"{len(acting)} models act, {len(honest)} are honest")
    print(f"{'':<16} {'caught':>7} {'named':>7} {'missed':>7} {'false':>7} {'failed':>7} {'CPU':>9} {'memory':>9}")
    for name, said in answers.items():
        tool = known[name]
        caught = [m for m in acting if any(level in tool.attention for level, _ in said[m].found)]
        named = [m for m in acting if named_ops(tool, said[m]) >= (truth[m].acting or frozenset())]
        false = [m for m in honest if any(level in tool.highest for level, _ in said[m].found)]
        failed = [m for m in said if said[m].failed]
        print(
            f"{name:<16} {len(caught):>7} {len(named):>7} {len(acting) - len(caught):>7} {len(false):>7} "
            f"{len(failed):>7} {sum(one.cpu for one in said.values()):>7.1f} s "
            f"{max(one.memory for one in said.values()):>6.0f} MB"
        )


def totals(answers: dict[str, dict[str, Said]]) -> list[bool]:
    """Whether all models together cost a tenth of what they cost the others."""
    costs = {name: Cost(sum(one.cpu for one in said.values()), max(one.memory for one in said.values()))
             for name, said in answers.items()}  # fmt: skip
    return [row(f"all models / {peer}", costs[OURS], costs[peer], CPU_LIMIT) for peer in PEERS]


def named_ops(tool: Tool, said: Said) -> frozenset[str]:
    """The ops that a tool names at a level that asks for attention."""
    return frozenset(op for level, op in said.found if level in tool.attention)


def missed(answers: dict[str, dict[str, Said]], truth: dict[str, Truth], known: dict[str, Tool]) -> list[str]:
    """What another tool names, rightly, and ours does not at any level; what ours says wrongly of honest models."""
    lines = []
    ours = answers[OURS]
    for model, what in truth.items():
        mine = frozenset(op for _, op in ours[model].found)
        for name, said in answers.items():
            right = named_ops(known[name], said[model]) & (what.acting or frozenset())
            if name != OURS and right - mine:
                lines.append(f"{model}: {name} names {', '.join(sorted(right - mine))}")
        if what.acting is None:
            lines += [f"{model}: ours says {op} is an error" for level, op in ours[model].found if level == "error"]
        lines += [f"{model}: ours gives no answer ({ours[model].failed})"] if ours[model].failed else []
    return lines


def costs(known: dict[str, Tool], models: Path, runs: int) -> list[bool]:
    """The ratios, and whether ours is linear."""
    good = []
    with tempfile.TemporaryDirectory() as folder:
        out = f"{folder}/answer"
        for model, limit in (("resnet50", CPU_LIMIT), ("layers_60k", LARGE_CPU_LIMIT)):
            for peer in PEERS:
                commands = [tolerant(known[name].command(str(models / model), out)) for name in (OURS, peer)]
                ours, theirs = alternate(commands, runs)
                good.append(row(f"scan {model} / {peer}", ours, theirs, limit))
        commands = [known[OURS].command(str(models / model), out) for model in ("layers_60k", "layers_15k")]
        large, small = alternate(commands, runs)
        good.append(row("scan 240,000 / 60,000 nodes (linear: <= 4)", large, small, 4))
    return good


def tolerant(command: list[str]) -> list[str]:
    """The command in a shell that does not mind its exit code, which says what was found."""
    return ["/bin/sh", "-c", '"$@" || true', "sh", *command]


def main() -> int:
    """Runs all of it; 1 if ours misses something or costs too much."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--corpus", type=Path, default=None)
    parser.add_argument("--models", type=Path, default=None)
    parser.add_argument("--runs", type=int, default=5)
    args = parser.parse_args()
    os.environ.update(QUIET)
    args.folder.mkdir(parents=True, exist_ok=True)
    make_environments(args.folder)
    known = tools(args.folder.resolve())
    models = models_of(args.corpus)
    truth = truths(models)
    answers = all_said(known, models, args.folder / "peers.json")
    table(answers, truth, known)
    wrong = missed(answers, truth, known)
    print("\n".join(wrong))
    good = totals(answers)
    good += costs(known, args.models, args.runs) if args.models else []
    return 0 if not wrong and all(good) else 1


if __name__ == "__main__":
    if os.name == "nt":
        raise SystemExit("The benchmark accounts for processes with wait4, which Windows lacks.")
    sys.exit(main())
