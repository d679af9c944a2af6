"""What was fed and what came out, kept in a folder, so that a call can be made again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from smanalyze.errors import UsageError
from smanalyze.inputs.arrays import npz_of
from smanalyze.inputs.records import Feed
from smanalyze.verify.outputs import safe_name


class Saver:
    """Writes into a folder of its own: ``KEY/1-inputs.npz``, ``KEY/1-outputs.npz`` and so on for the calls that ran,
    in their order; below the tags where the model has several MetaGraphs. ``smanalyze run --inputs`` and
    ``smanalyze verify --inputs`` take the inputs."""

    def __init__(self, folder: str, *, several: bool) -> None:
        """Raises UsageError where there is something in the folder already."""
        self._folder, self._several = Path(folder), several
        self._counts: Counter[Path] = Counter()
        try:
            if self._folder.exists() and (not self._folder.is_dir() or any(self._folder.iterdir())):
                raise UsageError("There is something already; give a new folder to save in.", file=folder)
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"Nothing can be saved there: {error.strerror or error}.", file=folder) from error

    def keep(
        self, tags: tuple[str, ...], key: str, feeds: Iterable[Feed], outputs: Mapping[str, Mapping[str, Any]],
        word: str = "",
    ) -> None:  # fmt: skip
        """One call: what was fed, and what came out under the name of each file. Outputs that are too many are missing.
        ``word`` stands before the number."""
        place = self._folder / (safe_name(",".join(tags)) if self._several else "") / safe_name(key)
        number = self._counts[place / word] = self._counts[place / word] + 1
        files = {"inputs": {feed.keyword: feed.array for feed in feeds}, **outputs}
        try:
            place.mkdir(parents=True, exist_ok=True)
            for name, arrays in files.items():
                (place / f"{word}{number}-{name}.npz").write_bytes(npz_of(arrays))
        except OSError as error:
            raise UsageError(f"It cannot be saved: {error.strerror or error}.", file=str(place)) from error
