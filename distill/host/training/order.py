"""What a job's process is given and what it leaves, in the job's own folder.

order.json                       what is to be trained
given.train.jsonl, given.valid.jsonl    the client's files, as they were when the job was made
train.jsonl, valid.jsonl         the same rows as they train, once they were found good
checked.json                     how many there are, and the hyperparameters
tune/                            the trainer's own: checkpoints
start/                           the adapter that pairs begin with
kept/step-21/                    the adapter at the end of an epoch, with measured.json
progress.jsonl, worker.log       what the process says, and what its libraries say
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from distill.atomic_write import write_json
from distill.records import Json

MEASURED = "measured.json"
_PARTS = ("train", "valid")
_SCRATCH = ("tune", "start")


@dataclass(frozen=True, slots=True)
class Order:
    """What to train: a base as the settings name it, a method with its hyperparameters; `parent` is the folder of a tune to begin with."""

    base: str
    cache: str
    method: str
    hyperparameters: Mapping[str, Json]
    seed: int
    parent: str = ""
    validates: bool = False
    """Whether the client gave a validation file."""


@dataclass(frozen=True, slots=True)
class CheckedRows:
    """What was found in good files: `rows` are answers or pairs that train, `context` the tokens that one may hold."""

    rows: int
    valid_rows: int
    context: int
    steps: int
    hyperparameters: Mapping[str, Json]


def make(folder: Path, order: Order, files: Mapping[str, Path]) -> None:
    """A job's folder, with the client's files (`train`, perhaps `valid`) in it; what happens to the uploads then is no matter."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        for part, path in files.items():
            _taken(path, given(folder, part))
        write_json(folder / "order.json", asdict(order))
    except OSError:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _taken(path: Path, into: Path) -> None:
    into.unlink(missing_ok=True)
    try:
        os.link(path, into)  # an upload is never written again, so its bytes need not lie there twice
    except OSError:
        shutil.copyfile(path, into)


def read(folder: Path) -> Order:
    return Order(**json.loads((folder / "order.json").read_bytes()))


def checked(folder: Path) -> CheckedRows:
    return CheckedRows(**json.loads((folder / "checked.json").read_bytes()))


def keep_checked(folder: Path, found: CheckedRows) -> None:
    write_json(folder / "checked.json", asdict(found))


def given(folder: Path, part: str) -> Path:
    """A client's file, by its part: train or valid."""
    return folder / f"given.{part}.jsonl"


def rows(folder: Path, part: str) -> Path:
    """The rows of a part as they train."""
    return folder / f"{part}.jsonl"


def kept(folder: Path, step: int) -> Path:
    """The adapter after a step."""
    return folder / "kept" / f"step-{step}"


def last_kept(folder: Path) -> tuple[int, Mapping[str, Json]] | None:
    """The last step whose adapter is there whole, and what was measured at it."""
    steps = [int(re.sub(r"\D", "", path.parent.name)) for path in (folder / "kept").glob(f"step-*/{MEASURED}")]
    return (max(steps), json.loads((kept(folder, max(steps)) / MEASURED).read_bytes())) if steps else None


def tidy(folder: Path) -> None:
    """Take away what only a job that goes on needs; its models stay."""
    for name in _SCRATCH:
        shutil.rmtree(folder / name, ignore_errors=True)
    for part in _PARTS:
        for path in (given(folder, part), rows(folder, part)):
            with suppress(OSError):
                path.unlink(missing_ok=True)
