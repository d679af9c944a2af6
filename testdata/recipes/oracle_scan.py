# /// script
# requires-python = "==3.11.*"
# dependencies = ["tensorflow-cpu==2.21.0"]
# ///
"""When the models of testdata/scan write which files, as TensorFlow does it, kept so that tests need no TensorFlow.

Not a recipe of models (``ORACLE`` says so): run it after one of them was added or changed. It runs
tests/oracle/scan_runs.py, and so the models, but for those that would use the network, or write to an absolute path,
as TensorFlow's debugger does, or have two MetaGraphs (``NOT_RUN``).
"""

import json
import subprocess
import sys

from _common import OUTPUT, TESTDATA

ORACLE = True

NOT_RUN = ("data_service", "debug_to_file", "rpc_client", "tf1_second_meta_graph")

SCRIPT = TESTDATA.parent / "tests" / "oracle" / "scan_runs.py"
FOLDER = TESTDATA / "scan"


def main() -> None:
    names = sorted(path.name for path in FOLDER.iterdir() if path.is_dir() and path.name not in NOT_RUN)
    command = [sys.executable, str(SCRIPT), *(str(FOLDER / name) for name in names)]
    child = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
    answers = [json.loads(line) for line in child.stdout.splitlines()]
    rows = [f"{json.dumps(name)}: {json.dumps(answer)}" for name, answer in zip(names, answers, strict=True)]
    target = (OUTPUT if len(sys.argv) > 1 else FOLDER) / "tensorflow.json"
    target.write_text("{\n" + ",\n".join(rows) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
