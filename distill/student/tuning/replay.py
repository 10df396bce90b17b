"""General chat rows that train along with a task's own, so that less of what the base knew is forgotten.

    general.jsonl   {"messages": [...]}   as train.jsonl; of share 0.1 one row in ten that train is one of these

They are drawn by the training's seed, stand for the training alone in student/mixed.jsonl, and are in no file of the dataset; the
validation rows stay the task's own.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from distill import reads
from distill.atomic_write import write_atomic
from distill.errors import UsageError
from distill.task.run import ActiveRun
from distill.text.percentages import percent

MIXED = "mixed.jsonl"


@dataclass(frozen=True, slots=True)
class Mixed:
    """The file that is trained on, and how many of its rows are general ones; `wanted` more than there are."""

    path: Path
    general: int
    wanted: int
    rows: int
    """In all."""


def wanted(own: int, share: float) -> int:
    """General rows beside `own` rows of a task, so that they are that share of both."""
    return round(own * share / (1 - share))


def mix(train: Path, general: Path, share: float, *, seed: int, out: Path) -> Mixed:
    """Write the rows of `train` with those that are drawn of `general` into the folder `out`. Equal for equal files, share and seed."""
    own, others = (_lines(path) for path in (train, general))
    need = wanted(len(own), share)
    drawn = sorted(random.Random(seed).sample(range(len(others)), min(need, len(others))))  # noqa: S311 - no secret
    rows = own + [_chat(others[place], general, place + 1) for place in drawn]
    out.mkdir(parents=True, exist_ok=True)
    write_atomic(out / MIXED, b"".join(row + b"\n" for row in rows))
    return Mixed(out / MIXED, len(drawn), need, len(rows))


@contextmanager
def rows_of(run: ActiveRun) -> Iterator[Path]:
    """The file that a run trains on: the dataset's, or one with general rows in it, which is taken away once the training has ended."""
    way, own = run.task.spec.student.train, run.folder / "train.jsonl"
    if way.replay is None:
        yield own
        return
    general = run.task.path.parent / way.replay.from_
    reads.note_file(general)
    mixed = mix(own, general, way.replay.share, seed=way.seed, out=run.folder.path / "student")
    short = f", {mixed.wanted:,} were wanted" if mixed.general < mixed.wanted else ""
    run.watch.say(
        f"  replay: {mixed.general:,} of {mixed.rows:,} rows that train are general ones ({percent(mixed.general / mixed.rows)}{short})"
    )
    try:
        yield mixed.path
    finally:
        mixed.path.unlink(missing_ok=True)


def _lines(path: Path) -> list[bytes]:
    try:
        return [line for line in path.read_bytes().split(b"\n") if line.strip()]
    except OSError as fault:
        raise UsageError(f"student.train.replay: {path} cannot be read ({fault.strerror})") from None


def _chat(line: bytes, path: Path, number: int) -> bytes:
    """A row with what trains, and nothing beside it."""
    try:
        row = json.loads(line)
        kept = {name: row[name] for name in ("messages", "tools") if row.get(name)}
        answered = kept["messages"][-1]["role"] == "assistant"
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError):
        answered = False
    if not answered:
        raise UsageError(
            f'{path}: its row {number} is no chat that ends in an assistant\'s turn; expected {{"messages": [{{"role": …, "content": …}}, …]}}'
        )
    return json.dumps(kept, ensure_ascii=False).encode()
