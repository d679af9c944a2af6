"""What is kept of a message of TensorFlow's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from smanalyze.verify.steps import Wanted, Worker


class Box:
    """As much of a sandbox as a worker needs to know its places."""

    root = Path("/scratch/place")


def test_the_words_around_the_sentence_are_dropped() -> None:
    box: Any = Box()
    worker = Worker(box, Wanted((), 0, 1, ()), lambda _: None)
    message = (
        "Restoring failed. Node: 'save/RestoreV2'\n/scratch/place/model/variables; No such file\n"
        "\t [[{{node save/RestoreV2}}]]\n\nOriginal stack trace for 'save/RestoreV2':\n"
        '  File "/somewhere/worker.py", line 3, in main\n'
    )
    assert worker.plain(message) == (
        "Restoring failed. Node: 'save/RestoreV2' <scratch>/model/variables; No such file [[{{node save/RestoreV2}}]]"
    )
