"""What a job's process says, a line each, in a file that both sides can lose at any moment: a line counts once it is whole.

{"said": "…", "level": "warn"}                 for the job's events
{"checked": {"hyperparameters": {…}}}          its files are good
{"step": {"step": 3, "train_loss": …}, "left_s": 12.5}
{"epoch": {"step": 7, "valid_loss": …}}        its adapter is kept
{"failed": {"code": …, "message": …, "param": …}}
{"done": {"step": 21, "tokens": 5120}}
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from distill.records import Json

DONE, STOPPED, FAILED, DISK_FULL = 0, 3, 4, 28
_FILE = "progress.jsonl"
_FOR_GOOD = ("checked", "epoch", "failed", "done")
"""Lines that have to be on the disk before the process goes on."""
_MOST = 1 << 20
"""Bytes that are read at once."""


@dataclass(frozen=True, slots=True)
class ProgressWriter:
    """Writes lines; one that a dead process left half is ended first."""

    folder: Path

    def begin(self) -> None:
        """Called once by each process, before its first line."""
        path = self.folder / _FILE
        if path.exists() and path.stat().st_size and not path.read_bytes().endswith(b"\n"):
            self._append(b"\n", sync=True)

    def say(self, text: str, level: str = "info") -> None:
        self.line(said=text, level=level)

    def line(self, **values: Json) -> None:
        self._append(json.dumps(values).encode() + b"\n", sync=any(name in values for name in _FOR_GOOD))

    def _append(self, data: bytes, *, sync: bool) -> None:
        with (self.folder / _FILE).open("ab", buffering=0) as file:
            file.write(data)
            if sync:
                os.fsync(file.fileno())


def read(folder: Path, start: int) -> tuple[list[dict[str, Json]], int]:
    """The whole lines from a byte on, and the byte behind them; what is no JSON was cut off by a kill and is passed over."""
    try:
        with (folder / _FILE).open("rb") as file:
            file.seek(start)
            data = file.read(_MOST)
    except FileNotFoundError:
        return [], start
    whole = data[: data.rfind(b"\n") + 1]
    found = [line for raw in whole.splitlines() if isinstance(line := _parsed(raw), dict)]
    return found, start + len(whole)


def _parsed(raw: bytes) -> Json:
    try:
        return json.loads(raw)
    except ValueError:
        return None
